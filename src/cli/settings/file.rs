//! Reads settings from a file and the environment.

use std::path::Path;

use process_scanner::{Error, ErrorClass, Result};
use serde::Deserialize;
use toml::{Table, Value};

use super::{Content, Settings, read_small_file};

/// Variables of the environment that are settings: the name after `PSCAN_`, in parts, and the value.
pub(crate) type Variables = Vec<Variable>;

/// A variable of the environment, such as `PSCAN_SERVE__LISTEN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    name: String,
    value: String,
}

/// Sections whose keys can be set by variables.
const SECTIONS: [&str; 4] = ["scan", "groups", "serve", "otlp"];

/// What `pscan serve` has set where the file is silent: this program has no other use for descriptors.
const BASE: &str = "scan = { raise_descriptor_limit = true }";

/// Selects the settings among the variables of the environment.
///
/// They begin with `PSCAN_` and contain `__`. Kubernetes sets others with this beginning.
pub(crate) fn from_environment(
    all: impl IntoIterator<Item = (std::ffi::OsString, std::ffi::OsString)>,
) -> Variables {
    let texts = all
        .into_iter()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value));
    let is_ours = |name: &str| {
        let parts = name
            .strip_prefix("PSCAN_")
            .and_then(|rest| rest.split_once("__"));
        parts.is_some_and(|(section, _)| !section.is_empty())
    };
    let ours = texts.filter(|(name, _)| is_ours(name));
    let mut ours: Variables = ours
        .map(|(name, value)| Variable {
            name,
            value: value.to_string_lossy().into_owned(),
        })
        .collect();
    ours.sort_by(|one, other| one.name.cmp(&other.name));
    ours
}

/// What is set, and where.
#[derive(Debug)]
pub(crate) struct Given<'f> {
    file: Option<(&'f Path, String)>,
    variables: Variables,
    settings: Settings,
}

impl<'f> Given<'f> {
    /// Reads settings: those of the file, and variables, which override them.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, and settings that are unknown or have the wrong type, with their line.
    pub(crate) fn read(file: Option<&'f Path>, variables: Variables) -> Result<Self> {
        let mut table: Table = BASE.parse().expect("BUG: the base is TOML");
        let mut text = None;
        if let Some(path) = file {
            let found = read_text(path)?;
            merge(
                &mut table,
                parse(&found).map_err(|what| in_file(path, &what))?,
            );
            text = Some((path, found));
        }
        for variable in &variables {
            set(&mut table, variable).map_err(|what| in_variable(variable, &what))?;
        }
        let settings = settings(&table).map_err(|what| Error::new(ErrorClass::Config, what))?;
        Ok(Self {
            file: text,
            variables,
            settings,
        })
    }

    /// Returns the settings as options change them.
    ///
    /// # Errors
    ///
    /// The first that is outside its limits, or contradicts another, with where it can come from.
    pub(crate) fn with(mut self, configure: impl FnOnce(&mut Settings)) -> Result<Settings> {
        configure(&mut self.settings);
        let outcome = self.settings.validate();
        outcome.map_err(|error| self.with_origin(error))?;
        Ok(self.settings)
    }

    fn with_origin(&self, error: Error) -> Error {
        let key = error.to_string();
        let key = key.split(' ').next().unwrap_or_default();
        let key = key.rsplit('.').next().unwrap_or_default();
        let of_variable = self.variables.iter().find(|variable| {
            let name = variable.name.to_ascii_lowercase();
            name.ends_with(&format!("__{key}"))
        });
        let line = self.file.as_ref().and_then(|(path, text)| {
            let mut lines = text.lines();
            let is_key = |line: &str| {
                let rest = line.trim_start().strip_prefix(key);
                rest.is_some_and(|rest| rest.trim_start().starts_with('='))
            };
            Some((path, lines.position(is_key)? + 1))
        });
        match (of_variable, line) {
            (Some(variable), _) => in_variable(variable, &message(&error)),
            (None, Some((path, line))) => {
                in_file(path, &format!("line {line}: {}", message(&error)))
            }
            (None, None) => error,
        }
    }
}

/// Reads a file that is text.
fn read_text(path: &Path) -> Result<String> {
    let bytes = read_small_file(path, "the settings", Content::Plain)?;
    let text = String::from_utf8(bytes).map_err(|_| in_file(path, "it is not UTF-8"))?;
    // Editors on Windows begin files with it.
    Ok(text
        .strip_prefix('\u{feff}')
        .map_or(text.clone(), str::to_owned))
}

/// Parses a file, and checks all it has while the lines are known.
fn parse(text: &str) -> std::result::Result<Table, String> {
    let in_line = |error: &toml::de::Error| {
        let line = error.span().map(|span| {
            let start = span.start.min(text.len());
            1 + text.as_bytes()[..start]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count()
        });
        let message = message_of(error);
        match line {
            Some(line) => format!("line {line}: {message}"),
            None => message,
        }
    };
    let table: Table = text.parse().map_err(|error| in_line(&error))?;
    // serde would take a list for a table.
    for section in SECTIONS {
        if table.get(section).is_some_and(|value| !value.is_table()) {
            return Err(format!("{section} must be a table: write [{section}]"));
        }
    }
    if table.get("group").is_some_and(|rules| !rules.is_array()) {
        return Err("group must be a list of tables: write [[group]]".to_owned());
    }
    toml::from_str::<Settings>(text).map_err(|error| in_line(&error))?;
    Ok(table)
}

