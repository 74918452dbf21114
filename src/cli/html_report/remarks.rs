//! What may be missing in a report, in sentences.

use process_scanner::{Error, GroupId};

use super::lives_data::cut;
use crate::cli::format::cells;
use crate::cli::history::{ByProgram, ExitKind, Steps, Totals};

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
    pub(super) recordings: Recordings,
    /// The most that a recording began before the end of the one before.
    pub(super) overlap_ms: u64,
    /// What the chosen part of the time lacks.
    pub(super) chosen: Option<&'f str>,
}

/// The recordings after the first one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Recordings {
    number: u64,
    /// Lives that the next recording did not have.
    left: usize,
}

impl Recordings {
    /// Counts the next recording. `steps`: of its first batch.
    pub(super) fn next(&mut self, steps: &Steps) {
        self.number += 1;
        let left = steps.ended.iter().filter(|life| life.left_ms.is_some());
        self.left += left.count();
    }
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
        _ if facts.chosen.is_some() => {
            remarks.extend(
                facts
                    .chosen
                    .map(|chosen| format!("In the chosen time, {chosen}.")),
            );
        }
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
    if facts.recordings.number > 0 {
        remarks.push(format!(
            "The page has {} recordings, one after the other. Nothing is known of the time between two of them.",
            facts.recordings.number + 1,
        ));
    }
    match facts.recordings.left {
        0 => {}
        1 => remarks.push(
            "The next recording lacked one process. Whether and how it exited is unknown.".into(),
        ),
        left => remarks.push(format!(
            "The next recording lacked {left} processes. Whether and how they exited is unknown."
        )),
    }
    if facts.overlap_ms > 0 {
        remarks.push(format!(
            "A recording begins {} before the end of the one before. What both have counts twice, and is shown where \
             the first one ends.",
            cells::duration(facts.overlap_ms)
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
