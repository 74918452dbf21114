//! The columns that `--columns` chooses.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command};
use process_scanner::{FIELDS, Field};

use super::field_names;

/// The value that lists all columns.
const HELP: &str = "help";

/// What `--columns` chooses.
#[derive(Debug, Clone)]
pub(crate) enum Columns {
    /// The usual columns.
    Usual,
    /// The usual columns, and these.
    Added(Vec<&'static Field>),
    /// These, in this order.
    Only(Vec<&'static Field>),
}

/// One name in the value of `--columns`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ColumnName {
    /// It begins with `+`.
    pub(crate) is_added: bool,
    /// `None`: `help`, the list of all columns.
    pub(crate) field: Option<&'static Field>,
}

impl Columns {
    /// Returns the columns of these names, each once.
    ///
    /// If the first name begins with `+`, all are added.
    pub(crate) fn of(names: &[ColumnName]) -> Self {
        let mut fields: Vec<&'static Field> = Vec::new();
        for field in names.iter().filter_map(|name| name.field) {
            if !fields.iter().any(|other| other.name == field.name) {
                fields.push(field);
            }
        }
        match names.first() {
            None => Self::Usual,
            Some(first) if first.is_added => Self::Added(fields),
            Some(_) => Self::Only(fields),
        }
    }

    /// Returns the fields that are chosen besides the usual ones.
    pub(crate) fn fields(&self) -> &[&'static Field] {
        match self {
            Self::Usual => &[],
            Self::Added(fields) | Self::Only(fields) => fields,
        }
    }
}

/// Parses a name of a column, perhaps after a `+`.
#[derive(Debug, Clone)]
pub(crate) struct ColumnParser;

impl TypedValueParser for ColumnParser {
    type Value = ColumnName;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<ColumnName, clap::Error> {
        let added = value.to_str().and_then(|text| text.strip_prefix('+'));
        let name = added.map_or(value, OsStr::new);
        let name = field_names::parse(&[HELP], command, arg, name)?;
        Ok(ColumnName {
            is_added: added.is_some(),
            field: Field::called(&name),
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let fields = FIELDS.iter();
        let fields = fields.map(|field| field_names::value(field.name, field, field.about));
        let help = PossibleValue::new(HELP).help("List all columns");
        Some(Box::new(fields.chain([help])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[&str]) -> Columns {
        let command = Command::new("pscan");
        let names = names.iter().map(|name| {
            let name = ColumnParser.parse_ref(&command, None, OsStr::new(name));
            name.expect("it is a column")
        });
        Columns::of(&names.collect::<Vec<_>>())
    }

    fn names(columns: &Columns) -> Vec<&'static str> {
        columns.fields().iter().map(|field| field.name).collect()
    }

    #[test]
    fn columns_are_chosen_by_name_or_alias_each_once() {
        let chosen = columns(&["unit", "pid", "systemd_unit", "ppid"]);
        assert!(matches!(chosen, Columns::Only(_)));
        assert_eq!(names(&chosen), ["systemd_unit", "pid", "parent_pid"]);
        for added in [&["+threads", "exe"][..], &["+threads", "+exe"]] {
            let added = columns(added);
            assert!(matches!(added, Columns::Added(_)));
            assert_eq!(names(&added), ["threads", "executable"]);
        }
        assert!(matches!(columns(&[]), Columns::Usual));
    }

    #[test]
    fn names_that_are_no_column_are_errors() {
        let command = Command::new("pscan");
        for name in ["thread", "", "+", "++pid", "USER"] {
            let parsed = ColumnParser.parse_ref(&command, None, OsStr::new(name));
            parsed.expect_err(name);
        }
    }

    #[test]
    fn no_field_is_called_like_the_list_of_all() {
        assert!(Field::called(HELP).is_none());
    }
}
