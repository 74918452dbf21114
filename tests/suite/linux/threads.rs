//! How many threads a process has, and processes whose first thread has ended.

use std::time::{Duration, Instant};

use process_scanner::{
    Collect, Detail, Event, LinuxSource, ProcessInfo, Row, Scanner, Status, Value,
};

use super::{about, known, scan};
use crate::live::Waiting;
use crate::support::{Live, PATIENCE, await_some, live_sources, scan_for_command};

/// Ends the first thread of a process, and no other: makes it call exit(2).
///
/// It waits in another system call; with changed registers it makes this one instead.
#[cfg(target_arch = "x86_64")]
pub(super) fn end_first_thread(pid: u32) -> nix::Result<()> {
    use nix::sys::ptrace;
    use nix::sys::wait::waitpid;
    use nix::unistd::Pid;

    const EXIT: u64 = 60;
    const SYSCALL_BYTES: u64 = 2;
    let thread = Pid::from_raw(pid.cast_signed());
    loop {
        ptrace::attach(thread)?;
        waitpid(thread, None)?;
        let mut registers = ptrace::getregs(thread)?;
        let is_in_a_call = registers.orig_rax.cast_signed() >= 0;
        if is_in_a_call {
            registers.rip -= SYSCALL_BYTES;
            (registers.rax, registers.rdi) = (EXIT, 0);
            // The kernel does not restart the interrupted call.
            registers.orig_rax = u64::MAX;
            ptrace::setregs(thread, registers)?;
        }
        ptrace::detach(thread, None)?;
        if is_in_a_call {
            break;
        }
    }
    while !stat_of(pid).starts_with('Z') {
        std::thread::yield_now();
    }
    Ok(())
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn end_first_thread(_pid: u32) -> nix::Result<()> {
    Err(nix::errno::Errno::ENOSYS)
}

/// Returns `stat` from the state on.
fn stat_of(pid: u32) -> String {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(')').next().unwrap().trim().to_owned()
}

fn assert_same(now: &ProcessInfo, before: &ProcessInfo) {
    assert_eq!(now.key(), before.key());
    assert_eq!(now.name, before.name);
    assert_eq!(now.command, before.command);
    assert_eq!(now.parent_pid, before.parent_pid);
    assert!(now.status.is_some(), "{now:?}");
    assert_ne!(now.status, Some(Status::Zombie));
    let (now, before) = (now.resources.rss_bytes, before.resources.rss_bytes);
    assert!(now.unwrap() > before.unwrap() / 2, "{now:?} {before:?}");
}

#[test]
fn a_process_lives_until_its_last_thread_ends() {
    live_sources().for_each(a_process_lives_until_its_last_thread_ends_with);
}

fn a_process_lives_until_its_last_thread_ends_with(live: Live) {
    let mut child = Waiting::start_with("wait", &[], &["an argument"]);
    let pid = child.pid();
    let mut scanner = live.scanner();
    scan(&mut scanner);
    let before = scan_for_command(&mut scanner, pid);
    if let Err(error) = end_first_thread(pid) {
        eprintln!("SKIPPED: a process whose first thread ends, by ptrace(2): {error}");
        return;
    }
    // It is idle in most of them.
    for _ in 0..70 {
        let batch = scan(&mut scanner);
        assert_same(&known(&scanner, pid), &before);
        assert!(batch.unconfirmed.iter().all(|key| key.pid != pid));
    }
    // A scanner that has never read the first thread.
    let mut second = live.scanner();
    scan(&mut second);
    assert_same(&scan_for_command(&mut second, pid), &before);
    #[cfg(feature = "cli")]
    if !live.listens() {
        assert_not_listed_as_zombie(pid, live.name);
    }
    // The last thread ends.
    child.send_line();
    while std::fs::read_dir(format!("/proc/{pid}/task"))
        .unwrap()
        .count()
        > 1
    {
        std::thread::yield_now();
    }
    for scanner in [&mut scanner, &mut second] {
        for _ in 0..3 {
            scan(scanner);
            let process = known(scanner, pid);
            assert_eq!(process.status, Some(Status::Zombie));
            assert_eq!(process.resources.rss_bytes, Some(0));
            assert_eq!(process.command, before.command);
        }
    }
    drop(child);
    for scanner in [&mut scanner, &mut second] {
        let batch = scan(scanner);
        let first = about(&batch, pid)[0];
        assert!(matches!(first, Event::Exited { .. }), "{first:?}");
        assert_eq!(first.process().key(), before.key());
    }
}

#[cfg(feature = "cli")]
fn assert_not_listed_as_zombie(pid: u32, source: &str) {
    let output = std::process::Command::new(assert_cmd::cargo::cargo_bin!("pscan"))
        .args(["--source", source, "--state", "zombie", "--pid"])
        .arg(pid.to_string())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn the_control_group_and_the_program_are_those_of_a_living_thread() {
    let collect = Collect::CGROUP | Collect::EXECUTABLE;
    let scanner = || {
        let source = LinuxSource::new(collect).unwrap();
        let source = source.with_idle_reads_every(Duration::ZERO);
        Scanner::builder().source(source).build().unwrap()
    };
    let child = Waiting::start_with("wait", &[], &[]);
    let pid = child.pid();
    let mut first = scanner();
    scan(&mut first);
    let before = known(&first, pid).details.clone();
    assert!(!before.get(Detail::Cgroup).is_unknown());
    if let Err(error) = end_first_thread(pid) {
        eprintln!("SKIPPED: a process whose first thread ends, by ptrace(2): {error}");
        return;
    }
    for _ in 0..10 {
        let batch = scan(&mut first);
        assert_eq!(known(&first, pid).details, before);
        let about = about(&batch, pid);
        assert!(
            about.iter().all(|event| event.kind() != "exited"),
            "{about:?}"
        );
    }
    // A scanner that has never read the first thread.
    let mut second = scanner();
    scan(&mut second);
    assert_eq!(known(&second, pid).details, before);
}

#[test]
fn a_process_whose_threads_turn_over_is_no_zombie() {
    live_sources().for_each(a_process_whose_threads_turn_over_is_no_zombie_with);
}

fn a_process_whose_threads_turn_over_is_no_zombie_with(live: Live) {
    let mut child = Waiting::start_with("threads", &[], &[]);
    let pid = child.pid();
    let mut scanner = live.scanner();
    scan(&mut scanner);
    let before = known(&scanner, pid).resources.rss_bytes.unwrap();
    if let Err(error) = end_first_thread(pid) {
        eprintln!("SKIPPED: a process whose threads turn over, by ptrace(2): {error}");
        return;
    }
    let thread = || {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        let names = threads.map(|thread| thread.unwrap().file_name().into_string().unwrap());
        names.filter(|name| *name != pid.to_string()).max()
    };
    let waits = thread();
    child.send_line();
    while thread() == waits {
        std::thread::yield_now();
    }
    let mut is_read = false;
    let deadline = Instant::now() + PATIENCE;
    for nth in 0.. {
        scan(&mut scanner);
        let process = known(&scanner, pid);
        assert_ne!(process.status, Some(Status::Zombie), "{nth}: {process:?}");
        let rss_bytes = process.resources.rss_bytes;
        assert!(
            rss_bytes.is_none_or(|now| now > before / 4),
            "{nth}: {process:?}"
        );
        is_read |= process.status.is_some() && rss_bytes.is_some();
        if nth >= 400 && (is_read || Instant::now() > deadline) {
            break;
        }
    }
    assert!(is_read);
}

#[test]
fn the_number_of_threads_is_that_of_each_scan() {
    let mut child = Waiting::start_with("one thread more for each line", &[], &[]);
    let begun = Instant::now();
    live_sources().for_each(|live| {
        the_number_of_threads_is_that_of_each_scan_with(live, &mut child, begun);
    });
}

fn the_number_of_threads_is_that_of_each_scan_with(
    live: Live,
    child: &mut Waiting,
    begun: Instant,
) {
    let pid = child.pid();
    // The clock of a thread that runs can be as old as the last tick.
    let waiting = || {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        let states = threads.map(|thread| {
            let stat = std::fs::read_to_string(thread.unwrap().path().join("stat")).unwrap();
            stat.rsplit(") ").next().unwrap().starts_with('S')
        });
        let states: Vec<bool> = states.collect();
        states
            .iter()
            .all(|is_waiting| *is_waiting)
            .then_some(states.len() as u64)
    };
    let mut scanner = live.scanner();
    let mut reported = || {
        scan(&mut scanner);
        match known(&scanner, pid).details.get(Detail::Threads) {
            Value::Count(threads) => Some(threads),
            _ => None,
        }
    };
    let before = await_some("threads that wait", waiting);
    // The source `sysinfo` reads a young process in each scan.
    let mut scans = 0;
    while scans < 6 || begun.elapsed() < Duration::from_secs(3) {
        assert_eq!(reported(), Some(before), "{}", live.name);
        scans += 1;
    }
    child.send_line();
    await_some("a thread", || waiting().filter(|threads| *threads > before));
    assert_eq!(reported(), Some(before + 1), "{}", live.name);
}

#[test]
fn an_exec_during_a_scan_makes_no_zombie_of_a_process_without_its_first_thread() {
    live_sources().for_each(an_exec_during_a_scan_makes_no_zombie_with);
}

fn an_exec_during_a_scan_makes_no_zombie_with(live: Live) {
    let program = std::env::current_exe().unwrap();
    let envs = [("PSCAN_TEST_PROGRAM", program.to_str().unwrap())];
    let mut child = Waiting::start_with("exec", &envs, &[]);
    let pid = child.pid();
    if let Err(error) = end_first_thread(pid) {
        eprintln!("SKIPPED: an exec by a thread that is not the first, by ptrace(2): {error}");
        return;
    }
    let mut source = live.source();
    let mut rows = Vec::new();
    let mut has_run = false;
    // sysinfo has read all processes before the first row.
    let scanned = source.scan(&mut |row| {
        if !std::mem::replace(&mut has_run, true) {
            child.send_line();
            child.await_ready();
        }
        if let Row::Process(row) = row
            && row.pid == pid
        {
            rows.push((row.status, row.resources.rss_bytes));
        }
    });
    scanned.unwrap();
    let [(status, rss_bytes)] = rows[..] else {
        panic!("{rows:?}");
    };
    assert!(status.is_some_and(|status| status != Status::Zombie));
    assert!(rss_bytes.is_some_and(|rss_bytes| rss_bytes > 0));
}
