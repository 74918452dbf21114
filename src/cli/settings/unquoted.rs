//! Reads settings whose values can be secrets: an error quotes no value.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use toml::Value;

/// Reads a value. The error of a wrong type has what is expected, and nothing of the value.
///
/// The errors of serde quote it: a secret can be there by mistake, at any key, for example after a missing brace.
pub(super) fn unquoted<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Expected,
    D: Deserializer<'de>,
{
    let value = Value::deserialize(deserializer)?;
    let read = value.try_into::<T>();
    read.map_err(|_| D::Error::custom(format_args!("it must be {}", T::EXPECTED)))
}

/// A type whose values people write.
pub(super) trait Expected: DeserializeOwned {
    /// What they write, after `it must be`.
    const EXPECTED: &'static str;
}

impl Expected for bool {
    const EXPECTED: &'static str = "true or false";
}

impl Expected for u64 {
    const EXPECTED: &'static str = "a whole number from 0";
}

impl Expected for usize {
    const EXPECTED: &'static str = "a whole number from 0";
}

impl Expected for Option<String> {
    const EXPECTED: &'static str = "a text";
}

impl Expected for Option<PathBuf> {
    const EXPECTED: &'static str = "a text, which is the path of a file";
}

impl Expected for BTreeMap<String, String> {
    const EXPECTED: &'static str = "a table of texts, such as { X-Scope-OrgID = \"hosts\" }";
}

impl Expected for BTreeMap<String, PathBuf> {
    const EXPECTED: &'static str =
        "a table of paths, such as { Authorization = \"/etc/pscan/otlp-header\" }";
}

#[cfg(test)]
mod tests {
    use super::super::Settings;

    const SECRETS: [&str; 6] = [
        "\"http://u:hunter2@h\"",
        "\"hunter2\"",
        "[\"hunter2\"]",
        "{ a = [\"hunter2\"] }",
        "{ a = 1234567 }",
        "-1234567",
    ];

    fn error(section: &str, key: &str, value: &str) -> Option<String> {
        let text = format!("[{section}]\n{key} = {value}\n");
        let error = toml::from_str::<Settings>(&text).err()?;
        Some(error.message().to_owned())
    }

    /// Returns all keys of `[otlp]`: the error of a wrong one lists them.
    fn keys() -> Vec<String> {
        let message = error("otlp", "wrong", "1").expect("no such key");
        let keys: Vec<String> = message
            .split('`')
            .skip(3)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        assert!(keys.iter().any(|key| key == "headers_files"), "{message}");
        keys
    }

    #[test]
    fn an_error_below_otlp_quotes_no_value() {
        let keys = keys();
        let mut errors = 0;
        for key in &keys {
            for value in SECRETS {
                let Some(message) = error("otlp", key, value) else {
                    continue;
                };
                errors += 1;
                for secret in ["hunter2", "1234567"] {
                    assert!(!message.contains(secret), "{key}: {message}");
                }
            }
        }
        assert!(errors > 3 * keys.len(), "{errors}");
    }

    #[test]
    fn an_error_about_a_token_quotes_no_value() {
        for value in ["1234567", "[\"hunter2\"]", "{ hunter2 = 1 }"] {
            let message = error("serve", "token_file", value).expect(value);
            assert!(message.contains("path of a file"), "{message}");
        }
    }

    #[test]
    fn an_error_has_what_is_expected() {
        for (key, value, expected) in [
            ("gzip", "1", "true or false"),
            ("interval_ms", "\"1s\"", "a whole number"),
            ("queue", "-1", "a whole number"),
            ("endpoint", "1", "a text"),
            ("headers", "\"a\"", "a table of texts"),
            ("headers_files", "{ a = 1 }", "a table of paths"),
        ] {
            let message = error("otlp", key, value).expect(key);
            assert!(message.contains(expected), "{message}");
        }
        assert_eq!(error("otlp", "headers", "{ a = \"b\" }"), None);
    }
}
