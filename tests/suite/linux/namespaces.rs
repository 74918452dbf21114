//! The source in a pid namespace, with its own `/proc` and with the host's.

use std::process::Command;
use std::thread;

use process_scanner::{Collect, LinuxSource, Scanner};
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use super::{Shell, is_root, known, scan};

/// Set for a child in its own namespace: the pid of a process outside.
const OUTSIDE: &str = "PSCAN_TEST_OUTSIDE";

#[test]
fn a_container_sees_its_own_processes_and_all_with_the_hosts_proc() {
    if let Ok(outside) = std::env::var(OUTSIDE) {
        return inside(outside.parse().unwrap());
    }
    if !is_root() {
        eprintln!("SKIPPED: a pid namespace needs root");
        return;
    }
    let mut outside = Shell::start("echo on; read x");
    assert_eq!(outside.read_line(), "on");
    let pid = outside.pid().to_string();
    let output = thread::spawn(move || {
        // The thread stays in its pid namespace; its children are in the new one.
        let flags = UnshareFlags::NEWPID | UnshareFlags::NEWNS | UnshareFlags::FS;
        #[allow(unsafe_code, reason = "see the argument")]
        // SAFETY: only `CLONE_FILES` can break what Rust assumes of a thread, and it is not given.
        unsafe { unshare_unsafe(flags) }.unwrap();
        mount_change(
            "/",
            MountPropagationFlags::REC | MountPropagationFlags::PRIVATE,
        )
        .unwrap();
        let name =
            "linux::namespaces::a_container_sees_its_own_processes_and_all_with_the_hosts_proc";
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture", "--test-threads=1"])
            .env(OUTSIDE, pid)
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
