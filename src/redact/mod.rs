//! Secrets in command lines: what is hidden before anybody gets to see them.
//!
//! It works on the list of arguments, so that a secret with blanks in it is hidden whole.

mod alone;
mod assignments;
mod bytes;
mod line;
mod mark;
mod name_words;
mod names;
mod options;
mod pattern;
mod piped;
mod places;
mod process_name;
mod program_name;
mod programs;
mod quotes;
mod rules;
mod shapes;
mod spans;
mod text;
mod tokens;
mod urls;
mod values;
mod words;

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::mark::MARK;
pub use self::pattern::Pattern;

/// What becomes of the secrets in command lines and names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Redact {
    /// Nothing is hidden.
    Off,
    /// Passwords, tokens and other secrets are hidden, each behind `[redacted]`. The default.
    #[default]
    Secrets,
    /// Of a command line only the program is left, and no argument; names are as with `Secrets`.
    Arguments,
}

/// Hides the secrets in command lines and names.
///
/// `docs/secrets.md` has what it hides, and what it cannot.
///
/// A scanner and a [`Recorder`](crate::Recorder) have one; by itself it is for those who
/// hand command lines to somebody else.
///
/// It never panics, whatever the bytes are, and what it has hidden it leaves alone: its output goes
/// through it unchanged. The time it takes grows with the length of the command line, own patterns apart.
///
/// ```
/// use process_scanner::Redactor;
///
/// let redactor = Redactor::default();
/// let command = redactor.command(b"mysql\0--password\0my secret\0-h\0db\0");
/// assert_eq!(&*command, b"mysql\0--password\0[redacted]\0-h\0db\0");
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Redactor {
    redact: Redact,
    patterns: Arc<[Pattern]>,
}

impl Redactor {
    /// One that hides what `redact` says, and what any of the patterns matches. With [`Redact::Off`] the
    /// patterns hide nothing either.
    pub fn new(redact: Redact, patterns: Vec<Pattern>) -> Self {
        Self {
            redact,
            patterns: patterns.into(),
        }
    }

    /// A command line without its secrets: arguments in the system's own bytes, each followed by a NUL, as
    /// a [`ProcessRow`](crate::ProcessRow) has them. Borrowed where there is nothing to hide.
    ///
    /// There are as many arguments as there were; with [`Redact::Arguments`] one at the most.
    pub fn command<'a>(&self, terminated: &'a [u8]) -> Cow<'a, [u8]> {
        self.command_up_to(terminated, usize::MAX)
    }

    /// The same, and no more than the arguments that make up more than `limit` bytes of it.
    pub(crate) fn command_up_to<'a>(&self, terminated: &'a [u8], limit: usize) -> Cow<'a, [u8]> {
        match self.redact {
            Redact::Off => Cow::Borrowed(terminated),
            Redact::Secrets => self.settled(Cow::Borrowed(terminated), limit),
            Redact::Arguments => self.program(terminated, limit),
        }
    }

    fn program<'a>(&self, terminated: &'a [u8], limit: usize) -> Cow<'a, [u8]> {
        let program = self.settled(alone::program(terminated), limit);
        // What was hidden can have had the quote in it that held a program's path together.
        let shorter = match alone::looked_through(&program) {
            Cow::Owned(shorter) => Some(shorter),
            Cow::Borrowed(_) => None,
        };
        match shorter {
            Some(shorter) => self.settled(Cow::Owned(shorter), limit),
            None => program,
        }
    }

    /// A process's name without secrets, as it can have if it chose the name itself. Borrowed where there is
    /// nothing to hide.
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

    /// What is left when there is nothing more to hide. What one pass hides can show another secret for what it
    /// is; each pass leaves less text, and one that is made to go on and on is hidden as a whole.
    fn settled<'a>(&self, text: Cow<'a, [u8]>, limit: usize) -> Cow<'a, [u8]> {
        const PASSES: usize = 5;
        let mut text = text;
        for _ in 0..PASSES {
            let next = line::hide(&text, &self.patterns, limit);
            match next {
                line::Outcome::Unchanged { len } => {
                    return match text {
                        Cow::Borrowed(text) => Cow::Borrowed(&text[..len]),
                        Cow::Owned(mut text) => {
                            text.truncate(len);
                            Cow::Owned(text)
                        }
                    };
                }
                line::Outcome::Hidden(hidden) => text = Cow::Owned(hidden),
            }
        }
        Cow::Owned(line::hide_all(&text))
    }
}
