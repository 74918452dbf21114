//! Reads settings from a file and the environment.

use std::path::Path;

use process_scanner::{Error, ErrorClass, Result};
use serde::Deserialize;
use toml::{Table, Value};

use super::Settings;
use crate::cli::outcome::cannot;

/// Variables of the environment that are settings: the name after `PSCAN_`, in parts, and the value.
pub(crate) type Variables = Vec<Variable>;

/// A variable of the environment, such as `PSCAN_SERVE__LISTEN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    name: String,
    value: String,
}

/// Sections whose keys can be set by variables.
const SECTIONS: [&str; 3] = ["scan", "groups", "serve"];

/// What `pscan serve` has set where the file is silent: the whole program is a scanner.
const BASE: &str = "scan = { budget_covers_callbacks = true, raise_descriptor_limit = true }";

/// Selects the settings among the variables of the environment.
///
/// They begin with `PSCAN_` and contain `__`. Kubernetes sets others with this beginning.
pub(crate) fn from_environment(
    all: impl IntoIterator<Item = (std::ffi::OsString, std::ffi::OsString)>,
) -> Variables {
    let texts = all
        .into_iter()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value));
    let ours = texts.filter(|(name, _)| name.starts_with("PSCAN_") && name.contains("__"));
    let mut ours: Variables = ours
        .map(|(name, value)| Variable {
            name,
            value: value.to_string_lossy().into_owned(),
        })
        .collect();
    ours.sort_by(|one, other| one.name.cmp(&other.name));
    ours
}

/// Reads settings: those of the file, and variables, which override them.
///
/// # Errors
///
/// A file that cannot be read, and settings that are unknown or wrong, with their line.
pub(crate) fn read(file: Option<&Path>, variables: &Variables) -> Result<Settings> {
    let mut table: Table = BASE.parse().expect("BUG: the base is TOML");
    if let Some(path) = file {
        let text = std::fs::read_to_string(path).map_err(|error| {
            cannot(
                "read the settings",
                path,
                error,
                Some("check path and rights"),
            )
        })?;
        merge(
            &mut table,
            parse(&text).map_err(|what| in_file(path, &what))?,
        );
        let settings = settings(&table).map_err(|what| in_file(path, &what))?;
        settings
            .validate()
            .map_err(|error| in_file(path, &message(&error)))?;
    }
    for variable in variables {
        set(&mut table, variable).map_err(|what| in_variable(variable, &what))?;
    }
    settings(&table).map_err(|what| Error::new(ErrorClass::Config, what))
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
        let message = error.message().replace('\n', " ");
        match line {
            Some(line) => format!("line {line}: {message}"),
            None => message,
        }
    };
    toml::from_str::<Settings>(text).map_err(|error| in_line(&error))?;
    text.parse().map_err(|error| in_line(&error))
}

fn settings(table: &Table) -> std::result::Result<Settings, String> {
    Settings::deserialize(table.clone()).map_err(|error| error.message().replace('\n', " "))
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
        let [first, second, third] = known;
        return Err(format!("settings begin with {first}, {second} or {third}"));
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
