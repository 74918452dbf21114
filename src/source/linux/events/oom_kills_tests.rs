//! Tests of [`OomKills`] with a made-up tree of cgroups.

use std::fs;
use std::path::Path;

use super::cgroups::{CgroupMount, Cgroups};
use super::event_clock::EventClock;
use super::exec_reading::ExecReading;
use super::life::{LastExit, Start, Step};
use super::oom_kills::OomKills;
use crate::source::linux::proc::procfs::Procfs;

const SECOND: u64 = 1_000_000_000;

/// A host with two cgroups, and the time.
struct Host {
    folder: tempfile::TempDir,
    kills: OomKills,
    counts: [u64; 3],
    now_ns: u64,
}

const A: usize = 1;
const B: usize = 2;

impl Host {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for cgroup in ["a", "b"] {
            fs::create_dir(folder.path().join(cgroup)).expect("a folder");
        }
        let cgroups = Cgroups::at(Some(CgroupMount::made_up(folder.path())));
        let mut host = Self {
            folder,
            kills: OomKills::new(cgroups),
            counts: [7, 0, 3],
            now_ns: 100 * SECOND,
        };
        host.write();
        host.read(false);
        for (pid, cgroup) in [(10, "a"), (11, "a"), (20, "b"), (21, "b")] {
            host.exec(pid, cgroup);
        }
        host
    }

    fn write(&self) {
        let [host, a, b] = self.counts;
        let write = |name: &str, count: u64| {
            let content = format!("oom 9\noom_kill {count}\n");
            fs::write(self.folder.path().join(name), content).expect("a file");
        };
        write("vmstat", host);
        write("a/memory.events.local", a);
        write("b/memory.events.local", b);
    }

    /// The kernel kills a process of a cgroup; of none that it counts with 0.
    fn kill(&mut self, cgroup: usize) {
        self.counts[0] += 1;
        if cgroup > 0 {
            self.counts[cgroup] += 1;
        }
        self.write();
    }

    fn read(&mut self, is_lossy: bool) {
        let procfs = Procfs::open(self.folder.path()).expect("a folder");
        self.kills.read(&procfs, is_lossy, self.now_ns);
    }

    fn exec(&mut self, pid: u32, cgroup: &str) {
        let mut reading = ExecReading::made_up(pid, 0, b"x", 1, 5, 2);
        reading.cgroup = Some((format!("0::/{cgroup}\n").into_bytes().into(), 1));
        let start = start();
        self.kills.take(
            &Step::Execed {
                pid,
                start,
                reading,
            },
            self.now_ns,
        );
    }

    fn fork(&mut self, parent: u32, pid: u32) {
        let born = Step::Born {
            pid,
            start: start(),
            parent,
            is_kernel_thread: None,
            at: EventClock::without_suspends().moment(0),
            reading: None,
        };
        self.kills.take(&born, self.now_ns);
    }

    /// A process ends with a status, and the counts are read.
    fn end(&mut self, pid: u32, status: u32) -> Option<bool> {
        self.read(false);
        let at = EventClock::without_suspends().moment(self.now_ns);
        let exited = Step::Exited {
            pid,
            start: start(),
            born: None,
            end: Some(LastExit { status, at }),
            final_cpu_ns: None,
            unread_exec_ns: None,
        };
        self.kills.take(&exited, self.now_ns)
    }
}

fn start() -> Start {
    Start { ticks: 5, nth: 0 }
}

#[test]
fn a_kill_that_its_cgroup_has_counted_explains_one_exit() {
    let mut host = Host::new();
    assert_eq!(host.end(10, 9), Some(false));
    host.exec(10, "a");
    host.kill(A);
    // It ended at the same time, but by another signal.
    assert_eq!(host.end(20, 15), Some(false));
    // It may have moved to the other cgroup, while no exit explains the kill.
    assert_eq!(host.end(21, 9), None);
    assert_eq!(host.end(10, 9), Some(true));
    host.exec(21, "b");
    assert_eq!(host.end(21, 9), Some(false));
    // The kill may have been that of this one, and a person may have killed the first.
    assert_eq!(host.end(11, 9), None);
    host.exec(11, "a");
    host.now_ns += 61 * SECOND;
    assert_eq!(host.end(11, 9), Some(false));
}

#[test]
fn a_child_is_in_the_cgroup_of_its_parent_unless_read() {
    let mut host = Host::new();
    host.fork(10, 12);
    host.fork(12, 13);
    host.kill(A);
    assert_eq!(host.end(13, 9), Some(true));
    // It may have moved since its birth.
    host.fork(20, 22);
    assert_eq!(host.end(22, 9), None);
    host.fork(20, 22);
    host.exec(22, "b");
    assert_eq!(host.end(22, 9), Some(false));
}

#[test]
fn a_kill_that_no_known_cgroup_has_counted_leaves_all_unknown() {
    let mut host = Host::new();
    host.kill(0);
    assert_eq!(host.end(10, 9), None);
    // One of which nothing is known, and one that has replaced another.
    assert_eq!(host.end(99, 9), None);
    host.kill(B);
    assert_eq!(host.end(20, 9), Some(true));
    host.now_ns += 61 * SECOND;
    assert_eq!(host.end(11, 9), Some(false));
    // Its cgroup was removed before it could be read.
    host.kill(A);
    fs::remove_dir_all(host.folder.path().join("a")).expect("its folder");
    host.exec(10, "a");
    assert_eq!(host.end(10, 9), None);
    assert_eq!(host.end(21, 9), None);
}

#[test]
fn kills_among_lost_exits_explain_none_that_is_heard() {
    let mut host = Host::new();
    host.kill(A);
    host.read(true);
    assert_eq!(host.end(10, 9), None);
    host.kill(A);
    assert_eq!(host.end(11, 9), Some(true));
}

#[test]
fn without_cgroups_a_kill_on_the_host_is_unknown_and_without_one_excluded() {
    let mut host = Host::new();
    host.kills = OomKills::new(Cgroups::at(None));
    host.read(false);
    assert_eq!(host.end(10, 9), Some(false));
    host.kill(A);
    assert_eq!(host.end(11, 9), None);
    assert_eq!(host.end(11, 15), Some(false));
    // A kernel that does not count them (before 4.13).
    fs::write(host.folder.path().join("vmstat"), "pgfault 1\n").expect("a file");
    host.now_ns += 300 * SECOND;
    assert_eq!(host.end(20, 9), None);
}

#[test]
fn this_kernel_counts_them() {
    let procfs = Procfs::open(Path::new("/proc")).expect("there is a /proc here");
    let mut kills = OomKills::new(Cgroups::of(&procfs));
    kills.read(&procfs, false, 0);
    assert!(kills.is_counted());
}
