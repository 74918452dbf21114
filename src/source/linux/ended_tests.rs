//! When an idle process is read again because it may have another parent.

use super::LinuxSource;
use super::ended::Ended;
use super::known::Known;
use super::made_up_proc::{Idle, MadeUpProc, pids};
use super::proc::cpu::{CpuClock, cpu_clock};
use super::proc::procfs::Listed;
use crate::source::Source;

/// The parent that the child gets.
const REAPER: u32 = 1;

/// A parent and its child, neither of which runs.
struct Family {
    made_up: MadeUpProc,
    source: LinuxSource,
    parent: Idle,
    child: Idle,
}

impl Family {
    /// Starts a family whose child has a higher pid, as is usual.
    fn start() -> Self {
        let (one, other) = (Idle::start(), Idle::start());
        let (parent, child) = match one.pid() < other.pid() {
            true => (one, other),
            false => (other, one),
        };
        let made_up = MadeUpProc::new();
        Self {
            source: made_up.source(),
            made_up,
            parent,
            child,
        }
    }

    /// Adds both, and scans once.
    fn scanned() -> Self {
        let mut family = Self::start();
        family.made_up.add(family.parent.pid(), REAPER);
        family.made_up.add(family.child.pid(), family.parent.pid());
        assert_eq!(pids(&mut family.source).len(), 3);
        family
    }

    fn clock(&self) -> CpuClock {
        cpu_clock(self.child.pid())
    }

    /// The kernel gives the child its new parent.
    fn move_child(&self) {
        self.made_up.set(self.child.pid(), REAPER, 'S', 5);
    }

    /// Returns what the last scan has stored of the parent.
    fn known_parent(&mut self) -> &mut Known {
        let parent = self.parent.pid();
        let mut known = self.source.known.iter_mut();
        known
            .find(|known| known.pid == parent)
            .expect("it was scanned")
    }

    /// The parent has another `stat`, and its clock shows that it must be read.
    fn change_parent(&mut self, state: char, start_ticks: u64) {
        self.made_up
            .set(self.parent.pid(), REAPER, state, start_ticks);
        self.known_parent().cpu_ns -= 1;
    }

    /// Returns what the last scan has stored of the child.
    fn known_child(&self) -> Option<&Known> {
        let mut known = self.source.known.iter();
        known.find(|known| known.pid == self.child.pid())
    }

    /// Returns whether so many scans find the new parent.
    fn finds_it_in(&mut self, scans: u32) -> bool {
        for _ in 0..scans {
            pids(&mut self.source);
        }
        self.known_child()
            .is_some_and(|child| child.parent == REAPER)
    }
}

/// Returns whether a source finds the new parent of an idle child, after what `change` makes of a family.
fn is_found(make: fn() -> Family, change: fn(&mut Family) -> bool) -> bool {
    loop {
        let mut family = make();
        let before = match family.known_child() {
            Some(child) => CpuClock::Ns(child.cpu_ns),
            None => family.clock(),
        };
        let is_found = change(&mut family);
        // Until it waits for its input it runs, and is read for that reason.
        if family.clock() == before {
            return is_found;
        }
    }
}

#[test]
fn each_of_several_has_ended_whatever_their_order() {
    let listed = |pid| Listed { pid, inode: 1 };
    let known = |pid| Known::denied(listed(pid), 0, None);
    let mut ended = Ended::default();
    for pid in [9, 5, 7] {
        ended.add(pid);
    }
    ended.begin_scan(&[3, 4, 8].map(known), &[listed(4)]);
    let pids: Vec<u32> = (1..=10).filter(|&pid| ended.has(pid)).collect();
    assert_eq!(pids, [3, 5, 7, 8, 9]);
}

#[test]
fn an_idle_child_is_not_read_again_while_its_parent_lives() {
    assert!(!is_found(Family::scanned, |family| {
        family.move_child();
        family.finds_it_in(5)
    }));
}

#[test]
fn a_parent_that_is_not_listed_any_more_has_ended() {
    assert!(is_found(Family::scanned, |family| {
        family.made_up.remove(family.parent.pid());
        family.move_child();
        family.finds_it_in(1)
    }));
}

#[test]
fn a_parent_that_is_a_zombie_has_ended() {
    assert!(is_found(Family::scanned, |family| {
        family.change_parent('Z', 5);
        family.move_child();
        // The first scan finds that it has ended.
        family.finds_it_in(2)
    }));
}

#[test]
fn a_parent_ends_in_the_middle_of_a_scan() {
    assert!(is_found(Family::scanned, |family| {
        // It has run, so it is read.
        family.known_parent().cpu_ns -= 1;
        let (made_up, parent) = (&family.made_up, family.parent.pid());
        let mut has_ended = false;
        let scan = family.source.scan(&mut |row| {
            // It was listed, and will be read.
            if row.pid() == 1 {
                made_up.remove(parent);
                has_ended = true;
            }
        });
        assert!(scan.is_ok() && has_ended);
        family.move_child();
        family.finds_it_in(1)
    }));
}

#[test]
fn a_parent_whose_pid_another_process_has_by_now_has_ended() {
    assert!(is_found(Family::scanned, |family| {
        family.change_parent('S', 6);
        family.move_child();
        family.finds_it_in(2)
    }));
}

#[test]
fn a_parent_whose_exit_was_heard_has_ended_whatever_has_its_pid() {
    assert!(is_found(Family::scanned, |family| {
        family.known_parent().has_exited = true;
        family.move_child();
        family.finds_it_in(1)
    }));
}

#[test]
fn a_parent_that_no_scan_has_found_may_have_ended() {
    assert!(is_found(Family::start, |family| {
        family.made_up.add(family.child.pid(), family.parent.pid());
        assert!(!family.finds_it_in(1));
        family.move_child();
        family.finds_it_in(1)
    }));
}
