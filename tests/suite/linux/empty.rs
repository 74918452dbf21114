//! Names and command lines that become empty, and empty arguments, of real processes.

use std::os::unix::fs::{FileExt, symlink};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use process_scanner::{ProcessInfo, Scanner};

use super::{Shell, args, is_root, known, scan};
use crate::live::Waiting;
use crate::support::{Live, await_some, live_sources, scan_for_command};

/// Scans until this is true of a process. The source sysinfo reads everything once in 60 scans.
///
/// `work` makes the process run before each scan.
fn scan_until(
    scanner: &mut Scanner,
    pid: u32,
    is_it: impl Fn(&ProcessInfo) -> bool,
    mut work: impl FnMut(),
) -> ProcessInfo {
    await_some(&format!("the change of {pid}"), || {
        work();
        scan(scanner);
        Some(known(scanner, pid)).filter(&is_it)
    })
}

#[test]
fn a_name_that_becomes_empty_is_reported() {
    live_sources().for_each(a_name_that_becomes_empty_is_reported_with);
}

fn a_name_that_becomes_empty_is_reported_with(live: Live) {
    let mut shell =
        Shell::start(r"echo on; read x; printf '\0' > /proc/self/comm; echo renamed; read x");
    assert_eq!(shell.read_line(), "on");
    let mut scanner = live.scanner();
    scan(&mut scanner);
    let before = scan_for_command(&mut scanner, shell.pid());
    assert_eq!(before.name.as_deref(), Some("sh"));
    shell.send_line();
    assert_eq!(shell.read_line(), "renamed");
    let is_empty = |process: &ProcessInfo| process.name.as_deref() == Some("");
    let process = scan_until(&mut scanner, shell.pid(), is_empty, || ());
    assert_eq!(process.key(), before.key());
    scan_for_command(&mut scanner, shell.pid());
}

#[test]
fn an_exec_with_only_an_empty_argument_is_reported() {
    live_sources().for_each(an_exec_with_only_an_empty_argument_is_reported_with);
}

fn an_exec_with_only_an_empty_argument_is_reported_with(live: Live) {
    // cat(1) under the name of this program.
    let folder = tempfile::tempdir().unwrap();
    let ours = std::env::current_exe().unwrap();
    let program = folder.path().join(ours.file_name().unwrap());
    symlink("/bin/cat", &program).unwrap();
    let envs = [("PSCAN_TEST_PROGRAM", program.to_str().unwrap())];
    let mut child = Waiting::start_with("exec without a name", &envs, &[]);
    let mut scanner = live.scanner();
    scan(&mut scanner);
    let before = scan_for_command(&mut scanner, child.pid());
    assert!(args(&before).len() > 1);
    child.send_line();
    let has_only_empty = |process: &ProcessInfo| {
        let command = process.command.as_ref();
        command.is_some_and(|command| command.args().eq([""]))
    };
    let process = scan_until(&mut scanner, child.pid(), has_only_empty, || ());
    assert_eq!(process.name, before.name);
    assert_eq!(process.key(), before.key());
}

#[test]
fn empty_arguments_at_the_end_are_reported() {
    live_sources().for_each(empty_arguments_at_the_end_are_reported_with);
}

fn empty_arguments_at_the_end_are_reported_with(live: Live) {
    for given in [&["-", ""][..], &["-", "", ""], &["", "-", "two words", ""]] {
        let child = Command::new("cat")
            .arg0("a")
            .args(given)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let child = crate::faults::Cat(child);
        let mut scanner = live.scanner();
        scan(&mut scanner);
        let process = scan_for_command(&mut scanner, child.pid());
        assert_eq!(args(&process)[0], "a");
        assert_eq!(args(&process)[1..], *given);
    }
}

#[test]
fn wiped_arguments_are_reported_as_none() {
    live_sources().for_each(wiped_arguments_are_reported_as_none_with);
}

fn wiped_arguments_are_reported_as_none_with(live: Live) {
    if !is_root() {
        eprintln!("SKIPPED: writing into another process needs root");
        return;
    }
    let mut shell = Shell::start("echo on; while read x; do echo again; done");
    assert_eq!(shell.read_line(), "on");
    let mut scanner = live.eager_scanner();
    scan(&mut scanner);
    scan_for_command(&mut scanner, shell.pid());
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", shell.pid())).unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    // Fields 48 and 49 (proc_pid_stat(5)); the first after the name is field 3.
    let [begin, end] = [45, 46].map(|at| fields[at].parse::<u64>().unwrap());
    let memory = std::fs::OpenOptions::new()
        .write(true)
        .open(format!("/proc/{}/mem", shell.pid()))
        .unwrap();
    let nothing = vec![0; usize::try_from(end - begin).unwrap()];
    memory.write_all_at(&nothing, begin).unwrap();
    let is_empty = |process: &ProcessInfo| {
        let command = process.command.as_ref();
        command.is_some_and(|command| command.is_empty())
    };
    let pid = shell.pid();
    let process = scan_until(&mut scanner, pid, is_empty, || {
        shell.send_line();
        assert_eq!(shell.read_line(), "again");
    });
    assert_eq!(process.name.as_deref(), Some("sh"));
}
