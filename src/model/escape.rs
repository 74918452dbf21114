//! Text from outside made harmless for a terminal.
//!
//! Any process can call itself anything. Escape sequences in a name could repaint the screen or
//! worse, and bidirectional controls could make it read as another one.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a terminal or a log viewer may act on the character in place of showing it: controls, those of
/// direction (Unicode's bidirectional algorithm, UAX 9), and most of what is invisible. Not those that shape
/// the character before them, as of an emoji.
pub fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// The text with every [control character](is_control) spelled out, as in `\n`, `\x1b` and `\u{202e}`: for
/// terminals and logs. Names, command lines and the words of an error can hold whatever others put there.
///
/// A backslash stays as it is, so that paths on Windows can be read, and what was escaped once stays as it
/// is.
///
/// ```
/// assert_eq!(process_scanner::escape("sh\n\x1b[2J"), r"sh\n\x1b[2J");
/// ```
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if !is_control(c) => out.push(c),
            c if c.is_ascii() => put(&mut out, format_args!("\\x{:02x}", u32::from(c))),
            c => put(&mut out, format_args!("\\u{{{:x}}}", u32::from(c))),
        }
    }
    Cow::Owned(out)
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("BUG: a string takes any text");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_spelled_out() {
        for (text, escaped) in [
            ("a\x1b[31mb", "a\\x1b[31mb"),
            ("\n\r\t\0\x07", "\\n\\r\\t\\x00\\x07"),
            ("\x7f\u{80}\u{9b}\u{9f}", "\\x7f\\u{80}\\u{9b}\\u{9f}"),
            ("gpj.\u{202e}exe", "gpj.\\u{202e}exe"),
            ("\u{200b}\u{2066}\u{feff}", "\\u{200b}\\u{2066}\\u{feff}"),
            ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"),
        ] {
            assert_eq!(escape(text), escaped);
        }
    }

    #[test]
    fn nothing_that_is_left_is_a_control() {
        let all: String = ('\0'..=char::MAX).collect();
        assert!(!escape(&all).contains(is_control));
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in [
            "",
            "sshd",
            "C:\\Windows",
            "żółw 日本語 🦀",
            "a\u{a0}b",
            "e\u{301}",
        ] {
            assert!(matches!(escape(text), Cow::Borrowed(same) if same == text));
        }
    }
}
