//! Which processes a rule is for.

use std::fmt;
use std::sync::Arc;

use regex_lite::{Captures, Regex};

use crate::model::{Collect, Error, ErrorClass, ProcessInfo, Result};

/// Selects the processes of a [`Rule`](crate::Rule).
///
/// A regular expression has the syntax of the crate `regex-lite`: that of `regex` without Unicode
/// classes. Its named groups can be part of the rule's template.
#[derive(Clone)]
pub struct Condition(Test);

#[derive(Clone)]
enum Test {
    Any,
    Name(Regex),
    Command(Regex),
    Is(Arc<dyn Fn(&ProcessInfo) -> bool + Send + Sync>),
}

/// The named groups of a regular expression that took part in a match, with their texts.
#[derive(Debug, Default)]
pub(super) struct Captured(Vec<(Arc<str>, String)>);

impl Captured {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut groups = self.0.iter();
        groups.find_map(|(group, text)| (**group == *name).then_some(&**text))
    }
}

impl Condition {
    /// Matches every process.
    pub fn any() -> Self {
        Self(Test::Any)
    }

    /// Matches processes by their [full name](ProcessInfo::full_name).
    ///
    /// # Errors
    ///
    /// Returns an error of class [`Config`](ErrorClass::Config) if it is no regular expression.
    pub fn name(regex: &str) -> Result<Self> {
        compile(regex, "names").map(|regex| Self(Test::Name(regex)))
    }

    /// Matches processes by their command line: its arguments, joined by spaces.
    ///
    /// # Errors
    ///
    /// Returns an error of class [`Config`](ErrorClass::Config) if it is no regular expression.
    pub fn command(regex: &str) -> Result<Self> {
        compile(regex, "command lines").map(|regex| Self(Test::Command(regex)))
    }

    /// Matches the processes for which a function returns true.
    ///
    /// It is called for a new process, and for one whose name, command line, user, control group or
    /// executable changed. It must not read the [`Groups`](crate::Groups) that call it, which would
    /// wait for themselves.
    pub fn is(test: impl Fn(&ProcessInfo) -> bool + Send + Sync + 'static) -> Self {
        Self(Test::Is(Arc::new(test)))
    }

    /// Returns what a source must collect for it, as far as that is known.
    pub(super) fn collect(&self) -> Collect {
        match &self.0 {
            Test::Name(_) | Test::Command(_) => Collect::COMMAND,
            Test::Any | Test::Is(_) => Collect::NONE,
        }
    }

    /// Returns the names that a match can capture.
    pub(super) fn captures(&self) -> Vec<&str> {
        match &self.0 {
            Test::Name(regex) | Test::Command(regex) => regex.capture_names().flatten().collect(),
            Test::Any | Test::Is(_) => Vec::new(),
        }
    }

    /// Returns what it captures of a process that matches. An unknown value does not match.
    pub(super) fn find(&self, process: &ProcessInfo) -> Option<Captured> {
        match &self.0 {
            Test::Any => Some(Captured::default()),
            Test::Name(regex) => capture(regex, process.full_name()?),
            Test::Command(regex) => {
                let args: Vec<&str> = process.command.as_ref()?.args().collect();
                capture(regex, &args.join(" "))
            }
            Test::Is(test) => test(process).then(Captured::default),
        }
    }
}

fn compile(regex: &str, of: &str) -> Result<Regex> {
    Regex::new(regex).map_err(|error| {
        let message = format!("{regex:?} is not a regular expression for {of}: {error}");
        Error::new(ErrorClass::Config, message)
    })
}

fn capture(regex: &Regex, text: &str) -> Option<Captured> {
    // Most processes do not match, and finding that out needs no groups.
    if !regex.is_match(text) {
        return None;
    }
    let found: Captures<'_> = regex.captures(text)?;
    let groups = regex.capture_names().flatten();
    let known = groups.filter_map(|group| {
        let text = found.name(group)?.as_str();
        Some((group.into(), text.to_owned()))
    });
    Some(Captured(known.collect()))
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Test::Any => f.write_str("Any"),
            Test::Name(regex) => f.debug_tuple("Name").field(&regex.as_str()).finish(),
            Test::Command(regex) => f.debug_tuple("Command").field(&regex.as_str()).finish(),
            Test::Is(_) => f.write_str("Is(..)"),
        }
    }
}
