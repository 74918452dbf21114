//! The section `[otlp]`: the receiver that metrics and log records are sent to.

use std::collections::BTreeMap;
use std::path::PathBuf;

use process_scanner::{Error, ErrorClass, Result};
use serde::{Deserialize, Deserializer, Serialize};

use super::endpoint::{self, Shape};
use super::log_event::{LogEvent, log_events};
use super::resource_texts::{self, resource_texts};
use super::unquoted::unquoted;

/// What is sent to a receiver of OTLP, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Otlp {
    /// The receiver, such as `http://127.0.0.1:4318`, without the path of a signal.
    #[serde(
        deserialize_with = "unless_empty",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) endpoint: Option<String>,
    /// Where metrics are sent instead: the whole URL.
    #[serde(
        deserialize_with = "unless_empty",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) metrics_endpoint: Option<String>,
    /// Where log records are sent instead: the whole URL.
    #[serde(
        deserialize_with = "unless_empty",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) logs_endpoint: Option<String>,
    /// Time between two requests with metrics, in milliseconds.
    #[serde(deserialize_with = "unquoted")]
    pub(crate) interval_ms: u64,
    /// Compresses requests.
    #[serde(deserialize_with = "unquoted")]
    pub(crate) gzip: bool,
    /// Longest time of a request, in milliseconds.
    #[serde(deserialize_with = "unquoted")]
    pub(crate) timeout_ms: u64,
    /// Requests of each signal that may wait, at most.
    #[serde(deserialize_with = "unquoted")]
    pub(crate) queue: usize,
    /// Sends metrics.
    #[serde(deserialize_with = "unquoted")]
    pub(crate) metrics: bool,
    /// Sends log records.
    #[serde(deserialize_with = "unquoted")]
    pub(crate) logs: bool,
    /// The events that are sent as log records.
    #[serde(deserialize_with = "log_events")]
    pub(crate) log_events: Vec<LogEvent>,
    /// Attributes of the resource. They replace those that pscan finds; an empty text leaves one out.
    #[serde(
        deserialize_with = "resource_texts",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub(crate) resource: BTreeMap<String, String>,
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
            metrics_endpoint: None,
            logs_endpoint: None,
            interval_ms: 15_000,
            gzip: true,
            timeout_ms: 10_000,
            queue: 64,
            metrics: true,
            logs: true,
            log_events: LogEvent::DEFAULT.to_vec(),
            resource: BTreeMap::new(),
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
        let shapes = [
            ("endpoint", &self.endpoint, Shape::Base),
            ("metrics_endpoint", &self.metrics_endpoint, Shape::Whole),
            ("logs_endpoint", &self.logs_endpoint, Shape::Whole),
        ];
        for (name, url, shape) in &shapes {
            let found = url.as_deref().and_then(|url| endpoint::wrong(url, *shape));
            if let Some((what, advice)) = found {
                // It can contain a password, so the message does not have it.
                return wrong(format!("otlp.{name} {what}"), advice);
            }
        }
        let sent = [self.metrics_url(), self.logs_url()];
        let sent: Vec<&String> = sent.iter().flatten().collect();
        let is_plain = !sent.is_empty() && sent.iter().all(|url| endpoint::is_plain(url));
        if self.ca_file.is_some() && is_plain {
            return wrong(
                "otlp.ca_file has no use: the endpoint does not begin with https".to_owned(),
                "leave it out, or correct the endpoint",
            );
        }
        let last = shapes.iter().rev().find(|(_, url, _)| url.is_some());
        if let Some((name, ..)) = last.filter(|_| sent.is_empty()) {
            return wrong(
                format!("otlp.{name} has no use: nothing is sent there"),
                "set metrics or logs to true, with log_events, or leave the endpoint out",
            );
        }
        resource_texts::check(&self.resource)?;
        self.check_headers()
    }

    /// Returns whether anything is sent.
    pub(crate) fn is_sent(&self) -> bool {
        self.metrics_url().is_some() || self.logs_url().is_some()
    }

    /// Returns the URL that metrics are sent to; `None` if they are not sent.
    pub(crate) fn metrics_url(&self) -> Option<String> {
        let own = self.metrics_endpoint.as_deref();
        self.metrics.then(|| self.url(own, "/v1/metrics")).flatten()
    }

    /// Returns the URL that log records are sent to; `None` if they are not sent.
    pub(crate) fn logs_url(&self) -> Option<String> {
        let is_sent = self.logs && !self.log_events.is_empty();
        let own = self.logs_endpoint.as_deref();
        is_sent.then(|| self.url(own, "/v1/logs")).flatten()
    }

    fn url(&self, own: Option<&str>, path: &str) -> Option<String> {
        let below = |endpoint: &str| endpoint.trim_end_matches('/').to_owned() + path;
        let own = own.map(str::to_owned);
        own.or_else(|| self.endpoint.as_deref().map(below))
    }
}

/// Reads a text. An empty one is none, so that a variable can unset it.
fn unless_empty<'de, D>(deserializer: D) -> std::result::Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    let text: Option<String> = unquoted(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()))
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
    fn each_signal_has_a_url_of_its_own_or_one_below_the_endpoint() {
        let urls = |text: &str| {
            let otlp: Otlp = toml::from_str(text).expect(text);
            otlp.validate().expect(text);
            (otlp.metrics_url(), otlp.logs_url())
        };
        let url = |text: &str| Some(text.to_owned());
        assert_eq!(urls(""), (None, None));
        assert_eq!(urls("endpoint = \"\""), (None, None));
        assert_eq!(
            urls("endpoint = \"http://a/b/\""),
            (url("http://a/b/v1/metrics"), url("http://a/b/v1/logs"))
        );
        assert_eq!(
            urls("endpoint = \"http://a\"\nlogs_endpoint = \"http://b/c?d=e\""),
            (url("http://a/v1/metrics"), url("http://b/c?d=e"))
        );
        assert_eq!(
            urls("metrics_endpoint = \"http://b/c\""),
            (url("http://b/c"), None)
        );
        assert_eq!(
            urls("endpoint = \"http://a\"\nlog_events = []"),
            (url("http://a/v1/metrics"), None)
        );
    }

    #[test]
    fn an_endpoint_without_use_is_an_error() {
        for (text, key) in [
            (
                "endpoint = \"http://a\"\nmetrics = false\nlogs = false",
                "otlp.endpoint ",
            ),
            (
                "endpoint = \"http://a\"\nmetrics = false\nlog_events = []",
                "otlp.endpoint ",
            ),
            (
                "logs_endpoint = \"http://a\"\nlogs = false",
                "otlp.logs_endpoint ",
            ),
        ] {
            let otlp: Otlp = toml::from_str(text).expect(text);
            let error = otlp.validate().expect_err(text);
            assert!(error.to_string().starts_with(key), "{error}");
        }
    }
}
