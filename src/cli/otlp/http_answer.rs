//! Judges the responses of a receiver.

use std::time::{Duration, SystemTime};

use jiff::fmt::rfc2822::DateTimeParser;
use prost::Message;
use ureq::http::header::{CONTENT_TYPE, RETRY_AFTER};
use ureq::http::{HeaderMap, StatusCode};

use super::otlp_messages::{ErrorStatus, ExportResponse};

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

/// Judges a response, as the specification of OTLP has it.
pub(super) fn judge(
    status: StatusCode,
    wait: Option<Duration>,
    is_protobuf: bool,
    body: &[u8],
) -> Answer {
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
    let mut reason = status.to_string();
    let text = error_text(is_protobuf, body);
    if !text.is_empty() {
        reason.push_str(&format!(": {text}"));
    }
    match status.as_u16() {
        429 | 502..=504 => Answer::Failed { reason, wait },
        _ => Answer::Refused(reason),
    }
}

/// Returns whether the body is a message.
pub(super) fn is_protobuf(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE);
    value.is_some_and(|value| value.as_bytes().starts_with(b"application/x-protobuf"))
}

/// Returns the text of an error response on one line; it is empty if there is none.
fn error_text(is_protobuf: bool, body: &[u8]) -> String {
    let text = match is_protobuf {
        true => ErrorStatus::decode(body).map_or_else(|_| String::new(), |status| status.message),
        false => String::from_utf8(body.to_vec()).unwrap_or_default(),
    };
    // A page for people is no reason.
    if text.trim_start().starts_with('<') {
        return String::new();
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    shortened(&words.join(" "))
}

/// Returns what the header Retry-After requests: seconds, or a date (RFC 9110, section 10.2.3).
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTimeParser::new().parse_timestamp(text).ok()?;
    SystemTime::from(date)
        .duration_since(SystemTime::now())
        .ok()
}

/// Returns the begin of a text for a message.
pub(super) fn shortened(text: &str) -> String {
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
    use ureq::http::HeaderValue;

    use super::*;

    fn answer_to(status: u16, body: &[u8]) -> Answer {
        let status = StatusCode::from_u16(status).expect("a status");
        judge(status, None, false, body)
    }

    #[test]
    fn the_text_of_an_error_is_a_part_of_the_reason() {
        let refused = |is_protobuf, body: &[u8]| {
            let status = StatusCode::BAD_REQUEST;
            match judge(status, None, is_protobuf, body) {
                Answer::Refused(reason) => reason,
                other => panic!("{other:?}"),
            }
        };
        let status = ErrorStatus {
            message: "too\n  many".into(),
        };
        let status = status.encode_to_vec();
        assert_eq!(refused(true, &status), "400 Bad Request: too many");
        assert_eq!(refused(false, b" no\r\nlogs "), "400 Bad Request: no logs");
        for (is_protobuf, body) in [
            (true, b"no logs".as_slice()),
            (false, b"\xff\xfe"),
            (false, b"<html>"),
            (false, b""),
        ] {
            assert_eq!(refused(is_protobuf, body), "400 Bad Request");
        }
        let long = refused(false, "é".repeat(1000).as_bytes());
        assert!(long.ends_with("é…") && long.chars().count() < 250);
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
