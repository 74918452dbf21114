//! The chart library uPlot. `renew` fetches it; `uPlot.version` and `sha256` have what is here.

/// The script.
pub(super) const SCRIPT: &str = include_str!("uPlot.min.js");

/// Its style.
pub(super) const STYLE: &str = include_str!("uPlot.min.css");
