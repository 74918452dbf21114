//! Where the server listens.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// An address to listen at: `IP:PORT`, or `unix:PATH`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) enum Address {
    Ip(SocketAddr),
    Unix(PathBuf),
}

impl Address {
    /// Returns whether other hosts can reach it.
    pub(crate) fn is_remote(&self) -> bool {
        match self {
            Self::Ip(address) => !address.ip().to_canonical().is_loopback(),
            Self::Unix(_) => false,
        }
    }

    /// Parses an address.
    ///
    /// # Errors
    ///
    /// What is allowed, for people.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!("{what}, such as 127.0.0.1:9257, [::1]:9257 or unix:/run/pscan/pscan.sock")
        };
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err(wrong("an address needs a path after `unix:`")),
                _ if !cfg!(unix) => {
                    Err("this system has no unix sockets; use an IP address".into())
                }
                path => Ok(Self::Unix(path.into())),
            };
        }
        let port = text.strip_prefix("localhost:");
        let local = port.map(|port| format!("127.0.0.1:{port}"));
        let address = local.as_deref().unwrap_or(text).parse();
        address.map(Self::Ip).map_err(|_| {
            wrong(&format!(
                "{text:?} is no address: it must be an IP address with a port"
            ))
        })
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_and_unix_sockets_are_local() {
        for (text, is_remote) in [
            ("127.0.0.1:9257", false),
            ("127.1.2.3:1", false),
            ("localhost:80", false),
            ("[::1]:9257", false),
            ("[::ffff:127.0.0.1]:9257", false),
            ("0.0.0.0:9257", true),
            ("[::]:9257", true),
            ("10.0.0.1:9257", true),
            ("[::ffff:10.0.0.1]:9257", true),
        ] {
            let address = Address::parse(text).expect(text);
            assert_eq!(address.is_remote(), is_remote, "{text}");
        }
        assert_eq!(Address::parse("unix:/x").is_ok(), cfg!(unix));
    }

    #[test]
    fn an_error_has_examples() {
        for text in [
            "",
            "9257",
            ":9257",
            "host:9257",
            "127.0.0.1",
            "127.0.0.1:99999",
            "unix:",
        ] {
            let error = Address::parse(text).expect_err(text);
            assert!(error.contains("127.0.0.1:9257"), "{error}");
        }
    }
}
