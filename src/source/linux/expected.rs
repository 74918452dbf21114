//! Finds the processes of a scan without listing `/proc`, while the kernel reports all births, or its counters show
//! which pids can be new.
//!
//! Only births depend on that. The CPU clock of each known process shows whether it still exists, and
//! the link `self` whether `/proc` is still there and the same.

use std::ops::RangeInclusive;

use rustix::thread::gettid;

use super::known::Known;
use super::proc::cpu::{CpuClock, cpu_clock};
use super::proc::procfs::Listed;
use crate::model::Hearing;
use crate::source::{Happening, Heard};

/// `/proc` is listed at least this often, in case that an event is missing without any sign.
const HEARD_LIST_NS: u64 = 60_000_000_000;

/// The same where the counters of the kernel show what is new. A fork can choose its pid, and be held before its
/// process exists.
const COUNTED_LIST_NS: u64 = 10_000_000_000;

/// What must be there, as far as it was heard.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// Pids whose birth was heard since the scan before, or that the counters of the kernel allow.
    born: Vec<u32>,
    /// When `/proc` was last listed; `None`: the next scan must list it.
    pub(super) listed_ns: Option<u64>,
    /// The tick in which the last look at the births began.
    looked_ticks: u64,
}

impl Expected {
    /// Stores the tick after boot in which the last look at the births began: a drain, or a scan without events.
    pub(super) fn look_began(&mut self, ticks: u64) {
        self.looked_ticks = ticks;
    }

    /// Adds the processes among pids that may be new. Returns whether that is known of all of them.
    pub(super) fn may_be_born(&mut self, pids: RangeInclusive<u32>) -> bool {
        // A thread has no CPU clock of a process, except for itself.
        let own_thread = gettid().as_raw_nonzero().get().cast_unsigned();
        let is_leader = |pid: u32| pid != own_thread || pid == std::process::id();
        for pid in pids.filter(|&pid| is_leader(pid)) {
            match cpu_clock(pid) {
                CpuClock::Ns(_) => self.born.push(pid),
                CpuClock::Gone => {}
                CpuClock::Unknown => return false,
            }
        }
        true
    }

    /// Returns whether a process that started in this tick may have been born since the last drain.
    pub(super) fn is_young(&self, start_ticks: u64) -> bool {
        start_ticks >= self.looked_ticks
    }

    /// Takes into account what happened.
    pub(super) fn happened(&mut self, happening: &Happening<'_>) {
        if let Happening::Born(row) = happening {
            self.born.push(row.pid);
        }
    }

    /// Ends a drain. After a loss, the next scan lists `/proc`.
    pub(super) fn end_drain(&mut self, heard: &Heard) {
        if heard.hearing != Hearing::Complete {
            self.doubt();
        }
    }

    /// Makes the next scan list `/proc`.
    pub(super) fn doubt(&mut self) {
        self.listed_ns = None;
        // The list will have them.
        self.born.clear();
    }

    /// Returns whether a scan that begins now must list `/proc`. `is_heard`: births are heard.
    pub(super) fn needs_list(&self, now_ns: u64, is_heard: bool) -> bool {
        let every_ns = match is_heard {
            true => HEARD_LIST_NS,
            false => COUNTED_LIST_NS,
        };
        self.listed_ns
            .is_none_or(|listed_ns| now_ns.saturating_sub(listed_ns) >= every_ns)
    }

    /// Stores that a scan which began then has listed `/proc`.
    pub(super) fn was_listed(&mut self, began_ns: u64) {
        self.listed_ns = Some(began_ns);
        self.born.clear();
    }

