//! Measures texts in columns of a terminal.

use unicode_width::UnicodeWidthChar;

/// Returns the columns of a character.
fn width_of(c: char) -> usize {
    match c {
        // It turns the character before it into an emoji, which takes two columns.
        '\u{fe0f}' => 1,
        c => c.width().unwrap_or(0),
    }
}

/// Returns the columns of a text.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

/// Cuts a text to a width.
pub(crate) fn cut(text: &str, line_width: Option<usize>) -> &str {
    let Some(mut room) = line_width else {
        return text;
    };
    for (at, c) in text.char_indices() {
        match room.checked_sub(width_of(c)) {
            Some(rest) => room = rest,
            None => return &text[..at],
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_counts_columns() {
        assert_eq!(cut("abc", None), "abc");
        assert_eq!(cut("abc", Some(2)), "ab");
        assert_eq!(cut("日本語", Some(5)), "日本");
        assert_eq!(cut("e\u{301}x", Some(1)), "e\u{301}");
        assert_eq!(width("日本 x"), 6);
    }
}
