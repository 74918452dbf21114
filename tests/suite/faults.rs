//! Real faults on a real Linux, most of them for root only: no exit may be told that did not happen.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::thread;

use process_scanner::{Batch, ErrorClass, Event, Scanner, Snapshot};
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_change, mount_remount, unmount,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use crate::support::{Live, ONLY_LIVE, assert_folded, live_sources};

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Says aloud that a test cannot be made here.
fn skip(what: &str, why: &str) {
    eprintln!("SKIPPED: {what}: {why}");
}

/// A child that waits until it is killed; killed and reaped when dropped.
struct Cat(Child);

impl Cat {
    fn start() -> Self {
        let child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Cat {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A live scanner whose batches are folded and checked as they come.
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

    fn scan(&mut self) -> std::sync::Arc<Batch> {
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

/// Runs `faulty` on a thread that has mounts of its own, which end with it.
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

#[test]
fn proc_vanishes_and_comes_back() {
    live_sources().for_each(proc_vanishes_and_comes_back_with);
}

fn proc_vanishes_and_comes_back_with(live: Live) {
    if !is_root() {
        return skip("proc_vanishes_and_comes_back", "needs root");
    }
    with_own_mounts(move || {
        let mut stays = Cat::start();
        let goes = Cat::start();
        let (stay, go) = (stays.pid(), goes.pid());
        let mut watched = Watched::new(live);
        assert!(watched.knows(stay) && watched.knows(go));
        // There may be mounts below it or over it.
        while unmount("/proc", UnmountFlags::DETACH).is_ok() {}
        assert!(!fs::exists("/proc/self").unwrap());
        drop(goes);
        for _ in 0..3 {
            let batch = watched.scan();
            let failure = batch.failure.as_ref().unwrap();
            assert_eq!(failure.class(), ErrorClass::SourceGone, "{failure:?}");
            assert_eq!(batch.events, []);
            assert_eq!(batch.unconfirmed.len(), watched.snapshot.len());
        }
        mount("proc", "/proc", "proc", MountFlags::empty(), None).unwrap();
        let batch = watched.scan();
        assert!(batch.failure.is_none(), "{:?}", batch.failure);
        // Other tests' children come and go; ours are told as they were.
        assert!(exits(&batch).contains(&go));
        assert!(watched.knows(stay));
        assert!(stays.0.try_wait().unwrap().is_none());
    });
}

#[test]
fn another_proc_is_mounted_over_this_one() {
    live_sources().for_each(another_proc_is_mounted_over_this_one_with);
}

fn another_proc_is_mounted_over_this_one_with(live: Live) {
    if !is_root() {
        return skip("another_proc_is_mounted_over_this_one", "needs root");
    }
    with_own_mounts(move || {
        let stays = Cat::start();
        let mut watched = Watched::new(live);
        mount("none", "/proc", "tmpfs", MountFlags::empty(), None).unwrap();
        let batch = watched.scan();
        assert!(batch.failure.is_some());
        assert_eq!(batch.events, []);
        unmount("/proc", UnmountFlags::DETACH).unwrap();
        assert!(watched.scan().failure.is_none());
        assert!(watched.knows(stays.pid()));
    });
}

/// Set for the child in which descriptors run out: the limit is the whole process's.
const ROLE: &str = "PSCAN_TEST_FAULT";

#[test]
fn descriptors_run_out() {
    live_sources().for_each(descriptors_run_out_with);
}

fn descriptors_run_out_with(live: Live) {
    if std::env::var_os(ROLE).is_some() {
        return run_out_of_descriptors(live);
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "faults::descriptors_run_out", "--nocapture"])
        .env(ROLE, "1")
        .env(ONLY_LIVE, live.name)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn run_out_of_descriptors(live: Live) {
    let mut stays = Cat::start();
    let mut watched = Watched::new(live);
    let start_time_ms = watched.snapshot.by_pid(stays.pid()).unwrap().start_time_ms;
    let boot_ms = start_time_ms.unwrap() - start_ticks(stays.pid()).unwrap() * 10;
    let limit = getrlimit(Resource::Nofile);
    let low = Rlimit {
        current: Some(64),
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, low).unwrap();
    let mut taken = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        taken.push(file);
    }
    // Without a descriptor there is nothing to begin with.
    let refused = live.build().err().unwrap();
    assert_eq!(
        refused.class(),
        ErrorClass::ResourcesExhausted,
        "{refused:?}"
    );
    // To look at /proc ourselves.
    let mut spare = taken.pop();
    // None free, then one, then two and so on: each fails at another place within a scan.
    let mut failures = 0;
    for _ in 0..8 {
        let batch = watched.scan();
        if let Some(failure) = &batch.failure {
            assert_eq!(
                failure.class(),
                ErrorClass::ResourcesExhausted,
                "{failure:?}"
            );
            failures += 1;
        }
        drop(spare.take());
        for event in &batch.events {
            if let Event::Exited { process, .. } = event {
                // Another test may have had the pid used again.
                let lives = start_ticks(process.pid)
                    .is_some_and(|ticks| process.start_time_ms == Some(boot_ms + ticks * 10));
                assert!(!lives, "{process:?} lives");
            }
        }
        assert!(watched.knows(stays.pid()));
        spare = Some(File::open("/dev/null").unwrap());
        taken.pop();
    }
    assert!(failures > 0, "with no descriptor left a scan fails");
    drop(taken);
    setrlimit(Resource::Nofile, limit).unwrap();
    let pid = stays.pid();
    let batch = watched.scan();
    assert!(
        batch.failure.is_none() && batch.unconfirmed.is_empty(),
        "{batch:?}"
    );
    assert!(stays.0.try_wait().unwrap().is_none());
    drop(stays);
    assert!(exits(&watched.scan()).contains(&pid));
}

/// When a process started, in the kernel's own ticks of 10 ms: field 22 of `stat`. `None` if it is
/// gone.
fn start_ticks(pid: u32) -> Option<u64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat).into_owned();
    let after_name = stat.rsplit(')').next().unwrap();
    Some(
        after_name
            .split_whitespace()
            .nth(19)
            .unwrap()
            .parse()
            .unwrap(),
    )
}

/// Starts a child with just this pid, if nobody else gets it first.
fn start_with_pid(pid: u32) -> Option<Cat> {
    fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).ok()?;
    let cat = Cat::start();
    (cat.pid() == pid).then_some(cat)
}

