//! Tests of the source `linux`: against `sysinfo`, on fake folders and in namespaces.

#[cfg(feature = "cli")]
mod crowd;
mod empty;
mod fake;
mod incomplete;
mod last_values;
mod lives;
mod namespaces;
#[cfg(feature = "cli")]
mod optional_fields;
mod parents;
mod recorded;
mod same;
mod threads;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use process_scanner::{Batch, Changes, Collect, Event, LinuxSource, ProcessInfo, Scanner};

use crate::support::{Live, await_some, live_sources, scan_for_command};

/// A shell that runs a script, reports in lines and waits for lines.
///
/// Killed and reaped when dropped.
struct Shell {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Shell {
    fn start(script: &str) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Reads the next line of the shell's output.
    fn read_line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "the shell ended early: {line:?}");
        line.trim().to_owned()
    }

    fn send_line(&mut self) {
        let stdin = self.child.stdin.as_mut().unwrap();
        writeln!(stdin).unwrap();
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // The test may already have reaped it.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

fn scanner() -> Scanner {
    scanner_with(Duration::from_secs(86_400))
}

/// `period`: idle processes are read so often.
fn scanner_with(period: Duration) -> Scanner {
    let source = LinuxSource::new(Collect::default()).unwrap();
    let source = source.with_idle_reads_every(period);
    Scanner::builder().source(source).build().unwrap()
}

fn scan(scanner: &mut Scanner) -> std::sync::Arc<Batch> {
    let batch = scanner.scan_once().unwrap();
    assert!(batch.failure.is_none(), "{:?}", batch.failure);
    batch
}

fn about(batch: &Batch, pid: u32) -> Vec<&Event> {
    let events = batch.events.iter();
    events.filter(|event| event.process().pid == pid).collect()
}

fn known(scanner: &Scanner, pid: u32) -> ProcessInfo {
    let mut processes = scanner.processes();
    processes
        .find(|process| process.pid == pid)
        .unwrap()
        .clone()
}

/// Returns the changes of a process that has exactly one update in this batch.
fn changed(batch: &Batch, pid: u32) -> Changes {
    match about(batch, pid)[..] {
        [Event::Updated { changed, .. }] => *changed,
        ref other => panic!("{other:?}"),
    }
}

fn args(process: &ProcessInfo) -> Vec<&str> {
    process.command.as_ref().unwrap().args().collect()
}

#[test]
fn an_exec_of_an_old_process_is_reported_at_the_next_scan() {
    live_sources().for_each(an_exec_of_an_old_process_is_reported_at_the_next_scan_with);
}

fn an_exec_of_an_old_process_is_reported_at_the_next_scan_with(live: Live) {
    let mut shell = Shell::start("echo first; read x; exec cat - second");
    assert_eq!(shell.read_line(), "first");
    let mut scanner = live.scanner();
    // After 70 scans no field is read because the process is young.
    for _ in 0..70 {
        scan(&mut scanner);
    }
    let before = scan_for_command(&mut scanner, shell.pid());
    assert_eq!(before.name.as_deref(), Some("sh"));
    shell.send_line();
    await_command(shell.pid(), "second");
    // The CPU time of a process is up to date when it has stopped running, or at the next tick.
    let switches = switches(shell.pid());
    shell.send_line();
    assert_eq!(shell.read_line(), "");
    while self::switches(shell.pid()) == switches {
        std::thread::yield_now();
    }
    let batch = scan(&mut scanner);
    let changed = changed(&batch, shell.pid());
    assert!(changed.contains(Changes::NAME) && changed.contains(Changes::COMMAND));
    let process = scan_for_command(&mut scanner, shell.pid());
    assert_eq!(process.name.as_deref(), Some("cat"));
    assert_eq!(args(&process), ["cat", "-", "second"]);
}

#[test]
fn an_exec_that_keeps_the_name_is_reported_at_the_next_scan() {
    let is_random = std::fs::read_to_string("/proc/sys/kernel/randomize_va_space");
    if !is_root() || is_random.is_ok_and(|value| value.trim() == "0") {
        eprintln!("SKIPPED: an exec under one name needs root, and addresses that are random");
        return;
    }
    let mut shell = Shell::start("echo first; read x; exec sh -c 'echo second; read x'");
    assert_eq!(shell.read_line(), "first");
    let mut scanner = scanner();
    for _ in 0..70 {
        scan(&mut scanner);
    }
    scan_for_command(&mut scanner, shell.pid());
    shell.send_line();
    assert_eq!(shell.read_line(), "second");
    // The next scan asks for the command line. On a busy machine a later scan gets it.
    await_some("its command line", || {
        let batch = scan(&mut scanner);
        let about = about(&batch, shell.pid());
        let is_reported = about.iter().any(|event| match event {
            Event::Updated { changed, .. } => {
                assert!(!changed.contains(Changes::NAME));
                changed.contains(Changes::COMMAND)
            }
            _ => panic!("{event:?}"),
        });
        is_reported.then_some(())
    });
    let process = known(&scanner, shell.pid());
    assert_eq!(args(&process), ["sh", "-c", "echo second; read x"]);
}

#[test]
fn overwritten_arguments_of_a_running_process_are_reported_in_its_turn() {
    use std::os::unix::fs::FileExt;

    if !is_root() {
        eprintln!("SKIPPED: writing into another process needs root");
        return;
    }
    let mut shell = Shell::start("echo on; while read x; do echo again; done");
    assert_eq!(shell.read_line(), "on");
    let mut scanner = scanner_with(Duration::ZERO);
    scan(&mut scanner);
    scan_for_command(&mut scanner, shell.pid());
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", shell.pid())).unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    // Field 48 (`arg_start`, proc_pid_stat(5)); the first field after the name is field 3.
    let begin: u64 = after_name
        .split_whitespace()
        .nth(45)
        .unwrap()
        .parse()
        .unwrap();
    let memory = std::fs::OpenOptions::new()
        .write(true)
        .open(format!("/proc/{}/mem", shell.pid()))
        .unwrap();
    memory.write_all_at(b"SH", begin).unwrap();
    shell.send_line();
    assert_eq!(shell.read_line(), "again");
    scan(&mut scanner);
    scan_for_command(&mut scanner, shell.pid());
    assert_eq!(args(&known(&scanner, shell.pid()))[0], "SH");
}

#[test]
fn the_scanner_uses_the_requested_source() {
    use process_scanner::{Config, SourceChoice, live_source};

    let name = |source, proc_path: Option<&str>| {
        let mut config = Config::default();
        config.source = source;
        config.proc_path = proc_path.map(Into::into);
        live_source(&config).map(|source| source.info().name)
    };
    assert_eq!(name(SourceChoice::Auto, None).unwrap(), "linux");
    assert_eq!(name(SourceChoice::Linux, None).unwrap(), "linux");
    assert_eq!(name(SourceChoice::Sysinfo, None).unwrap(), "sysinfo");
    assert_eq!(name(SourceChoice::Auto, Some("/proc")).unwrap(), "linux");
    // With a named folder there is no fallback.
    for source in [SourceChoice::Auto, SourceChoice::Linux] {
        let error = name(source, Some("/nowhere")).unwrap_err();
        assert!(error.to_string().contains("/nowhere"), "{error}");
    }
    let error = name(SourceChoice::Sysinfo, Some("/proc")).unwrap_err();
    assert_eq!(error.class(), process_scanner::ErrorClass::Config);
}

#[test]
fn dropped_kernel_caches_cause_no_event() {
    if !is_root() {
        eprintln!("SKIPPED: dropping the kernel's caches needs root");
        return;
    }
    let mut quiet = Shell::start("echo on; read x");
    assert_eq!(quiet.read_line(), "on");
    let mut scanner = scanner();
    scan(&mut scanner);
    scan(&mut scanner);
    scan_for_command(&mut scanner, quiet.pid());
    if let Err(error) = std::fs::write("/proc/sys/vm/drop_caches", "2") {
        eprintln!("SKIPPED: the kernel's caches cannot be dropped here: {error}");
        return;
    }
    let before = known(&scanner, quiet.pid());
    let batch = scan(&mut scanner);
    // The process may have become idle, which is an update.
    if !about(&batch, quiet.pid()).is_empty() {
        assert_eq!(changed(&batch, quiet.pid()), Changes::CPU);
    }
    assert_eq!(known(&scanner, quiet.pid()).key(), before.key());
    assert!(batch.unconfirmed.is_empty());
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Returns how often a process gave up the CPU to wait.
fn switches(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let mut lines = status.lines();
    let count = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    count.unwrap().trim().parse().unwrap()
}

/// Waits until `exec` has set the new arguments.
fn await_command(pid: u32, last_arg: &str) {
    let path = format!("/proc/{pid}/cmdline");
    let end = format!("{last_arg}\0");
    while !std::fs::read_to_string(&path).unwrap().ends_with(&end) {
        std::thread::yield_now();
    }
}