fn settings(table: &Table) -> std::result::Result<Settings, String> {
    Settings::deserialize(table.clone()).map_err(|error| message_of(&error))
}

/// Returns the message of an error of TOML, on one line. It quotes no line of the file, which can be a secret.
fn message_of(error: &toml::de::Error) -> String {
    let message = error.message().replace('\n', " ");
    let unknown = message.strip_prefix("unknown field `");
    match unknown.and_then(|rest| rest.rsplit_once("`, expected")) {
        // A text in the place of a key can be a secret too. No setting has a name in quotes.
        Some((key, _)) if !is_bare(key) => "unknown field, whose name needs quotes".to_owned(),
        _ => message,
    }
}

/// Returns whether a key of TOML needs no quotes.
fn is_bare(key: &str) -> bool {
    let is_of_key = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    key.bytes().all(is_of_key)
}

/// Overrides values by those of `other`, key by key.
fn merge(table: &mut Table, other: Table) {
    for (key, value) in other {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(section)), Value::Table(values)) => merge(section, values),
            (_, value) => drop(table.insert(key, value)),
        }
    }
}

/// Sets the value of a variable: as TOML if it is that, otherwise as text.
fn set(table: &mut Table, variable: &Variable) -> std::result::Result<(), String> {
    let name = variable.name["PSCAN_".len()..].to_ascii_lowercase();
    let (section, key) = name.split_once("__").unwrap_or_default();
    if !SECTIONS.contains(&section) {
        let known = SECTIONS.map(|name| format!("PSCAN_{}__", name.to_ascii_uppercase()));
        let [others @ .., last] = known;
        return Err(format!(
            "settings begin with {} or {last}",
            others.join(", ")
        ));
    }
    let as_toml = format!("value = {}", variable.value).parse::<Table>();
    let as_toml = as_toml.ok().filter(|table| table.len() == 1);
    let as_toml = as_toml.and_then(|mut table| table.remove("value"));
    let as_text = Value::String(variable.value.clone());
    let mut first_error = None;
    for value in as_toml.into_iter().chain([as_text]) {
        let mut changed = table.clone();
        let values = changed
            .entry(section)
            .or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(values) = values {
            values.insert(key.into(), value);
        }
        match settings(&changed) {
            Ok(_) => {
                *table = changed;
                return Ok(());
            }
            Err(error) => drop(first_error.get_or_insert(error)),
        }
    }
    Err(first_error.unwrap_or_default())
}

fn message(error: &Error) -> String {
    match error.advice() {
        Some(advice) => format!("{}; {advice}", error.full_message()),
        None => error.full_message(),
    }
}

fn in_file(path: &Path, what: &str) -> Error {
    let message = format!("the settings in {} are wrong: {what}", path.display());
    Error::new(ErrorClass::Config, message)
        .with_advice("correct the file, and check it with `pscan serve --check FILE`")
}

fn in_variable(variable: &Variable, what: &str) -> Error {
    let message = format!("the variable {} is wrong: {what}", variable.name);
    Error::new(ErrorClass::Config, message).with_advice("correct it, or unset it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_quotes_no_secret() {
        for text in [
            "headers = { Authorization = \"Bearer hunter2\"",
            "headers = { Authorization = Bearer hunter2 }",
            "headers = { Authorization: \"Bearer hunter2\" }",
            "headers = { \"Authorization=hunter2\" }",
            "headers = { \"hunter2\" = 1, \"hunter2\" = 2 }",
            "headers.\"hunter2\" = 1",
            "headers = \"Authorization=Bearer hunter2\"",
            "headers = hunter2",
            "headers = \"hunter2",
            "headers = 'hunter2",
            "headers = \"\"\"hunter2",
            "headers = \"\\hunter2\"",
            "endpoint = \"http://a\" hunter2",
            "endpoint = 0xhunter2",
            "endpoint.hunter2 = 1",
            "gzip = \"http://u:hunter2@h\"",
            "\"Authorization: hunter2\" = \"\"",
            "\"a`, expected one of hunter2\" = 1",
            "\"Authorization: hunter2\"",
            "Authorization: hunter2",
        ] {
            let error = parse(&format!("[otlp]\n{text}\n")).expect_err(text);
            assert!(error.starts_with("line "), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        let error = parse("[otlp]\nendpiont = \"x\"\n").expect_err("no such key");
        assert!(error.contains("endpiont"), "{error}");
    }

    #[test]
    fn an_error_of_a_variable_quotes_no_value() {
        for value in [
            "{ Authorization = \"Bearer hunter2\"",
            "Authorization=Bearer hunter2",
            "[\"hunter2\"]",
        ] {
            for key in ["HEADERS", "HEADERS_FILES", "GZIP", "INTERVAL_MS"] {
                let variable = Variable {
                    name: format!("PSCAN_OTLP__{key}"),
                    value: value.to_owned(),
                };
                let error = Given::read(None, vec![variable]).expect_err(key);
                let error = error.full_message();
                assert!(error.contains(key), "{error}");
                assert!(!error.contains("hunter2"), "{error}");
            }
        }
    }
}
