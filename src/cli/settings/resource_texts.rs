//! Attributes of the resource that the settings name.

use std::collections::BTreeMap;

use process_scanner::{Error, ErrorClass, Result};
use serde::{Deserialize, Deserializer};
use toml::Value;

const MAX_ATTRIBUTES: usize = 64;

/// Bytes of a name and of a value, at most. OpenTelemetry has no limits for a resource, but receivers do.
const MAX_NAME: usize = 256;
const MAX_VALUE: usize = 1024;

/// Reads names and texts.
pub(super) fn resource_texts<'de, D>(
    deserializer: D,
) -> std::result::Result<BTreeMap<String, String>, D::Error>
where
    D: Deserializer<'de>,
{
    let wrong = |what: &str| {
        let example = "write one such as { \"k8s.node.name\" = \"node1\" }";
        <D::Error as serde::de::Error>::custom(format!("resource {what}: {example}"))
    };
    let Value::Table(table) = Value::deserialize(deserializer)? else {
        return Err(wrong("must be a table of texts"));
    };
    let texts = table.into_iter().map(|(name, value)| match value {
        Value::String(text) => Ok((name, text)),
        // TOML reads a name with dots as tables.
        Value::Table(_) => Err(wrong(&format!("has a name without quotes, {name:?}"))),
        _ => Err(wrong(&format!("has a value of {name:?} that is no text"))),
    });
    texts.collect()
}

/// Checks names and texts.
///
/// # Errors
///
/// Too many or too long ones, and those with control characters.
pub(super) fn check(attributes: &BTreeMap<String, String>) -> Result<()> {
    let wrong = |message: String, advice| {
        let message = format!("otlp.resource {message}");
        Err(Error::new(ErrorClass::Config, message).with_advice(advice))
    };
    if attributes.len() > MAX_ATTRIBUTES {
        let message = format!("has more than {MAX_ATTRIBUTES} attributes");
        return wrong(message, "leave out some");
    }
    for (name, value) in attributes {
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_name || name.len() > MAX_NAME {
            return wrong(
                format!("cannot have the name {name:?}"),
                "write a name such as host.name, of at most 256 characters without spaces",
            );
        }
        if value.chars().any(char::is_control) || value.len() > MAX_VALUE {
            return wrong(
                format!("has a value of {name:?} that is too long or has control characters"),
                "write at most 1024 bytes of printable text",
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;

    fn read(text: &str) -> std::result::Result<BTreeMap<String, String>, String> {
        let settings = toml::from_str::<Settings>(&format!("[otlp]\nresource = {text}\n"));
        settings
            .map(|settings| settings.otlp.resource)
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn attributes_are_texts_with_names_in_quotes() {
        let read_in = read("{ \"host.name\" = \"a\", zone = \"\" }").expect("texts");
        assert_eq!(read_in["host.name"], "a");
        check(&read_in).expect("valid");
        for (text, reason) in [
            ("{ host.name = \"a\" }", "without quotes"),
            ("{ rack = 7 }", "no text"),
            ("\"rack=7\"", "table"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn number_and_length_have_limits() {
        let one =
            |name: &str, value: &str| check(&BTreeMap::from([(name.to_owned(), value.to_owned())]));
        one(&"n".repeat(MAX_NAME), &"v".repeat(MAX_VALUE)).expect("the longest");
        for (name, value) in [
            ("n".repeat(MAX_NAME + 1), String::new()),
            ("n".to_owned(), "v".repeat(MAX_VALUE + 1)),
            ("n".to_owned(), "a\nb".to_owned()),
            (String::new(), "v".to_owned()),
            ("host name".to_owned(), "v".to_owned()),
        ] {
            let error = one(&name, &value).expect_err(&name);
            assert!(error.to_string().starts_with("otlp.resource "), "{error}");
        }
        let many = |count: usize| {
            (0..count)
                .map(|n| (format!("n{n}"), String::new()))
                .collect()
        };
        check(&many(MAX_ATTRIBUTES)).expect("the most");
        check(&many(MAX_ATTRIBUTES + 1)).expect_err("too many");
    }
}
