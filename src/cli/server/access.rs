//! Which requests are answered: method, host and token.

use std::net::IpAddr;
use std::path::Path;

use constant_time_eq::constant_time_eq;
use hyper::header::{AUTHORIZATION, HOST};
use hyper::{Method, Request, StatusCode};
use process_scanner::{Error, ErrorClass, Result, escape};

use super::responses::Refusal;
use crate::cli::settings::{Content, read_small_file};

/// A secret that requests must have: `Authorization: Bearer TOKEN`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(Vec<u8>);

impl Token {
    /// Shortest token, in bytes.
    const MIN_BYTES: usize = 16;

    /// Reads a token: the text of a file, without blanks at its ends.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, and a text that is no token.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = read_small_file(path, "the token", Content::Secret)?;
        let text = text.trim_ascii();
        let wrong = |what: &str| {
            let message = format!("the token in {} {what}", path.display());
            Error::new(ErrorClass::Config, message)
                .with_advice("create one: openssl rand -hex 32, in a file that only pscan can read")
        };
        if text.len() < Self::MIN_BYTES {
            return Err(wrong("is shorter than 16 bytes"));
        }
        match text.iter().all(u8::is_ascii_graphic) {
            true => Ok(Self(text.to_owned())),
            false => Err(wrong("has blanks, or letters outside ASCII")),
        }
    }
}

/// Rules for requests.
pub(crate) struct Access {
    pub(crate) token: Option<Token>,
    /// Names in the header Host besides localhost and IP addresses; `*` at the begin stands for any.
    pub(crate) allowed_hosts: Vec<String>,
}

impl Access {
    /// Returns why a request is refused. `is_open`: it needs no token.
    pub(super) fn check<B>(
        &self,
        request: &Request<B>,
        is_open: bool,
    ) -> std::result::Result<(), Refusal> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err(Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "pscan only reads: use GET or HEAD",
            ));
        }
        self.check_host(request)?;
        match &self.token {
            Some(token) if !is_open => check_token(request, token),
            _ => Ok(()),
        }
    }

    /// Refuses names that are not known to be those of this host.
    ///
    /// A page of another site can let a browser connect here under its own name, and read the answer.
    fn check_host<B>(&self, request: &Request<B>) -> std::result::Result<(), Refusal> {
        let in_headers = request
            .headers()
            .get_all(HOST)
            .iter()
            .map(|host| host.as_bytes());
        let in_target = request
            .uri()
            .authority()
            .map(|host| host.as_str().as_bytes());
        for host in in_headers.chain(in_target) {
            let host = String::from_utf8_lossy(host);
            if !self.allows(name_of(&host)) {
                let text = format!(
                    "the host {:?} is not allowed: use an IP address or localhost, or add it to serve.allowed_hosts",
                    escape(name_of(&host))
                );
                return Err(Refusal::new(StatusCode::FORBIDDEN, text));
            }
        }
        Ok(())
    }

    fn allows(&self, host: &str) -> bool {
        let is_address = host.parse::<IpAddr>().is_ok();
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        is_address
            || host == "localhost"
            || self.allowed_hosts.iter().any(|allowed| {
                let allowed = allowed.strip_suffix('.').unwrap_or(allowed);
                let allowed = allowed.to_ascii_lowercase();
                match allowed.strip_prefix('*') {
                    Some(end) => host.ends_with(end),
                    None => host == allowed,
                }
            })
    }
}