#[test]
fn every_forced_reuse_of_a_pid_is_a_death_and_a_birth() {
    live_sources().for_each(every_forced_reuse_of_a_pid_is_a_death_and_a_birth_with);
}

fn every_forced_reuse_of_a_pid_is_a_death_and_a_birth_with(live: Live) {
    const WANTED: u32 = 200;
    if !is_root() {
        return skip(
            "every_forced_reuse_of_a_pid_is_a_death_and_a_birth",
            "needs root",
        );
    }
    let mut watched = Watched::new(live);
    let (mut done, mut within_a_second, mut within_a_tick) = (0, 0, 0);
    // Other tests start processes too, and now and then one of them gets the pid.
    for _ in 0..WANTED * 20 {
        if done == WANTED {
            break;
        }
        let first = Cat::start();
        let pid = first.pid();
        watched.scan();
        let before = watched.snapshot.by_pid(pid).unwrap().key();
        let ticks_before = start_ticks(pid);
        drop(first);
        let Some(second) = start_with_pid(pid) else {
            continue;
        };
        let batch = watched.scan();
        let about: Vec<&Event> = batch
            .events
            .iter()
            .filter(|event| event.process().pid == pid)
            .collect();
        if start_ticks(pid) == ticks_before {
            // The kernel itself gives both the same start time.
            within_a_tick += 1;
            continue;
        }
        let [Event::Exited { process: old, .. }, Event::Created(new)] = about[..] else {
            panic!("after {done}: {about:?}");
        };
        assert_eq!(old.key(), before);
        assert_ne!(new.key(), before);
        let second_of = |process: &process_scanner::ProcessInfo| {
            process.start_time_ms.map(|start_ms| start_ms / 1000)
        };
        within_a_second += u32::from(second_of(old) == second_of(new));
        done += 1;
        drop(second);
    }
    assert_eq!(done, WANTED, "the pid went to others too often");
    assert!(within_a_second > 0);
    eprintln!(
        "{done} forced reuses told, {within_a_second} of them within one second; \
         {within_a_tick} more within one tick cannot be told"
    );
}

