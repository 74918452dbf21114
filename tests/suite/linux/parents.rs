//! Processes whose parent ends: they get another one without running.

use std::fs;
use std::process::ChildStdin;
use std::thread;

use process_scanner::{Batch, Changes, Event, Scanner};
use rustix::process::{Pid, Signal, kill_process};

use super::{Shell, about, known, scan, scanner};

/// A shell and its child, which outlives it.
struct Family {
    shell: Shell,
    cat: u32,
    /// The child ends when this is closed.
    input: Option<ChildStdin>,
}

impl Family {
    fn start() -> Self {
        // The shell keeps its input open for its child.
        let mut shell = Shell::start("exec 3<&0; cat <&3 >/dev/null & echo $!; wait");
        let cat = shell.read_line().parse().unwrap();
        let input = shell.child.stdin.take();
        Self { shell, cat, input }
    }

    /// Returns a scanner that knows both, and kills the shell.
    fn scanner(&self) -> Scanner {
        let mut scanner = scanner();
        for _ in 0..3 {
            scan(&mut scanner);
        }
        let cat = known(&scanner, self.cat);
        assert_eq!(cat.parent_pid, Some(self.shell.pid()));
        let shell = Pid::from_child(&self.shell.child);
        kill_process(shell, Signal::KILL).unwrap();
        scanner
    }

    /// Its command line can come late, in an event of its own.
    fn assert_new_parent(&self, batches: &[&Batch], scanner: &Scanner) {
        let events = batches.iter().flat_map(|batch| about(batch, self.cat));
        let is_reported = |event: &Event| matches!(event, Event::Updated { changed, .. } if changed.contains(Changes::PARENT));
        assert!(events.into_iter().any(is_reported));
        let parent = known(scanner, self.cat).parent_pid;
        assert_ne!(parent, Some(self.shell.pid()));
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        drop(self.input.take());
        // It is not our child, so it cannot be reaped here: wait until it has exited.
        while fs::exists(format!("/proc/{}", self.cat)).unwrap() {
            thread::yield_now();
        }
    }
}

#[test]
fn a_new_parent_is_reported_at_the_next_scan() {
    let mut family = Family::start();
    let mut scanner = family.scanner();
    family.shell.child.wait().unwrap();
    let batch = scan(&mut scanner);
    family.assert_new_parent(&[&batch], &scanner);
}

#[test]
fn a_new_parent_is_reported_although_the_last_one_is_a_zombie() {
    let family = Family::start();
    let mut scanner = family.scanner();
    let stat = format!("/proc/{}/stat", family.shell.pid());
    while !fs::read_to_string(&stat).unwrap().contains(") Z ") {
        thread::yield_now();
    }
    // This one finds the zombie, possibly after its child.
    let first = scan(&mut scanner);
    let second = scan(&mut scanner);
    family.assert_new_parent(&[&first, &second], &scanner);
}
