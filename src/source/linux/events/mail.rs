//! What has arrived of the kernel's events since the drain before.

use super::accounting::Records;
use super::exec_reading::ExecReading;
use super::kernel_event::KernelEvent;
use crate::model::ListenStep;

/// What has arrived since the drain before.
#[derive(Debug, Default)]
pub(super) struct Mail {
    /// In the order of the kernel's queue.
    pub(super) events: Vec<KernelEvent>,
    /// What was read at execs.
    pub(super) readings: Vec<ExecReading>,
    /// What ended threads have used.
    pub(super) records: Records,
    /// How closely it was listened, and why that had changed.
    pub(super) step: ListenStep,
    pub(super) step_reason: Option<String>,
    /// Whether all records have arrived, and why not, or why again, if that is news.
    pub(super) usage: Option<bool>,
    pub(super) usage_reason: Option<String>,
    /// The socket that the step needs was not open.
    pub(super) wants_socket: bool,
    /// Why events are missing.
    pub(super) loss: Option<String>,
    /// Why no more events can arrive.
    pub(super) death: Option<String>,
    /// There are events that consumers wait for, not only of threads.
    pub(super) is_urgent: bool,
    /// The source listens more or less closely than before.
    pub(super) has_stepped: bool,
}

impl Mail {
    pub(super) fn lose(&mut self, why: impl FnOnce() -> String) {
        self.loss.get_or_insert_with(why);
    }

    pub(super) fn clear(&mut self) {
        self.events.clear();
        self.readings.clear();
        self.records.clear();
        self.loss = None;
        self.death = None;
        (self.is_urgent, self.has_stepped) = (false, false);
    }
}
