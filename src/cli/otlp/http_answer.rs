//! Judges the responses of a receiver.

use std::io::Read;
use std::time::{Duration, SystemTime};

use flate2::read::GzDecoder;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use prost::Message;
use ureq::http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use ureq::http::{HeaderMap, StatusCode};

use super::otlp_messages::{ErrorStatus, ExportResponse};

/// Bytes of a response that are read, at most.
const MAX_RESPONSE: u64 = 1 << 20;

/// Characters of a receiver's text that are printed, at most.
const MAX_REASON: usize = 200;

/// What the receiver did with a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    Taken,
    /// It accepted the request, and perhaps rejected a part: its message cannot be read.
    Unclear,
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
        /// The connection broke while the request was sent, or before its answer.
        is_broken: bool,
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
        return match ExportResponse::decode(body) {
            Ok(response) => match response.partial_success {
                // A receiver can send a warning without rejecting anything.
                Some(partial) if partial.rejected > 0 => Answer::Partly {
                    rejected: partial.rejected.unsigned_abs(),
                    reason: shortened(&String::from_utf8_lossy(&partial.error_message)),
                },
                _ => Answer::Taken,
            },
            Err(_) if is_protobuf => Answer::Unclear,
            // Some receivers answer with a text.
            Err(_) => Answer::Taken,
        };
    }
    let mut reason = status.to_string();
    let text = error_text(is_protobuf, body);
    if !text.is_empty() {
        reason.push_str(&format!(": {text}"));
    }
    match status.as_u16() {
        429 | 502..=504 => Answer::Failed {
            reason,
            wait,
            is_broken: false,
        },
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
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = text.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::strptime("%a, %d %b %Y %H:%M:%S GMT", text).ok()?;
    // Timestamps end some hours before the year 10000, and dates do not.
    let Ok(date) = date.to_zoned(TimeZone::UTC) else {
        return Some(Duration::MAX);
    };
    SystemTime::from(date.timestamp())
        .duration_since(SystemTime::now())
        .ok()
}

/// Reads the body of a response: decompressed, and as much of it as decides anything.
pub(super) fn read_body(headers: &HeaderMap, body: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let body = body.take(MAX_RESPONSE);
    let encoding = headers.get(CONTENT_ENCODING);
    let is_gzip = encoding.is_some_and(|encoding| encoding.as_bytes() == b"gzip");
    // What was read before an error stays.
    let _ = match is_gzip {
        true => GzDecoder::new(body)
            .take(MAX_RESPONSE)
            .read_to_end(&mut bytes),
        false => { body }.read_to_end(&mut bytes),
    };
    bytes
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
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
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
                    error_message: "too old\u{ff}".repeat(100).into_bytes(),
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
    fn a_message_that_is_no_text_or_compressed_hides_no_number() {
        let response = ExportResponse {
            partial_success: Some(PartialSuccess {
                rejected: 3,
                error_message: b"\xff\xfe".to_vec(),
            }),
        };
        let plain = response.encode_to_vec();
        let answer = judge(StatusCode::OK, None, true, &plain);
        assert!(
            matches!(answer, Answer::Partly { rejected: 3, .. }),
            "{answer:?}"
        );
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&plain).expect("memory");
        let compressed = encoder.finish().expect("memory");
        let mut headers = HeaderMap::new();
        assert_eq!(read_body(&headers, plain.as_slice()), plain);
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(read_body(&headers, compressed.as_slice()), plain);
        assert_eq!(read_body(&headers, &b"no gzip"[..]), b"");
        let unclear = judge(StatusCode::OK, None, true, &plain[..plain.len() - 1]);
        assert_eq!(unclear, Answer::Unclear);
        let endless = read_body(&HeaderMap::new(), std::io::repeat(b'x'));
        assert_eq!(endless.len() as u64, MAX_RESPONSE);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let wait = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(text).expect("a value"));
            retry_after(&headers)
        };
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        for far in ["99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            let wait = wait(far).expect(far);
            assert!(wait > Duration::from_secs(3600), "{far}");
        }
        let far = wait("Fri, 31 Dec 2100 23:59:59 GMT").expect("a date");
        assert!(far > Duration::from_secs(3600));
        for text in ["", "soon", "-1", "Sun, 06 Nov 1994 08:49:37 GMT"] {
            assert_eq!(wait(text), None, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
