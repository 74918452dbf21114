//! What a recording has before its next scan, for a scanner that has not drained it.

use super::bounded::MAX_ROWS;
use super::heard::{HeardRecord, When};
use crate::model::Hearing;
use crate::source::{Happening, Heard};

/// What was heard until the next scan.
#[derive(Debug, Default)]
pub(super) struct Unheard {
    /// What happened between two scans, and the monotonic time of the first one.
    between: Vec<(HeardRecord, u64)>,
    /// What was heard just before the next scan.
    before: Option<HeardRecord>,
    /// Number of happenings in `between`.
    count: usize,
    /// What all these drains returned, as one.
    heard: Option<Heard>,
}

impl Unheard {
    /// Adds a line. `scan_ns` is the monotonic time of the scan before it.
    pub(super) fn add(&mut self, record: HeardRecord, scan_ns: u64) {
        // The scanner has drained the source after its scan, and got this then.
        if record.when == When::After {
            return;
        }
        let mut heard = record.heard();
        if record.when == When::Before {
            self.before = Some(record);
        } else if self.count + record.happened.len() > MAX_ROWS {
            heard.hearing = Hearing::Lossy;
            heard.reason = Some(format!(
                "more than {MAX_ROWS} births, changes and exits between two scans were not drained"
            ));
        } else if !record.happened.is_empty() {
            self.count += record.happened.len();
            self.between.push((record, scan_ns));
        }
        self.heard = Some(match self.heard.take() {
            Some(before) => merged(before, heard),
            None => heard,
        });
    }

    /// Emits everything, and returns what a drain before the scan of this monotonic time returns.
    pub(super) fn replay(self, scan_ns: u64, emit: &mut dyn FnMut(Happening<'_>)) -> Heard {
        for (record, scan_ns) in &self.between {
            record.emit(*scan_ns, emit);
        }
        if let Some(record) = &self.before {
            record.emit(scan_ns, emit);
        }
        self.heard.unwrap_or_default()
    }
}

/// Returns two drains as one: a loss of the first one is not over for a scanner that did not drain
/// it.
fn merged(first: Heard, second: Heard) -> Heard {
    let (hearing, reason) = match second.hearing.severity() >= first.hearing.severity() {
        true => (second.hearing, second.reason),
        false => (first.hearing, first.reason),
    };
    let (usage, usage_reason) = match (first.usage, second.usage) {
        (Some(false), Some(true)) | (_, None) => (first.usage, first.usage_reason),
        (now, then) if now == then => (then, second.usage_reason.or(first.usage_reason)),
        (_, then) => (then, second.usage_reason),
    };
    Heard {
        hearing,
        reason,
        missed_total: second.missed_total.or(first.missed_total),
        step: second.step.or(first.step),
        step_reason: second.step_reason.or(first.step_reason),
        usage,
        usage_reason,
        ..Heard::default()
    }
}