#[test]
fn processes_that_vanish_while_they_are_read_are_no_failure() {
    live_sources().for_each(processes_that_vanish_while_they_are_read_are_no_failure_with);
}

fn processes_that_vanish_while_they_are_read_are_no_failure_with(live: Live) {
    let mut watched = Watched::new(live);
    let stays = Cat::start();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let forking = thread::spawn(move || {
        // Until the sender is gone.
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            drop(Cat::start());
        }
    });
    for _ in 0..200 {
        let batch = watched.scan();
        assert!(batch.failure.is_none(), "{:?}", batch.failure);
        assert!(watched.knows(stays.pid()));
    }
    drop(stop);
    forking.join().unwrap();
    // Forks were counted, those of children that no scan has shown among them.
    assert!(watched.scan().counts.unseen_at_most.is_some());
}

const NOBODY: u32 = 65534;

/// This program in a folder of its own that everybody may enter.
fn program_for_all() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::Builder::new()
        .prefix("pscan-test")
        .tempdir_in("/tmp")
        .unwrap();
    let program = folder.path().join("suite");
    // Not by us: a child that another test forks at this moment would hold the file open for writing,
    // and what is open for writing cannot be run (ETXTBSY, execve(2)).
    let copied = Command::new("cp")
        .arg(std::env::current_exe().unwrap())
        .arg(&program)
        .status()
        .unwrap();
    assert!(copied.success());
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.path(), open).unwrap();
    (folder, program)
}

#[test]
fn another_users_processes_are_told_as_far_as_they_can_be_read() {
    live_sources().for_each(another_users_processes_are_told_as_far_as_they_can_be_read_with);
}

