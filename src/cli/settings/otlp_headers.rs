//! The headers of requests to a receiver of OTLP: texts, and files with texts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use process_scanner::{Error, ErrorClass, Result};
use ureq::http::{HeaderName, HeaderValue};

use super::Otlp;
use crate::cli::outcome::cannot;

/// Headers that the exporter sets itself.
const OWN_HEADERS: [&str; 6] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
];

impl Otlp {
    /// Checks names, and the values that are not in files.
    ///
    /// # Errors
    ///
    /// A name that no header can have, that pscan sets, or that occurs twice in any case, and a wrong value.
    pub(super) fn check_headers(&self) -> Result<()> {
        let wrong = |message: String, advice: &'static str| {
            Err(Error::new(ErrorClass::Config, message).with_advice(advice))
        };
        let names = self.headers.keys().map(|name| ("headers", name));
        let of_files = self.headers_files.keys();
        let mut seen = BTreeSet::new();
        for (key, name) in names.chain(of_files.map(|name| ("headers_files", name))) {
            let small = name.to_ascii_lowercase();
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                return wrong(
                    format!("otlp.{key} has {name:?}, which is no name of a header"),
                    "write letters, digits and hyphens, such as X-Scope-OrgID",
                );
            }
            if OWN_HEADERS.contains(&small.as_str()) {
                return wrong(
                    format!("otlp.{key} cannot have {name}, which pscan sets itself"),
                    "leave it out",
                );
            }
            if !seen.insert(small) {
                return wrong(
                    format!("otlp.{key} has {name}, which is there already"),
                    "set each header once: upper and lower case are the same, in files too",
                );
            }
        }
        match self.headers.iter().find(|(_, text)| value(text).is_none()) {
            Some((name, _)) => wrong(
                format!("otlp.headers has a value of {name} that no header can have"),
                "write one line of printable text",
            ),
            None => Ok(()),
        }
    }

    /// Replaces the values of headers, which can be secrets, for print.
    pub(crate) fn redact(&mut self) {
        for value in self.headers.values_mut() {
            *value = "[redacted]".to_owned();
        }
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
            let text = fs::read_to_string(path).map_err(|error| {
                cannot(
                    "read the header from",
                    path,
                    error,
                    Some("check path and rights"),
                )
            })?;
            let text = text.trim_end_matches(['\n', '\r']);
            if text.is_empty() || value(text).is_none() {
                let message = format!("{} has no value for a header", path.display());
                return Err(Error::new(ErrorClass::Config, message)
                    .with_advice("write one line of printable text into it"));
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

/// Returns a value that is not logged.
fn value(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn otlp() -> Otlp {
        Otlp {
            endpoint: Some("http://127.0.0.1:4318".to_owned()),
            ..Otlp::default()
        }
    }

    #[test]
    fn headers_come_from_settings_and_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        fs::write(&path, "Bearer x\n").expect("a file");
        let mut otlp = otlp();
        otlp.headers.insert("X-Scope-OrgID".into(), "a".into());
        otlp.headers_files
            .insert("Authorization".into(), path.clone());
        otlp.validate().expect("valid");
        let headers = otlp.all_headers().expect("readable");
        let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["authorization", "x-scope-orgid"]);
        assert_eq!(headers[0].1, "Bearer x");
        assert!(!format!("{headers:?}").contains("Bearer"));
        for text in ["", "\n", "a\nb\n"] {
            fs::write(&path, text).expect("a file");
            otlp.all_headers().expect_err("no value");
        }
        fs::remove_file(&path).expect("a file");
        otlp.all_headers().expect_err("no file");
        otlp.endpoint = None;
        assert_eq!(otlp.all_headers().expect("no receiver"), []);
    }

    #[test]
    fn wrong_headers_have_the_reason() {
        for (name, text, reason) in [
            ("a b", "x", "no name of a header"),
            ("Content-Type", "x", "pscan sets itself"),
            ("a", "x\ny", "no header can have"),
            ("AUTHORIZATION", "x", "there already"),
        ] {
            let mut otlp = otlp();
            otlp.headers.insert(name.into(), text.into());
            otlp.headers_files
                .insert("authorization".into(), "key".into());
            let error = otlp.validate().expect_err(name);
            assert!(error.to_string().contains(reason), "{error}");
        }
        let mut twice = otlp();
        twice.headers.insert("a".into(), "x".into());
        twice.headers.insert("A".into(), "x".into());
        twice.validate().expect_err("the same name");
    }
}
