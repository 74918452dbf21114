//! Finds the births of processes that can be matched only later.

use std::collections::HashSet;

use process_scanner::{Batch, Event, ProcessKey};

/// Processes that were born while watching, with an unknown value that the filter needs.
///
/// The kernel reports a birth before the name and the command line can be read.
#[derive(Debug, Default)]
pub(crate) struct LateBirths {
    waiting: HashSet<ProcessKey>,
}

impl LateBirths {
    /// Adds a batch. `verdicts`: for each of its events, whether its process matches; `None`: it
    /// depends on an unknown value.
    ///
    /// Returns for each event whether it is the first of which the birth is known to match.
    pub(crate) fn take(&mut self, batch: &Batch, verdicts: &[Option<bool>]) -> Vec<bool> {
        if batch.full {
            // The exits of lost batches have no events.
            let present: HashSet<_> = batch.events.iter().map(|e| e.process().key()).collect();
            self.waiting.retain(|key| present.contains(key));
        }
        let events = batch.events.iter().zip(verdicts);
        let are_late = events.map(|(event, &verdict)| {
            let key = event.process().key();
            match event {
                Event::Created(_) => {
                    if verdict.is_none() {
                        self.waiting.insert(key);
                    }
                    false
                }
                Event::Exited { .. } => self.waiting.remove(&key) && verdict == Some(true),
                _ if verdict.is_none() => false,
                Event::Updated { .. } => self.waiting.remove(&key) && verdict == Some(true),
                _ => {
                    // A full batch lists it.
                    self.waiting.remove(&key);
                    false
                }
            }
        });
        are_late.collect()
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{Changes, ProcessInfo};

    use super::*;

    /// An event of a pid, with the verdict on its process.
    type Case = (fn(ProcessInfo) -> Event, u32, Option<bool>);

    /// Adds a batch with these events.
    fn late(births: &mut LateBirths, is_full: bool, events: &[Case]) -> Vec<bool> {
        let made = events.iter().map(|(event, pid, _)| {
            let start_time_ms = Some(u64::from(*pid));
            let (pid, start_time_ms) = (*pid, start_time_ms);
            event(ProcessInfo::unknown(ProcessKey { pid, start_time_ms }))
        });
        let mut batch = Batch::new(2, 1000, made.collect());
        batch.full = is_full;
        let verdicts: Vec<_> = events.iter().map(|(_, _, verdict)| *verdict).collect();
        births.take(&batch, &verdicts)
    }

    fn updated(process: ProcessInfo) -> Event {
        Event::updated(process, Changes::NAME)
    }

    fn exited(process: ProcessInfo) -> Event {
        Event::exited(process, None)
    }

    #[test]
    fn a_birth_is_late_once_and_only_if_the_first_known_values_match() {
        let mut births = LateBirths::default();
        let born: [Case; 5] = [
            (Event::Created, 1, None),
            (Event::Created, 2, None),
            (Event::Created, 3, None),
            (Event::Created, 4, None),
            (Event::Created, 5, Some(false)),
        ];
        assert_eq!(late(&mut births, false, &born), [false; 5]);
        let known = [
            (updated as fn(_) -> _, 1, Some(true)),
            (updated, 2, Some(false)),
            (updated, 3, None),
            (exited, 4, None),
            (updated, 5, Some(true)),
            (updated, 6, Some(true)),
        ];
        let expected = [true, false, false, false, false, false];
        assert_eq!(late(&mut births, false, &known), expected);
        // What matched is no birth again, and what had another name is none.
        let renamed = [
            (updated as fn(_) -> _, 1, Some(true)),
            (updated, 2, Some(true)),
            (exited, 3, Some(true)),
            (updated, 4, Some(true)),
        ];
        let expected = [false, false, true, false];
        assert_eq!(late(&mut births, false, &renamed), expected);
        assert!(births.waiting.is_empty());
    }

    #[test]
    fn after_a_loss_only_what_is_still_unknown_waits() {
        let mut births = LateBirths::default();
        let born = [1, 2, 3].map(|pid| (Event::Created as fn(_) -> _, pid, None));
        late(&mut births, false, &born);
        let all = [
            (Event::Existing as fn(_) -> _, 1, Some(true)),
            (Event::Existing, 2, None),
        ];
        assert_eq!(late(&mut births, true, &all), [false, false]);
        let known = [1, 2, 3].map(|pid| (updated as fn(_) -> _, pid, Some(true)));
        assert_eq!(late(&mut births, false, &known), [false, true, false]);
    }
}
