//! Text as words: where a value ends that no quote ends, and what a word is.
//!
//! An argument that holds blanks is taken apart into words, because a process may have written all its
//! arguments into one, and a script is one.

use std::ops::Range;

use super::bytes::{blanks, is_blank, is_name_byte};
use super::quotes;
use super::spans::Spans;
use super::values::Holds;

/// What an argument is to its command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The first: the program, and all else where a process wrote its arguments into one.
    First,
    /// One of a shell's, with commands in it.
    Script,
    /// Any other: a value that begins it goes on to its end.
    Plain,
}

/// Hides the value that begins at `start` and is the rest.
pub(super) fn hide_all(text: &[u8], start: usize, holds: Holds<'_>, spans: &mut Spans) -> bool {
    let secret = holds.secret_in(&text[start..]);
    if let Some(secret) = &secret {
        spans.push(start + secret.start..start + secret.end);
    }
    secret.is_some()
}

/// Hides the value that begins at `start`, as far as it goes in words, and says where it ends.
pub(super) fn hide_words(text: &[u8], start: usize, holds: Holds<'_>, spans: &mut Spans) -> usize {
    hide_more_words(text, start, holds, &mut (0..0), spans)
}

/// The same of many values in one text. Those without quotes end where the `last` one does if they reach into it:
/// its words are not read again.
pub(super) fn hide_more_words(
    text: &[u8],
    start: usize,
    holds: Holds<'_>,
    last: &mut Range<usize>,
    spans: &mut Spans,
) -> usize {
    let (value, end) = quotes::shell_word(text, start);
    let Some(secret) = holds.secret_in(&text[value.clone()]) else {
        return end;
    };
    let is_quoted = value.start > start;
    if is_quoted || secret.len() < value.len() {
        spans.push(value.start + secret.start..value.start + secret.end);
        return end;
    }
    let is_word_over = end > start && text.get(end).is_none_or(|&byte| is_blank(byte));
    if !is_word_over || end < last.start || end > last.end {
        *last = end..words_end(text, start, end);
    }
    spans.push(start..last.end);
    last.end
}

/// Where a value ends that began with the word up to `end`: before an option, an assignment or a
/// shell's operator.
pub(super) fn words_end(text: &[u8], start: usize, end: usize) -> usize {
    let mut end = end;
    loop {
        if end > start && text[end - 1] == b';' {
            return end - 1;
        }
        let next = end + blanks(&text[end..]);
        let next_end = word_end(text, next);
        let word = &text[next..next_end];
        let is_line_over = text[end..next].contains(&b'\n') && !text[..end].ends_with(b"\\");
        if is_line_over {
            return end;
        }
        if word.is_empty() || is_operator(word) || starts_option(word) || is_assignment(word) {
            return end;
        }
        end = next_end;
    }
}

/// Whether a word cannot be the value of an option before it.
pub(super) fn is_option(word: &[u8]) -> bool {
    match word {
        [b'-', b'-', letter, ..] => letter.is_ascii_alphanumeric(),
        [b'-', letter] => letter.is_ascii_alphanumeric(),
        _ => false,
    }
}

/// Whether a word that comes later can no longer be part of a value.
pub(super) fn starts_option(word: &[u8]) -> bool {
    matches!(word, [b'-', letter, ..] if letter.is_ascii_alphabetic()) || is_option(word)
}

pub(super) fn is_operator(word: &[u8]) -> bool {
    matches!(
        word,
        b"|" | b"||" | b"&&" | b"&" | b";" | b";;" | b">" | b">>" | b"<" | b"<<" | b"2>" | b"2>&1"
    ) || matches!(word.first(), Some(b'|' | b'>' | b'<'))
}

/// Whether a shell's command may end at this byte.
pub(super) fn is_cut(byte: u8) -> bool {
    matches!(byte, b';' | b'|' | b'&' | b'(' | b'`' | b'\n')
}

/// `$NAME`, `${NAME}`, `%NAME%`, `$(…)`: what a shell puts something in for, if it is all of a word.
pub(super) fn is_placeholder(text: &[u8]) -> bool {
    let text = quotes::strip_quotes(text);
    if text.starts_with(b"$(") {
        return true;
    }
    let (name, close): (_, &[u8]) = match text {
        [b'$', b'{', name @ ..] => (name, b"}"),
        [b'$', name @ ..] => (name, b""),
        [b'%', name @ ..] => (name, b"%"),
        _ => return false,
    };
    let len = name
        .iter()
        .take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'_')
        .count();
    // After the quotes that close it, the word has to end too.
    let is_over = |rest: &[u8]| {
        let is_close = |byte: &&u8| matches!(byte, b'"' | b'\'' | b'\\');
        let quotes = rest.iter().take_while(is_close).count();
        let is_end = |&byte: &u8| is_blank(byte) || is_cut(byte) || b"`)}],<>".contains(&byte);
        rest[quotes..].first().is_none_or(is_end)
    };
    let is_name = len > 0 && !name[0].is_ascii_digit();
    is_name && name[len..].strip_prefix(close).is_some_and(is_over)
}