    /// Puts together what a list would contain, in order of pid. `before` is of the scan before, and
    /// `inode_of` returns the inode of a process's folder, if the list would have it.
    pub(super) fn list(
        &mut self,
        before: &[Known],
        listed: &mut Vec<Listed>,
        mut inode_of: impl FnMut(u32) -> Option<u64>,
    ) {
        listed.clear();
        self.born.sort_unstable();
        self.born.dedup();
        let mut born = self.born.drain(..).peekable();
        let mut look_up = |pid| inode_of(pid).map(|inode| Listed { pid, inode });
        for known in before {
            while let Some(pid) = born.next_if(|&pid| pid < known.pid) {
                listed.extend(look_up(pid));
            }
            // Another process may have been born with its pid.
            if known.has_exited {
                continue;
            }
            born.next_if_eq(&known.pid);
            // Another process can follow that starts in the same tick, or whose exit is not heard because
            // nothing else is known about it.
            let is_certain = known.start_ticks < self.looked_ticks && !known.is_denied;
            listed.extend(match is_certain {
                true => Some(Listed {
                    pid: known.pid,
                    inode: known.inode,
                }),
                false => look_up(known.pid),
            });
        }
        listed.extend(born.filter_map(look_up));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use proptest::prelude::*;
    use proptest::test_runner::FileFailurePersistence;

    use super::*;
    use crate::model::Collect;
    use crate::model::Timestamp;
    use crate::source::linux::made_up_proc::PATIENCE;
    use crate::source::linux::{LinuxSource, ListenOptions};
    use crate::source::{ProcessRow, Source};

    const LOOKED_TICKS: u64 = 100;

    fn known(pid: u32, is_young: bool, has_exited: bool) -> Known {
        let listed = Listed {
            pid,
            inode: u64::from(pid) + 1000,
        };
        let mut known = Known::denied(listed, 0, None);
        known.start_ticks = LOOKED_TICKS - u64::from(!is_young);
        known.is_denied = false;
        known.has_exited = has_exited;
        known
    }

    fn born(expected: &mut Expected, pid: u32) {
        expected.happened(&Happening::Born(ProcessRow::unknown(pid)));
    }

    fn heard(hearing: Hearing) -> Heard {
        Heard {
            hearing,
            ..Heard::default()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_failure_persistence(FileFailurePersistence::Direct(
            "tests/proptest-regressions/expected.txt"
        )))]

        /// Processes are (lives, is young, was known), by pid. Births are in any order.
        #[test]
        fn it_contains_what_a_list_would(
            processes in prop::collection::btree_map(1..200_u32, any::<(bool, bool, bool)>(), 0..100),
            seed: u64,
        ) {
            let mut expected = Expected::default();
            expected.was_listed(1);
            expected.look_began(LOOKED_TICKS);
            let was_known = processes.iter().filter(|(_, (.., was_known))| *was_known);
            // Where a known one has exited and its pid is used, another one was born.
            let before: Vec<Known> = was_known
                .map(|(&pid, &(lives, is_young, _))| known(pid, is_young, !lives || pid % 3 == 0))
                .collect();
            let is_born = |(pid, (lives, _, was_known)): &(&u32, &(bool, bool, bool))| {
                *lives && (!was_known || *pid % 3 == 0)
            };
            let mut births: Vec<u32> = processes.iter().filter(is_born).map(|(pid, _)| *pid).collect();
            fastrand::Rng::with_seed(seed).shuffle(&mut births);
            for pid in births {
                born(&mut expected, pid);
            }
            let mut listed = Vec::new();
            expected.list(&before, &mut listed, |pid| Some(u64::from(pid) + 1000));
            let wanted: Vec<Listed> = processes
                .iter()
                .filter(|(_, (lives, ..))| *lives)
                .map(|(&pid, _)| Listed { pid, inode: u64::from(pid) + 1000 })
                .collect();
            prop_assert_eq!(&listed, &wanted);
            // A birth is new once.
            expected.list(&[], &mut listed, |_| None);
            prop_assert!(listed.is_empty());
        }
    }

    #[test]
    fn a_process_that_is_not_there_is_left_out_and_a_young_one_is_looked_up() {
        let mut expected = Expected::default();
        expected.look_began(LOOKED_TICKS);
        born(&mut expected, 5);
        let before = [known(7, true, false), known(8, false, false)];
        let mut listed = Vec::new();
        expected.list(&before, &mut listed, |_| None);
        let inode = 1008;
        assert_eq!(listed, [Listed { pid: 8, inode }]);
    }

    #[test]
    fn a_loss_or_a_minute_needs_a_list() {
        let mut expected = Expected::default();
        assert!(expected.needs_list(0, true));
        expected.was_listed(5);
        expected.end_drain(&heard(Hearing::Complete));
        assert!(!expected.needs_list(HEARD_LIST_NS + 4, true));
        assert!(expected.needs_list(HEARD_LIST_NS + 5, true));
        assert!(!expected.needs_list(COUNTED_LIST_NS + 4, false));
        assert!(expected.needs_list(COUNTED_LIST_NS + 5, false));
        for hearing in [Hearing::Lossy, Hearing::Deaf, Hearing::Off] {
            expected.was_listed(5);
            expected.end_drain(&heard(hearing));
            // Whatever is heard after that.
            expected.end_drain(&heard(Hearing::Complete));
            assert!(expected.needs_list(6, true), "{hearing:?}");
        }
    }

    fn finds(source: &mut LinuxSource, wanted: u32) -> bool {
        let mut is_found = false;
        source
            .scan(&mut |row| is_found |= row.pid() == wanted)
            .expect("/proc can be read");
        is_found
    }

    #[test]
    fn a_birth_that_was_missed_is_found_by_the_next_list() {
        let source = LinuxSource::new(Collect::default()).expect("there is a /proc here");
        let mut source = source.listening(ListenOptions::default());
        if let Some(why) = source.info().not_listening {
            return eprintln!("skipped: {why}");
        }
        let own = std::process::id();
        // A scan lists after a loss on this host, so there is more than one attempt.
        let until = Instant::now() + PATIENCE;
        loop {
            assert!(finds(&mut source, own));
            source.drain(&mut |_| {});
            let mut cat = std::process::Command::new("cat");
            let cat = cat.stdin(std::process::Stdio::piped()).spawn();
            let mut child = cat.expect("a child");
            source.drain(&mut |_| {});
            source.expected.born.clear();
            let is_missed = !source
                .expected
                .needs_list(Timestamp::monotonic_now_ns(), true)
                && !finds(&mut source, child.id());
            source.expected.doubt();
            let is_found = finds(&mut source, child.id());
            source.recheck(&[own], &mut |_| {}).expect("it can be read");
            let is_in_doubt = source
                .expected
                .needs_list(Timestamp::monotonic_now_ns(), true);
            drop(child.stdin.take());
            child.wait().expect("it ends");
            assert!(is_found && is_in_doubt);
            if is_missed {
                return;
            }
            assert!(Instant::now() < until, "each scan listed");
        }
    }
}
