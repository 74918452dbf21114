//! Bytes, words, quotes and the ends of values.

use std::ops::Range;

pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

pub(super) fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// Returns whether a command of a shell may end at this byte.
pub(super) fn is_cut(byte: u8) -> bool {
    matches!(byte, b';' | b'|' | b'&' | b'(' | b'`' | b'\n')
}

/// Returns a number below 1024 for the first two bytes, the same for small letters and capitals.
pub(super) fn pair(text: &[u8]) -> usize {
    match text {
        [first, second, ..] => usize::from(first & 31) << 5 | usize::from(second & 31),
        _ => 0,
    }
}

/// Counts the bytes of a kind at the beginning.
pub(super) fn run(text: &[u8], is_kind: impl Fn(u8) -> bool) -> usize {
    text.iter().take_while(|&&byte| is_kind(byte)).count()
}

/// Counts the bytes of a kind at the end, at most 256.
pub(super) fn run_before(text: &[u8], is_kind: impl Fn(u8) -> bool) -> usize {
    const LONGEST: usize = 256;
    let bytes = text.iter().rev().take(LONGEST);
    bytes.take_while(|&&byte| is_kind(byte)).count()
}

pub(super) fn blanks(text: &[u8]) -> usize {
    run(text, is_blank)
}

/// Returns whether a text begins so, in small letters or capitals.
pub(super) fn starts_with(text: &[u8], start: &[u8]) -> bool {
    let begin = text.get(..start.len());
    begin.is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

pub(super) fn starts_with_any(value: &[u8], starts: &[&str]) -> bool {
    let mut starts = starts.iter();
    starts.any(|start| value.starts_with(start.as_bytes()))
}

/// Removes the quotes and brackets that open a word.
pub(super) fn strip_opening(word: &[u8]) -> &[u8] {
    let is_opening = |byte| is_quote(byte) || matches!(byte, b'(' | b'[' | b'$' | b'\\');
    &word[run(&word[..word.len().min(MAX_BACKSLASHES)], is_opening)..]
}

/// A quote with the backslashes before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quote {
    mark: u8,
    backslashes: usize,
}

/// A quote has no more.
const MAX_BACKSLASHES: usize = 7;

impl Quote {
    /// Returns the one that begins at `at`.
    pub(super) fn at(text: &[u8], at: usize) -> Option<Self> {
        let rest = &text[at..];
        let before = &rest[..rest.len().min(MAX_BACKSLASHES)];
        let backslashes = run(before, |byte| byte == b'\\');
        let &mark = rest.get(backslashes).filter(|&&mark| is_quote(mark))?;
        Some(Self { mark, backslashes })
    }

    /// Returns the one that ends at `end`.
    pub(super) fn before(text: &[u8], end: usize) -> Option<Self> {
        let (&mark, rest) = text[..end].split_last()?;
        let backslashes = run_before(rest, |byte| byte == b'\\').min(MAX_BACKSLASHES);
        is_quote(mark).then_some(Self { mark, backslashes })
    }

    pub(super) fn len(self) -> usize {
        self.backslashes + 1
    }

    /// Returns where the text ends that it opens at `start`.
    pub(super) fn close(self, text: &[u8], start: usize) -> Option<usize> {
        let mut backslashes: usize = 0;
        for (at, &byte) in text.iter().enumerate().skip(start) {
            let is_closed = match self.backslashes {
                0 => backslashes.is_multiple_of(2),
                // More than those count as that many, or none with so many would ever be closed.
                own => backslashes.min(MAX_BACKSLASHES) <= own,
            };
            match byte {
                b'\\' => backslashes += 1,
                _ if byte == self.mark && is_closed => {
                    return Some(at - backslashes.min(self.backslashes));
                }
                _ => backslashes = 0,
            }
        }
        None
    }
}

/// Returns the word at `start` as a shell reads it, without quotes around all of it, and where it ends.
pub(super) fn shell_word(text: &[u8], start: usize) -> (Range<usize>, usize) {
    let mut at = start;
    let mut inside = None;
    while at < text.len() && !is_blank(text[at]) {
        let Some(quote) = Quote::at(text, at) else {
            inside = None;
            at += 1;
            continue;
        };
        let is_first = at == start;
        let open = at + quote.len();
        // An apostrophe within a word opens nothing unless it is closed.
        let Some(close) = quote.close(text, open) else {
            if is_first {
                return (open..text.len(), text.len());
            }
            at = open;
            continue;
        };
        at = (close + quote.len()).min(text.len());
        inside = is_first.then_some(open..close);
        if is_first && text.get(at).is_none_or(|byte| b",;}])&|<>:".contains(byte)) {
            break;
        }
    }
    (inside.unwrap_or(start..at), at)
}

