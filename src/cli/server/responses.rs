//! Builds responses.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue,
    REFERRER_POLICY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};

pub(super) type Answer = Response<BoxBody<Bytes, Infallible>>;

/// Text for people and programs.
pub(super) const PLAIN: &str = "text/plain; charset=utf-8";

/// Why a request is not answered.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    text: Cow<'static, str>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            text: text.into(),
        }
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the response.
    pub(super) fn answer(self) -> Answer {
        let status = self.status;
        let mut answer = text(status, PLAIN, format!("{}\n", self.text));
        let headers = answer.headers_mut();
        match status {
            StatusCode::METHOD_NOT_ALLOWED => {
                headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        answer
    }
}

/// Returns a response with a text.
pub(super) fn text(status: StatusCode, kind: &'static str, text: impl Into<Bytes>) -> Answer {
    answer(status, kind, Full::new(text.into()))
}

/// Returns a response with a text that several share.
pub(super) fn shared_text(kind: &'static str, text: Arc<str>) -> Answer {
    struct Shared(Arc<str>);

    impl AsRef<[u8]> for Shared {
        fn as_ref(&self) -> &[u8] {
            self.0.as_bytes()
        }
    }

    self::text(StatusCode::OK, kind, Bytes::from_owner(Shared(text)))
}

/// Returns a response with a text that is compressed, and that several share.
pub(super) fn gzipped(kind: &'static str, gzipped: Arc<[u8]>) -> Answer {
    let mut answer = text(StatusCode::OK, kind, Bytes::from_owner(gzipped));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    answer
}

/// Returns a response with a text, and drops `permit` when that was sent, or is not needed any more.
pub(super) fn text_with<P: Send + 'static>(
    status: StatusCode,
    kind: &'static str,
    text: Vec<u8>,
    permit: P,
) -> Answer {
    struct Permitted<P>(Vec<u8>, P);

    impl<P> AsRef<[u8]> for Permitted<P> {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    self::text(status, kind, Bytes::from_owner(Permitted(text, permit)))
}

/// Returns a response with any body. No browser runs, keeps or embeds what is in it.
pub(super) fn answer<B>(status: StatusCode, kind: &'static str, body: B) -> Answer
where
    B: Body<Data = Bytes, Error = Infallible> + Send + Sync + 'static,
{
    let mut answer = Response::new(body.boxed());
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}
