//! Sends requests to the receiver.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ureq::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use ureq::http::{HeaderName, HeaderValue, Uri};
use ureq::{Agent, Body};

use super::Encryption;
use super::http_answer::{self, Answer, shortened};
use super::request_queue::Request;

/// Bytes of a response that are read, at most.
const MAX_RESPONSE: u64 = 1 << 16;

/// How long a connection is kept for the next request.
const KEPT: Duration = Duration::from_secs(1);

/// Where collectors receive OTLP over gRPC.
const GRPC_PORT: u16 = 4317;

/// The headers that the settings name.
pub(super) type Headers = Arc<Mutex<Vec<(HeaderName, HeaderValue)>>>;

/// A client of one URL.
pub(super) struct Client {
    agent: Agent,
    url: String,
    headers: Headers,
    pub(super) timeout: Duration,
}

impl Client {
    /// `url`: with the path of a signal.
    pub(super) fn new(
        url: &str,
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
            url: url.to_owned(),
            headers,
            timeout,
        }
    }

    /// Sends a request, and waits for the response within this time.
    pub(super) fn post(&self, request: &Request, within: Duration) -> Answer {
        let mut call = self
            .agent
            .post(&self.url)
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
                let (status, wait) = (
                    response.status(),
                    http_answer::retry_after(response.headers()),
                );
                let is_protobuf = http_answer::is_protobuf(response.headers());
                let body = body(response.body_mut());
                http_answer::judge(status, wait, is_protobuf, &body)
            }
            Err(error) => Answer::Failed {
                reason: shortened(&described(&error)) + self.hint(),
                wait: None,
            },
        }
    }
}

impl Client {
    /// Returns what can be the cause of a failed connection, besides the receiver.
    fn hint(&self) -> &'static str {
        let uri = self.url.parse::<Uri>().ok();
        match uri.and_then(|uri| uri.port_u16()) {
            Some(GRPC_PORT) => {
                " (port 4317 is usually for gRPC; pscan sends HTTP, which is usually at 4318)"
            }
            _ => "",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::settings::Otlp;

    #[test]
    fn the_port_of_grpc_gets_a_hint() {
        let encryption = Encryption::read(&Otlp::default()).expect("no file");
        let client = |url| Client::new(url, Headers::default(), Duration::ZERO, encryption.clone());
        assert!(client("http://a:4317/v1/logs").hint().contains("gRPC"));
        assert_eq!(client("http://a:4318/v1/logs").hint(), "");
        assert_eq!(client("http://a/v1/logs").hint(), "");
    }
}
