//! Checks the URL of a receiver.

use std::net::{Ipv4Addr, Ipv6Addr};

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
    // A fragment is not sent, and a query would be before the path of the signal.
    if text.contains('#') || shape == Shape::Base && text.contains('?') {
        return Some(("must be a host, a port, and at most a path", EXAMPLE));
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if !is_host(host) {
        return Some(("has no valid name or address of a host", EXAMPLE));
    }
    // Without this check, a client takes the usual port if this one is no number.
    if port.is_some_and(|port| !is_port(port)) {
        return Some(("has a port that is no number from 1 to 65535", EXAMPLE));
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

/// Returns whether it is a name, an IPv4 address, or an IPv6 address in brackets: RFC 3986, section 3.2.2.
fn is_host(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        let address = rest.strip_suffix(']');
        return address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_of_address = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    let has_labels = host
        .strip_suffix('.')
        .unwrap_or(host)
        .split('.')
        .all(|label| !label.is_empty());
    match host.bytes().all(is_of_address) {
        true => host.parse::<Ipv4Addr>().is_ok(),
        false => has_labels && host.bytes().all(is_of_name),
    }
}

fn is_port(text: &str) -> bool {
    // A number can be parsed with a sign too.
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number && text.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_url_of_a_host() {
        for endpoint in [
            "http://127.0.0.1:4318",
            "http://[::1]:4318/",
            "http://[::1]",
            "http://[::ffff:10.0.0.1]:1",
            "http://collector/opentelemetry",
            "http://collector:65535/a%20b/c",
            "HTTP://otel-collector.monitoring.svc.cluster.local.:4318",
            "http://my_collector",
        ] {
            assert_eq!(wrong(endpoint, Shape::Base), None, "{endpoint}");
            assert!(is_plain(endpoint));
        }
        for (endpoint, reason) in [
            ("127.0.0.1:4318", "http://"),
            ("ftp://collector", "http://"),
            ("/v1/metrics", "http://"),
            ("", "URL"),
            ("http://", "URL"),
            (" http://collector", "URL"),
            ("http://collector:4318 ", "URL"),
            ("http://a\nb", "URL"),
            ("http://collector\\x", "URL"),
            ("http://user:secret@collector", "user"),
            ("http://secret@collector", "user"),
            ("http://@collector", "user"),
            ("http://collector/?token=secret", "path"),
            ("http://collector?", "path"),
            ("http://collector#x", "path"),
            ("http://collector/v1/metrics", "one signal"),
            ("http://collector:4318/v1/logs/", "one signal"),
            ("http://127.0.0.1:abc", "port"),
            ("http://127.0.0.1:99999", "port"),
            ("http://127.0.0.1:65536/x", "port"),
            ("http://127.0.0.1:0", "port"),
            ("http://127.0.0.1:-1", "port"),
            ("http://127.0.0.1:+80", "port"),
            ("http://127.0.0.1:", "port"),
            ("http://127.0.0.1:/x", "port"),
            ("http://collector:", "port"),
            ("http://[::1]:", "port"),
            ("http://[::1]:x", "port"),
            ("http://:4318", "host"),
            ("http:///v1", "host"),
            ("http://[]:4318", "host"),
            ("http://[::1", "host"),
            ("http://[::1]x:4318", "host"),
            ("http://[1.2.3.4]", "host"),
            ("http://::1:4318", "host"),
            ("http://256.1.1.1", "host"),
            ("http://1.2.3", "host"),
            ("http://a..b", "host"),
            ("http://.", "host"),
            ("http://a,b", "host"),
            ("http://[fe80::1%25eth0]:4318", "host"),
        ] {
            let (what, _) = wrong(endpoint, Shape::Base).expect(endpoint);
            let is_url = what.contains("URL");
            assert!(what.contains(reason) || is_url, "{endpoint}: {what}");
        }
        for whole in [
            "http://a/v1/metrics",
            "http://a/insert?stream=b",
            "http://a",
        ] {
            assert_eq!(wrong(whole, Shape::Whole), None, "{whole}");
        }
        for whole in ["http://a/x#y", "http://a:b/x?y", "http://u@a/x?y"] {
            assert!(wrong(whole, Shape::Whole).is_some(), "{whole}");
        }
        assert!(!is_plain("HTTPS://collector"));
    }
}
