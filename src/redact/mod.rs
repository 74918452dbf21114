//! Hides secrets in command lines and names before any consumer gets them.
//!
//! It works on the list of arguments, so that a secret with blanks is hidden whole.

mod assignments;
mod command;
mod names;
mod options;
mod pattern;
mod pipes;
mod rule;
mod rule_table;
mod shapes;
mod spans;
mod text;
mod urls;
mod values;
mod walk;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::pattern::{Pattern, RedactRule};
use self::rule_table::{Table, Tables};
use self::spans::MARK;
use self::text::{is_blank, run};
use self::values::Holds;
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
    own: Option<Arc<Table>>,
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
        let parsed: Vec<_> = rules.into_iter().flat_map(|rule| rule.parsed).collect();
        self.own = (!parsed.is_empty()).then(|| Arc::new(Table::new(parsed)));
        self
    }

    fn tables(&self) -> Tables<'_> {
        Tables {
            own: self.own.as_deref(),
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

    /// Returns the same up to the argument that makes it longer than `limit` bytes.
    pub(crate) fn command_up_to<'a>(&self, terminated: &'a [u8], limit: usize) -> Cow<'a, [u8]> {
        // Most lines end at this first look.
        let is_plain = || {
            terminated.len() <= limit
                && self.patterns.is_empty()
                && !rule_table::may_have_secret(terminated, self.tables())
        };
        match self.redact {
            Redact::Off => Cow::Borrowed(terminated),
            Redact::Secrets if is_plain() => Cow::Borrowed(terminated),
            Redact::Secrets => self.settled(Cow::Borrowed(terminated), limit),
            Redact::Arguments => self.program(terminated, limit),
        }
    }

    /// Returns the first argument without its own arguments, which a process may have written into it.
    fn program<'a>(&self, line: &'a [u8], limit: usize) -> Cow<'a, [u8]> {
        let end = line.len().min(run(line, |byte| byte != 0) + 1);
        let first = self.settled(Cow::Borrowed(&line[..end]), limit);
        let text = first.strip_suffix(b"\0").unwrap_or(&first);
        let len = program_len(text);
        if len == text.len() {
            return first;
        }
        let mut program = text[..len].to_vec();
        program.extend_from_slice(&first[text.len()..]);
        self.settled(Cow::Owned(program), limit)
    }

    /// Returns the name of a process without secrets.
    ///
    /// A name can contain secrets if the process chose it. The result is borrowed if nothing is
    /// redacted.
    pub fn name<'a>(&self, name: &'a [u8]) -> Cow<'a, [u8]> {
        // Most names end here.
        let is_plain =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'(' | b')');
        let is_plain = self.patterns.is_empty() && name.len() < CUT && name.iter().all(is_plain);
        if self.redact == Redact::Off || is_plain || name.contains(&0) {
            return Cow::Borrowed(name);
        }
        let name = match secret_in_name(name) {
            Some(secret) => {
                let mut hidden = Vec::new();
                spans::replace(name, &vec![secret], &mut hidden);
                Cow::Owned(hidden)
            }
            None => Cow::Borrowed(name),
        };
        self.settled(name, usize::MAX)
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
        // A NUL would divide it into arguments. No system has such a text.
        if text.contains(&0) {
            return Cow::Borrowed(MARK.as_bytes());
        }
        match can_be_secret {
            true => self.settled(Cow::Borrowed(text), usize::MAX),
            false if self.patterns.is_empty() => Cow::Borrowed(text),
            false => Self::settled_by(Cow::Borrowed(text), |text| {
                (text.len(), pattern::hide_patterns(text, &self.patterns))
            }),
        }
    }

    fn settled<'a>(&self, text: Cow<'a, [u8]>, limit: usize) -> Cow<'a, [u8]> {
        Self::settled_by(text, |text| {
            walk::hide(text, &self.patterns, self.tables(), limit)
        })
    }

    /// Hides until nothing changes, since what is hidden can reveal another secret. If that takes too long, hides
    /// whole arguments.
    fn settled_by<'a>(
        mut text: Cow<'a, [u8]>,
        hide: impl Fn(&[u8]) -> (usize, Option<Vec<u8>>),
    ) -> Cow<'a, [u8]> {
        for _ in 0..5 {
            text = match (hide(&text), text) {
                ((_, Some(hidden)), _) => Cow::Owned(hidden),
                ((len, None), Cow::Borrowed(text)) => return Cow::Borrowed(&text[..len]),
                ((len, None), Cow::Owned(mut text)) => {
                    text.truncate(len);
                    return Cow::Owned(text);
                }
            };
        }
        Cow::Owned(spans::hide_all_arguments(&text))
    }
}

/// The longest name that Linux keeps, in bytes.
const CUT: usize = 15;

/// Returns the secret in a name that is too short for the rules of command lines, or was cut.
fn secret_in_name(name: &[u8]) -> Option<Range<usize>> {
    if name.windows(MARK.len()).any(|part| part == MARK.as_bytes()) {
        return None;
    }
    if name.len() == CUT && shapes::may_begin(name) {
        return Some(0..name.len());
    }
    if let Some(scheme) = name.windows(3).position(|window| window == b"://") {
        let host = &name[scheme + 3..];
        let user = run(host, |byte| !b":/@".contains(&byte));
        let password = host.get(user + 1..).filter(|_| host[user] == b':')?;
        let port = password.split(|&byte| byte == b'/').next()?;
        let is_cut = !host.contains(&b'@') && !port.iter().all(u8::is_ascii_digit);
        return is_cut.then_some(scheme + 3 + user + 1..name.len());
    }
    let first = run(name, |byte| byte != b' ');
    let is_password = names::judge(&name[..first]) == Some(Holds::Password);
    (is_password && first + 1 < name.len()).then_some(first + 1..name.len())
}

/// Returns the length of a program's path: in quotes, on Windows up to its ending, else up to a blank or `=`, since
/// after a title Linux may return environment variables.
fn program_len(text: &[u8]) -> usize {
    const ENDINGS: [&[u8]; 4] = [b".exe", b".cmd", b".bat", b".com"];
    let ending = match text {
        [b'"', path @ ..] => path
            .iter()
            .position(|&byte| byte == b'"')
            .map(|len| len + 2),
        [drive, b':', b'\\', ..] if drive.is_ascii_alphabetic() => (4..=text.len()).find(|&end| {
            let ending = &text[end - 4..end];
            let is_ending = |known: &&[u8]| ending.eq_ignore_ascii_case(known);
            text.get(end).is_none_or(|&byte| is_blank(byte)) && ENDINGS.iter().any(is_ending)
        }),
        _ => None,
    };
    ending.unwrap_or_else(|| run(text, |byte| !is_blank(byte) && byte != b'='))
}