fn another_users_processes_are_told_as_far_as_they_can_be_read_with(live: Live) {
    use std::os::unix::process::CommandExt;
    if let Ok(pid) = std::env::var(ROLE) {
        let watched = Watched::new(live);
        let theirs = watched.snapshot.by_pid(pid.parse().unwrap()).unwrap();
        assert_eq!(theirs.name.as_deref(), Some("cat"));
        assert!(theirs.start_time_ms.is_some() && theirs.cpu_time_ms.is_some());
        return;
    }
    if !is_root() {
        return skip(
            "another_users_processes_are_told_as_far_as_they_can_be_read",
            "needs root",
        );
    }
    let roots = Cat::start();
    let (_folder, program) = program_for_all();
    let output = Command::new(&program)
        .args([
            "--exact",
            "faults::another_users_processes_are_told_as_far_as_they_can_be_read",
            "--nocapture",
        ])
        .env(ROLE, roots.pid().to_string())
        .env(ONLY_LIVE, live.name)
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn names_and_arguments_made_to_do_harm_are_told_as_they_are() {
    live_sources().for_each(names_and_arguments_made_to_do_harm_are_told_as_they_are_with);
}

fn names_and_arguments_made_to_do_harm_are_told_as_they_are_with(live: Live) {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    // At most 15 bytes of a name show (`comm`).
    for (name, told) in [
        (&b"a) R 1 (b"[..], "a) R 1 (b"),
        (b"new\nline\x1b[2J", "new\nline\u{1b}[2J"),
        (b"not \xff utf-8", "not \u{fffd} utf-8"),
        (b"\"quotes\" \\", "\"quotes\" \\"),
    ] {
        let program = folder.path().join(std::ffi::OsStr::from_bytes(name));
        let cat = ["/bin/cat", "/usr/bin/cat"]
            .into_iter()
            .find(|path| fs::exists(path).unwrap())
            .unwrap();
        std::os::unix::fs::symlink(cat, &program).unwrap();
        let child = Command::new(&program)
            .args(std::iter::repeat_n("-", 100_000))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map(Cat);
        let child = match child {
            Ok(child) => child,
            Err(error) => return skip("100,000 arguments", &error.to_string()),
        };
        let watched = Watched::new(live);
        let process = watched.snapshot.by_pid(child.pid()).unwrap();
        assert_eq!(process.name.as_deref(), Some(told));
        let command = process.command.as_ref().unwrap();
        let args = command.args().count();
        assert!(
            (8000..10_000).contains(&args),
            "{args} arguments of two bytes are kept"
        );
        assert!(command.args().next_back().unwrap().ends_with('…'));
        assert_eq!(command.args().next(), Some(&*program.to_string_lossy()));
    }
}

/// What the child has to say before the next step, and hear before it takes it.
fn await_word(child: &mut Child, word: &str) {
    use std::io::BufRead;
    let stdout = std::io::BufReader::new(child.stdout.as_mut().unwrap());
    let is_said = stdout.lines().any(|line| line.unwrap().contains(word));
    assert!(is_said, "it ended before it said {word}");
}

#[test]
fn other_users_processes_are_hidden_while_they_are_watched() {
    live_sources().for_each(other_users_processes_are_hidden_while_they_are_watched_with);
}

fn other_users_processes_are_hidden_while_they_are_watched_with(live: Live) {
    use std::io::Write;
    use std::os::unix::process::CommandExt;
    const THIS: &str = "other_users_processes_are_hidden_while_they_are_watched";
    if let Ok(pid) = std::env::var(ROLE) {
        return watch_while_others_are_hidden(live, pid.parse().unwrap());
    }
    if !is_root() {
        return skip(THIS, "needs root");
    }
    with_own_mounts(move || {
        let roots = Cat::start();
        let goes = Cat::start();
        // A /proc of its own: options of the one that is there would change for everybody.
        mount("proc", "/proc", "proc", MountFlags::empty(), None).unwrap();
        let (_folder, program) = program_for_all();
        let mut child = Command::new(program)
            .args(["--exact", &format!("faults::{THIS}"), "--nocapture"])
            .env(ROLE, goes.pid().to_string())
            .env(ONLY_LIVE, live.name)
            .current_dir("/")
            .uid(NOBODY)
            .gid(NOBODY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        await_word(&mut child, "watching");
        mount_remount("/proc", MountFlags::empty(), "hidepid=2").unwrap();
        drop(goes);
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        drop(roots);
    });
}

fn watch_while_others_are_hidden(live: Live, goes: u32) {
    let mut watched = Watched::new(live);
    assert!(watched.knows(1) && watched.knows(goes));
    println!("watching");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    assert!(!fs::exists("/proc/1").unwrap(), "it is not hidden");
    for _ in 0..3 {
        let batch = watched.scan();
        assert!(batch.failure.is_none(), "{:?}", batch.failure);
        assert!(watched.knows(1), "process 1 is told as gone");
        assert!(batch.unconfirmed.iter().any(|key| key.pid == 1));
        assert!(!watched.knows(goes), "its end shows all the same");
        assert!(watched.knows(std::process::id()));
    }
}

#[test]
fn command_lines_of_megabytes_are_not_kept() {
    live_sources().for_each(command_lines_of_megabytes_are_not_kept_with);
}

fn command_lines_of_megabytes_are_not_kept_with(live: Live) {
    let children: Vec<Cat> = (0..10)
        .map_while(|_| {
            Command::new("cat")
                .args(std::iter::repeat_n("-", 190_000))
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .ok()
                .map(Cat)
        })
        .collect();
    if children.len() < 10 {
        return skip(
            "command_lines_of_megabytes_are_not_kept",
            "they cannot be started",
        );
    }
    let mut watched = None;
    let counted = allocation_counter::measure(|| {
        let mut scanner = Watched::new(live);
        for _ in 0..3 {
            scanner.scan();
        }
        watched = Some(scanner);
    });
    let watched = watched.unwrap();
    for child in &children {
        assert!(watched.knows(child.pid()));
    }
    // 380 KB each, and one at a time is held.
    assert!(counted.bytes_max < 8 << 20, "{} bytes", counted.bytes_max);
}

/// The pid is used again all the while, in the middle of scans too: every key that is told has to be
/// one that was, and has to have the command line that it had.
#[test]
fn a_pid_is_used_again_while_a_scan_is_under_way() {
    live_sources().for_each(a_pid_is_used_again_while_a_scan_is_under_way_with);
}

fn a_pid_is_used_again_while_a_scan_is_under_way_with(live: Live) {
    use std::collections::HashMap;
    use std::os::unix::process::CommandExt;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    use std::sync::mpsc::{TryRecvError, channel};
    if !is_root() {
        return skip(
            "a_pid_is_used_again_while_a_scan_is_under_way",
            "needs root",
        );
    }
    let base = Cat::start();
    let pid = base.pid();
    drop(base);
    let (stop, stopped) = channel::<()>();
    let scans = Arc::new(AtomicU64::new(0));
    let scanned = Arc::clone(&scans);
    let reusing = thread::spawn(move || {
        // Start in ticks, and the name it was started under.
        let mut truth: HashMap<u64, Vec<String>> = HashMap::new();
        for generation in 0.. {
            if stopped.try_recv() != Err(TryRecvError::Empty) {
                break;
            }
            fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).unwrap();
            let name = format!("generation-{generation}");
            let child = Command::new("cat")
                .arg0(&name)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .map(Cat)
                .unwrap();
            if child.pid() == pid {
                let ticks = start_ticks(pid).unwrap();
                truth.entry(ticks).or_default().push(name);
                // They live until the scan under way has ended, the one after it, or not as long.
                let until = scans.load(Relaxed) + generation % 3;
                while scans.load(Relaxed) < until && stopped.try_recv() == Err(TryRecvError::Empty)
                {
                    thread::yield_now();
                }
            }
        }
        truth
    });
    let mut watched = Watched::new(live);
    let own = std::process::id();
    let own_start_ms = watched.snapshot.by_pid(own).unwrap().start_time_ms.unwrap();
    let boot_ms = own_start_ms - start_ticks(own).unwrap() * 10;
    let mut told = Vec::new();
    for _ in 0..400 {
        let batch = watched.scan();
        scanned.fetch_add(1, Relaxed);
        for event in &batch.events {
            let process = event.process();
            let command = process.command.as_ref();
            let name = command.and_then(|command| command.args().next());
            if process.pid == pid
                && let Some(name) = name.filter(|name| name.starts_with("generation"))
            {
                let ticks = (process.start_time_ms.unwrap() - boot_ms) / 10;
                told.push((ticks, name.to_owned()));
            }
        }
    }
    drop(stop);
    let truth = reusing.join().unwrap();
    for (ticks, name) in &told {
        let names = truth.get(ticks);
        assert!(
            names.is_some_and(|names| names.contains(name)),
            "{name} was told to have started at {ticks}, where there was {names:?}"
        );
    }
    assert!(!told.is_empty());
    eprintln!(
        "{} tellings of {} processes with one pid",
        told.len(),
        truth.len()
    );
}
