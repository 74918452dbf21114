//! Checks the URL of a receiver.

use ureq::http::Uri;

/// Returns whether it is a URL without TLS.
pub(super) fn is_plain(endpoint: &str) -> bool {
    let uri = endpoint.parse::<Uri>().ok();
    uri.is_some_and(|uri| uri.scheme_str() != Some("https"))
}

/// What a URL is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// The path of a signal is added to it.
    Base,
    /// It is used as it is.
    Whole,
}

/// Returns what is wrong with the URL of a receiver, and an advice.
pub(super) fn wrong(text: &str, shape: Shape) -> Option<(&'static str, &'static str)> {
    const EXAMPLE: &str = "write one such as http://127.0.0.1:4318";
    const WITHOUT_TLS: &str =
        "send to a collector on this host by http, or build pscan with `--features tls`";
    let Ok(uri) = text.parse::<Uri>() else {
        return Some(("is no URL", EXAMPLE));
    };
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") if cfg!(feature = "tls") => {}
        Some("https") => {
            let what = "begins with https: this pscan is built without TLS";
            return Some((what, WITHOUT_TLS));
        }
        _ => return Some(("does not begin with http://", EXAMPLE)),
    }
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if authority.contains('@') {
        let advice = "set the header Authorization with otlp.headers_files";
        return Some(("contains a user", advice));
    }
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    let has_query = shape == Shape::Base && uri.query().is_some();
    if !has_host || has_query || text.contains('#') {
        return Some(("must be a host, a port, and at most a path", EXAMPLE));
    }
    // The colons of an IPv6 address are in brackets.
    let (_, after_address) = authority.rsplit_once(']').unwrap_or(("", authority));
    if after_address.contains(':') && uri.port_u16().is_none_or(|port| port == 0) {
        return Some(("has a wrong port", "write one from 1 to 65535"));
    }
    let path = uri.path().trim_end_matches('/');
    let is_of_signal = path.ends_with("/v1/metrics") || path.ends_with("/v1/logs");
    if shape == Shape::Base && is_of_signal {
        return Some((
            "has the path of one signal, which pscan adds",
            "leave that out, or use otlp.metrics_endpoint or otlp.logs_endpoint",
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_url_of_a_host() {
        for endpoint in [
            "http://127.0.0.1:4318",
            "http://[::1]:4318/",
            "http://collector/opentelemetry",
        ] {
            assert_eq!(wrong(endpoint, Shape::Base), None, "{endpoint}");
            assert!(is_plain(endpoint));
        }
        for (endpoint, reason) in [
            ("127.0.0.1:4318", "http://"),
            ("ftp://collector", "http://"),
            ("", "URL"),
            ("http://", "URL"),
            ("http://user:secret@collector", "user"),
            ("http://collector/?token=secret", "path"),
            ("http://collector/v1/metrics", "one signal"),
            ("http://collector:4318/v1/logs/", "one signal"),
            ("http://127.0.0.1:99999", "port"),
            ("http://collector:0", "port"),
            ("http://[::1]:", "port"),
        ] {
            let (what, _) = wrong(endpoint, Shape::Base).expect(endpoint);
            assert!(what.contains(reason), "{endpoint}: {what}");
        }
        for whole in [
            "http://a/v1/metrics",
            "http://a/insert?stream=b",
            "http://a",
        ] {
            assert_eq!(wrong(whole, Shape::Whole), None, "{whole}");
        }
        assert!(!is_plain("HTTPS://collector"));
    }
}
