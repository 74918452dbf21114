//! What the last screen had.

/// The last drawn columns, for keys, clicks and stable widths.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    /// Names of the fields of the columns.
    pub(super) fields: Vec<&'static str>,
    /// For each column, where it ends.
    pub(super) ends: Vec<u16>,
    /// The widest text that each column had, and the width of the lines.
    pub(super) widest: Vec<usize>,
    pub(super) width: u16,
}