/// Returns a host without its port, and an IPv6 address without its brackets.
fn name_of(host: &str) -> &str {
    if let Some((address, rest)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let port = rest.strip_prefix(':').unwrap_or(rest);
        let is_port = rest.is_empty()
            || rest.starts_with(':') && port.bytes().all(|byte| byte.is_ascii_digit());
        return if is_port { address } else { host };
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn check_token<B>(request: &Request<B>, token: &Token) -> std::result::Result<(), Refusal> {
    let given = request
        .headers()
        .get(AUTHORIZATION)
        .map(|value| value.as_bytes());
    let bearer = given.and_then(|given| {
        let (scheme, token) = given.split_at_checked("bearer ".len())?;
        scheme
            .eq_ignore_ascii_case(b"bearer ")
            .then_some(token.trim_ascii())
    });
    match bearer {
        Some(bearer) if constant_time_eq(bearer, &token.0) => Ok(()),
        _ => Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "send the token: Authorization: Bearer TOKEN",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(access: &Access, request: hyper::http::request::Builder) -> Option<u16> {
        let request = request.body(()).expect("a valid request");
        let refusal = access.check(&request, false).err()?;
        Some(refusal.status().as_u16())
    }

    fn open() -> Access {
        Access {
            token: None,
            allowed_hosts: vec!["node1".into(), "*.example.com".into()],
        }
    }

    #[test]
    fn only_own_names_are_allowed() {
        for (host, expected) in [
            ("127.0.0.1:9257", None),
            ("10.1.2.3", None),
            ("[::1]:9257", None),
            ("[::1]", None),
            ("localhost", None),
            ("LocalHost:9257", None),
            ("localhost.:80", None),
            ("node1:9257", None),
            ("Node1", None),
            ("a.example.com", None),
            ("evil.com", Some(403)),
            ("[::1]evil.com", Some(403)),
            ("[::1]@evil.com", Some(403)),
            ("[::1]:80.evil.com", Some(403)),
            ("node12", Some(403)),
            ("example.com", Some(403)),
            ("localhost.evil.com", Some(403)),
            ("127.0.0.1.evil.com:80", Some(403)),
            ("evil.com:127.0.0.1", Some(403)),
            ("", Some(403)),
        ] {
            assert_eq!(
                status(&open(), Request::get("/").header(HOST, host)),
                expected,
                "{host}"
            );
        }
        // HTTP/1.0 needs none, and no browser sends that.
        assert_eq!(status(&open(), Request::get("/")), None);
        let two = Request::get("/")
            .header(HOST, "localhost")
            .header(HOST, "evil.com");
        assert_eq!(status(&open(), two), Some(403));
        let absolute = Request::get("http://evil.com/").header(HOST, "localhost");
        assert_eq!(status(&open(), absolute), Some(403));
    }

    #[test]
    fn other_methods_are_refused() {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"] {
            let request = Request::builder().method(method).uri("/metrics");
            assert_eq!(status(&open(), request), Some(405), "{method}");
        }
        assert_eq!(status(&open(), Request::head("/metrics")), None);
    }

    #[test]
    fn a_token_must_be_complete() {
        let mut access = open();
        access.token = Some(Token(b"0123456789abcdef".to_vec()));
        for (given, expected) in [
            ("Bearer 0123456789abcdef", None),
            ("bearer   0123456789abcdef", None),
            ("Bearer 0123456789abcde", Some(401)),
            ("Bearer 0123456789abcdef0", Some(401)),
            ("Bearer", Some(401)),
            ("Bearer ", Some(401)),
            ("Basic 0123456789abcdef", Some(401)),
            ("0123456789abcdef", Some(401)),
        ] {
            let request = Request::get("/metrics").header(AUTHORIZATION, given);
            assert_eq!(status(&access, request), expected, "{given}");
        }
        assert_eq!(status(&access, Request::get("/metrics")), Some(401));
        let request = Request::get("/healthz").body(()).expect("a valid request");
        assert!(access.check(&request, true).is_ok());
    }

    #[test]
    fn a_file_without_a_token_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        Token::read(&path).map(drop).expect_err("there is no file");
        for (text, is_fine) in [
            ("", false),
            ("\n", false),
            ("short\n", false),
            ("0123456789 abcdef", false),
            ("0123456789abcdef\r\n", true),
        ] {
            std::fs::write(&path, text).expect("it can be written");
            assert_eq!(Token::read(&path).is_ok(), is_fine, "{text:?}");
        }
    }
}
