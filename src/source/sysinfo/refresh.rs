//! When sysinfo read each process of a refresh.

use crate::model::Timestamp;

/// The time of a refresh, in monotonic nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct RefreshTime {
    began_ns: u64,
    ended_ns: u64,
}

impl RefreshTime {
    /// Runs a refresh, and returns its time and its result.
    pub(super) fn measure<T>(refresh: impl FnOnce() -> T) -> (Self, T) {
        let began_ns = Timestamp::monotonic_now_ns();
        let result = refresh();
        let ended_ns = Timestamp::monotonic_now_ns();
        (Self { began_ns, ended_ns }, result)
    }

    /// Returns when the refresh began.
    pub(super) fn began_ns(self) -> u64 {
        self.began_ns
    }

    /// Returns when the process was read that has this rank by pid, from 0, among so many.
    ///
    /// sysinfo does not report that. On Linux it reads them in the order of `/proc`, which is that of pids, so
    /// the time is interpolated. Elsewhere the system returns all at once: the middle.
    pub(super) fn of_rank(self, rank: usize, processes: usize) -> u64 {
        let share = match cfg!(target_os = "linux") {
            true => (rank as f64 + 0.5) / processes.max(1) as f64,
            false => 0.5,
        };
        let took_ns = self.ended_ns.saturating_sub(self.began_ns);
        self.began_ns + (took_ns as f64 * share.min(1.0)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_within_the_refresh_and_in_order() {
        let time = RefreshTime {
            began_ns: 1000,
            ended_ns: 2000,
        };
        let times: Vec<u64> = (0..6).map(|rank| time.of_rank(rank, 4)).collect();
        assert!(times.is_sorted(), "{times:?}");
        assert!(
            times.iter().all(|time| (1000..=2000).contains(time)),
            "{times:?}"
        );
    }
}
