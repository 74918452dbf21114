//! Quotes, as a shell, JSON and JSON within JSON have them.

use super::bytes::is_blank;

use std::ops::Range;

/// A quote with the backslashes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quote {
    mark: u8,
    backslashes: usize,
}

/// More backslashes are no quote's.
const MAX_BACKSLASHES: usize = 7;

pub(super) fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// A word without the quotes and brackets that open it.
pub(super) fn strip_opening(word: &[u8]) -> &[u8] {
    let len = word
        .iter()
        .take(MAX_BACKSLASHES)
        .take_while(|&&byte| is_quote(byte) || matches!(byte, b'(' | b'[' | b'$' | b'\\'))
        .count();
    &word[len..]
}

/// A word without the quote that opens it.
pub(super) fn strip_quotes(word: &[u8]) -> &[u8] {
    match word {
        [b'"' | b'\'', rest @ ..] => rest,
        _ => word,
    }
}

impl Quote {
    /// The one that begins at `at`.
    pub(super) fn at(text: &[u8], at: usize) -> Option<Self> {
        let rest = &text[at..];
        let backslashes = rest
            .iter()
            .take(MAX_BACKSLASHES)
            .take_while(|&&byte| byte == b'\\');
        let backslashes = backslashes.count();
        let mark = rest
            .get(backslashes)
            .copied()
            .filter(|&mark| is_quote(mark))?;
        Some(Self { mark, backslashes })
    }

    /// The one that ends at `end`, and begins at `from` or later.
    pub(super) fn before(text: &[u8], from: usize, end: usize) -> Option<Self> {
        let (&mark, rest) = text[from..end].split_last()?;
        let backslashes = rest
            .iter()
            .rev()
            .take(MAX_BACKSLASHES)
            .take_while(|&&byte| byte == b'\\');
        is_quote(mark).then_some(Self {
            mark,
            backslashes: backslashes.count(),
        })
    }

    /// Whether it was opened before `at`, within what is looked at.
    pub(super) fn is_closing(self, text: &[u8], at: usize) -> bool {
        const LONGEST: usize = 256;
        let before = &text[at.saturating_sub(LONGEST)..at];
        before.iter().filter(|&&byte| byte == self.mark).count() % 2 == 1
    }

    pub(super) fn len(self) -> usize {
        self.backslashes + 1
    }

    /// Where the text that it opens ends, from `start` on; `None` where it is not closed.
    pub(super) fn close(self, text: &[u8], start: usize) -> Option<usize> {
        let mut backslashes = 0;
        for (at, &byte) in text.iter().enumerate().skip(start) {
            match byte {
                b'\\' => backslashes += 1,
                _ if byte == self.mark && self.is_closed_after(backslashes) => {
                    return Some(at - backslashes.min(self.backslashes));
                }
                _ => backslashes = 0,
            }
        }
        None
    }

    fn is_closed_after(self, backslashes: usize) -> bool {
        match self.backslashes {
            0 => backslashes.is_multiple_of(2),
            // More than those count as that many, or none that has so many would ever be closed.
            own => backslashes.min(MAX_BACKSLASHES) <= own,
        }
    }
}

/// The word at `start` as a shell reads it: its text, without the quotes if they are around all of
/// it, and where it ends.
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
        // An apostrophe within a word opens nothing unless it is closed.
        let open = at + quote.len();
        let Some(close) = quote.close(text, open) else {
            if is_first {
                return (open..text.len(), text.len());
            }
            at += quote.len();
            continue;
        };
        at = (close + quote.len()).min(text.len());
        inside = is_first.then_some(open..close);
        let is_over = matches!(
            text.get(at),
            None | Some(b',' | b';' | b'}' | b']' | b')' | b'&' | b'|' | b'<' | b'>' | b':')
        );
        if is_first && is_over {
            break;
        }
    }
    (inside.unwrap_or(start..at), at)
}
