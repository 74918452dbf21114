//! The section `[serve]`: where metrics go, and which clients may read what.

use std::path::{Path, PathBuf};

use process_scanner::{Collect, Error, ErrorClass, Result};
use serde::{Deserialize, Deserializer, Serialize};

use super::address::Address;
use super::one_or_many::one_or_many;
use super::unquoted::unquoted;

/// Where the server listens if nothing is set.
const DEFAULT_ADDRESS: &str = "127.0.0.1:9257";

/// Where metrics go, and which clients may read what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Served {
    /// Where it listens; an empty list: nowhere. `None`: at the default address, or nowhere if there is a text
    /// file.
    #[serde(
        deserialize_with = "some_list",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) listen: Option<Vec<Address>>,
    /// A file for node_exporter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) textfile: Option<PathBuf>,
    /// Listens at an address of the network without a token too.
    pub(crate) allow_remote: bool,
    /// A file with the token that requests must have.
    #[serde(deserialize_with = "unquoted", skip_serializing_if = "Option::is_none")]
    pub(crate) token_file: Option<PathBuf>,
    /// Names in the header Host that are allowed besides localhost and IP addresses.
    #[serde(deserialize_with = "one_or_many")]
    pub(crate) allowed_hosts: Vec<String>,
    /// Serves `/events`.
    pub(crate) events: bool,
    /// Serves `/processes`.
    pub(crate) processes: bool,
    /// Open connections, at most.
    pub(crate) max_connections: usize,
    /// Clients of `/events` at a time, at most.
    pub(crate) max_event_clients: usize,
}

impl Default for Served {
    fn default() -> Self {
        Self {
            listen: None,
            textfile: None,
            allow_remote: false,
            token_file: None,
            allowed_hosts: Vec::new(),
            events: false,
            processes: false,
            max_connections: 128,
            max_event_clients: 8,
        }
    }
}

impl Served {
    /// What filters of `/events` and `/processes` need, besides what is always there.
    pub(super) const FILTERED: Collect = Collect::USER.with(Collect::CGROUP);

    /// Returns where the server listens.
    pub(crate) fn addresses(&self) -> Vec<Address> {
        match (&self.listen, &self.textfile) {
            (Some(addresses), _) => addresses.clone(),
            (None, Some(_)) => Vec::new(),
            (None, None) => {
                vec![Address::parse(DEFAULT_ADDRESS).expect("BUG: the default is an address")]
            }
        }
    }

    /// Returns whether metrics neither can be read from here, nor are written to a file.
    pub(super) fn is_closed(&self) -> bool {
        self.addresses().is_empty() && self.textfile.is_none()
    }

    pub(super) fn validate(&self) -> Result<()> {
        let wrong = |message: String, advice: &'static str| {
            Err(Error::new(ErrorClass::Config, message).with_advice(advice))
        };
        for (name, value, max) in [
            ("max_connections", self.max_connections, 65_536),
            ("max_event_clients", self.max_event_clients, 1024),
        ] {
            if !(2..=max).contains(&value) {
                let message = format!("serve.{name} is {value}: it must be from 2 to {max}");
                return wrong(message, "choose a number within these limits");
            }
        }
        if self.max_event_clients >= self.max_connections {
            let message = format!(
                "serve.max_event_clients is {}: it must be less than max_connections, which is {}",
                self.max_event_clients, self.max_connections
            );
            return wrong(message, "lower it, or raise max_connections");
        }
        if let Some(host) = self.allowed_hosts.iter().find(|host| !is_host(host)) {
            let message = format!("serve.allowed_hosts has {host:?}, which is no name of a host");
            return wrong(
                message,
                "write names without port and path, such as node1.example.com or *.example.com",
            );
        }
        let is_prom = |path: &Path| path.extension().is_some_and(|end| end == "prom");
        if let Some(path) = &self.textfile
            && !is_prom(path)
        {
            let message = format!("serve.textfile is {}", path.display());
            return wrong(
                message,
                "let it end in .prom: node_exporter reads no other files",
            );
        }
        let remote = self.addresses().into_iter().find(Address::is_remote);
        match remote {
            Some(address) if !self.allow_remote && self.token_file.is_none() => wrong(
                format!("other hosts can reach {address}"),
                "set a token with serve.token_file, or allow it with --allow-remote",
            ),
            _ => Ok(()),
        }
    }
}

fn some_list<'de, D>(deserializer: D) -> std::result::Result<Option<Vec<Address>>, D::Error>
where
    D: Deserializer<'de>,
{
    one_or_many(deserializer).map(Some)
}

/// Returns whether it can be a name in the header Host, or `*` with the end of one.
fn is_host(name: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_name = name.bytes().all(is_of_name) && !name.contains("..") && !name.is_empty();
    is_name || name == "*"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(edit: impl FnOnce(&mut Served)) -> Result<()> {
        let mut served = Served::default();
        edit(&mut served);
        served.validate()
    }

    #[test]
    fn an_address_of_the_network_needs_a_token_or_consent() {
        let remote = |served: &mut Served| {
            served.listen = Some(vec![Address::parse("0.0.0.0:9257").expect("an address")]);
        };
        let error = served(remote).expect_err("other hosts can reach it");
        assert!(error.to_string().contains("0.0.0.0:9257"), "{error}");
        served(|served| {
            remote(served);
            served.allow_remote = true;
        })
        .expect("the user allows it");
        served(|served| {
            remote(served);
            served.token_file = Some("token".into());
        })
        .expect("it has a token");
    }

    #[test]
    fn with_a_text_file_alone_nothing_listens() {
        let mut served = Served::default();
        assert_eq!(served.addresses().len(), 1);
        served.textfile = Some("x.prom".into());
        assert_eq!(served.addresses().len(), 0);
        served.listen = Some(vec![Address::parse("127.0.0.1:1").expect("an address")]);
        assert_eq!(served.addresses().len(), 1);
        served.validate().expect("both at once");
        served.textfile = None;
        served.listen = Some(Vec::new());
        assert_eq!(served.addresses().len(), 0);
        assert!(served.is_closed());
    }

    #[test]
    fn wrong_values_are_refused() {
        served(|served| served.textfile = Some("x.txt".into())).expect_err("no .prom");
        served(|served| served.max_connections = 1).expect_err("too few");
        served(|served| served.max_event_clients = 128).expect_err("all connections");
        for host in ["a:80", "http://a", "a/b", "a..b", "a b", "", "*.", "*a.com"] {
            served(|served| served.allowed_hosts = vec![host.into()]).expect_err(host);
        }
        for host in ["node1", "a-b.example.com", "*.example.com", "*"] {
            served(|served| served.allowed_hosts = vec![host.into()]).expect(host);
        }
    }
}
