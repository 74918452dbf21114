//! Secrets in command lines: what is hidden before anybody gets to see them.
//!
//! It works on the list of arguments, so that a secret with blanks in it is hidden whole.

mod assignments;
mod command;
mod names;
mod pattern;
mod process_name;
mod rule;
mod rule_table;
mod shapes;
mod spans;

mod text;
mod urls;
mod values;
mod walk;

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::pattern::{Pattern, RedactRule};
use self::rule_table::{Table, Tables};
use self::spans::MARK;
use crate::model::Detail;

/// Selects what is redacted in command lines and names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Redact {
    /// Redacts nothing.
    Off,
    /// Replaces passwords, tokens and other secrets by `[redacted]`. The default.
    #[default]
    Secrets,
    /// Removes all arguments and keeps the program. Names are as with `Secrets`.
    Arguments,
}

/// Redacts secrets in command lines and names.
///
/// `docs/secrets.md` lists what it redacts, and what it misses. A scanner and a
/// [`Recorder`](crate::Recorder) have one. Code that sends command lines elsewhere without them uses
/// a redactor of its own.
///
/// It never panics, for any bytes. Redacting redacted text again changes nothing. The time grows
/// linearly with the length of the command line, except for the user's own patterns.
///
/// ```
/// use process_scanner::Redactor;
///
/// let redactor = Redactor::default();
/// let command = redactor.command(b"app\0--password\0my secret\0-h\0db\0");
/// assert_eq!(&*command, b"app\0--password\0[redacted]\0-h\0db\0");
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Redactor {
    redact: Redact,
    patterns: Arc<[Pattern]>,
    own: Option<Arc<Own>>,
}

/// Rules of the user.
#[derive(Debug)]
struct Own {
    texts: Vec<RedactRule>,
    table: Table,
}

impl PartialEq for Own {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl Redactor {
    /// Creates a redactor.
    ///
    /// It redacts what `redact` selects, and text that matches one of the patterns. With
    /// [`Redact::Off`] the patterns have no effect.
    pub fn new(redact: Redact, patterns: Vec<Pattern>) -> Self {
        Self {
            redact,
            patterns: patterns.into(),
            own: None,
        }
    }

    /// Adds rules to those that are built in.
    ///
    /// They come first: a rule that begins with `not` overrides one that is built in.
    #[must_use]
    pub fn with_rules(mut self, rules: Vec<RedactRule>) -> Self {
        let parsed = rules.iter().flat_map(|rule| rule.parsed.iter().cloned());
        let table = Table::new(parsed.collect());
        self.own = (!rules.is_empty()).then(|| {
            Arc::new(Own {
                texts: rules,
                table,
            })
        });
        self
    }

    fn tables(&self) -> Tables<'_> {
        Tables {
            own: self.own.as_ref().map(|own| &own.table),
        }
    }

