//! Which pids can be new, on a made-up kernel and on this one.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use crossbeam_channel::bounded;
use rustix::thread::gettid;
use tempfile::TempDir;

use super::LinuxSource;
use super::known::Known;
use super::made_up_proc::{Idle, MadeUpProc, PATIENCE, pids};
use super::new_pids::{NewPids, SETTLE_NS};
use super::proc::procfs::{Listed, Procfs};
use crate::model::Collect;
use crate::source::Source;

/// The lowest and the highest of them.
type Pids = Option<(u32, u32)>;

/// A made-up kernel.
struct Kernel {
    folder: TempDir,
    procfs: Procfs,
    new_pids: NewPids,
}

impl Kernel {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let procfs = Procfs::open(folder.path()).expect("it is there");
        let mut new_pids = NewPids::default();
        new_pids.is_trusted = Some(true);
        Self {
            folder,
            procfs,
            new_pids,
        }
    }

    /// Scans at this second, after so many forks, and then lists these pids.
    fn scan(&mut self, second: u64, started: u64, last_pid: u32, list: Option<&[u32]>) -> Pids {
        let pids = self.begin(second, started, last_pid);
        let listed = |&pid: &u32| Listed { pid, inode: 1 };
        let list: Option<Vec<Listed>> = list.map(|list| list.iter().map(listed).collect());
        let known = Known::denied(Listed { pid: 1, inode: 1 }, 0, None);
        self.new_pids.end_scan(&[known], list.as_deref());
        pids
    }

    fn begin(&mut self, second: u64, started: u64, last_pid: u32) -> Pids {
        let loadavg = format!("0.1 0.2 0.3 1/2 {last_pid}\n");
        fs::write(self.folder.path().join("loadavg"), loadavg).expect("it is ours");
        self.count(Some(started), second)
    }

    fn count(&mut self, started: Option<u64>, second: u64) -> Pids {
        let pids = self
            .new_pids
            .begin_scan(&self.procfs, started, second * SETTLE_NS, 100);
        pids.map(|pids| (*pids.start(), *pids.end()))
    }

    /// A kernel that has been scanned three times.
    fn settled() -> Self {
        let mut kernel = Self::new();
        for second in 0..3 {
            assert_eq!(kernel.scan(second, 10, 500, None), None);
        }
        assert_eq!(kernel.scan(3, 10, 500, None), Some((501, 500)));
        kernel
    }
}

#[test]
fn pids_given_before_the_last_scan_are_looked_at_until_they_have_settled() {
    let mut kernel = Kernel::settled();
    // Those given in the second before the last scan can still come.
    assert_eq!(kernel.scan(4, 12, 503, None), Some((501, 503)));
    assert_eq!(kernel.scan(5, 12, 503, None), Some((501, 503)));
    assert_eq!(kernel.scan(6, 13, 504, None), Some((501, 504)));
    assert_eq!(kernel.scan(7, 13, 504, None), Some((504, 504)));
}

#[test]
fn without_a_fork_the_last_pid_is_not_read() {
    let mut kernel = Kernel::settled();
    fs::remove_file(kernel.folder.path().join("loadavg")).expect("it is there");
    let pids = kernel.count(Some(10), 4);
    assert_eq!(pids, Some((501, 500)));
}

#[test]
fn others_may_be_new_after_a_wrap_a_chosen_pid_a_failed_scan_or_without_numbers() {
    let faults: [fn(&mut Kernel) -> Pids; 5] = [
        |kernel| kernel.scan(4, 11, 300, None),
        |kernel| kernel.scan(4, 13, 502, None),
        |kernel| kernel.scan(4, 9, 502, None),
        |kernel| {
            // It does not end.
            kernel.begin(4, 11, 501);
            kernel.scan(5, 11, 501, None)
        },
        |kernel| {
            let pids = kernel.count(None, 4);
            kernel.new_pids.end_scan(&[], None);
            pids
        },
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        let mut kernel = Kernel::settled();
        assert_eq!(fault(&mut kernel), None, "{number}");
        // Until it has settled again.
        let mut later = (6..20).map(|second| kernel.scan(second, 20, 600, None).is_some());
        assert!(
            !later.next().unwrap_or(true) && later.any(|is_certain| is_certain),
            "{number}"
        );
    }
}

#[test]
fn forks_of_other_namespaces_give_no_pids_in_this_one() {
    let mut kernel = Kernel::settled();
    kernel.new_pids.counts_others = true;
    let settings = kernel.folder.path().join("sys/kernel");
    fs::create_dir_all(&settings).expect("it is ours");
    fs::write(settings.join("pid_max"), "4300\n").expect("it is ours");
    assert_eq!(kernel.scan(4, 1000, 501, None), Some((501, 501)));
    // So many can be a whole round of this one, without those in use.
    assert_eq!(kernel.scan(5, 3000, 502, None), None);
}

