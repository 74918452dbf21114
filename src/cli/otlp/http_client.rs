//! Sends requests to the receiver.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ureq::Agent;
use ureq::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use ureq::http::{HeaderName, HeaderValue, Uri};

use super::Encryption;
use super::http_answer::{self, Answer, shortened};
use super::request_queue::Request;

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
    pub(super) fn post(&mut self, request: &Request, within: Duration) -> Answer {
        // ureq panics at some responses, such as one with the status 000.
        let sent = catch_unwind(AssertUnwindSafe(|| self.send(request, within)));
        let failed = |reason: &str, is_broken| Answer::Failed {
            reason: shortened(reason) + self.hint(),
            wait: None,
            is_broken,
        };
        match sent {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => failed(&described(&error), is_broken(&error)),
            Err(_) => {
                let answer = failed("its answer is no HTTP", true);
                // The pool of connections can be unusable.
                self.agent = self.agent.config().new_agent();
                answer
            }
        }
    }

    fn send(&self, request: &Request, within: Duration) -> Result<Answer, ureq::Error> {
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
        let mut response = call.send(request.body.as_slice())?;
        let wait = http_answer::retry_after(response.headers());
        let is_protobuf = http_answer::is_protobuf(response.headers());
        let headers = response.headers().clone();
        let body = http_answer::read_body(&headers, response.body_mut().as_reader());
        Ok(http_answer::judge(
            response.status(),
            wait,
            is_protobuf,
            &body,
        ))
    }
}

/// Returns whether a connection was closed in the middle of a request.
fn is_broken(error: &ureq::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};

    match error {
        ureq::Error::Io(error) => matches!(
            error.kind(),
            BrokenPipe | ConnectionAborted | ConnectionReset
        ),
        _ => false,
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
