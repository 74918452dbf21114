//! Texts in names and command lines.

use regex_lite::Regex;

use super::verdict::{Verdict, any};
use crate::model::{Error, ErrorClass, ProcessInfo, Result};

/// A text in the name or the command line.
#[derive(Debug, Clone)]
pub(super) struct PlainText {
    /// In lower case if it ignores case.
    text: String,
    ignores_case: bool,
}

impl PlainText {
    /// Case is ignored unless the text has capitals.
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            ignores_case: !text.chars().any(char::is_uppercase),
        }
    }

    pub(super) fn verdict(&self, process: &ProcessInfo) -> Verdict {
        let is_in = |text: &str| match self.ignores_case {
            true => text.to_lowercase().contains(&self.text),
            false => text.contains(&self.text),
        };
        any([
            of_name(process, is_in),
            command_line(process).map(|line| is_in(&line)),
        ])
    }
}

/// Returns whether the full name matches; `None` if it is unknown.
pub(super) fn of_name(process: &ProcessInfo, matches: impl Fn(&str) -> bool) -> Verdict {
    let full = process.full_name()?;
    let is_match = matches(full);
    // The command line can have the rest of a name that Linux may have cut.
    (is_match || !process.may_have_longer_name()).then_some(is_match)
}

/// Joins the arguments by spaces; `None` if they are unknown.
pub(super) fn command_line(process: &ProcessInfo) -> Option<String> {
    let args: Vec<&str> = process.command.as_ref()?.args().collect();
    Some(args.join(" "))
}

/// Compiles a regular expression. `what`: the texts that it is for.
pub(super) fn compile(regex: &str, what: &str) -> Result<Regex> {
    Regex::new(regex).map_err(|error| {
        let message = format!("{regex:?} is not a regular expression for {what}: {error}");
        Error::new(ErrorClass::Config, message)
            .with_advice("put a backslash before characters such as . * + ? ( ) [ ]")
    })
}
