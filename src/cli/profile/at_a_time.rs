//! Counts how many processes lived at the same time.

use process_scanner::Event;

/// Steps that are kept, 16 bytes each.
const KEPT: usize = 1 << 20;

/// The resolution of start times on Linux, in milliseconds: the true start is at most this much later.
const TICK_MS: u64 = 10;

/// Counts the processes that live at once.
///
/// Batches have events in order of pid, and an exit comes when the process has been reaped, perhaps after
/// the birth of the next one. So lives are compared by their times. These are rounded to milliseconds.
/// Where that leaves a doubt, lives do not overlap: the most is never too large.
#[derive(Debug, Default)]
pub(super) struct AtATime {
    steps: Vec<(u64, Step)>,
    /// Those that lived before the first step.
    living: u64,
    most: u64,
}

/// What happens at a time; in this order where the times are equal.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    End,
    /// A life that is shorter than the times are exact.
    Short,
    Birth,
}

/// When a process was seen, in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// When it had been born.
    born_ms: u64,
    /// [`AtATime::count`] has counted its birth.
    is_counted: bool,
}

impl Seen {
    /// Returns when a process was seen that a batch at this time has first.
    pub(super) fn first(start_time_ms: Option<u64>, at_ms: u64) -> Self {
        let born_ms = start_time_ms.map_or(at_ms, |start| at_ms.min(start + TICK_MS));
        Self {
            born_ms,
            is_counted: false,
        }
    }
}

impl AtATime {
    /// Adds a life that an exit ends. `last_seen_ms`: when it lived, if its end is unknown.
    pub(super) fn end(&mut self, event: &Event, seen: Seen, last_seen_ms: u64) {
        let Event::Exited {
            lived_ns,
            ended_at_ms,
            ..
        } = event
        else {
            return;
        };
        let end_ms = ended_at_ms.unwrap_or_else(|| last_seen_ms.max(seen.born_ms));
        let exactly = lived_ns.zip(*ended_at_ms);
        let born_ms = exactly.map(|(ns, end_ms)| end_ms.saturating_sub(ns / 1_000_000));
        let born_ms = born_ms.unwrap_or(seen.born_ms).min(end_ms);
        match seen.is_counted {
            true => self.steps.push((end_ms, Step::End)),
            false if born_ms == end_ms => self.steps.push((end_ms, Step::Short)),
            false => {
                let steps = [(born_ms, Step::Birth), (end_ms, Step::End)];
                self.steps.extend(steps);
            }
        }
    }

    /// Returns whether [`count`](Self::count) should make room.
    pub(super) fn is_full(&self) -> bool {
        self.steps.len() >= KEPT
    }

    /// Counts all lives so far. `living`: when those that go on were seen.
    pub(super) fn count<'s>(&mut self, living: impl Iterator<Item = &'s mut Seen>) -> u64 {
        for seen in living.filter(|seen| !seen.is_counted) {
            seen.is_counted = true;
            self.steps.push((seen.born_ms, Step::Birth));
        }
        self.steps.sort_unstable();
        for (_, step) in self.steps.drain(..) {
            match step {
                Step::Birth => self.living += 1,
                Step::End => self.living = self.living.saturating_sub(1),
                Step::Short => {}
            }
            let short = u64::from(step == Step::Short);
            self.most = self.most.max(self.living + short);
        }
        self.most
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{Exit, ProcessInfo, ProcessKey};

    use super::*;

    fn exited(lived_us: u64, ended_at_ms: Option<u64>) -> Event {
        let (pid, start_time_ms) = (7, Some(0));
        let process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms });
        let mut exit = Exit::default();
        exit.lived_ns = ended_at_ms.map(|_| lived_us * 1000);
        exit.ended_at_ms = ended_at_ms;
        Event::exited(process, None).with_exit(exit)
    }

    fn most(lives: &[(u64, u64)]) -> u64 {
        let mut at_a_time = AtATime::default();
        for &(lived_us, end) in lives {
            let seen = Seen::first(Some(end - lived_us / 1000), u64::MAX);
            at_a_time.end(&exited(lived_us, Some(end)), seen, end);
        }
        let most = at_a_time.count(std::iter::empty());
        assert_eq!(at_a_time.living, 0);
        most
    }

    #[test]
    fn lives_overlap_by_their_times_in_any_order() {
        assert_eq!(most(&[]), 0);
        assert_eq!(most(&[(300, 10), (400, 10), (2_000, 12)]), 1);
        assert_eq!(most(&[(5_000, 20), (5_000, 15), (5_000, 25)]), 1);
        assert_eq!(most(&[(11_000, 25), (9_000, 15), (5_000, 20)]), 2);
        assert_eq!(most(&[(9_000, 20), (9_000, 20), (9_000, 20)]), 3);
    }

    #[test]
    fn a_birth_counts_once() {
        let mut at_a_time = AtATime::default();
        let mut seen = Seen::first(Some(100), 200);
        assert_eq!(at_a_time.count(std::iter::once(&mut seen)), 1);
        assert_eq!(at_a_time.count(std::iter::once(&mut seen)), 1);
        at_a_time.end(&exited(0, None), seen, 300);
        assert_eq!(at_a_time.count(std::iter::empty()), 1);
        assert_eq!(at_a_time.living, 0);
    }
}
