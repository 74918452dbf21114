//! Secrets that a script writes into a pipe, `echo x | sudo -S id`, or gives as an input: `sudo -S id <<< x`.

use std::ops::Range;

use super::bytes::{blanks, is_blank};
use super::command::Command;
use super::quotes::{self, Quote};
use super::rule_table::Tables;
use super::spans::Spans;
use super::text::{is_placeholder, word_end};
use super::values::Holds;

/// Hides what `echo` and `printf` write to a program that reads a secret, and what it is given as a word.
pub(super) fn hide(text: &[u8], tables: Tables<'_>, spans: &mut Spans) {
    let mut lines = Lines::default();
    let mut at = 0;
    while let Some(found) = text[at..]
        .iter()
        .position(|byte| matches!(byte, b'e' | b'p' | b'<'))
    {
        at += found;
        let rest = &text[at..];
        if rest.starts_with(b"<<<") {
            let before = text[..at].iter().rev().take(LONGEST);
            let command = at - before.take_while(|&&byte| !divides(byte)).count()..at;
            let word = here_word(text, at + 3 + blanks(&text[at + 3..]));
            at = word.end.max(at + 3);
            if let Some(holds) = read_by(&text[command], tables) {
                push(text, word, holds, spans);
            }
            continue;
        }
        let len = [&b"echo "[..], b"printf "]
            .iter()
            .find(|name| rest.starts_with(name))
            .map(|name| name.len());
        let is_word = at == 0
            || !text[at - 1].is_ascii_alphanumeric() && !matches!(text[at - 1], b'-' | b'_' | b'.');
        let Some(len) = len.filter(|_| is_word) else {
            at += 1;
            continue;
        };
        let is_format = rest.starts_with(b"printf ");
        let (line, end) = written(text, at + len, is_format);
        lines.push(line);
        at = end;
        // The other commands of a group follow, or its end.
        let next = end
            + text[end..]
                .iter()
                .take_while(|&&byte| is_blank(byte) || matches!(byte, b';' | b')' | b'}'))
                .count();
        let rest = &text[next..];
        if rest.starts_with(b"echo ") || rest.starts_with(b"printf ") {
            continue;
        }
        if rest.starts_with(b"|") && !rest.starts_with(b"||") {
            if let Some(holds) = read_by(&rest[1..], tables) {
                for line in lines.list[..lines.len].iter().flatten() {
                    push(text, line.clone(), holds, spans);
                }
            }
            at = next + 1;
        }
        lines = Lines::default();
    }
}

/// What several commands write.
#[derive(Default)]
struct Lines {
    list: [Option<Range<usize>>; 8],
    len: usize,
}

impl Lines {
    fn push(&mut self, line: Option<Range<usize>>) {
        if line.is_some() && self.len < self.list.len() {
            self.list[self.len] = line;
            self.len += 1;
        }
    }
}

/// No command that is looked at is longer.
const LONGEST: usize = 1024;

fn divides(byte: u8) -> bool {
    matches!(byte, b'|' | b';' | b'&' | b'\n' | b'`' | b'(')
}

/// The words of a command from `at` on, without options and formats, and where the command ends.
fn written(text: &[u8], at: usize, is_format: bool) -> (Option<Range<usize>>, usize) {
    let mut at = at;
    let mut line: Option<Range<usize>> = None;
    loop {
        at += text[at..]
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        if text
            .get(at)
            .is_none_or(|&byte| divides(byte) || matches!(byte, b'<' | b'>' | b')'))
        {
            return (line, at);
        }
        let word = match Quote::at(text, at) {
            Some(_) => {
                let (inner, end) = quotes::shell_word(text, at);
                if end == text.len() && inner.end == text.len() {
                    return (line, end);
                }
                (inner, end)
            }
            None => {
                let word = here_word(text, at);
                let end = word.end;
                (word, end)
            }
        };
        let (inner, end) = word;
        let is_redirection =
            text[end..].starts_with(b">") && text[inner.clone()].iter().all(u8::is_ascii_digit);
        if is_redirection {
            at = word_end(text, end);
            continue;
        }
        let value = &text[inner.clone()];
        let is_option =
            line.is_none() && matches!(value, [b'-', letters @ ..] if letters.len() < 3);
        let is_beside = is_option || is_format && line.is_none() && value.contains(&b'%');
        if !is_beside {
            line = Some(line.map_or(inner.start, |line| line.start)..inner.end);
        }
        at = end.max(at + 1);
    }
}