/// Returns the word of a script at `start`, and where it ends. Without quotes it ends before an operator.
pub(super) fn script_word(text: &[u8], start: usize) -> (Range<usize>, usize) {
    if matches!(text.get(start), Some(b'\'' | b'"' | b'\\')) {
        return shell_word(text, start);
    }
    let is_word = |byte| !is_blank(byte) && !is_redirection(byte);
    let end = start + run(&text[start..], is_word);
    (start..end, end)
}

pub(super) fn is_redirection(byte: u8) -> bool {
    is_cut(byte) || b")<>".contains(&byte)
}

/// Returns where a value ends whose first word ends at `end`: before an option, an assignment or an operator.
pub(super) fn words_end(text: &[u8], start: usize, end: usize) -> usize {
    let mut end = end;
    loop {
        if end > start && text[end - 1] == b';' {
            return end - 1;
        }
        let next = end + blanks(&text[end..]);
        let word = &text[next..word_end(text, next)];
        let is_line_end = text[end..next].contains(&b'\n') && !text[..end].ends_with(b"\\");
        let is_dashed = matches!(word, [b'-', letter, ..] if letter.is_ascii_alphabetic());
        let is_other = is_operator(word) || is_option(word) || is_dashed || is_assignment(word);
        if is_line_end || word.is_empty() || is_other {
            return end;
        }
        end = next + word.len();
    }
}

/// Returns whether a word cannot be the value of an option before it.
pub(super) fn is_option(word: &[u8]) -> bool {
    match word {
        [b'-', b'-', letter, ..] | [b'-', letter] => letter.is_ascii_alphanumeric(),
        _ => false,
    }
}

pub(super) fn is_operator(word: &[u8]) -> bool {
    matches!(word, b"&&" | b"&" | b";" | b";;" | b"2>" | b"2>&1")
        || matches!(word.first(), Some(b'|' | b'>' | b'<'))
}

/// Returns whether it is a word that a shell replaces: `$NAME`, `${NAME}`, `%NAME%`, `$(…)`.
pub(super) fn is_placeholder(text: &[u8]) -> bool {
    let text = match text {
        [b'"' | b'\'', rest @ ..] => rest,
        _ => text,
    };
    let (name, close): (_, &[u8]) = match text {
        [b'$', b'(', ..] => return true,
        [b'$', b'{', name @ ..] => (name, b"}"),
        [b'$', name @ ..] => (name, b""),
        [b'%', name @ ..] => (name, b"%"),
        _ => return false,
    };
    let len = run(name, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
    // After the quotes that close it, the word has to end too.
    let is_over = |rest: &[u8]| {
        let rest = &rest[run(rest, |byte| b"\"'\\".contains(&byte))..];
        let is_end = |&byte: &u8| is_blank(byte) || is_cut(byte) || b")}],<>".contains(&byte);
        rest.first().is_none_or(is_end)
    };
    let is_name = len > 0 && !name[0].is_ascii_digit();
    is_name && name[len..].strip_prefix(close).is_some_and(is_over)
}

pub(super) fn is_assignment(word: &[u8]) -> bool {
    let len = run(word, is_name_byte);
    len > 0 && !word[0].is_ascii_digit() && word.get(len) == Some(&b'=')
}

/// Returns whether a name and its sign begin here, after blanks and quotes.
pub(super) fn starts_assignment(text: &[u8]) -> bool {
    const LONGEST: usize = 64;
    let text = &text[..text.len().min(LONGEST)];
    let text = strip_opening(&text[blanks(text)..]);
    let len = run(text, is_name_byte);
    len > 0 && matches!(strip_opening(&text[len..]).first(), Some(b'=' | b':'))
}

pub(super) fn trim_dashes(name: &[u8]) -> &[u8] {
    &name[run(name, |byte| matches!(byte, b'-' | b'.'))..]
}

pub(super) fn word_end(text: &[u8], start: usize) -> usize {
    start + run(&text[start..], |byte| !is_blank(byte))
}
