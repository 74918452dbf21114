//! Read the CSV files that experiments write and pictures are drawn from.

use std::error::Error;

/// Parses each line after the header.
pub(crate) fn read<T>(
    text: &str,
    header: &str,
    line: impl Fn(&str) -> Result<T, Box<dyn Error>>,
) -> Result<Vec<T>, Box<dyn Error>> {
    let mut lines = text.lines();
    if lines.next() != Some(header) {
        return Err(format!("the first line is not {header}").into());
    }
    lines.map(line).collect()
}