/// The word at `start`: without quotes around it, and before what divides commands.
fn here_word(text: &[u8], start: usize) -> Range<usize> {
    let mut end = start;
    let mut quoted = None;
    while let Some(&byte) = text.get(end) {
        match byte {
            b'\'' | b'"' => {
                let close = text[end + 1..].iter().position(|&other| other == byte);
                let close = close.map_or(text.len(), |len| end + 1 + len);
                quoted = (end == start).then_some(start + 1..close);
                end = close;
            }
            b'\\' => end += 1,
            _ if is_blank(byte) || divides(byte) || matches!(byte, b')' | b'<' | b'>') => break,
            _ => quoted = None,
        }
        end += 1;
    }
    let end = end.min(text.len());
    quoted.unwrap_or(start..end)
}

/// What the command that begins here reads, if that is a secret.
fn read_by<'t>(text: &[u8], tables: Tables<'t>) -> Option<Holds<'t>> {
    let text = &text[..text.len().min(LONGEST)];
    let text = text.strip_prefix(b"&").unwrap_or(text);
    let len = text
        .iter()
        .position(|&byte| divides(byte))
        .unwrap_or(text.len());
    let mut command = Command::new(tables);
    for word in text[..len].split(|&byte| is_blank(byte) || byte == b'<') {
        let word = quotes::strip_opening(word);
        let ends = word
            .iter()
            .rev()
            .take_while(|byte| matches!(byte, b')' | b'\'' | b'"' | b'\\'))
            .count();
        let word = &word[..word.len() - ends];
        if is_stdin(word) {
            return Some(Holds::Password);
        }
        if command.is_option(word) {
            command.option(word);
        } else if !word.is_empty() {
            command.word(word, false);
        }
        if let Some(holds) = command.input() {
            return Some(holds);
        }
    }
    None
}

/// `--password-stdin`, `--pass-stdin`, `--with-token`: what any program calls it.
fn is_stdin(word: &[u8]) -> bool {
    let is_known = matches!(
        word,
        b"--passphrase-fd" | b"--with-token" | b"--passwd-on-stdin"
    );
    let has = |sought: &[u8]| word.windows(sought.len()).any(|part| part == sought);
    let is_secret = || {
        [&b"pass"[..], b"pw", b"token", b"key", b"secret"]
            .into_iter()
            .any(has)
    };
    is_known || word.starts_with(b"-") && has(b"stdin") && is_secret()
}

fn push(text: &[u8], value: Range<usize>, holds: Holds<'_>, spans: &mut Spans) {
    let line = &text[value.clone()];
    let ends = [&b"\\n"[..], b"\\r"]
        .iter()
        .find_map(|end| line.strip_suffix(*end));
    let value = value.start..value.start + ends.unwrap_or(line).len();
    // printf '%s:%s' me x
    let after_blank = || {
        let blank = text[value.clone()]
            .iter()
            .rposition(|&byte| is_blank(byte))?;
        Some(blank + 1..value.len())
    };
    let secret = holds.secret_in(&text[value.clone()]);
    if let Some(secret) =
        secret.or_else(|| after_blank().filter(|_| matches!(holds, Holds::After(_))))
        && !is_placeholder(&text[value.start + secret.start..])
    {
        spans.push(value.start + secret.start..value.start + secret.end);
    }
}
