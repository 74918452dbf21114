//! Lists all columns, for `-o help`.

use std::io::{self, Write};

use process_scanner::FIELDS;

use super::color;

/// Writes a line for each field: its names, its heading, and what it is.
pub(crate) fn write(out: &mut impl Write, width: Option<usize>) -> io::Result<()> {
    let names = FIELDS.iter().map(|field| {
        let names = [&[field.name], field.aliases].concat();
        names.join(", ")
    });
    let names: Vec<_> = names.collect();
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
    let of_names = widest(&mut names.iter().map(String::len));
    let of_headings = widest(&mut FIELDS.iter().map(|field| field.heading.len()));
    for (names, field) in names.iter().zip(FIELDS) {
        let parts = [
            (color::BOLD, format!("{names:<of_names$}  ")),
            (color::PLAIN, format!("{:<of_headings$}  ", field.heading)),
            (color::PLAIN, field.about.to_owned()),
        ];
        color::write_line(out, &parts, width)?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_each_column_and_fits_80_columns() {
        let mut out = Vec::new();
        write(&mut out, None).expect("writing to memory works");
        let text = anstream::adapter::strip_bytes(&out).into_vec();
        let text = String::from_utf8(text).expect("the list is UTF-8");
        assert_eq!(text.lines().count(), FIELDS.len());
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        let unit = text
            .lines()
            .find(|line| line.starts_with("systemd_unit, unit "));
        let unit = unit.expect("it is a column");
        assert!(
            unit.contains(" UNIT ") && unit.ends_with(" unit of systemd"),
            "{unit}"
        );
    }
}
