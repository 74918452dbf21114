//! Headers of requests to the receiver: which are allowed, and their values.

use std::collections::BTreeMap;

use process_scanner::{Error, ErrorClass, Result};
use ureq::http::{HeaderName, HeaderValue};

use super::Otlp;
use super::small_file::{Content, is_surely_a_path, read_small_file};

/// What is printed for a secret.
const REDACTED: &str = "[redacted]";

impl Otlp {
    /// Checks names of headers, and the values that the settings have.
    pub(super) fn check_headers(&self) -> Result<()> {
        let mut known = BTreeMap::new();
        let all = self.headers.keys().map(|name| ("otlp.headers", name));
        let in_files = self.headers_files.keys();
        for (key, name) in all.chain(in_files.map(|name| ("otlp.headers_files", name))) {
            if let Some((what, advice)) = refused(name) {
                return Err(wrong(format!("{key} {what}"), advice));
            }
            // Names are compared without regard to case: RFC 9110, section 5.1.
            if let Some(other) = known.insert(name.to_ascii_lowercase(), name) {
                let message = format!("{key} has {name} twice: it is also set as {other}");
                return Err(wrong(
                    message,
                    "leave one of them out: upper and lower case make no difference",
                ));
            }
        }
        match self.headers.iter().find(|(_, text)| value(text).is_none()) {
            Some((name, _)) => Err(wrong(
                format!("otlp.headers has a value of {name} that no header can have"),
                "write one line of printable text",
            )),
            None => Ok(()),
        }
    }

    /// Replaces the values of headers, which can be secrets, for print.
    pub(crate) fn redact(&mut self) {
        for value in self.headers.values_mut() {
            *value = REDACTED.to_owned();
        }
        for path in self.headers_files.values_mut() {
            if !is_surely_a_path(path) {
                *path = REDACTED.into();
            }
        }
    }

    /// Returns whether these settings read headers from the same files as others do.
    pub(crate) fn reads_same_headers_as(&self, other: &Self) -> bool {
        self.is_sent() && self.headers_files == other.headers_files
    }

    /// Returns the headers of each request, with those from files as they are now.
    ///
    /// Without a receiver there are none, and no file is read.
    ///
    /// # Errors
    ///
    /// The first file that cannot be read, or that has no value for a header.
    pub(crate) fn all_headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>> {
        if !self.is_sent() {
            return Ok(Vec::new());
        }
        let texts = self.headers.iter();
        let mut all: BTreeMap<&str, String> = texts
            .map(|(name, text)| (name.as_str(), text.clone()))
            .collect();
        for (name, path) in &self.headers_files {
            let bytes = read_small_file(path, &format!("the header {name}"), Content::Secret)?;
            let text = String::from_utf8(bytes).unwrap_or_default();
            let text = text.trim_end_matches(['\n', '\r']);
            if text.is_empty() || value(text).is_none() {
                let message = format!("{} has no value for a header", path.display());
                return Err(wrong(message, "write one line of printable text into it"));
            }
            all.insert(name, text.to_owned());
        }
        let parsed = all.into_iter().map(|(name, text)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, value(&text)?))
        });
        Ok(parsed
            .collect::<Option<_>>()
            .expect("BUG: headers are checked"))
    }
}

fn wrong(message: String, advice: &'static str) -> Error {
    Error::new(ErrorClass::Config, message).with_advice(advice)
}

/// Returns why a header cannot have this name, and an advice.
fn refused(name: &str) -> Option<(String, &'static str)> {
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        // A whole header can be there by mistake, with its secret, so the name is not quoted.
        let is_of_name =
            |char: &char| char.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(*char);
        let what = match name.chars().find(|char| !is_of_name(char)) {
            Some(char) => format!("has a name with {char:?}, which names of headers cannot have"),
            None if name.is_empty() => "has an empty name".to_owned(),
            None => "has a name that is too long".to_owned(),
        };
        let advice = "write names such as X-Scope-OrgID: letters, digits and hyphens, no colon";
        return Some((what, advice));
    }
    let reason = match name.to_ascii_lowercase().as_str() {
        "accept-encoding" => "pscan reads responses without compression",
        "connection" | "keep-alive" | "proxy-connection" | "te" | "trailer"
        | "transfer-encoding" | "upgrade" => "it is about the connection, which pscan manages",
        "expect" => "pscan sends the body at once",
        "host" => "pscan sets it to the host of the endpoint",
        name if name.starts_with("content-") => "pscan describes the body itself",
        _ => return None,
    };
    let advice = "leave it out: only headers for the receiver can be set, such as Authorization";
    Some((format!("cannot have {name}: {reason}"), advice))
}

