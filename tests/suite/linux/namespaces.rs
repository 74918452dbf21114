//! The live sources in a pid namespace, with its own `/proc` and with the host's, and in a time
//! namespace.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use process_scanner::{Batch, Collect, LinuxSource, ProcessKey, Scanner};
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_bind, mount_change};
use rustix::thread::{UnshareFlags, gettid, unshare_unsafe};
use rustix::time::{ClockId, clock_gettime};

use super::{Shell, is_root, known, scan};
use crate::support::{Live, live_sources};

/// Set for a child in its own namespace: the pid of a process outside.
const OUTSIDE: &str = "PSCAN_TEST_OUTSIDE";

/// Runs one test of this program again, with more namespaces of its own than mounts.
///
/// `prepare` runs before the child starts.
fn run_inside(
    test: &'static str,
    flags: UnshareFlags,
    outside: u32,
    prepare: impl FnOnce() + Send + 'static,
) {
    let output: Output = thread::spawn(move || {
        // The thread stays in its pid and time namespace; its children are in the new one.
        let flags = flags | UnshareFlags::NEWNS | UnshareFlags::FS;
        #[allow(unsafe_code, reason = "see the argument")]
        // SAFETY: only `CLONE_FILES` can break what Rust assumes of a thread, and it is not given.
        unsafe { unshare_unsafe(flags) }.unwrap();
        mount_change(
            "/",
            MountPropagationFlags::REC | MountPropagationFlags::PRIVATE,
        )
        .unwrap();
        prepare();
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(OUTSIDE, outside.to_string())
            // By fork(2): before Linux 6.3 no other way leads into another time namespace.
            .uid(0)
            .output()
            .unwrap()
    })
    .join()
    .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && stdout.contains("1 passed"),
        "{stdout}{stderr}"
    );
    for line in stderr.lines().filter(|line| line.starts_with("SKIPPED")) {
        eprintln!("{line}");
    }
}

#[test]
fn a_container_sees_its_own_processes_and_all_with_the_hosts_proc() {
    const THIS: &str =
        "linux::namespaces::a_container_sees_its_own_processes_and_all_with_the_hosts_proc";
    if let Ok(outside) = std::env::var(OUTSIDE) {
        return inside(outside.parse().unwrap());
    }
    if !is_root() {
        eprintln!("SKIPPED: a pid namespace needs root");
        return;
    }
    let mut outside = Shell::start("echo on; read x");
    assert_eq!(outside.read_line(), "on");
    run_inside(THIS, UnshareFlags::NEWPID, outside.pid(), || ());
}

/// Runs in the namespace as pid 1, with the host's `/proc` mounted.
fn inside(outside: u32) {
    assert_eq!(std::process::id(), 1);
    let mut shell = Shell::start("echo on; read x");
    assert_eq!(shell.read_line(), "on");

    let hosts = LinuxSource::with_proc("/proc", Collect::default()).unwrap();
    let mut hosts = Scanner::builder().source(hosts).build().unwrap();
    scan(&mut hosts);
    assert_eq!(known(&hosts, outside).name.as_deref(), Some("sh"));
    // Processes of the namespace have the host's pids here, and CPU time in ticks, not from clocks
    // of other processes.
    let own = std::fs::read_link("/proc/self").unwrap();
    let own: u32 = own.to_str().unwrap().parse().unwrap();
    assert_ne!(own, 1);
    assert!(known(&hosts, own).cpu_time_ms.unwrap() % 10.0 == 0.0);
    let batch = scan(&mut hosts);
    assert!(batch.counts.processes > 2);

    mount("proc", "/proc", "proc", MountFlags::empty(), None).unwrap();
    // Another file system is mounted at this path by now.
    let batch = hosts.scan_once().unwrap();
    assert!(batch.failure.is_some() && batch.events.is_empty());
    let own = LinuxSource::new(Collect::default()).unwrap();
    let mut own = Scanner::builder().source(own).build().unwrap();
    let batch = scan(&mut own);
    let mut pids: Vec<u32> = batch
        .events
        .iter()
        .map(|event| event.process().pid)
        .collect();
    pids.sort_unstable();
    assert_eq!(pids, [1, shell.pid()]);
    // CPU time comes from the clock: it is no whole tick.
    assert!(known(&own, 1).cpu_time_ms.unwrap() % 10.0 != 0.0);
}

/// Returns the time since boot in nanoseconds: the clock of start times.
fn since_boot_ns() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Starts a child that waits.
fn cat() -> std::process::Child {
    let mut cat = Command::new("cat");
    cat.stdin(Stdio::piped()).stdout(Stdio::null());
    cat.spawn().unwrap()
}

fn start_ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    after_name
        .split_whitespace()
        .nth(19)
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn two_lives_of_a_pid_within_one_tick_have_two_keys_after_a_scan_that_saw_neither() {
    const THIS: &str = "linux::namespaces::\
        two_lives_of_a_pid_within_one_tick_have_two_keys_after_a_scan_that_saw_neither";
    if std::env::var(OUTSIDE).is_ok() {
        // In a namespace of its own no other process gets the pid, and a scan takes little time.
        // Pids are chosen, which only a list shows at once. With this option each scan lists, and root sees all.
        mount("proc", "/proc", "proc", MountFlags::empty(), c"hidepid=1").unwrap();
        return live_sources().for_each(live_twice_within_one_tick);
    }
    if !is_root() {
        eprintln!("SKIPPED: a pid namespace needs root");
        return;
    }
    run_inside(THIS, UnshareFlags::NEWPID, 0, || ());
}

