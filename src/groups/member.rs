//! One living process as a member of a group.

use super::counted::Counted;
use crate::model::{Detail, ExitUsage, ProcessInfo};

/// A living process, and how much of its CPU time is counted.
#[derive(Debug)]
pub(super) struct Member {
    /// With the pid, its key.
    pub(super) start_time_ms: Option<u64>,
    /// Its group in the book.
    pub(super) group: usize,
    /// It joined the group of its parent.
    pub(super) is_adopted: bool,
    /// Its children join its group, unless they belong to a group by themselves.
    pub(super) takes_children: bool,
    /// Its birth is to be counted, in the group that it has once its name is known.
    pub(super) is_birth_due: bool,
    /// Number of the last full batch that had it.
    pub(super) full: u64,
    pub(super) rss_bytes: Option<u64>,
    pub(super) threads: Option<u64>,
    /// Whether its CPU time is known now.
    pub(super) is_measured: bool,
    /// Whether its CPU time was ever known.
    was_measured: bool,
    /// The CPU time that is counted, or does not count because it was used before; `None` if it was
    /// not born while others were watched, and no CPU time was known yet.
    counted_ns: Option<u64>,
}

impl Member {
    /// Creates the member of a process that is seen for the first time.
    ///
    /// `is_born`: it was born while others were watched, so that all its CPU time counts.
    pub(super) fn new(process: &ProcessInfo, group: usize, is_born: bool) -> Self {
        Self {
            start_time_ms: process.start_time_ms,
            group,
            is_adopted: false,
            takes_children: false,
            is_birth_due: false,
            full: 0,
            rss_bytes: None,
            threads: None,
            is_measured: false,
            was_measured: false,
            counted_ns: is_born.then_some(0),
        }
    }

    /// Counts its birth, if that is due.
    pub(super) fn count_birth(&mut self, counted: &mut Counted) {
        counted.births += u64::from(std::mem::take(&mut self.is_birth_due));
    }

    /// Takes the values of the process, and counts the CPU time that is new.
    pub(super) fn measure(&mut self, process: &ProcessInfo, counted: &mut Counted) {
        self.rss_bytes = process.resources.rss_bytes;
        self.threads = process.details.number(Detail::Threads);
        let cpu_ns = process.cpu_time_ms.map(ms_to_ns);
        self.is_measured = cpu_ns.is_some();
        self.count_cpu(cpu_ns, counted);
    }

    /// Counts the CPU time until the end of the process. Returns whether its CPU time was ever
    /// known.
    pub(super) fn end(
        &mut self,
        process: &ProcessInfo,
        usage: Option<ExitUsage>,
        counted: &mut Counted,
    ) -> bool {
        let final_ns = usage.and_then(|usage| usage.cpu_time_ns);
        let seen_ns = process.cpu_time_ms.map(ms_to_ns);
        self.count_cpu(seen_ns.max(final_ns), counted);
        self.was_measured
    }

    /// Counts what exceeds the largest CPU time so far.
    ///
    /// CPU time never shrinks. If it does, the count of the source started again, or the pid was
    /// used again unnoticed; what was counted stays.
    fn count_cpu(&mut self, cpu_ns: Option<u64>, counted: &mut Counted) {
        let Some(now_ns) = cpu_ns else {
            return;
        };
        self.was_measured = true;
        let used_ns = self
            .counted_ns
            .map_or(0, |before_ns| now_ns.saturating_sub(before_ns));
        self.counted_ns = self.counted_ns.max(cpu_ns);
        counted.add_cpu(used_ns.into());
    }

    /// Continues a process that was reported before, of which this CPU time is counted.
    pub(super) fn resume(&mut self, counted_ns: u64) {
        self.was_measured = true;
        self.counted_ns = Some(counted_ns);
    }

    /// Returns the CPU time that is counted; `None` if none was ever known.
    pub(super) fn counted_ns(&self) -> Option<u64> {
        self.counted_ns.filter(|_| self.was_measured)
    }

    /// Returns whether its CPU time was ever known.
    pub(super) fn was_measured(&self) -> bool {
        self.was_measured
    }
}

/// Converts milliseconds with a fraction to nanoseconds, which they are exact to.
pub(super) fn ms_to_ns(ms: f64) -> u64 {
    (ms * 1e6).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProcessKey;

    fn used_ns(is_born: bool, cpu_ms: &[Option<f64>]) -> Option<u128> {
        let key = ProcessKey {
            pid: 7,
            start_time_ms: None,
        };
        let mut process = ProcessInfo::unknown(key);
        let mut member = Member::new(&process, 0, is_born);
        let mut counted = Counted::default();
        for ms in cpu_ms {
            process.cpu_time_ms = *ms;
            member.measure(&process, &mut counted);
        }
        counted.cpu_ns()
    }

    #[test]
    fn only_cpu_time_used_while_watched_counts() {
        let ms = 1_000_000;
        for (is_born, cpu_ms, expected) in [
            (false, &[Some(900.0), Some(902.5)][..], Some(5 * ms / 2)),
            (true, &[Some(3.0), Some(4.0)], Some(4 * ms)),
            // Unknown at first, and in between.
            (false, &[None, Some(900.0), Some(901.0)], Some(ms)),
            (true, &[None, Some(900.0)], Some(900 * ms)),
            (false, &[Some(900.0), None, Some(901.0)], Some(ms)),
            (false, &[Some(900.0)], Some(0)),
            (true, &[None], None),
            // A step back does not count twice.
            (true, &[Some(5.0), Some(1.0), Some(6.0)], Some(6 * ms)),
        ] {
            assert_eq!(used_ns(is_born, cpu_ms), expected, "{is_born} {cpu_ms:?}");
        }
    }
}
