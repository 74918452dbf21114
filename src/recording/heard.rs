//! The form of what a source heard, in a recording.

use serde::{Deserialize, Serialize};

use super::bounded::{MAX_ROWS, bounded_list};
use super::exit_status::StatusRecord;
use super::exit_usage::UsageRecord;
use super::row::RowRecord;
use crate::model::{Exit, Hearing, ListenStep, Timestamp};
use crate::redact::Redactor;
use crate::source::{Happening, Heard};

/// When a source was drained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum When {
    /// Between two scans: the line has times of its own.
    Between,
    /// Just before the scan that follows.
    Before,
    /// Just after the last scan.
    After,
}

/// One drain of a source.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeardRecord {
    pub(crate) when: When,
    /// When it was drained, by the wall clock; left out before and after a scan, which has a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wall_ms: Option<u64>,
    /// By the monotonic clock, for what was drained between two scans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) monotonic_ns: Option<u64>,
    pub(crate) hearing: Hearing,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) missed_total: Option<u64>,
    /// How closely the source listened, and why that had changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) step: Option<ListenStep>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) step_reason: Option<String>,
    /// Whether it heard what all exited processes used, and why that had changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) usage_reason: Option<String>,
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "bounded_list"
    )]
    pub(crate) happened: Vec<HappeningRecord>,
}

/// A birth, a change or an exit.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HappeningRecord {
    Born(RowRecord),
    Changed(RowRecord),
    Exited(ExitRecord),
}

/// An exit.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExitRecord {
    pid: u32,
    start_time_ms: Option<u64>,
    exit: Option<StatusRecord>,
    ended_at_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_by_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lived_ns: Option<u64>,
    likely_oom: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usage: Option<UsageRecord>,
}

impl HeardRecord {
    pub(crate) fn new(when: When) -> Self {
        Self {
            when,
            wall_ms: None,
            monotonic_ns: None,
            hearing: Hearing::Off,
            reason: None,
            missed_total: None,
            step: None,
            step_reason: None,
            usage: None,
            usage_reason: None,
            happened: Vec::new(),
        }
    }

    /// Records what the drain returned besides the happenings, and returns it as it is recorded.
    pub(crate) fn finish(&mut self, mut heard: Heard, redactor: &Redactor) -> Heard {
        for reason in [
            &mut heard.reason,
            &mut heard.step_reason,
            &mut heard.usage_reason,
        ] {
            *reason = reason.take().map(|reason| redacted(reason, redactor));
        }
        if self.when == When::Between {
            let at = *heard.at.get_or_insert_with(Timestamp::now);
            self.wall_ms = Some(at.wall_ms);
            self.monotonic_ns = Some(at.monotonic_ns);
        }
        self.hearing = heard.hearing;
        self.reason.clone_from(&heard.reason);
        self.missed_total = heard.missed_total;
        self.step = heard.step;
        self.step_reason.clone_from(&heard.step_reason);
        self.usage = heard.usage;
        self.usage_reason.clone_from(&heard.usage_reason);
        heard
    }

    /// Returns whether there is anything to write.
    pub(crate) fn is_empty(&self) -> bool {
        let is_off = self.hearing == Hearing::Off && self.step.is_none() && self.usage.is_none();
        is_off && self.reason.is_none() && self.happened.is_empty()
    }

    /// Returns when it was drained, if it has a time of its own.
    pub(crate) fn at(&self) -> Option<Timestamp> {
        Some(Timestamp::new(self.wall_ms?, self.monotonic_ns?))
    }

    /// Returns whether one of its clocks is missing.
    pub(crate) fn has_half_a_time(&self) -> bool {
        self.wall_ms.is_some() != self.monotonic_ns.is_some()
    }

    /// Records a happening after the scan of this monotonic time, redacted, and emits it as it is
    /// recorded.
    pub(crate) fn record(
        &mut self,
        scan_ns: u64,
        happening: Happening<'_>,
        redactor: &Redactor,
        emit: &mut dyn FnMut(Happening<'_>),
    ) {
        let record = match happening {
            Happening::Born(row) => {
                HappeningRecord::Born(RowRecord::of(&row, scan_ns).redacted(redactor))
            }
            Happening::Changed(row) => {
                HappeningRecord::Changed(RowRecord::of(&row, scan_ns).redacted(redactor))
            }
            Happening::Exited {
                pid,
                start_time_ms,
                exit,
            } => HappeningRecord::Exited(ExitRecord {
                pid,
                start_time_ms,
                exit: exit.status.and_then(StatusRecord::of),
                ended_at_ms: exit.ended_at_ms,
                ended_by_ms: exit.ended_by_ms,
                lived_ns: exit.lived_ns,
                likely_oom: exit.likely_oom,
                usage: exit.usage.map(UsageRecord::of),
            }),
        };
        record.emit(scan_ns, emit);
        self.happened.push(record);
    }

    /// Returns whether a reader would refuse so many happenings.
    pub(crate) fn is_too_long(&self) -> bool {
        self.happened.len() > MAX_ROWS
    }

    /// Emits what was recorded after the scan of this monotonic time.
    pub(crate) fn emit(&self, scan_ns: u64, emit: &mut dyn FnMut(Happening<'_>)) {
        for happened in &self.happened {
            happened.emit(scan_ns, emit);
        }
    }

    /// Returns what the drain returned.
    pub(crate) fn heard(&self) -> Heard {
        Heard {
            at: self.at(),
            hearing: self.hearing,
            reason: redacted_again(self.reason.as_ref()),
            missed_total: self.missed_total,
            step: self.step,
            step_reason: redacted_again(self.step_reason.as_ref()),
            usage: self.usage,
            usage_reason: redacted_again(self.usage_reason.as_ref()),
            ..Heard::default()
        }
    }
}

impl HappeningRecord {
    fn emit(&self, scan_ns: u64, emit: &mut dyn FnMut(Happening<'_>)) {
        let readings = match self {
            Self::Born(row) | Self::Changed(row) => row.readings(),
            Self::Exited(_) => Vec::new(),
        };
        let readings = readings.as_slice();
        emit(match self {
            Self::Born(row) => Happening::Born(row.as_row(scan_ns, readings)),
            Self::Changed(row) => Happening::Changed(row.as_row(scan_ns, readings)),
            Self::Exited(exited) => Happening::Exited {
                pid: exited.pid,
                start_time_ms: exited.start_time_ms,
                exit: Exit {
                    status: exited.exit.map(StatusRecord::status),
                    ended_at_ms: exited.ended_at_ms,
                    ended_by_ms: exited.ended_by_ms,
                    lived_ns: exited.lived_ns,
                    likely_oom: exited.likely_oom,
                    usage: exited.usage.and_then(UsageRecord::usage),
                },
            },
        });
    }
}

/// Redacts a recorded reason: a recording can be made without redaction.
fn redacted_again(reason: Option<&String>) -> Option<String> {
    let reason = reason.cloned();
    reason.map(|reason| redacted(reason, &Redactor::default()))
}

/// Redacts a reason: it is a source's, and may quote text of a process.
fn redacted(reason: String, redactor: &Redactor) -> String {
    let reason = reason.into_bytes();
    String::from_utf8_lossy(&redactor.command(&reason)).into_owned()
}
