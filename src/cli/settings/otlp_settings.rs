//! The section `[otlp]`: the receiver that metrics and log records are sent to.

use std::collections::BTreeMap;
use std::path::PathBuf;

use process_scanner::{Error, ErrorClass, Result};
use serde::{Deserialize, Serialize};

use super::endpoint;
use super::unquoted::unquoted;

/// What is sent to a receiver of OTLP, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Otlp {
    /// The receiver, such as `http://127.0.0.1:4318`; `None`: nothing is sent.
    #[serde(deserialize_with = "unquoted", skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    /// Time between two requests with metrics, in milliseconds.
    #[serde(deserialize_with = "unquoted")]
    pub(crate) interval_ms: u64,
    /// Compresses requests.
    #[serde(deserialize_with = "unquoted")]
    pub(crate) gzip: bool,
    /// Longest time of a request, in milliseconds.
    #[serde(deserialize_with = "unquoted")]
    pub(crate) timeout_ms: u64,
    /// Requests that may wait, at most.
    #[serde(deserialize_with = "unquoted")]
    pub(crate) queue: usize,
    /// Sends metrics.
    #[serde(deserialize_with = "unquoted")]
    pub(crate) metrics: bool,
    /// Sends births, exits and failed scans.
    #[serde(deserialize_with = "unquoted")]
    pub(crate) logs: bool,
    /// Certificates of authorities, as PEM, instead of those of the system.
    #[serde(deserialize_with = "unquoted", skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Headers of each request.
    #[serde(
        deserialize_with = "unquoted",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub(crate) headers: BTreeMap<String, String>,
    /// Headers whose values are in files.
    #[serde(
        deserialize_with = "unquoted",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
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
        self.validate_headers()
    }
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
}
