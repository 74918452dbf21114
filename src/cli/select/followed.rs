//! Follows the processes that `watch --pid` names, until they have exited.

use std::collections::HashSet;

use process_scanner::{Batch, Event, ProcessKey};

use super::scanned::is_good_scan;

/// The processes that had the given pids in the first good scan.
///
/// A later process with the same pid is another process, and is not followed.
#[derive(Debug)]
pub(crate) struct Followed {
    pids: Vec<u32>,
    living: HashSet<ProcessKey>,
    /// A scan has succeeded, so a pid without a process has none.
    is_complete: bool,
}

impl Followed {
    /// Follows these pids; `None` if there are none.
    pub(crate) fn new(pids: &[u32]) -> Option<Self> {
        (!pids.is_empty()).then(|| Self {
            pids: pids.to_vec(),
            living: HashSet::new(),
            is_complete: false,
        })
    }

    /// Adds a batch. Returns for each of its events whether its process is followed.
    pub(crate) fn take(&mut self, batch: &Batch) -> Vec<bool> {
        if batch.full {
            // The exits of lost batches have no events.
            let present: HashSet<_> = batch.events.iter().map(|e| e.process().key()).collect();
            self.living.retain(|key| present.contains(key));
        }
        let is_followed = batch.events.iter().map(|event| {
            let key = event.process().key();
            match event {
                Event::Exited { .. } => self.living.remove(&key),
                _ if self.is_complete => self.living.contains(&key),
                _ if self.pids.contains(&key.pid) => {
                    self.living.insert(key);
                    true
                }
                _ => false,
            }
        });
        let is_followed = is_followed.collect();
        self.is_complete |= is_good_scan(batch);
        is_followed
    }

    /// Returns whether the process with this key is followed, and has not exited.
    pub(crate) fn has(&self, key: ProcessKey) -> bool {
        self.living.contains(&key)
    }

    /// Returns whether all of them have exited.
    pub(crate) fn has_ended(&self) -> bool {
        self.is_complete && self.living.is_empty()
    }

    /// Returns the pids of those that have not exited.
    pub(crate) fn living(&self) -> Vec<u32> {
        self.living.iter().map(|key| key.pid).collect()
    }

    /// Returns the pids without a living process, in the order given.
    pub(crate) fn missing(&self) -> Vec<u32> {
        let mut missing = Vec::new();
        for &pid in &self.pids {
            let is_living = self.living.iter().any(|key| key.pid == pid);
            if !is_living && !missing.contains(&pid) {
                missing.push(pid);
            }
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{Error, ErrorClass, ProcessInfo};

    use super::*;

    fn process(pid: u32, start_time_ms: Option<u64>) -> ProcessInfo {
        ProcessInfo::unknown(ProcessKey { pid, start_time_ms })
    }

    fn exited(pid: u32, start_time_ms: Option<u64>) -> Event {
        Event::exited(process(pid, start_time_ms), None)
    }

    #[test]
    fn the_next_process_with_a_pid_is_not_followed() {
        for start_times in [(Some(1), Some(2)), (None, None)] {
            let (first, next) = start_times;
            let mut followed = Followed::new(&[7, 8, 7, 9]).expect("there are pids");
            let existing = |pid| Event::Existing(process(pid, first));
            let all = Batch::new(1, 1000, vec![existing(1), existing(7), existing(8)]);
            assert_eq!(followed.take(&all), [false, true, true]);
            assert_eq!((followed.missing(), followed.living().len()), (vec![9], 2));
            let born = |pid| Event::Created(process(pid, next));
            let reused = vec![exited(7, first), born(7), born(9)];
            let reused = Batch::new(2, 2000, reused);
            assert_eq!(followed.take(&reused), [true, false, false]);
            assert!(!followed.has_ended());
            let last = Batch::new(3, 3000, vec![exited(7, next), exited(8, first)]);
            assert_eq!(followed.take(&last), [false, true]);
            assert!(followed.has_ended());
        }
        assert!(Followed::new(&[]).is_none());
    }

    #[test]
    fn only_a_good_scan_shows_that_a_pid_has_no_process() {
        let mut followed = Followed::new(&[7, 8]).expect("there are pids");
        let mut failed = Batch::new(1, 1000, vec![Event::Existing(process(7, Some(1)))]);
        failed.failure = Some(Error::new(ErrorClass::Permission, "no"));
        assert_eq!(followed.take(&failed), [true]);
        failed.events = vec![exited(7, Some(1))];
        failed.full = false;
        followed.take(&failed);
        assert!(!followed.has_ended());
        let good = Batch::new(2, 2000, vec![Event::Existing(process(8, Some(1)))]);
        assert_eq!(followed.take(&good), [true]);
        assert_eq!(followed.missing(), [7]);
        // After a loss, the full batch lacks the process, and no event reports its exit.
        let mut full = Batch::new(9, 9000, vec![Event::Existing(process(8, Some(2)))]);
        full.full = true;
        assert_eq!(followed.take(&full), [false]);
        assert!(followed.has_ended());
        let mut none = Followed::new(&[7]).expect("there is a pid");
        none.take(&Batch::new(1, 1000, Vec::new()));
        assert!(none.has_ended());
    }
}
