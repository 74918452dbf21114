//! Secrets that the user knows: regular expressions and rules.

use std::fmt;
use std::str::FromStr;

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use super::rule::{self, Rule};
use super::spans::{Spans, replace, settle};
use crate::model::{Error, ErrorClass, Result};

/// A regular expression for secrets of your own.
///
/// The redactor redacts the text that it matches in an argument or a name. If it has a capture group
/// that took part in the match, only the text of the first group is redacted.
///
/// The syntax is that of the crate `regex-lite`: that of `regex` without Unicode classes. Bytes that
/// are not UTF-8 match as U+001A.
///
/// ```
/// use process_scanner::{Pattern, Redact, Redactor};
///
/// let patterns = vec![Pattern::new("^--customer=(.*)$")?];
/// let redactor = Redactor::new(Redact::Secrets, patterns);
/// let command = redactor.command(b"bill\0--customer=4711\0");
/// assert_eq!(&*command, b"bill\0--customer=[redacted]\0");
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles a pattern.
    ///
    /// A pattern that matches only the empty text, such as `^$`, is valid and redacts nothing.
    ///
    /// # Errors
    ///
    /// Returns an error of class [`Config`](ErrorClass::Config) if the pattern is empty or is not a
    /// regular expression.
    pub fn new(pattern: &str) -> Result<Self> {
        if pattern.is_empty() {
            let message = "a pattern for secrets is empty, and would redact nothing";
            return Err(Error::new(ErrorClass::Config, message));
        }
        Regex::new(pattern).map(Self).map_err(|error| {
            let message = format!("{pattern:?} is not a regular expression for secrets: {error}");
            Error::new(ErrorClass::Config, message)
        })
    }

    /// Returns the text of the pattern.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Hides what it matches in an argument.
    pub(super) fn hide(&self, argument: &[u8], spans: &mut Spans) {
        let text = as_text(argument);
        for found in self.0.captures_iter(&text) {
            let secret = found.get(1).or_else(|| found.get(0));
            spans.extend(secret.map(|secret| secret.range()));
        }
    }
}

/// Hides what the patterns match in one text. Returns `None` if that is nothing.
pub(super) fn hide_patterns(text: &[u8], patterns: &[Pattern]) -> Option<Vec<u8>> {
    let mut spans = Spans::new();
    for pattern in patterns {
        pattern.hide(text, &mut spans);
    }
    settle(text, &mut spans).then(|| {
        let mut output = Vec::new();
        replace(text, &spans, &mut output);
        output
    })
}

/// Returns text of the same length, so that what matches has the same place.
fn as_text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.into();
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '\u{1a}'));
    }
    text.into()
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

/// A rule for secrets of a program of your own.
///
/// It names the program, its commands, and where the secret is: `gitlab-runner register -r`,
/// `rabbitmqctl add_user * !`, `curl -u user:!`. `docs/secrets.md` describes the syntax.
///
/// ```
/// use process_scanner::{Redact, RedactRule, Redactor};
///
/// let rules = vec![RedactRule::new("bill|billd login * !")?];
/// let redactor = Redactor::new(Redact::Secrets, Vec::new()).with_rules(rules);
/// let command = redactor.command(b"bill\0login\0me\0hunter2\0");
/// assert_eq!(&*command, b"bill\0login\0me\0[redacted]\0");
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RedactRule {
    text: String,
    pub(super) parsed: Vec<Rule>,
}

impl RedactRule {
    /// Parses a rule.
    ///
    /// # Errors
    ///
    /// Returns an error of class [`Config`](ErrorClass::Config) if the text is not a rule. It has the
    /// word at fault, its position, and what is expected there.
    pub fn new(rule: &str) -> Result<Self> {
        let parsed = rule::parse(rule).map_err(|(at, expected)| {
            let column = rule[..at].chars().count() + 1;
            let place = match rule[at..].split_whitespace().next() {
                Some(word) => format!("{word:?} at column {column}"),
                None => format!("it ends at column {column}"),
            };
            let message = format!("{rule:?} is not a rule for secrets: {place}: {expected}");
            Error::new(ErrorClass::Config, message)
        })?;
        Ok(Self {
            text: rule.to_owned(),
            parsed,
        })
    }

    /// Returns the text of the rule.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Implements the conversions from and to text.
macro_rules! is_text {
    ($type:ident) => {
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut tuple = f.debug_tuple(stringify!($type));
                tuple.field(&self.as_str()).finish()
            }
        }

        impl FromStr for $type {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $type {
            type Error = Error;

            fn try_from(text: String) -> Result<Self> {
                Self::new(&text)
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.as_str().to_owned()
            }
        }
    };
}

is_text!(Pattern);
is_text!(RedactRule);
