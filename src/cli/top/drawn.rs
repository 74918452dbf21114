//! What the last screen had.

/// What was drawn last, for keys and clicks, and so that columns keep their width.
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
