//! The cells of a table.

use std::borrow::Cow;
use std::io::{self, Write};

use process_scanner::{Value, write_json};
use serde::Serialize;

/// A row that is being filled.
#[derive(Debug, Default)]
pub(super) struct Row {
    cells: Vec<String>,
}

impl Row {
    /// Adds a number or a flag; an unknown one is an empty cell.
    pub(super) fn add(&mut self, value: Option<impl ToString>) {
        self.cells
            .push(value.map_or_else(String::new, |value| value.to_string()));
    }

    /// Adds a text.
    pub(super) fn add_text(&mut self, text: Option<&str>) {
        let text = text.map(neutral).unwrap_or_default();
        self.cells.push(text.into_owned());
    }

    /// Adds a value of a field.
    pub(super) fn add_value(&mut self, value: Value<'_>) {
        match value {
            Value::Flag(flag) => self.add(Some(flag)),
            Value::Count(count) => self.add(Some(count)),
            Value::Integer(integer) => self.add(Some(integer)),
            Value::Real(real) => self.add(Some(real)),
            Value::Percent(percent) => self.add(Some(percent)),
            Value::Text(text) => self.add_text(Some(text)),
            Value::State(status) => self.add_text(Some(status.as_str())),
            Value::Arguments(command) => self.add_json(command),
            _ => self.add_text(None),
        }
    }

    /// Adds a list of texts as a JSON array.
    ///
    /// It begins with a bracket, so no spreadsheet takes it for a formula.
    pub(super) fn add_json(&mut self, list: &impl Serialize) {
        let mut json = Vec::new();
        write_json(&mut json, list).expect("BUG: memory is writable");
        let json = String::from_utf8_lossy(&json);
        self.cells.push(neutral_json(&json).into_owned());
    }
}

/// What a spreadsheet takes for the begin of a formula, as OWASP lists it under "CSV Injection".
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Where a spreadsheet can begin another cell inside a text, by its language and settings.
const SEPARATORS: [char; 4] = [';', '\t', '\r', '\n'];

/// Makes a cell a text. It is in front of the text, or of a part of it.
const MARK: char = '\'';

/// Returns a text that no spreadsheet takes for a formula, nor a part of it after a separator.
///
/// A [`MARK`] goes in front. It goes in front of another one too, so that removing one at the begin and after each
/// separator always gives the text back.
fn neutral(text: &str) -> Cow<'_, str> {
    let is_plain = !needs_mark(text) && !text.contains(SEPARATORS);
    if is_plain {
        return text.into();
    }
    let mut marked = String::with_capacity(text.len() + 2);
    for part in text.split_inclusive(SEPARATORS) {
        if needs_mark(part) {
            marked.push(MARK);
        }
        marked.push_str(part);
    }
    marked.into()
}

/// Returns whether a spreadsheet could take a text for a formula, if it begins a cell.
///
/// Quotes are left out: they are removed where a cell begins with one.
fn needs_mark(text: &str) -> bool {
    text.starts_with(MARK) || text.trim_start_matches('"').starts_with(FORMULA)
}

/// Escapes the separators in JSON after which a formula could begin.
///
/// JSON has no tabs and line breaks, and allows any character of a text to be escaped.
fn neutral_json(json: &str) -> Cow<'_, str> {
    if !json.contains(';') {
        return json.into();
    }
    let mut escaped = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((before, after)) = rest.split_once(';') {
        escaped.push_str(before);
        // A quote in a text has a backslash, which is no begin of a formula.
        escaped.push_str(if needs_mark(after) { "\\u003b" } else { ";" });
        rest = after;
    }
    escaped.push_str(rest);
    escaped.into()
}

/// A table that is written row by row.
pub(super) struct Table<W: Write> {
    out: csv::Writer<W>,
}

impl<W: Write> Table<W> {
    /// Begins a table with the names of its columns.
    pub(super) fn new<'n>(out: W, names: impl IntoIterator<Item = &'n str>) -> io::Result<Self> {
        let mut out = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(out);
        out.write_record(names)?;
        Ok(Self { out })
    }

    /// Writes a row, which must have as many cells as there are names.
    pub(super) fn write(&mut self, row: &Row) -> io::Result<()> {
        Ok(self.out.write_record(&row.cells)?)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::CommandLine;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_text_is_a_formula() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-sh", "'-sh"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t'=1"),
            ("\r=1", "'\r'=1"),
            ("'=1", "''=1"),
            ("sh", "sh"),
            ("", ""),
            ("a=1", "a=1"),
            ("\n=1", "'\n'=1"),
            ("＝1", "'＝1"),
            ("＋1", "'＋1"),
            ("－1", "'－1"),
            ("＠1", "'＠1"),
            ("\"=1", "'\"=1"),
            // Where a semicolon separates cells, a quote inside a line begins none.
            ("a;=1", "a;'=1"),
            ("a;\"\"=1", "a;'\"\"=1"),
            ("a;b;＠1;'", "a;b;'＠1;''"),
            ("a\t+1\r\n-1", "a\t'+1\r'\n'-1"),
            ("a; b, c", "a; b, c"),
        ] {
            assert_eq!(neutral(text), expected);
        }
    }

    proptest! {
        #[test]
        fn no_part_is_a_formula_and_the_text_can_be_restored(
            text in "[=+@＝＠;\t\r\n'\"a,-]{0,12}"
        ) {
            let marked = neutral(&text);
            let mut restored = String::new();
            for part in marked.split_inclusive(SEPARATORS) {
                let seen = part.trim_start_matches('"');
                prop_assert!(!seen.starts_with(FORMULA), "{marked:?}");
                restored.push_str(part.strip_prefix(MARK).unwrap_or(part));
            }
            prop_assert_eq!(restored, text);
        }

        #[test]
        fn json_stays_the_same_list(args in proptest::collection::vec("[=＝;'\"a@\\\\-]{0,8}", 0..4)) {
            let mut row = Row::default();
            row.add_json(&args);
            let read: Vec<String> = serde_json::from_str(&row.cells[0]).expect("JSON");
            prop_assert_eq!(&read, &args);
            for part in row.cells[0].split(';').skip(1) {
                prop_assert!(!needs_mark(part), "{}", row.cells[0]);
            }
        }
    }

    #[test]
    fn numbers_stay_numbers_and_unknown_values_are_empty() {
        let command: CommandLine = ["=cmd", "a,\"b\"\n"].iter().collect();
        let mut row = Row::default();
        row.add_value(Value::Integer(-5));
        row.add_value(Value::Percent(12.7));
        row.add_value(Value::Real(1_234.5));
        row.add_value(Value::Unknown);
        row.add_value(Value::Flag(false));
        row.add_value(Value::Arguments(&command));
        row.add_text(Some("-sh"));
        let mut bytes = Vec::new();
        let mut table = Table::new(&mut bytes, ["a", "b", "c", "d", "e", "f", "g"])
            .expect("memory is writable");
        table.write(&row).expect("memory is writable");
        table.flush().expect("memory is writable");
        drop(table);
        let text = String::from_utf8(bytes).expect("UTF-8");
        let expected = "a,b,c,d,e,f,g\r\n-5,12.7,1234.5,,false,\"[\"\"=cmd\"\",\"\"a,\\\"\"b\\\"\"\\n\"\"]\",'-sh\r\n";
        assert_eq!(text, expected);
    }
}
