//! What is concluded when a process is seen for the first time.

use crate::model::{Batch, Event};

/// What a process was before it is seen for the first time.
///
/// Nothing that it used before may count, unless all of it was used while others were watched.
/// `Created` does not prove that: a process that one scan could not read is created by the next
/// one. Its start time does. `Existing` does not disprove it in a full batch: after a loss, the
/// process can have been born meanwhile. In another batch it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FirstSight {
    /// It was born while others were watched, so all its CPU time counts.
    pub(super) is_born: bool,
    /// It counts as a birth.
    pub(super) is_birth: bool,
}

impl FirstSight {
    /// Judges the event of a process that was not known.
    ///
    /// `began_ms`: when the first batch was taken, by the clock of start times; `None` if it is
    /// this one.
    pub(super) fn of(event: &Event, batch: &Batch, began_ms: Option<u64>) -> Self {
        let is_reported = matches!(event, Event::Created(_)) && !batch.full;
        let can_be_born = is_reported || batch.full;
        match (began_ms, event.process().start_time_ms) {
            (None, _) => Self {
                is_born: false,
                is_birth: false,
            },
            (Some(began_ms), Some(start_time_ms)) => Self {
                is_born: can_be_born && start_time_ms >= began_ms,
                is_birth: can_be_born && start_time_ms >= began_ms,
            },
            // Between scans there are only births that the source heard.
            (Some(_), None) => Self {
                is_born: is_reported && !batch.of_scan,
                is_birth: is_reported,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ProcessInfo, ProcessKey};

    fn first_sight(
        make: fn(ProcessInfo) -> Event,
        start_time_ms: Option<u64>,
        edit: fn(&mut Batch),
        began_ms: Option<u64>,
    ) -> (bool, bool) {
        let process = ProcessInfo::unknown(ProcessKey {
            pid: 7,
            start_time_ms,
        });
        let mut batch = Batch::new(2, 1000, Vec::new());
        edit(&mut batch);
        let first = FirstSight::of(&make(process), &batch, began_ms);
        (first.is_born, first.is_birth)
    }

    #[test]
    fn a_start_after_the_first_batch_proves_a_birth_that_can_be_one() {
        let scan: fn(&mut Batch) = |_| ();
        let heard: fn(&mut Batch) = |batch| batch.of_scan = false;
        let full: fn(&mut Batch) = |batch| batch.full = true;
        for (make, start_ms, edit, began_ms, expected) in [
            (
                Event::Created as fn(_) -> _,
                Some(500),
                scan,
                Some(500),
                (true, true),
            ),
            (Event::Created, Some(499), scan, Some(500), (false, false)),
            (Event::Created, Some(500), scan, None, (false, false)),
            (Event::Created, None, scan, Some(500), (false, true)),
            (Event::Created, None, heard, Some(500), (true, true)),
            (Event::Existing, Some(500), full, Some(500), (true, true)),
            (Event::Existing, Some(499), full, Some(500), (false, false)),
            (Event::Existing, Some(500), full, None, (false, false)),
            (Event::Existing, None, full, Some(500), (false, false)),
            (Event::Existing, Some(500), scan, Some(500), (false, false)),
        ] {
            let found = first_sight(make, start_ms, edit, began_ms);
            assert_eq!(found, expected, "{start_ms:?} {began_ms:?}");
        }
    }
}
