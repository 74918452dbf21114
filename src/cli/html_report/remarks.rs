//! What may be missing in a report, in sentences.

use process_scanner::{Error, GroupId};

use super::lives_data::cut;
use crate::cli::format::cells;
use crate::cli::history::{ByProgram, ExitKind, Totals};

/// Characters of an error.
const MAX_ERROR: usize = 300;

/// Facts that decide what is remarked.
pub(super) struct Facts<'f> {
    pub(super) totals: &'f Totals,
    pub(super) gaps: &'f [(u64, u64)],
    pub(super) programs: &'f ByProgram,
    pub(super) exits_unmeasured: u64,
    pub(super) has_cpu: bool,
    pub(super) damage: Option<&'f Error>,
}

/// Returns the remarks.
pub(super) fn remarks(facts: &Facts<'_>) -> Vec<String> {
    let totals = facts.totals;
    let mut remarks = Vec::new();
    if let Some(error) = facts.damage {
        let error = cut(&error.full_message(), MAX_ERROR);
        remarks.push(format!(
            "The recording is damaged, and the report ends there: {error}."
        ));
    }
    match totals.scans {
        0 => remarks.push("The recording contains no scans.".into()),
        1 => remarks.push("The recording contains one scan, so nothing is known over time.".into()),
        _ => {}
    }
    if totals.failed_scans > 0 {
        remarks.push(format!(
            "{} of {} scans failed. Until the next good one, processes stay as they were.",
            totals.failed_scans, totals.scans
        ));
    }
    let gaps_ms = facts.gaps.iter().map(|(from_ms, to_ms)| to_ms - from_ms);
    match facts.gaps.len() {
        0 => {}
        1 => remarks.push(format!(
            "Nothing was recorded for {}.",
            cells::duration(gaps_ms.sum())
        )),
        gaps => remarks.push(format!(
            "Nothing was recorded in {gaps} gaps, {} in all.",
            cells::duration(gaps_ms.sum())
        )),
    }
    let unknown = totals.exits[ExitKind::Unknown.place()];
    if unknown > 0 {
        remarks.push(match unknown == totals.all_exits() {
            true => "The recording has no exit statuses, so failures are unknown.".into(),
            false => format!(
                "{unknown} of {} exits have no known status.",
                totals.all_exits()
            ),
        });
    }
    match facts.exits_unmeasured {
        _ if !facts.has_cpu && totals.scans > 0 => {
            remarks.push("The recording has no CPU times.".into());
        }
        0 => {}
        unmeasured => remarks.push(format!(
            "The CPU time of {unmeasured} exited processes is unknown, and in no sum."
        )),
    }
    if facts.programs.iter().any(|(id, _)| *id == GroupId::Other) {
        remarks.push(
            "There are more programs than this report counts separately; the rest is \"other\"."
                .into(),
        );
    }
    remarks
}
