//! The first scan of a part: it has every process in full.

use super::format::Shown;
use super::scan_recorder::Known;
use crate::source::Reading;

/// Returns the rows of a scan in full. `now`: its processes, as the recorder knows them.
pub(super) fn in_full(shown: &Shown, now: &Known) -> Shown {
    let row_of = |pid: u32| {
        let mut row = now.get(&pid)?.clone()?;
        if let (Reading::Unknown, Some(command)) = (&row.command, row.kept_command.take()) {
            row.command = Reading::Known(command);
        }
        Some(row)
    };
    let mut full = Shown {
        unreadable: shown.unreadable.clone(),
        ..Shown::default()
    };
    for row in &shown.rows {
        full.rows
            .push(row_of(row.pid).unwrap_or_else(|| row.clone()));
    }
    for (pid, read_offset_ns) in shown.unchanged() {
        match row_of(pid) {
            Some(mut row) => {
                row.read_offset_ns = read_offset_ns;
                full.rows.push(row);
            }
            // It was never read.
            None => full.unreadable.push(pid),
        }
    }
    full
}
