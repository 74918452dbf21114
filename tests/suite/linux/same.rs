//! Both live sources must report the same values of the same real processes.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use process_scanner::{Collect, ProcessInfo, Scanner, Status, SysinfoSource};
use rustix::process::{Pid, Signal, kill_process};

use super::{Shell, scan, scanner};
use crate::support::{await_some, scan_for_command};

/// Starts a child of this name that waits for the end of its input.
fn named(name: &[u8]) -> Shell {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    // The name of a process is that of its file: a link to cat(1).
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join(OsStr::from_bytes(name));
    std::os::unix::fs::symlink("/bin/cat", &program).unwrap();
    let mut child = Command::new(&program)
        .arg0(OsStr::from_bytes(b"arg zero"))
        .args(["-", "two words", "", "ends\u{e9}"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut shell = Shell { child, out };
    // It copies a line once `exec` has finished.
    shell.send_line();
    assert_eq!(shell.read_line(), "");
    shell
}

fn signal(shell: &Shell, signal: Signal) {
    let pid = Pid::from_raw(shell.pid().cast_signed()).unwrap();
    kill_process(pid, signal).unwrap();
}

fn state_of(pid: u32) -> Option<char> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat).into_owned();
    stat.rsplit(')').next()?.trim().chars().next()
}

fn await_state(pid: u32, state: char) {
    while state_of(pid) != Some(state) {
        std::thread::yield_now();
    }
}

#[test]
fn both_sources_report_the_same_of_processes_that_sleep_burn_exec_fork_stop_and_exit() {
    let mut children = vec![
        named(b"plain"),
        named(b"a) (b"),
        named(b" spaces and more than fifteen bytes"),
        named(b"\xff\x1b[31m\n"),
    ];
    // A child that has used CPU time, and one that has called `exec`.
    let mut burnt =
        Shell::start("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo done; read x");
    assert_eq!(burnt.read_line(), "done");
    let mut execed = Shell::start("echo on; read x; exec sh -c 'echo execed; read x'");
    assert_eq!(execed.read_line(), "on");
    execed.send_line();
    assert_eq!(execed.read_line(), "execed");
    // A child with a child of its own.
    let mut parent = Shell::start("exec 3<&0; cat <&3 >/dev/null & echo $!; wait");
    let grandchild: u32 = parent.read_line().parse().unwrap();
    while std::fs::read_to_string(format!("/proc/{grandchild}/comm")).unwrap() != "cat\n" {
        std::thread::yield_now();
    }
    await_state(grandchild, 'S');
    // A stopped child, and a zombie.
    let stopped = named(b"stopped");
    signal(&stopped, Signal::STOP);
    await_state(stopped.pid(), 'T');
    let zombie = named(b"zombie");
    signal(&zombie, Signal::KILL);
    await_state(zombie.pid(), 'Z');
    children.extend([burnt, execed, parent, stopped, zombie]);
    for child in &children {
        // Wait until each child waits.
        while matches!(state_of(child.pid()), Some('R' | 'D')) {
            std::thread::yield_now();
        }
    }

    let pids = children.iter().map(Shell::pid).chain([grandchild]);
    for pid in pids {
        let (by_linux, by_sysinfo) =
            await_some("a process that does not change", || read_by_both(pid));
        assert_same(&by_linux, &by_sysinfo);
        if pid == children.last().unwrap().pid() {
            assert_eq!(by_linux.status, Some(Status::Zombie));
        }
    }
}

/// Returns a process as both sources report it; `None` if it has changed meanwhile. The kernel can take memory
/// of an idle process too.
fn read_by_both(pid: u32) -> Option<(ProcessInfo, ProcessInfo)> {
    let by_sysinfo = || {
        let sysinfo = SysinfoSource::new(Collect::default()).unwrap();
        let mut sysinfo = Scanner::builder().source(sysinfo).build().unwrap();
        scan(&mut sysinfo);
        super::known(&sysinfo, pid)
    };
    let before = by_sysinfo();
    let mut linux = scanner();
    scan(&mut linux);
    if before.command.is_some() {
        scan_for_command(&mut linux, pid);
    }
    let after = by_sysinfo();
    let values = |process: &ProcessInfo| (process.status, process.resources, process.cpu_time_ms);
    (values(&before) == values(&after)).then(|| (super::known(&linux, pid), after))
}

fn assert_same(linux: &ProcessInfo, sysinfo: &ProcessInfo) {
    let about = format!("{linux:?}\n{sysinfo:?}");
    let start_time_ms = |process: &ProcessInfo| process.start_time_ms.unwrap();
    // Each source computes the boot time itself, to a tick.
    assert!(
        start_time_ms(linux).abs_diff(start_time_ms(sysinfo)) <= 20,
        "{about}"
    );
    assert_eq!(linux.name, sysinfo.name, "{about}");
    assert_eq!(linux.command, sysinfo.command, "{about}");
    assert_eq!(linux.parent_pid, sysinfo.parent_pid, "{about}");
    assert_eq!(linux.status, sysinfo.status, "{about}");
    assert_eq!(
        linux.resources.rss_bytes, sysinfo.resources.rss_bytes,
        "{about}"
    );
    assert_eq!(linux.kernel_thread, sysinfo.kernel_thread, "{about}");
    // sysinfo truncates user and system time to a tick of 10 ms each.
    let cpu_time_ms = |process: &ProcessInfo| process.cpu_time_ms.unwrap();
    let apart_ms = (cpu_time_ms(linux) - cpu_time_ms(sysinfo)).abs();
    assert!(apart_ms <= 20.0, "{apart_ms} ms: {about}");
}
