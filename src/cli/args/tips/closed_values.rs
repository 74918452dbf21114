//! Tips for values that an option does not have.

use clap::builder::PossibleValue;
use clap::{Arg, Command};
use process_scanner::{FIELDS, Field};

use super::super::word_reader::long_option;
use super::other_names;
use crate::cli::select::Sort;

/// Returns a tip for a value.
///
/// `shown`: the argument as in the message, such as `--sort <BY>` or `<SHELL>`.
pub(super) fn tip(command: &Command, shown: &str, given: &str) -> Option<String> {
    let name = shown.split(' ').next().unwrap_or(shown);
    if let Some(long) = name.strip_prefix("--") {
        let arg = long_option(command, long)?;
        return match meant(arg, long, given) {
            Some(value) => Some(format!("use '--{long} {value}'")),
            None if long == "sort" && given == "tree" => {
                Some("to print children below their parents, use '--tree'".into())
            }
            None => None,
        };
    }
    let name = name.trim_matches(['<', '>', '[', ']']);
    let program_and_command = command.get_bin_name().unwrap_or("pscan");
    if name == "COMMAND" {
        let is_program = given == "pscan" || other_names::subcommand(given) == Some("");
        return is_program.then(|| "for the page of pscan itself, use 'pscan man'".into());
    }
    let arg = command.get_positionals().next()?;
    let value = meant(arg, name, given)?;
    Some(format!("use '{program_and_command} {value}'"))
}

/// Returns the value that was probably meant, with an option that it needs.
fn meant(arg: &Arg, name: &str, given: &str) -> Option<String> {
    let values = arg.get_possible_values();
    let exact = named(&values, name, given);
    let meant = exact.or_else(|| match name {
        "sort" => order(&values, given),
        // Columns have the other names of orders.
        "columns" => column(&values, given),
        "state" => state(&values, given),
        _ => None,
    });
    meant.or_else(|| begun(&values, given))
}

/// Returns whether a text is a value of an option, perhaps under another name.
pub(super) fn of_option<'a>(arg: &'a Arg, word: &str) -> Option<(&'a str, String)> {
    let long = arg.get_long()?;
    let value = named(&arg.get_possible_values(), long, word)?;
    Some((long, value))
}

/// Returns the value with this name in any case, with `-` or `_`, or with another name.
fn named(values: &[PossibleValue], name: &str, given: &str) -> Option<String> {
    let same = |value: &&PossibleValue| {
        let given = given.replace('-', "_");
        value.matches(given.trim_matches('%'), true) && given.len() > 1
    };
    let value = values.iter().find(same).map(PossibleValue::get_name);
    let value = value.or_else(|| other_names::value(name, given))?;
    Some(value.to_owned())
}

/// Returns the order by a field, or by ps(1)'s `-rss` and `+rss`.
fn order(values: &[PossibleValue], given: &str) -> Option<String> {
    if let Some(inner) = given.strip_prefix(['-', '+']) {
        let name = named(values, "sort", inner).or_else(|| order(values, inner))?;
        // ps(1) puts the largest first after `-`; the oldest have the largest age.
        let is_largest_first = given.starts_with('-');
        let is_descending = Sort::named(&name).is_some_and(Sort::is_descending);
        let is_so = is_descending == is_largest_first;
        let is_age = name == "age";
        return Some(match is_so != is_age {
            true => name,
            false => format!("{name} --reverse"),
        });
    }
    let field = headed(given)?;
    let is_it = |value: &&PossibleValue| value.matches(field.name, false);
    let value = values.iter().find(is_it)?;
    Some(value.get_name().to_owned())
}

/// Returns the column with this heading, or the one by which `--sort` orders under this name.
fn column(values: &[PossibleValue], given: &str) -> Option<String> {
    if let Some(field) = headed(given) {
        return Some(field.name.to_owned());
    }
    let order = other_names::value("sort", given)?;
    let is_it = |value: &&PossibleValue| value.matches(order, false);
    let value = values.iter().find(is_it)?;
    Some(value.get_name().to_owned())
}

fn headed(heading: &str) -> Option<&'static Field> {
    let is = |field: &&Field| field.heading.eq_ignore_ascii_case(heading);
    FIELDS.iter().find(is)
}

/// Returns the state of a column STAT of ps(1), such as `Ss+`, or of a letter in the wrong case.
fn state(values: &[PossibleValue], given: &str) -> Option<String> {
    let mut letters = given.chars();
    let letter = letters.next()?.to_ascii_uppercase().to_string();
    if !letters.all(|c| "<NLsl+".contains(c)) {
        return None;
    }
    let value = values.iter().find(|value| value.matches(&letter, false))?;
    Some(value.get_name().to_owned())
}

/// Returns the only value that begins like this, or that begins this, as in `zombies`.
fn begun(values: &[PossibleValue], given: &str) -> Option<String> {
    let given = given.to_ascii_lowercase();
    let mut begun = values.iter().map(PossibleValue::get_name).filter(|value| {
        (given.len() > 1 && value.starts_with(&given))
            || (value.len() > 3 && given.starts_with(value))
    });
    match (begun.next(), begun.next()) {
        (Some(value), None) => Some(value.to_owned()),
        _ => None,
    }
}
