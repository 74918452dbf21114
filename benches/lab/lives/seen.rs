//! What a consumer has received of births and exits.

use std::error::Error;
use std::sync::Arc;

use process_scanner::{Batch, Event, ExitStatus, Hearing, Transition};
use serde::{Deserialize, Serialize};

use crate::measure::boot::boot_ms;

/// What the consumer of a scanner has received. Times are in nanoseconds since boot.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(super) births: Vec<Birth>,
    pub(super) exits: Vec<Exited>,
    /// Sum of `unseen_at_most`; `None` if no scan had it.
    pub(crate) unseen: Option<u64>,
    /// When the batches of scans arrived.
    pub(super) scans_ns: Vec<u64>,
    pub(super) failed_scans: u64,
    pub(super) batches: u64,
    pub(super) lost_batches: u64,
    pub(super) hearings: Vec<Change>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Birth {
    pub(super) pid: u32,
    pub(super) parent: Option<u32>,
    /// Start time since boot.
    pub(super) start_ms: Option<u64>,
    pub(super) at_ns: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Exited {
    pub(super) pid: u32,
    pub(super) parent: Option<u32>,
    /// Start time since boot.
    pub(super) start_ms: Option<u64>,
    pub(super) status: Option<ExitStatus>,
    pub(super) lived_ms: Option<u64>,
    /// End since boot.
    pub(super) ended_ms: Option<u64>,
    pub(super) likely_oom: Option<bool>,
    /// As last known.
    pub(super) command: Option<String>,
    pub(super) at_ns: u64,
}

/// A change of what the source hears.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Change {
    pub(super) to: Hearing,
    pub(super) text: String,
    pub(super) at_ns: u64,
}

impl Seen {
    /// Returns whether a loss was declared.
    pub(super) fn has_loss(&self) -> bool {
        self.losses().next().is_some()
    }

    /// Returns the declared losses.
    pub(super) fn losses(&self) -> impl Iterator<Item = &Change> {
        let is_loss = |change: &&Change| matches!(change.to, Hearing::Lossy | Hearing::Deaf);
        self.hearings.iter().filter(is_loss)
    }

    /// Reads the batches, each with the time of its arrival.
    pub(super) fn new(batches: &[(u64, Arc<Batch>)]) -> Result<Self, Box<dyn Error>> {
        let first = batches.first().ok_or("no batch")?;
        let boot_ms = boot_ms(first.1.events.iter().map(Event::process)).ok_or("no start times")?;
        let mut seen = Self::default();
        for (at_ns, batch) in batches {
            seen.take(*at_ns, batch, boot_ms);
        }
        Ok(seen)
    }

    fn take(&mut self, at_ns: u64, batch: &Batch, boot_ms: u64) {
        let since_boot = |ms: Option<u64>| ms.map(|ms| ms.saturating_sub(boot_ms));
        self.batches += 1;
        self.lost_batches += batch.lost_batches;
        self.failed_scans += u64::from(batch.failure.is_some());
        if batch.of_scan {
            self.scans_ns.push(at_ns);
        }
        if let Some(unseen) = batch.counts.unseen_at_most {
            *self.unseen.get_or_insert(0) += unseen;
        }
        for transition in &batch.transitions {
            if let Transition::Hearing { to, .. } = transition {
                self.hearings.push(Change {
                    to: *to,
                    text: transition.to_string(),
                    at_ns,
                });
            }
        }
        for event in &batch.events {
            let process = event.process();
            match event {
                Event::Created(_) => self.births.push(Birth {
                    pid: process.pid,
                    parent: process.parent_pid,
                    start_ms: since_boot(process.start_time_ms),
                    at_ns,
                }),
                Event::Exited {
                    lived_ms,
                    exit,
                    ended_at_ms,
                    likely_oom,
                    ..
                } => self.exits.push(Exited {
                    pid: process.pid,
                    parent: process.parent_pid,
                    start_ms: since_boot(process.start_time_ms),
                    status: *exit,
                    lived_ms: *lived_ms,
                    ended_ms: since_boot(*ended_at_ms),
                    likely_oom: *likely_oom,
                    command: process.command.as_ref().map(|command| {
                        let args: Vec<&str> = command.args().collect();
                        args.join(" ")
                    }),
                    at_ns,
                }),
                _ => {}
            }
        }
    }
}
