//! Sends requests to the receiver.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::fmt::rfc2822::DateTimeParser;
use prost::Message;
use ureq::http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use ureq::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use ureq::{Agent, Body};

use super::Encryption;
use super::otlp_messages::ExportResponse;
use super::request_queue::Request;

/// Bytes of a response that are read, at most.
const MAX_RESPONSE: u64 = 1 << 16;

/// How long a connection is kept for the next request.
const KEPT: Duration = Duration::from_secs(1);

/// Characters of a receiver's text that are printed, at most.
const MAX_REASON: usize = 200;

/// What the receiver did with a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    Taken,
    /// It rejected some data points or records, and took the others.
    Partly {
        rejected: u64,
        reason: String,
    },
    /// The same request will not succeed later.
    Refused(String),
    /// The same request can succeed later.
    Failed {
        reason: String,
        /// How long the receiver requests to wait.
        wait: Option<Duration>,
    },
}

/// The headers that the settings name.
pub(super) type Headers = Arc<Mutex<Vec<(HeaderName, HeaderValue)>>>;

/// A client of one receiver.
pub(super) struct Client {
    agent: Agent,
    /// Without a slash at the end.
    endpoint: String,
    headers: Headers,
    pub(super) timeout: Duration,
}

impl Client {
    pub(super) fn new(
        endpoint: &str,
        headers: Headers,
        timeout: Duration,
        encryption: Encryption,
    ) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // Headers with secrets stay with the receiver that the settings name: no other host gets them.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_global(Some(timeout))
            // A connection that the receiver has closed meanwhile would fail a request.
            .max_idle_age(KEPT)
            .user_agent(concat!("pscan/", env!("CARGO_PKG_VERSION")));
        #[cfg(feature = "tls")]
        let config = config.tls_config(encryption.0);
        #[cfg(not(feature = "tls"))]
        let Encryption = encryption;
        Self {
            agent: config.build().into(),
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            headers,
            timeout,
        }
    }

    /// Sends a request, and waits for the response within this time.
    pub(super) fn post(&self, request: &Request, within: Duration) -> Answer {
        let url = format!("{}{}", self.endpoint, request.signal.path());
        let mut call = self
            .agent
            .post(url)
            .header(CONTENT_TYPE, "application/x-protobuf");
        if request.is_gzip {
            call = call.header(CONTENT_ENCODING, "gzip");
        }
        let headers = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, value) in headers.iter() {
            call = call.header(name, value);
        }
        drop(headers);
        // A request with settings of its own would read the authorities of the system again.
        if within < self.timeout {
            call = call.config().timeout_global(Some(within)).build();
        }
        match call.send(request.body.as_slice()) {
            Ok(mut response) => {
                let (status, wait) = (response.status(), retry_after(response.headers()));
                let body = body(response.body_mut());
                answer(status, wait, &body)
            }
            Err(error) => Answer::Failed {
                reason: shortened(&described(&error)),
                wait: None,
            },
        }
    }
}

/// Describes why there is no answer.
fn described(error: &ureq::Error) -> String {
    #[cfg(feature = "tls")]
    if let Some(text) = super::handshake_failures::described(error) {
        return text;
    }
    error.to_string()
}

/// Reads a response; what is read of it decides nothing but the details.
fn body(body: &mut Body) -> Vec<u8> {
    let limited = body.with_config().limit(MAX_RESPONSE);
    limited.read_to_vec().unwrap_or_default()
}

/// Judges a response, as the specification of OTLP has it.
fn answer(status: StatusCode, wait: Option<Duration>, body: &[u8]) -> Answer {
    if status.is_success() {
        let partial = ExportResponse::decode(body)
            .ok()
            .and_then(|response| response.partial_success);
        // A receiver can send a warning without rejecting anything.
        return match partial {
            Some(partial) if partial.rejected > 0 => Answer::Partly {
                rejected: partial.rejected.unsigned_abs(),
                reason: shortened(&partial.error_message),
            },
            _ => Answer::Taken,
        };
    }
    let reason = status.to_string();
    match status.as_u16() {
        429 | 502..=504 => Answer::Failed { reason, wait },
        _ => Answer::Refused(reason),
    }
}

/// Returns what the header Retry-After requests: seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTimeParser::new().parse_timestamp(text).ok()?;
    SystemTime::from(date)
        .duration_since(SystemTime::now())
        .ok()
}

fn shortened(text: &str) -> String {
    let mut chars = text.chars();
    let mut short: String = chars.by_ref().take(MAX_REASON).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::super::otlp_messages::PartialSuccess;
    use super::*;

    fn answer_to(status: u16, body: &[u8]) -> Answer {
        let status = StatusCode::from_u16(status).expect("a status");
        answer(status, None, body)
    }

    #[test]
    fn only_some_statuses_are_worth_another_attempt() {
        for status in [200, 202, 204] {
            assert_eq!(answer_to(status, b""), Answer::Taken);
            assert_eq!(answer_to(status, b"<html>garbage"), Answer::Taken);
        }
        for status in [429, 502, 503, 504] {
            assert!(matches!(answer_to(status, b""), Answer::Failed { .. }));
        }
        for status in [301, 307, 400, 401, 404, 413, 415, 500, 501] {
            assert!(matches!(answer_to(status, b""), Answer::Refused(_)));
        }
    }

    #[test]
    fn a_partial_success_has_the_number_of_what_is_rejected() {
        let partly = |rejected| {
            let response = ExportResponse {
                partial_success: Some(PartialSuccess {
                    rejected,
                    error_message: "too old".repeat(100),
                }),
            };
            answer_to(200, &response.encode_to_vec())
        };
        let Answer::Partly {
            rejected: 3,
            reason,
        } = partly(3)
        else {
            panic!("three are rejected");
        };
        assert_eq!(reason.chars().count(), MAX_REASON + 1);
        assert_eq!(partly(0), Answer::Taken);
        assert_eq!(partly(-1), Answer::Taken);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let wait = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(text).expect("a value"));
            retry_after(&headers)
        };
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        let far = wait("Fri, 31 Dec 2100 23:59:59 GMT").expect("a date");
        assert!(far > Duration::from_secs(3600));
        for text in ["", "soon", "-1", "Sun, 06 Nov 1994 08:49:37 GMT"] {
            assert_eq!(wait(text), None, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