#[test]
fn more_pids_than_a_list_would_cost_are_none() {
    let mut kernel = Kernel::settled();
    assert_eq!(kernel.scan(4, 20, 601, None), None);
    assert_eq!(kernel.scan(5, 20, 601, None), None);
    assert_eq!(kernel.scan(6, 20, 602, None), None);
    assert!(kernel.scan(7, 20, 602, None).is_some());
}

#[test]
fn a_list_with_another_new_process_ends_the_trust() {
    let mut kernel = Kernel::settled();
    assert_eq!(kernel.scan(4, 12, 502, Some(&[1, 501])), Some((501, 502)));
    assert!(kernel.scan(5, 12, 502, Some(&[1, 502])).is_some());
    assert!(kernel.scan(6, 12, 502, Some(&[1, 77])).is_some());
    assert_eq!(kernel.scan(7, 12, 502, None), None);
    assert!(!kernel.new_pids.are_counted());
}

#[test]
fn a_hidden_birth_ends_the_trust_for_good_and_lists_find_later_ones() {
    let made_up = MadeUpProc::new();
    let mut source = made_up.source();
    let born: Vec<Idle> = (0..4).map(|_| Idle::start()).collect();
    let hidden = born[0].pid();
    made_up.count(42, hidden - 1);
    source.new_pids = NewPids::default();
    source.new_pids.is_trusted = Some(true);
    assert_eq!(pids(&mut source), [1]);
    let listed_ns = source.expected.listed_ns;
    assert!(listed_ns.is_some() && source.new_pids.are_counted());

    // Its birth is counted, and it has no folder.
    made_up.count(43, hidden);
    source.new_pids.settled_pid = Some(hidden - 1);
    assert_eq!(pids(&mut source), [1]);
    assert_eq!(source.expected.listed_ns, listed_ns);
    assert_eq!(source.new_pids.is_trusted, Some(false));

    // What becomes visible now is not born now, as far as the numbers show.
    for born in &born {
        made_up.add(born.pid(), 1);
        source.new_pids.settled_pid = Some(hidden);
        assert!(pids(&mut source).contains(&born.pid()));
    }
}

#[test]
fn the_numbers_of_this_kernel_move_and_made_up_ones_do_not() {
    let procfs = Procfs::open("/proc".as_ref()).expect("there is a /proc here");
    assert!(NewPids::default().try_out(&procfs));
    let kernel = Kernel::settled();
    fs::write(kernel.folder.path().join("stat"), "processes 5\n").expect("it is ours");
    assert!(!NewPids::default().try_out(&kernel.procfs));
}

/// Scans on a thread of its own. Returns the pids, that of the thread last.
fn scan_on_a_new_thread(source: &mut LinuxSource) -> Vec<u32> {
    let mut scan = || {
        let mut pids = Vec::new();
        source
            .scan(&mut |row| pids.push(row.pid()))
            .expect("/proc can be read");
        pids.push(gettid().as_raw_nonzero().get().cast_unsigned());
        pids
    };
    thread::scope(|scope| scope.spawn(&mut scan).join()).expect("no panic")
}

#[test]
fn a_birth_is_found_without_a_list_and_a_thread_is_no_process() {
    // On a busy host there can be a reason for a list.
    let until = Instant::now() + PATIENCE;
    loop {
        // A pid that another process has chosen can end the trust of the one before.
        let mut source = LinuxSource::new(Collect::default()).expect("there is a /proc here");
        source.scan(&mut |_| {}).expect("/proc can be read");
        if source.new_pids.is_trusted != Some(true) {
            return eprintln!("SKIPPED: the numbers of this kernel do not move");
        }
        source.scan(&mut |_| {}).expect("/proc can be read");
        source.new_pids.settled_pid = source.new_pids.last.map(|last| last.last_pid);
        let listed_ns = source.expected.listed_ns;
        let mut cat = Command::new("cat")
            .stdin(Stdio::piped())
            .spawn()
            .expect("a child");
        let (stop, stopped) = bounded::<()>(0);
        let other = thread::spawn(move || stopped.recv());
        let mut pids = scan_on_a_new_thread(&mut source);
        let own_thread = pids.pop();
        let has_list = source.expected.listed_ns != listed_ns;
        drop((stop, cat.stdin.take()));
        cat.wait().expect("it ends");
        drop(other.join());
        assert!(pids.contains(&cat.id()));
        assert!(own_thread.is_some_and(|own| !pids.contains(&own)));
        let threads = pids.iter().filter(|&&pid| !is_or_was_process(pid));
        assert_eq!(threads.count(), 0);
        source
            .scan(&mut |row| assert_ne!(row.pid(), cat.id()))
            .expect("/proc can be read");
        if !has_list {
            return;
        }
        assert!(Instant::now() < until, "each scan listed");
    }
}

/// Returns whether a pid is not that of a living thread.
fn is_or_was_process(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status"));
    status.is_err() || status.is_ok_and(|status| status.contains(&format!("\nTgid:\t{pid}\n")))
}