    /// Returns the command line without secrets.
    ///
    /// The arguments are in the system's own bytes, each followed by a NUL, as in a
    /// [`ProcessRow`](crate::ProcessRow). The number of arguments stays the same; with
    /// [`Redact::Arguments`] it is at most one. The result is borrowed if nothing is redacted.
    pub fn command<'a>(&self, terminated: &'a [u8]) -> Cow<'a, [u8]> {
        self.command_up_to(terminated, usize::MAX)
    }

    /// The same, and no more than the arguments that make up more than `limit` bytes of it.
    pub(crate) fn command_up_to<'a>(&self, terminated: &'a [u8], limit: usize) -> Cow<'a, [u8]> {
        match self.redact {
            Redact::Off => Cow::Borrowed(terminated),
            Redact::Secrets if self.is_plain(terminated, limit) => Cow::Borrowed(terminated),
            Redact::Secrets => self.settled(Cow::Borrowed(terminated), limit),
            Redact::Arguments => self.program(terminated, limit),
        }
    }

    /// Whether a first look sees that nothing in it can be a secret.
    fn is_plain(&self, line: &[u8], limit: usize) -> bool {
        line.len() <= limit
            && self.patterns.is_empty()
            && !rule_table::may_have_secret(line, self.tables())
    }

    fn program<'a>(&self, terminated: &'a [u8], limit: usize) -> Cow<'a, [u8]> {
        let program = self.settled(process_name::program(terminated), limit);
        // What was hidden can have had the quote in it that held a program's path together.
        let shorter = match process_name::looked_through(&program) {
            Cow::Owned(shorter) => Some(shorter),
            Cow::Borrowed(_) => None,
        };
        match shorter {
            Some(shorter) => self.settled(Cow::Owned(shorter), limit),
            None => program,
        }
    }

    /// Returns the name of a process without secrets.
    ///
    /// A name can contain secrets if the process chose it. The result is borrowed if nothing is
    /// redacted.
    pub fn name<'a>(&self, name: &'a [u8]) -> Cow<'a, [u8]> {
        // It goes by each row that is read, and hardly any name has one of these.
        let is_plain =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'(' | b')');
        if self.redact == Redact::Off
            || self.patterns.is_empty()
                && name.len() < process_name::CUT
                && name.iter().all(is_plain)
            || name.contains(&0)
        {
            return Cow::Borrowed(name);
        }
        let Some(secret) = process_name::secret(name) else {
            return self.settled(Cow::Borrowed(name), usize::MAX);
        };
        let mut hidden = name[..secret.start].to_vec();
        hidden.extend_from_slice(MARK.as_bytes());
        hidden.extend_from_slice(&name[secret.end..]);
        self.settled(Cow::Owned(hidden), usize::MAX)
    }

    /// Returns the text of an optional field without secrets.
    ///
    /// Paths and units are redacted as the program of a command line. Other texts have a fixed
    /// form, or are names of the system: only the user's patterns apply to them.
    pub(crate) fn detail<'a>(&self, detail: Detail, text: &'a [u8]) -> Cow<'a, [u8]> {
        let can_be_secret = matches!(
            detail,
            Detail::Executable | Detail::Cgroup | Detail::SystemdUnit
        );
        if self.redact == Redact::Off {
            return Cow::Borrowed(text);
        }
        // No system has such a text, and the parts would be taken for arguments.
        if text.contains(&0) {
            return Cow::Borrowed(MARK.as_bytes());
        }
        match can_be_secret {
            true => self.settled(Cow::Borrowed(text), usize::MAX),
            false if self.patterns.is_empty() => Cow::Borrowed(text),
            false => Self::settled_by(Cow::Borrowed(text), |text| {
                pattern::hide_patterns(text, &self.patterns)
            }),
        }
    }

    /// What is left when there is nothing more to hide. What one pass hides can show another secret for what it
    /// is; each pass leaves less text, and one that is made to go on and on is hidden as a whole.
    fn settled<'a>(&self, text: Cow<'a, [u8]>, limit: usize) -> Cow<'a, [u8]> {
        Self::settled_by(text, |text| {
            walk::hide(text, &self.patterns, self.tables(), limit)
        })
    }

    fn settled_by<'a>(
        text: Cow<'a, [u8]>,
        hide: impl Fn(&[u8]) -> spans::Outcome,
    ) -> Cow<'a, [u8]> {
        const PASSES: usize = 5;
        let mut text = text;
        for _ in 0..PASSES {
            match hide(&text) {
                spans::Outcome::Unchanged { len } => {
                    return match text {
                        Cow::Borrowed(text) => Cow::Borrowed(&text[..len]),
                        Cow::Owned(mut text) => {
                            text.truncate(len);
                            Cow::Owned(text)
                        }
                    };
                }
                spans::Outcome::Hidden(hidden) => text = Cow::Owned(hidden),
            }
        }
        Cow::Owned(spans::hide_all_arguments(&text))
    }
}