/// Returns a value that is not logged.
fn value(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn otlp(headers: &[&str], files: &[&str]) -> Otlp {
        let mut otlp = Otlp {
            endpoint: Some("http://127.0.0.1:4318".to_owned()),
            ..Otlp::default()
        };
        for name in headers {
            otlp.headers.insert((*name).into(), "x".into());
        }
        for name in files {
            otlp.headers_files.insert((*name).into(), "/x".into());
        }
        otlp
    }

    #[test]
    fn headers_come_from_settings_and_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        fs::write(&path, "Bearer x\n").expect("a file");
        let mut otlp = otlp(&["X-Scope-OrgID"], &[]);
        otlp.headers_files
            .insert("Authorization".into(), path.clone());
        otlp.validate().expect("valid");
        let headers = otlp.all_headers().expect("readable");
        let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["authorization", "x-scope-orgid"]);
        assert_eq!(headers[0].1, "Bearer x");
        assert!(!format!("{headers:?}").contains("Bearer"));
        for text in [b"".as_slice(), b"\n", b"a\nb\n", b"\xff\xfe"] {
            fs::write(&path, text).expect("a file");
            otlp.all_headers().expect_err("no value");
        }
        fs::remove_file(&path).expect("a file");
        otlp.all_headers().expect_err("no file");
        otlp.endpoint = None;
        assert_eq!(otlp.all_headers().expect("no receiver"), []);
        otlp.headers.insert("a".into(), "x\ny".into());
        otlp.validate().expect_err("two lines");
    }

    #[test]
    fn a_name_is_there_once_without_regard_to_case() {
        for (headers, files) in [
            (&["Authorization", "authorization"][..], &[][..]),
            (&["Authorization"], &["AUTHORIZATION"]),
            (&[], &["a", "A"]),
            (&["a"], &["a"]),
        ] {
            let error = otlp(headers, files).validate().expect_err("twice");
            assert!(error.to_string().contains("twice"), "{error}");
        }
        let both = otlp(&["a", "b"], &["A-b"]);
        both.validate().expect("three names");
    }

    #[test]
    fn headers_of_pscan_are_refused_with_the_reason() {
        for (name, reason) in [
            ("Content-Type", "body"),
            ("content-encoding", "body"),
            ("Content-Language", "body"),
            ("Host", "endpoint"),
            ("TE", "connection"),
            ("Connection", "connection"),
            ("Upgrade", "connection"),
            ("Transfer-Encoding", "connection"),
            ("Accept-Encoding", "compression"),
            ("Expect", "at once"),
        ] {
            for otlp in [otlp(&[name], &[]), otlp(&[], &[name])] {
                let error = otlp.validate().expect_err(name).to_string();
                assert!(error.contains(name) && error.contains(reason), "{error}");
            }
        }
        let others = ["Authorization", "X-Content-Type", "Cookie", "User-Agent"];
        otlp(&others, &[])
            .validate()
            .expect("of no meaning to pscan");
    }

    #[test]
    fn a_name_that_is_no_token_is_not_quoted() {
        for (name, reason) in [
            ("Bad Header hunter2", "' '"),
            ("Authorization:hunter2", "':'"),
            ("hunter2é", "'é'"),
            ("hunter2\u{7f}", "\\u{7f}"),
            ("", "empty"),
            (&"hunter2".repeat(10_000), "too long"),
        ] {
            let error = otlp(&[], &[name]).validate().expect_err(reason);
            let error = error.to_string();
            assert!(error.starts_with("otlp.headers_files "), "{error}");
            assert!(error.contains(reason), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn printed_settings_have_no_secrets() {
        let mut otlp = otlp(&["a"], &["b"]);
        otlp.headers_files.insert("c".into(), "hunter2".into());
        otlp.redact();
        assert_eq!(otlp.headers["a"], REDACTED);
        assert_eq!(otlp.headers_files["b"], Path::new("/x"));
        assert_eq!(otlp.headers_files["c"], Path::new(REDACTED));
    }
}
