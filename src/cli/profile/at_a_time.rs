//! Counts how many processes lived at the same time.

use process_scanner::Event;

/// Counts the processes that live at once, within a batch too.
///
/// Events of a batch are in order of pid, so their order in time comes from the times of the exits.
/// Times are rounded to milliseconds. Where that leaves a doubt, the lives do not overlap: the most
/// is never too large.
#[derive(Debug, Default)]
pub(super) struct AtATime {
    living: u64,
    most: u64,
}

/// What happens at a time; in this order where the times are equal.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    End,
    Birth,
    /// The end of a life that is shorter than the times are exact.
    EndOfShort,
}

impl AtATime {
    /// Adds a batch. `events`: births and exits, each with whether the process was known before.
    pub(super) fn take<'e>(&mut self, events: impl Iterator<Item = (&'e Event, bool)>) {
        let mut steps = Vec::new();
        let mut last = 0;
        for (event, was_there) in events {
            match event {
                // Its exit has both times.
                Event::Exited { .. } if !was_there => {
                    let (birth, end) = times(event);
                    let end_step = if birth < end { Step::End } else { Step::EndOfShort };
                    steps.push((birth, Step::Birth));
                    steps.push((end, end_step));
                }
                Event::Exited { .. } => steps.push((times(event).1, Step::End)),
                // Within the batch, it was born at its end at the latest.
                _ => last += 1,
            }
        }
        steps.sort_unstable();
        for (_, step) in steps {
            match step {
                Step::Birth => self.living += 1,
                Step::End | Step::EndOfShort => self.living = self.living.saturating_sub(1),
            }
            self.most = self.most.max(self.living);
        }
        self.living += last;
        self.most = self.most.max(self.living);
    }

    pub(super) fn most(&self) -> u64 {
        self.most
    }
}

/// Returns when a process was born and ended, in milliseconds; 0 if unknown.
fn times(event: &Event) -> (u64, u64) {
    let Event::Exited {
        lived_ns,
        ended_at_ms: Some(end),
        ..
    } = event
    else {
        return (0, 0);
    };
    let lived_ms = lived_ns.unwrap_or(0) / 1_000_000;
    (end.saturating_sub(lived_ms), *end)
}

#[cfg(test)]
mod tests {
    use process_scanner::{Exit, ProcessInfo, ProcessKey};

    use super::*;

    fn exited(pid: u32, lived_us: u64, ended_at_ms: u64) -> Event {
        let start_time_ms = Some(0);
        let process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms });
        let mut exit = Exit::default();
        exit.lived_ns = Some(lived_us * 1000);
        exit.ended_at_ms = Some(ended_at_ms);
        Event::exited(process, None).with_exit(exit)
    }

    fn most(lives: &[(u64, u64)]) -> u64 {
        let lives = lives.iter().zip(1..);
        let events: Vec<_> = lives
            .map(|(&(lived_us, end), pid)| exited(pid, lived_us, end))
            .collect();
        let mut at_a_time = AtATime::default();
        at_a_time.take(events.iter().map(|event| (event, false)));
        assert_eq!(at_a_time.living, 0);
        at_a_time.most()
    }

    #[test]
    fn lives_of_a_batch_overlap_by_their_times() {
        assert_eq!(most(&[]), 0);
        assert_eq!(most(&[(300, 10), (400, 10), (2_000, 12)]), 1);
        assert_eq!(most(&[(5_000, 10), (5_000, 15), (5_000, 20)]), 1);
        assert_eq!(most(&[(9_000, 10), (5_000, 15), (11_000, 20)]), 2);
        assert_eq!(most(&[(9_000, 20), (9_000, 20), (9_000, 20)]), 3);
    }
}
