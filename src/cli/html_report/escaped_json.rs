//! JSON that can be inside a script element of HTML.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// Returns a value as JSON without characters that HTML or JavaScript could take for an end.
///
/// `<`, `>` and `&` are written as `\u003c` and so on, so no text can end the element or begin another one. So are
/// U+2028 and U+2029, which are line ends in older JavaScript.
pub(super) fn escaped_json(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut out, ForHtml);
    value
        .serialize(&mut serializer)
        .expect("BUG: plain data cannot fail");
    String::from_utf8(out).expect("BUG: JSON is UTF-8")
}

struct ForHtml;

impl Formatter for ForHtml {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            let (plain, marked) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut chars = marked.chars();
            let mark = chars.next().map_or(0, u32::from);
            write!(writer, "\\u{mark:04x}")?;
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_can_end_the_script() {
        let text = "</script><!--\u{2028}&\u{2029}\"\\\n";
        let json = escaped_json(&[text]);
        assert_eq!(
            json,
            r#"["\u003c/script\u003e\u003c!--\u2028\u0026\u2029\"\\\n"]"#
        );
        let read: Vec<String> = serde_json::from_str(&json).unwrap();
        assert_eq!(read, [text]);
    }
}
