//! Processes that scans no longer report, in case that one of them was only hidden.

use std::collections::{HashMap, VecDeque};

use ahash::RandomState;

/// How many processes are remembered. The memory is bounded, since a host can start any number.
const MAX: usize = 1024;

/// A pid, and a start time in milliseconds since the Unix epoch.
type Life = (u32, u64);

/// The processes whose exits were not heard, with the CPU time that was counted.
///
/// A source that cannot prove an exit can report the process again later, as a birth. Then its CPU
/// time must not count twice.
#[derive(Debug, Default)]
pub(super) struct Vanished {
    counted_ns: HashMap<Life, u64, RandomState>,
    /// The oldest first.
    order: VecDeque<Life>,
}

impl Vanished {
    /// Remembers a process. Without a start time it could not be recognised.
    pub(super) fn add(&mut self, pid: u32, start_time_ms: Option<u64>, counted_ns: Option<u64>) {
        let (Some(start_time_ms), Some(counted_ns)) = (start_time_ms, counted_ns) else {
            return;
        };
        let life = (pid, start_time_ms);
        self.counted_ns.insert(life, counted_ns);
        self.order.push_back(life);
        if self.order.len() > MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.counted_ns.remove(&oldest);
        }
    }

    /// Takes the CPU time that was counted of a process, if it was reported before.
    ///
    /// With less CPU time it is another process, whose start time is the same to the second.
    pub(super) fn take(
        &mut self,
        pid: u32,
        start_time_ms: Option<u64>,
        cpu_ns: Option<u64>,
    ) -> Option<u64> {
        if self.counted_ns.is_empty() {
            return None;
        }
        let life = (pid, start_time_ms?);
        let counted_ns = self.counted_ns.remove(&life)?;
        self.order.retain(|other| *other != life);
        cpu_ns
            .is_none_or(|cpu_ns| cpu_ns >= counted_ns)
            .then_some(counted_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_recognised_once_by_its_key_and_cpu_time() {
        let mut vanished = Vanished::default();
        for (pid, start_time_ms, cpu_ns, expected) in [
            (7, Some(1), Some(50), Some(50)),
            (7, Some(1), None, Some(50)),
            (7, Some(1), Some(49), None),
            (7, Some(2), Some(50), None),
            (8, Some(1), Some(50), None),
            (7, None, Some(50), None),
        ] {
            vanished.add(7, Some(1), Some(50));
            let taken = vanished.take(pid, start_time_ms, cpu_ns);
            assert_eq!(taken, expected, "{pid} {start_time_ms:?} {cpu_ns:?}");
        }
        vanished.take(7, Some(1), None);
        assert_eq!(vanished.take(7, Some(1), None), None);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut vanished = Vanished::default();
        for pid in 0..3000 {
            vanished.add(pid, Some(1), Some(2));
        }
        assert_eq!(
            (vanished.counted_ns.len(), vanished.order.len()),
            (MAX, MAX)
        );
        assert_eq!(vanished.take(2999, Some(1), None), Some(2));
        assert_eq!(vanished.take(1, Some(1), None), None);
    }
}
