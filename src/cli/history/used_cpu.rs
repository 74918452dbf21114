//! The CPU time that a process used while it was watched.

/// Counts CPU time as the library's `Groups` do.
///
/// What a process used before it was first seen does not count, unless it was born while others were watched.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct UsedCpu {
    /// The largest CPU time so far, in nanoseconds; `None` if none is known.
    counted_ns: Option<u64>,
    used_ns: u64,
    was_measured: bool,
}

impl UsedCpu {
    /// `is_born`: the process was born while others were watched.
    pub(super) fn new(is_born: bool) -> Self {
        Self {
            counted_ns: is_born.then_some(0),
            ..Self::default()
        }
    }

    /// Leaves out what is used until the next known CPU time.
    pub(super) fn pause(&mut self) {
        self.counted_ns = None;
    }

    /// Counts what exceeds the largest CPU time so far.
    pub(super) fn count(&mut self, cpu_ns: Option<u64>) {
        let Some(now_ns) = cpu_ns else {
            return;
        };
        self.was_measured = true;
        let before_ns = self.counted_ns.unwrap_or(now_ns);
        self.used_ns = self
            .used_ns
            .saturating_add(now_ns.saturating_sub(before_ns));
        self.counted_ns = self.counted_ns.max(cpu_ns);
    }

    /// Returns the counted nanoseconds; `None` if no CPU time was ever known.
    pub(super) fn ns(self) -> Option<u64> {
        self.was_measured.then_some(self.used_ns)
    }
}

/// Converts milliseconds with a fraction to nanoseconds, which they are exact to.
pub(super) fn ms_to_ns(ms: f64) -> u64 {
    (ms * 1e6).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cpu_time_used_while_watched_counts() {
        for (is_born, readings, expected) in [
            (false, &[Some(900), Some(902)][..], Some(2)),
            (true, &[Some(3), Some(4)], Some(4)),
            (false, &[None, Some(900), Some(901)], Some(1)),
            (true, &[None, Some(900)], Some(900)),
            (false, &[Some(900)], Some(0)),
            (true, &[None], None),
            // A step back does not count twice.
            (true, &[Some(5), Some(1), Some(6)], Some(6)),
        ] {
            let mut used = UsedCpu::new(is_born);
            readings.iter().for_each(|ns| used.count(*ns));
            assert_eq!(used.ns(), expected, "{is_born} {readings:?}");
        }
    }
}
