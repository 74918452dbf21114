//! Checks the URL of a receiver.

use ureq::http::Uri;

/// Returns whether it is a URL without TLS.
pub(super) fn is_plain(endpoint: &str) -> bool {
    let uri = endpoint.parse::<Uri>().ok();
    uri.is_some_and(|uri| uri.scheme_str() != Some("https"))
}

/// Returns what is wrong with the address of a receiver, and an advice.
pub(super) fn wrong(text: &str) -> Option<(&'static str, &'static str)> {
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
    if !has_host || uri.query().is_some() || text.contains('#') {
        return Some(("must be a host, a port, and at most a path", EXAMPLE));
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
            assert_eq!(wrong(endpoint), None, "{endpoint}");
            assert!(is_plain(endpoint));
        }
        for (endpoint, reason) in [
            ("127.0.0.1:4318", "http://"),
            ("ftp://collector", "http://"),
            ("", "URL"),
            ("http://", "URL"),
            ("http://user:secret@collector", "user"),
            ("http://collector/?token=secret", "path"),
        ] {
            let (what, _) = wrong(endpoint).expect(endpoint);
            assert!(what.contains(reason), "{endpoint}: {what}");
        }
        assert!(!is_plain("HTTPS://collector"));
    }
}