/// Where the bracket that begins at `start` is closed; where it is not, the end of a text that may be `longest`.
pub(super) fn bracket_end(text: &[u8], start: usize, longest: usize) -> Option<usize> {
    let mut depth = 0;
    let mut is_text = false;
    let mut is_escaped = false;
    for (at, &byte) in text.iter().enumerate().skip(start).take(longest) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_text,
            b'"' => is_text = !is_text,
            b'{' | b'[' if !is_text => depth += 1,
            b'}' | b']' if !is_text => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    (longest == text.len()).then_some(text.len())
}

pub(super) fn is_assignment(word: &[u8]) -> bool {
    let len = word.iter().take_while(|&&byte| is_name_byte(byte)).count();
    len > 0 && !word[0].is_ascii_digit() && word.get(len) == Some(&b'=')
}

/// Whether a name and its sign begin here, after blanks and quotes.
pub(super) fn starts_assignment(text: &[u8]) -> bool {
    const LONGEST: usize = 64;
    let text = &text[blanks(&text[..text.len().min(LONGEST)])..];
    let text = quotes::strip_opening(text);
    let len = text
        .iter()
        .take(LONGEST)
        .take_while(|&&byte| is_name_byte(byte))
        .count();
    let after = quotes::strip_opening(&text[len..]);
    len > 0 && matches!(after.first(), Some(b'=' | b':'))
}

pub(super) fn trim_dashes(name: &[u8]) -> &[u8] {
    let dashes = name.iter().take_while(|byte| matches!(byte, b'-' | b'.'));
    &name[dashes.count()..]
}

pub(super) fn word_end(text: &[u8], start: usize) -> usize {
    let len = text[start..].iter().position(|&byte| is_blank(byte));
    len.map_or(text.len(), |len| start + len)
}

/// The values that options of a text have themselves.
#[derive(Default)]
pub(super) struct Values {
    /// How far they were read.
    pub(super) end: usize,
    /// The last one that went on in words.
    last: Range<usize>,
    /// Up to where a command goes on, and whether it names the user.
    pub(super) user: Option<(usize, bool)>,
}

impl Values {
    /// Hides the value at `start` of the option at `option`. What stands in the word of a value before, behind a `|`
    /// or `&`, was read as part of it.
    pub(super) fn hide(
        &mut self,
        text: &[u8],
        option: usize,
        start: usize,
        holds: Holds<'_>,
        spans: &mut Spans,
    ) {
        let is_within = option < self.end && !is_blank(text[option - 1]);
        if !is_within {
            let end = hide_more_words(text, start, holds, &mut self.last, spans);
            self.end = self.end.max(end);
        }
    }
}

/// A word ends before a blank, or, where it is part of a text, before what divides commands.
pub(super) fn command_word_end(text: &[u8], start: usize) -> usize {
    if start == 0 && word_end(text, 0) == text.len() {
        return text.len();
    }
    let is_end = |&byte: &u8| is_blank(byte) || is_cut(byte);
    let len = text[start..].iter().position(is_end);
    len.map_or(text.len(), |len| start + len)
}

/// The word from `start` to `end` without its quotes, and where it ends. Where a secret may stand, one in quotes
/// goes on to where they are closed.
pub(super) fn place_word(
    text: &[u8],
    start: usize,
    mut end: usize,
    is_followed: bool,
) -> (Range<usize>, usize) {
    let has_quote = text[start..end].iter().any(|&byte| quotes::is_quote(byte));
    if is_followed && has_quote {
        let (inner, whole) = quotes::shell_word(text, start);
        if inner.start > start && inner.end < text.len() {
            return (inner, whole);
        }
        if inner.start == start {
            end = whole;
        }
    }
    let from = end - quotes::strip_quotes(&text[start..end]).len();
    // The quote that opened the script in which it stands.
    let is_open = |mark: u8| !text[from..end - 1].contains(&mark);
    match text[from..end] {
        [.., mark @ (b'"' | b'\'')] if is_open(mark) => (from..end - 1, end),
        _ => (from..end, end),
    }
}
