//! Escapes text from other programs for terminals and logs.
//!
//! Any process can choose its own name. Escape sequences in a name can change the screen, and
//! bidirectional controls can make a name read as another one.

use std::borrow::Cow;
use std::fmt::Write;

/// Returns whether a terminal may act on the character.
///
/// The same applies to log viewers. True for control characters, for those of direction (Unicode's
/// bidirectional algorithm, UAX 9), and for most invisible ones. False for characters that modify
/// the one before them, as in an emoji.
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

/// Escapes every [control character](is_control), as `\n`, `\x1b` and `\u{202e}`.
///
/// Use it for names, command lines and error messages in terminals and logs: other programs choose
/// that text. Backslashes stay as they are, so that Windows paths stay readable and escaped text is
/// not escaped again.
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
    fn control_characters_are_escaped() {
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
    fn escaped_text_has_no_control_characters() {
        let all: String = ('\0'..=char::MAX).collect();
        assert!(!escape(&all).contains(is_control));
    }

    #[test]
    fn ordinary_text_is_not_changed() {
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