fn live_twice_within_one_tick(live: Live) {
    const WANTED: u32 = 20;
    const TICK_NS: u64 = 10_000_000;
    let mut scanner = live.scanner();
    scan(&mut scanner);
    let until = Instant::now() + Duration::from_secs(30);
    let mut done = 0;
    while done < WANTED && Instant::now() < until {
        while since_boot_ns() % TICK_NS > TICK_NS / 10 {
            std::hint::spin_loop();
        }
        let mut live_once = || {
            let mut child = cat();
            let (pid, ticks) = (child.id(), start_ticks(child.id()));
            scan(&mut scanner);
            let key = known(&scanner, pid).key();
            child.kill().unwrap();
            child.wait().unwrap();
            let batch = scan(&mut scanner);
            assert!(has_exit(&batch, key));
            fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).unwrap();
            (key, ticks)
        };
        let lives = [live_once(), live_once(), live_once()];
        assert!(lives.iter().all(|life| life.0.pid == lives[0].0.pid));
        for pair in lives.windows(2) {
            assert_ne!(pair[0].0, pair[1].0, "{}", live.name);
            done += u32::from(pair[0].1 == pair[1].1);
        }
        assert_ne!(lives[0].0, lives[2].0, "{}", live.name);
    }
    if done < WANTED {
        eprintln!("SKIPPED: only {done} pids were used twice within one tick");
    }
}

#[test]
fn start_times_are_right_in_a_time_namespace_whose_boot_clock_is_behind() {
    const THIS: &str = "linux::namespaces::\
        start_times_are_right_in_a_time_namespace_whose_boot_clock_is_behind";
    if let Ok(outside) = std::env::var(OUTSIDE) {
        let outside: u32 = outside.parse().unwrap();
        return live_sources().for_each(|live| see_older_processes(live, outside));
    }
    if !is_root() || !fs::exists("/proc/self/ns/time").unwrap() {
        eprintln!("SKIPPED: a time namespace needs root and Linux 5.6");
        return;
    }
    let mut outside = Shell::start("echo on; read x");
    assert_eq!(outside.read_line(), "on");
    run_inside(THIS, UnshareFlags::NEWTIME, outside.pid(), move || {
        // The boot clock begins at zero, so that all processes of this host are older.
        let up_ns = since_boot_ns();
        let (s, rest_ns) = (
            up_ns / 1_000_000_000 + 1,
            1_000_000_000 - up_ns % 1_000_000_000,
        );
        let offsets = format!("/proc/{}/timens_offsets", gettid().as_raw_nonzero());
        fs::write(offsets, format!("boottime -{s} {rest_ns}")).unwrap();
    });
}

fn see_older_processes(live: Live, outside: u32) {
    let wrapped = start_ticks(outside);
    assert!(
        wrapped > 1 << 40,
        "{wrapped} is not before the zero of this clock"
    );
    let mut scanner = live.scanner();
    let up_ms = since_boot_ns() / 1_000_000;
    let batch = scan(&mut scanner);
    let now_ms = batch.taken_at_ms;
    for process in scanner.processes() {
        let start_ms = process.start_time_ms.unwrap();
        assert!(start_ms <= now_ms + 1000, "{process:?}");
    }
    // It started in the minutes before this test, and before the clock.
    let start_ms = known(&scanner, outside).start_time_ms.unwrap();
    assert!(start_ms + 600_000 > now_ms && start_ms <= now_ms - up_ms + 20);
    // Ages, and with them lifetimes, use the same clock.
    let mut child = cat();
    scan(&mut scanner);
    let key = known(&scanner, child.id()).key();
    assert!(key.start_time_ms.unwrap().abs_diff(now_ms) < 600_000);
    child.kill().unwrap();
    child.wait().unwrap();
    let batch = scan(&mut scanner);
    assert!(has_exit(&batch, key));
}

#[test]
fn another_mount_of_this_kernels_proc_has_the_same_start_times() {
    const THIS: &str =
        "linux::namespaces::another_mount_of_this_kernels_proc_has_the_same_start_times";
    if std::env::var(OUTSIDE).is_err() {
        if !is_root() {
            eprintln!("SKIPPED: mounting needs root");
            return;
        }
        return run_inside(THIS, UnshareFlags::NEWNS, 0, || ());
    }
    let folder = tempfile::tempdir().unwrap();
    mount_bind("/proc", folder.path()).unwrap();
    let start_times = |path: &std::path::Path| {
        let source = LinuxSource::with_proc(path, Collect::default()).unwrap();
        let mut scanner = Scanner::builder().source(source).build().unwrap();
        scan(&mut scanner);
        let own = known(&scanner, std::process::id());
        (own.start_time_ms.unwrap(), own.cpu_time_ms.unwrap())
    };
    let (here_ms, _) = start_times("/proc".as_ref());
    let (there_ms, cpu_ms) = start_times(folder.path());
    // The moment of boot is computed anew for each source, to 10 ms.
    assert!(here_ms.abs_diff(there_ms) <= 10, "{here_ms} {there_ms}");
    // CPU time comes from the clock: it is no whole tick.
    assert!(cpu_ms % 10.0 != 0.0);
    rustix::mount::unmount(folder.path(), rustix::mount::UnmountFlags::DETACH).unwrap();
}

fn has_exit(batch: &Batch, key: ProcessKey) -> bool {
    let mut exits = batch.events.iter().filter(|event| event.kind() == "exited");
    exits.any(|event| event.process().key() == key)
}
