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
        self.cells.push(String::from_utf8_lossy(&json).into_owned());
    }
}

/// Returns a text that no spreadsheet takes for a formula.
///
/// The characters are those that OWASP names under "CSV Injection". An apostrophe in front makes the cell a text.
/// Texts that begin with an apostrophe get another one, so that removing the first one always gives the text back.
fn neutral(text: &str) -> Cow<'_, str> {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) {
        true => format!("'{text}").into(),
        false => text.into(),
    }
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

    use super::*;

    #[test]
    fn no_text_is_a_formula() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-sh", "'-sh"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("'=1", "''=1"),
            ("sh", "sh"),
            ("", ""),
            ("a=1", "a=1"),
        ] {
            assert_eq!(neutral(text), expected);
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
