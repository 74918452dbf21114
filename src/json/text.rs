//! JSON that is safe on a terminal.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

use crate::model::is_control;

/// Writes a value as JSON on one line, without a line feed at its end.
///
/// All [control characters](is_control) are escaped, also those that JSON allows in a text: a
/// terminal may act on them, or a reader take them for the end of a line.
///
/// # Errors
///
/// Returns the error of the writer. A value that JSON cannot represent, such as a map whose keys are
/// no texts, is an error of kind [`InvalidData`](io::ErrorKind::InvalidData).
///
/// ```
/// let mut line = Vec::new();
/// process_scanner::write_json(&mut line, &["a\u{9b}1m"])?;
/// assert_eq!(line, br#"["a\u009b1m"]"#);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write_json(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, TerminalSafe);
    Ok(value.serialize(&mut serializer)?)
}

/// Formats JSON on one line, and escapes all control characters.
///
/// JSON does not require it for all of them.
struct TerminalSafe;

impl Formatter for TerminalSafe {
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|&(_, c)| is_control(c)) {
            out.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_round_trips_and_none_is_a_control() {
        let all: String = ('\0'..=char::MAX).collect();
        let mut line = Vec::new();
        write_json(&mut line, &all).expect("writing to memory works");
        let line = String::from_utf8(line).expect("JSON is UTF-8");
        assert!(!line.contains(is_control));
        assert_eq!(serde_json::from_str::<String>(&line).expect("valid"), all);
    }

    #[test]
    fn control_characters_are_json_escapes() {
        let mut line = Vec::new();
        write_json(&mut line, &["\u{9b}1m\x7f\u{202e}\u{e0041}\x1b\""])
            .expect("writing to memory works");
        let expected = "[\"\\u009b1m\\u007f\\u202e\\udb40\\udc41\\u001b\\\"\"]";
        assert_eq!(String::from_utf8(line).expect("JSON is UTF-8"), expected);
    }
}
