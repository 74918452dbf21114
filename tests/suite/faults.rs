//! Real faults on Linux, most of them for root only: no exit may be reported that did not happen.

mod arguments;
mod churn;
mod descriptors;
#[cfg(feature = "cli")]
mod full_disk;
mod hidepid;
mod mounts;
pub(crate) mod users;

use std::fs::{self, File};
use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use process_scanner::{Batch, Scanner, Snapshot};
use rustix::fs::{FlockOperation, flock};
use rustix::mount::{MountPropagationFlags, mount_change};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use crate::support::{Live, assert_folded};

/// Set for a child that runs this program again, with its own limit or user.
const ROLE: &str = "PSCAN_TEST_FAULT";

static NEXT_PID: Mutex<()> = Mutex::new(());

/// Held by tests that choose the next pid, and by tests that such a pid would disturb.
pub(crate) struct OwnNextPid {
    _in_this_program: MutexGuard<'static, ()>,
    _on_this_host: Option<File>,
}

/// Waits until no other test chooses pids, in other runs of this program neither.
pub(crate) fn own_next_pid() -> OwnNextPid {
    let in_this_program = NEXT_PID.lock().unwrap_or_else(PoisonError::into_inner);
    let program_of = |pid: u32| fs::read_link(format!("/proc/{pid}/exe")).ok();
    // A test that runs this program again holds the lock for it.
    let is_child =
        program_of(std::os::unix::process::parent_id()) == program_of(std::process::id());
    let file = (!is_child).then(|| File::open("/proc/sys/kernel/ns_last_pid").ok());
    let on_this_host = file
        .flatten()
        .filter(|file| flock(file, FlockOperation::LockExclusive).is_ok());
    OwnNextPid {
        _in_this_program: in_this_program,
        _on_this_host: on_this_host,
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Reports that a test cannot run here.
fn skip(what: &str, why: &str) {
    eprintln!("SKIPPED: {what}: {why}");
}

/// A child that waits until it is killed; killed and reaped when dropped.
pub(crate) struct Cat(pub(crate) Child);

impl Cat {
    fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// Starts one that is set up, for example as another user.
    fn start_with(set_up: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        set_up(&mut command);
        Self(command.spawn().unwrap())
    }

    /// Makes it work until it has more CPU time than this, in ticks.
    fn work_beyond(&mut self, ticks: u64) {
        while cpu_ticks(self.pid()) <= ticks {
            let stdin = self.0.stdin.as_mut().unwrap();
            stdin.write_all(&[0; 4096]).unwrap();
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Cat {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A live scanner whose batches are applied to a snapshot and checked.
struct Watched {
    scanner: Scanner,
    snapshot: Snapshot,
}

impl Watched {
    fn new(live: Live) -> Self {
        let mut watched = Self {
            scanner: live.scanner(),
            snapshot: Snapshot::new(),
        };
        let first = watched.scan();
        assert!(first.failure.is_none(), "{:?}", first.failure);
        watched
    }

    fn scan(&mut self) -> Arc<Batch> {
        let batch = self.scanner.scan_once().unwrap();
        self.snapshot.apply(&batch);
        assert_folded(&self.snapshot, &self.scanner);
        batch
    }

    fn knows(&self, pid: u32) -> bool {
        self.snapshot.by_pid(pid).is_some()
    }
}

fn exits(batch: &Batch) -> Vec<u32> {
    batch
        .events
        .iter()
        .filter(|event| event.kind() == "exited")
        .map(|event| event.process().pid)
        .collect()
}

/// Runs `faulty` on a thread with its own mounts, which end with the thread.
#[allow(
    unsafe_code,
    reason = "a test that causes a real fault; see the argument"
)]
fn with_own_mounts(faulty: impl FnOnce() + Send + 'static) {
    thread::spawn(move || {
        // SAFETY: only `CLONE_FILES` can break what Rust assumes of a thread, and it is not given.
        unsafe { unshare_unsafe(UnshareFlags::NEWNS | UnshareFlags::FS) }.unwrap();
        mount_change(
            "/",
            MountPropagationFlags::REC | MountPropagationFlags::PRIVATE,
        )
        .unwrap();
        faulty();
    })
    .join()
    .unwrap();
}

/// Checks that this program, run for one test, passed it.
fn assert_passed(output: &Output) {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    // The program also succeeds if no test has the name.
    let has_run = stdout.contains("1 passed");
    assert!(output.status.success() && has_run, "{stdout}{stderr}");
}

/// Returns when a process started, in ticks of 10 ms; `None` if it has exited.
///
/// Field 22 of `stat`, see proc_pid_stat(5).
fn start_ticks(pid: u32) -> Option<u64> {
    stat_fields(pid).map(|fields| fields[19])
}

/// Returns the CPU time of a living process, in ticks of 10 ms.
fn cpu_ticks(pid: u32) -> u64 {
    let fields = stat_fields(pid).unwrap();
    fields[11] + fields[12]
}

/// Returns the fields of `stat` from the third on; those that are no natural numbers count as 0.
fn stat_fields(pid: u32) -> Option<Vec<u64>> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat).into_owned();
    let after_name = stat.rsplit(')').next().unwrap();
    let fields = after_name.split_whitespace();
    Some(fields.map(|field| field.parse().unwrap_or(0)).collect())
}
