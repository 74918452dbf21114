//! Decides which columns of an event line fit.

use super::intervals::Terms;
use crate::cli::terminal;

/// Width of the longest program name on Linux.
///
/// Names of kernel threads can be wider.
pub(super) const NAME_WIDTH: usize = 15;

/// Width of the longest name of an event.
pub(super) const KIND_WIDTH: usize = 8;

/// Narrowest line with the time.
const TIMED: usize = 60;

/// Narrowest line with the name of the event; narrower ones have a sign.
///
/// Changes of CPU use and memory need more room, and then a sign leaves it.
const NAMED: usize = 36;

/// Least room for details, in columns.
const DETAILS_WIDTH: usize = 14;

/// The format of event lines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineLayout<'a> {
    pub(crate) time: &'a str,
    pub(crate) width: Option<usize>,
    /// `updated` lines contain CPU use and memory.
    pub(crate) has_measures: bool,
    /// For events of this host.
    pub(crate) terms: Option<Terms>,
}

/// The columns that fit a line.
///
/// As in the table, narrow lines leave out columns. They keep pid and name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    pub(super) has_time: bool,
    pub(super) has_kind: bool,
    pub(super) has_details: bool,
    pub(super) pid_width: usize,
}

impl LineLayout<'_> {
    /// Returns the time with a gap after it, if it has room.
    pub(super) fn time_text(self) -> String {
        match self.columns().has_time {
            true => format!("{} ", self.time),
            false => String::new(),
        }
    }

    /// Chooses the columns for the width.
    pub(super) fn columns(self) -> Columns {
        let has_room = |from| self.width.is_none_or(|width| width >= from);
        let has_time = has_room(TIMED);
        // The width of most pids, or of all on Linux.
        let pid_width = if has_time { 7 } else { 5 };
        let time_width = if has_time {
            terminal::width(self.time) + 1
        } else {
            0
        };
        let has_details = |kind_width| {
            let up_to_name = time_width + kind_width + 1 + pid_width + 1 + NAME_WIDTH;
            has_room(up_to_name + 1 + DETAILS_WIDTH)
        };
        // The changes of CPU use and memory are worth more than the name of the event.
        let prefers_details = self.has_measures && !has_details(KIND_WIDTH) && has_details(1);
        let has_kind = has_room(NAMED) && !prefers_details;
        Columns {
            has_time,
            has_kind,
            has_details: has_details(if has_kind { KIND_WIDTH } else { 1 }),
            pid_width,
        }
    }
}
