//! Parses names of fields on the command line.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ContextKind;
use clap::{Arg, Command};
use process_scanner::{FIELDS, Field};

/// Parses a name or an alias. `others`: further values.
///
/// The error has the most similar name, and not the list of all names, which is long.
pub(super) fn parse(
    others: &[&'static str],
    command: &Command,
    arg: Option<&Arg>,
    value: &OsStr,
) -> Result<String, clap::Error> {
    let names = FIELDS
        .iter()
        .flat_map(|field| [&[field.name], field.aliases].concat());
    let values = names.chain(others.iter().copied());
    let parser = PossibleValuesParser::new(values);
    parser.parse_ref(command, arg, value).map_err(|mut error| {
        error.remove(ContextKind::ValidValue);
        error
    })
}

/// Returns a field as a value with other names, for completions and tips.
pub(super) fn value(
    name: &'static str,
    field: &'static Field,
    help: &'static str,
) -> PossibleValue {
    let names = [&[field.name], field.aliases].concat();
    let others = names.into_iter().filter(|other| *other != name);
    PossibleValue::new(name).aliases(others).help(help)
}
