//! The status of a process, from the ends of its threads.

/// Marks a status with a core dump, which only the thread that wrote it reports.
const CORE_DUMPED: u32 = 0x80;

/// The ends of threads with one pid since the last birth or `exec` that was heard.
///
/// wait(2) reports what ended all threads, such as a signal or exit_group(2), or else the status of the
/// last thread, or on older kernels of the first one (`synchronize_group_exit` and `wait_task_zombie` in
/// kernel/exit.c). All threads that lived then report the former, and others 0 in practice: that is what
/// pthread_exit(3) leaves. The end of a thread can be reported late, so where its place would make a
/// difference, the status is unknown.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ends {
    /// Ends of first threads. An `exec` by another thread has one too, and so has the next process with
    /// the pid.
    leaders: u8,
    /// The status of the first one.
    leader: u32,
    /// The status of the other threads, if it is not 0.
    other: u32,
    /// One of those came after the first thread.
    has_follower: bool,
    /// One with 0 came after that.
    has_zero_after: bool,
    /// An end of a first thread may be that of an earlier process with the pid.
    is_released: bool,
    /// They contradict each other.
    is_unclear: bool,
}

impl Ends {
    /// Adds the end of a thread. `is_released`: another process can have the pid by then.
    pub(super) fn add(&mut self, is_leader: bool, status: u32, is_released: bool) {
        if is_leader {
            let before = (self.leaders > 0).then_some(self.leader);
            self.leader = self.merge(before, status);
            self.leaders = self.leaders.saturating_add(1);
            self.is_released |= is_released;
            return;
        }
        // It has ended before the first thread and is late, or is the last one.
        self.is_unclear |= self.leader != 0 && merged(self.leader, status).is_none();
        if status == 0 {
            self.has_zero_after |= self.other != 0;
        } else {
            self.other = self.merge((self.other != 0).then_some(self.other), status);
            self.has_follower |= self.leaders > 0;
        }
    }

    fn merge(&mut self, before: Option<u32>, status: u32) -> u32 {
        let merged = before.map_or(Some(status), |before| merged(before, status));
        self.is_unclear |= merged.is_none();
        merged.unwrap_or(status)
    }

    /// Returns the status of the process, if they are all of its ends.
    pub(super) fn status(self) -> Option<u32> {
        let is_last = self.other != 0 && !self.has_zero_after;
        match (self.leader, self.other) {
            _ if self.is_unclear => None,
            // The first thread ended before anything was heard of it, and others may do so later.
            (_, other) if self.leaders == 0 => is_last.then_some(other),
            (leader, 0) => Some(leader),
            (0, other) => (is_last && self.has_follower).then_some(other),
            (leader, other) => merged(leader, other),
        }
    }

    /// Returns whether the first thread may have ended before others, as by pthread_exit(3).
    pub(super) fn may_have_followers(self) -> bool {
        self.leader == 0
    }

    /// Returns whether they are of one process, whatever was not heard.
    pub(super) fn are_of_one(self) -> bool {
        let is_alone = self.other == 0 || merged(self.leader, self.other).is_some();
        self.leaders == 1 && !self.is_released && is_alone
    }
}

/// Returns the status that two threads of one process report together.
fn merged(one: u32, other: u32) -> Option<u32> {
    let is_signal = one & 0x7f != 0;
    let has_one_core = is_signal && one | CORE_DUMPED == other | CORE_DUMPED;
    (one == other || has_one_core).then_some(one | other)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ends are (is of the first thread, status).
    fn status(ends: &[(bool, u32)]) -> Option<u32> {
        let mut all = Ends::default();
        for &(is_leader, status) in ends {
            all.add(is_leader, status, !is_leader);
        }
        all.status()
    }

    #[test]
    fn the_status_is_that_of_all_threads_or_of_the_last_one() {
        const THREE: u32 = 3 << 8;
        assert_eq!(status(&[(true, THREE)]), Some(THREE));
        // main() joins a thread and returns 3.
        assert_eq!(status(&[(false, 0), (true, THREE)]), Some(THREE));
        // main() calls pthread_exit, and another thread exit(3).
        assert_eq!(
            status(&[(true, 0), (false, 0), (false, THREE)]),
            Some(THREE)
        );
        // The scanner began to listen in between.
        assert_eq!(status(&[(false, THREE)]), Some(THREE));
    }

    #[test]
    fn where_the_order_of_the_ends_matters_the_status_is_unknown() {
        const THREE: u32 = 3 << 8;
        // The joined thread is late, or the first one has called SYS_exit.
        assert_eq!(status(&[(true, THREE), (false, 0)]), None);
        // exit(3), or SYS_exit in a thread that was not the last one.
        assert_eq!(status(&[(true, 0), (false, THREE), (false, 0)]), None);
        assert_eq!(status(&[(false, THREE), (false, 0)]), None);
        assert_eq!(status(&[(false, 0)]), None);
    }

    #[test]
    fn one_thread_dumps_core() {
        assert_eq!(status(&[(true, 11), (false, 139), (false, 11)]), Some(139));
        assert_eq!(status(&[(false, 11), (false, 139), (true, 11)]), Some(139));
        assert_eq!(status(&[(true, 139), (false, 11)]), Some(139));
        // 128 is a core dump only together with a signal.
        assert_eq!(status(&[(true, 3 << 8), (false, 3 << 8 | 128)]), None);
    }

    #[test]
    fn ends_that_contradict_each_other_have_no_status() {
        assert_eq!(status(&[(true, 3 << 8), (false, 4 << 8)]), None);
        assert_eq!(status(&[(true, 0), (false, 3 << 8), (false, 9)]), None);
        // Which of the two ended first?
        assert_eq!(status(&[(false, 3 << 8), (true, 0)]), None);
        // An exec that was not heard, or two processes.
        assert_eq!(status(&[(true, 0), (true, 9)]), None);
    }
}
