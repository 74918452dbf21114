//! Reads headers of the settings, whose values can be secrets.

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use toml::Value;

/// Reads names and texts. An error quotes no value.
pub(super) fn header_texts<'de, D>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error>
where
    D: Deserializer<'de>,
{
    let table = match Value::deserialize(deserializer)? {
        Value::Table(table) => table.into_iter(),
        _ => return Err(D::Error::custom(WRONG)),
    };
    let texts = table.map(|(name, value)| match value {
        Value::String(text) => Ok((name, text)),
        _ => Err(D::Error::custom(WRONG)),
    });
    texts.collect()
}

const WRONG: &str = "it must be a table of texts, such as { X-Scope-OrgID = \"hosts\" }";

#[cfg(test)]
mod tests {
    use super::super::Settings;

    #[test]
    fn an_error_quotes_no_value() {
        let headers = |text: &str| {
            let text = format!("[otlp]\nheaders = {text}\n");
            toml::from_str::<Settings>(&text).map(|settings| settings.otlp.headers)
        };
        let read = headers("{ a = \"b\" }").expect("a table of texts");
        assert_eq!(read["a"], "b");
        for wrong in ["\"hunter2\"", "{ a = [\"hunter2\"] }", "[\"hunter2\"]"] {
            let error = headers(wrong).expect_err(wrong);
            assert!(!error.message().contains("hunter2"), "{error}");
            assert!(error.message().contains("table of texts"), "{error}");
        }
    }
}
