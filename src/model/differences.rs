//! What a batch changes for one consumer: [`Snapshot::apply_with`].

use super::batch::Batch;
use super::changes::Changes;
use super::event::Event;
use super::fields::FIELDS;
use super::process::ProcessInfo;
use super::snapshot::Snapshot;

impl Snapshot {
    /// Applies a batch as [`apply`](Self::apply) does, and reports each change of the snapshot.
    ///
    /// The events of a batch that is not full are reported as they are. A full batch lists all
    /// processes; it is compared with the snapshot before it:
    ///
    /// - A process that is gone has exited. Why and when is unknown.
    /// - A process that is new was born if it started after the batch before, and is
    ///   [`Existing`](Event::Existing) otherwise, or if its start time is unknown: a scan before can
    ///   have missed it. In the first batch all are.
    /// - One that differs is [`Updated`](Event::Updated).
    ///
    /// The events come in order of pid. A batch that is not applied has none.
    ///
    /// ```
    /// use process_scanner::{Batch, Event, ProcessInfo, ProcessKey, Snapshot};
    ///
    /// let process = |pid, start_time_ms| {
    ///     let start_time_ms = Some(start_time_ms);
    ///     Event::Existing(ProcessInfo::unknown(ProcessKey { pid, start_time_ms }))
    /// };
    /// let first = Batch::new(1, 5_000, vec![process(7, 1_000)]);
    /// let mut resync = Batch::new(9, 9_000, vec![process(8, 6_000)]);
    /// resync.full = true;
    /// let (mut snapshot, mut kinds) = (Snapshot::new(), Vec::new());
    /// for batch in [first, resync] {
    ///     snapshot.apply_with(&batch, |event| kinds.push(event.kind()));
    /// }
    /// assert_eq!(kinds, ["existing", "exited", "created"]);
    /// ```
    pub fn apply_with(&mut self, batch: &Batch, mut changed: impl FnMut(Event)) -> bool {
        if !batch.full {
            let before = self.seq();
            let follows = self.apply(batch);
            // A notice, and a batch that is not applied, leave the number as it was.
            if self.seq() != before {
                batch.events.iter().cloned().for_each(changed);
            }
            return follows;
        }
        let since_ms = self.start_clock_ms;
        // A full batch replaces them.
        let before = std::mem::take(&mut self.processes);
        let follows = self.apply(batch);
        let mut before = before.into_values().peekable();
        for now in self.iter() {
            while let Some(gone) = before.next_if(|old| old.pid < now.pid) {
                changed(Event::exited(gone, None));
            }
            match before.next_if(|old| old.pid == now.pid) {
                Some(old) if old.key() == now.key() => {
                    if old != *now {
                        changed(Event::updated(now.clone(), Changes::from_to(&old, now)));
                    }
                }
                other => {
                    if let Some(gone) = other {
                        changed(Event::exited(gone, None));
                    }
                    let is_born = now.start_time_ms > since_ms && since_ms.is_some();
                    changed(match is_born {
                        true => Event::Created(now.clone()),
                        false => Event::Existing(now.clone()),
                    });
                }
            }
        }
        for gone in before {
            changed(Event::exited(gone, None));
        }
        follows
    }
}

impl Changes {
    /// Returns the changes between two states of a process.
    fn from_to(old: &ProcessInfo, new: &ProcessInfo) -> Self {
        let differing = FIELDS
            .iter()
            .filter(|field| field.value(old) != field.value(new));
        differing.map(Self::of).collect()
    }
}
