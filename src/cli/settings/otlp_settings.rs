//! The section `[otlp]`: the receiver that metrics and log records are sent to.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use process_scanner::{Error, ErrorClass, Result};
use serde::{Deserialize, Serialize};
use ureq::http::{HeaderName, HeaderValue};

use super::endpoint;
use super::header_texts::header_texts;
use crate::cli::outcome::cannot;

/// Headers that the exporter sets itself.
const OWN_HEADERS: [&str; 6] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
];

/// What is sent to a receiver of OTLP, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Otlp {
    /// The receiver, such as `http://127.0.0.1:4318`; `None`: nothing is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    /// Time between two requests with metrics, in milliseconds.
    pub(crate) interval_ms: u64,
    /// Compresses requests.
    pub(crate) gzip: bool,
    /// Longest time of a request, in milliseconds.
    pub(crate) timeout_ms: u64,
    /// Requests that may wait, at most.
    pub(crate) queue: usize,
    /// Sends metrics.
    pub(crate) metrics: bool,
    /// Sends births, exits and failed scans.
    pub(crate) logs: bool,
    /// Certificates of authorities, as PEM, instead of those of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Headers of each request.
    #[serde(
        deserialize_with = "header_texts",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub(crate) headers: BTreeMap<String, String>,
    /// Headers whose values are in files.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) headers_files: BTreeMap<String, PathBuf>,
}

impl Default for Otlp {
    fn default() -> Self {
        Self {
            endpoint: None,
            interval_ms: 15_000,
            gzip: true,
            timeout_ms: 10_000,
            queue: 64,
            metrics: true,
            logs: true,
            ca_file: None,
            headers: BTreeMap::new(),
            headers_files: BTreeMap::new(),
        }
    }
}

impl Otlp {
    pub(super) fn validate(&self) -> Result<()> {
        let wrong = |message: String, advice: &'static str| {
            Err(Error::new(ErrorClass::Config, message).with_advice(advice))
        };
        for (name, value, min, max) in [
            ("interval_ms", self.interval_ms, 1000, 3_600_000),
            ("timeout_ms", self.timeout_ms, 100, 600_000),
            ("queue", self.queue as u64, 1, 10_000),
        ] {
            if !(min..=max).contains(&value) {
                let message = format!("otlp.{name} is {value}: it must be from {min} to {max}");
                return wrong(message, "choose a number within these limits");
            }
        }
        if let Some((what, advice)) = self.endpoint.as_deref().and_then(endpoint::wrong) {
            // It can contain a password, so the message does not have it.
            return wrong(format!("otlp.endpoint {what}"), advice);
        }
        if self.ca_file.is_some() && self.endpoint.as_deref().is_some_and(endpoint::is_plain) {
            return wrong(
                "otlp.ca_file has no use: the endpoint does not begin with https".to_owned(),
                "leave it out, or correct the endpoint",
            );
        }
        for name in self.headers.keys().chain(self.headers_files.keys()) {
            let is_ours = OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str());
            if is_ours || HeaderName::from_bytes(name.as_bytes()).is_err() {
                let message = format!("otlp.headers cannot have {name:?}");
                return wrong(
                    message,
                    "choose the name of a header that pscan does not set",
                );
            }
        }
        match self.headers.iter().find(|(_, text)| value(text).is_none()) {
            Some((name, _)) => wrong(
                format!("otlp.headers has a value of {name} that no header can have"),
                "write one line of printable text",
            ),
            None => Ok(()),
        }
    }

    /// Replaces the values of headers, which can be secrets, for print.
    pub(crate) fn redact(&mut self) {
        for value in self.headers.values_mut() {
            *value = "[redacted]".to_owned();
        }
    }

    /// Returns the headers of each request, with those from files as they are now.
    ///
    /// # Errors
    ///
    /// The first file that cannot be read, or that has no value for a header.
    pub(crate) fn all_headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>> {
        let texts = self.headers.iter();
        let mut all: BTreeMap<&str, String> = texts
            .map(|(name, text)| (name.as_str(), text.clone()))
            .collect();
        for (name, path) in &self.headers_files {
            let text = fs::read_to_string(path).map_err(|error| {
                cannot(
                    "read the header from",
                    path,
                    error,
                    Some("check path and rights"),
                )
            })?;
            let text = text.trim_end_matches(['\n', '\r']);
            if text.is_empty() || value(text).is_none() {
                let message = format!("{} has no value for a header", path.display());
                return Err(Error::new(ErrorClass::Config, message)
                    .with_advice("write one line of printable text into it"));
            }
            all.insert(name, text.to_owned());
        }
        let parsed = all.into_iter().map(|(name, text)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, value(&text)?))
        });
        Ok(parsed
            .collect::<Option<_>>()
            .expect("BUG: headers are checked"))
    }
}

/// Returns a value that is not logged.
fn value(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_needs_tls_and_authorities_need_https() {
        let https = Otlp {
            endpoint: Some("https://collector:4318".to_owned()),
            ..Otlp::default()
        };
        let https = https.validate();
        if cfg!(feature = "tls") {
            https.expect("TLS is there");
        } else {
            let error = https.expect_err("no TLS");
            assert!(error.to_string().contains("without TLS"), "{error}");
            let advice = error.advice().expect("an advice");
            assert!(advice.contains("--features tls"), "{advice}");
        }
        let with_authorities = |endpoint: Option<&str>| {
            let otlp = Otlp {
                endpoint: endpoint.map(str::to_owned),
                ca_file: Some("ca.pem".into()),
                ..Otlp::default()
            };
            otlp.validate()
        };
        let error = with_authorities(Some("http://collector")).expect_err("no use");
        assert!(error.to_string().starts_with("otlp.ca_file "), "{error}");
        with_authorities(None).expect("an endpoint can come from a variable");
    }

    #[test]
    fn numbers_have_limits() {
        let otlp = |edit: fn(&mut Otlp)| {
            let mut otlp = Otlp::default();
            edit(&mut otlp);
            otlp.validate()
        };
        otlp(|_| {}).expect("the defaults");
        otlp(|otlp| otlp.interval_ms = 999).expect_err("too short");
        otlp(|otlp| otlp.interval_ms = 3_600_001).expect_err("too long");
        otlp(|otlp| otlp.queue = 0).expect_err("no room");
        otlp(|otlp| otlp.timeout_ms = 0).expect_err("no time");
    }

    #[test]
    fn headers_come_from_settings_and_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        fs::write(&path, "Bearer x\n").expect("a file");
        let mut otlp = Otlp::default();
        otlp.headers.insert("X-Scope-OrgID".into(), "a".into());
        otlp.headers_files
            .insert("Authorization".into(), path.clone());
        otlp.validate().expect("valid");
        let headers = otlp.all_headers().expect("readable");
        let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["authorization", "x-scope-orgid"]);
        assert_eq!(headers[0].1, "Bearer x");
        assert!(!format!("{headers:?}").contains("Bearer"));
        for text in ["", "\n", "a\nb\n"] {
            fs::write(&path, text).expect("a file");
            otlp.all_headers().expect_err("no value");
        }
        fs::remove_file(&path).expect("a file");
        otlp.all_headers().expect_err("no file");
        for (name, text) in [("a b", "x"), ("Content-Type", "x"), ("a", "x\ny")] {
            let mut otlp = Otlp::default();
            otlp.headers.insert(name.into(), text.into());
            otlp.validate().expect_err(name);
        }
    }
}
