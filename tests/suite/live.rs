//! The live sources on this host, with real children.

#[cfg(unix)]
use std::io::Write;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use process_scanner::{Batch, Event, ProcessInfo, Row, Scanner, Snapshot, Timestamp};

use crate::support::{Live, PATIENCE, await_some, live_sources, scan_for_command};

/// Set for a child: its role.
const ROLE: &str = "PSCAN_TEST_ROLE";

/// Runs the role of a child; without a role it passes.
#[test]
fn a_child_plays_its_role() {
    match std::env::var(ROLE).as_deref() {
        Ok("wait") => {
            wait_for_a_line();
        }
        Ok("one thread more for each line") => {
            while wait_for_a_line() {
                // It ends with the process.
                std::thread::spawn(|| {
                    loop {
                        std::thread::park();
                    }
                });
            }
        }
        Ok("threads") => {
            wait_for_a_line();
            let end = Instant::now() + PATIENCE;
            start_thread_until(end);
        }
        #[cfg(unix)]
        Ok("exec") => {
            use std::os::unix::process::CommandExt;
            let program = std::env::var("PSCAN_TEST_PROGRAM").unwrap();
            wait_for_a_line();
            let error = Command::new(program)
                .args(CHILD_ARGS)
                .arg("--include-ignored")
                .env(ROLE, "wait")
                .exec();
            panic!("{error}");
        }
        #[cfg(unix)]
        Ok("exec without a name") => {
            use std::os::unix::process::CommandExt;
            let program = std::env::var("PSCAN_TEST_PROGRAM").unwrap();
            wait_for_a_line();
            let error = Command::new(program).arg0("").exec();
            panic!("{error}");
        }
        _ => {}
    }
}

const CHILD_ARGS: [&str; 3] = ["--exact", "live::a_child_plays_its_role", "--nocapture"];

/// Returns false if none can come any more.
fn wait_for_a_line() -> bool {
    println!("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap() > 0
}

/// Starts a thread that starts the next one and ends. If its parent is gone, the process ends at the
/// end.
fn start_thread_until(end: Instant) {
    let next = std::thread::Builder::new().stack_size(1 << 16);
    next.spawn(move || {
        if Instant::now() < end {
            start_thread_until(end);
        }
    })
    .unwrap();
}

/// A child that waits; killed and reaped when dropped.
pub(crate) struct Waiting(Child);

impl Waiting {
    fn start(role: &str, envs: &[(&str, &str)]) -> Self {
        Self::start_with(role, envs, &[])
    }

    /// Starts a child with extra arguments, which it ignores.
    pub(crate) fn start_with(role: &str, envs: &[(&str, &str)], args: &[&str]) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(CHILD_ARGS)
            .args(args)
            .env(ROLE, role)
            .envs(envs.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut waiting = Self(child);
        waiting.await_ready();
        waiting
    }

    pub(crate) fn await_ready(&mut self) {
        let stdout = BufReader::new(self.0.stdout.as_mut().unwrap());
        let ready = stdout.lines().any(|line| line.unwrap().contains("ready"));
        assert!(ready, "the child ended early");
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    #[cfg(unix)]
    pub(crate) fn send_line(&mut self) {
        let stdin = self.0.stdin.as_mut().unwrap();
        writeln!(stdin).unwrap();
        stdin.flush().unwrap();
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Uses the CPU for 15 ms; CPU use over less than 10 ms is unknown.
fn burn() {
    let begun = std::time::Instant::now();
    while begun.elapsed().as_millis() < 15 {
        std::hint::spin_loop();
    }
}

fn about(batch: &Batch, pid: u32) -> Vec<&Event> {
    batch
        .events
        .iter()
        .filter(|event| event.process().pid == pid)
        .collect()
}

/// Scans until `done` accepts an event of `pid`.
fn scan_until(scanner: &mut Scanner, pid: u32, done: impl Fn(&Event) -> bool) -> Event {
    await_some(&format!("the event of {pid}"), || {
        let batch = scanner.scan_once().unwrap();
        about(&batch, pid)
            .into_iter()
            .find(|event| done(event))
            .cloned()
    })
}

#[test]
fn the_scanner_reports_its_own_process_in_full() {
    live_sources().for_each(the_scanner_reports_its_own_process_in_full_with);
}

fn the_scanner_reports_its_own_process_in_full_with(live: Live) {
    let mut scanner = live.scanner();
    let mut snapshot = Snapshot::new();
    for _ in 0..2 {
        let batch = scanner.scan_once().unwrap();
        assert!(batch.failure.is_none(), "{:?}", batch.failure);
        snapshot.apply(&batch);
    }
    let us: &ProcessInfo = snapshot.by_pid(std::process::id()).unwrap();
    assert!(us.name.is_some());
    assert!(us.start_time_ms.is_some());
    assert!(us.cpu_time_ms.is_some());
    assert!(us.resources.rss_bytes.is_some_and(|bytes| bytes > 100_000));
    let ours: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.is_empty())
        .collect();
    assert_args_end_in(&mut scanner, std::process::id(), &ours);
}

/// Checks the last arguments of a process.
///
/// On Windows a command line can be unknown.
fn assert_args_end_in(scanner: &mut Scanner, pid: u32, expected: &[String]) {
    let is_known = |process: &ProcessInfo| process.pid == pid && process.command.is_some();
    if cfg!(windows) && !scanner.processes().any(is_known) {
        return;
    }
    let process = scan_for_command(scanner, pid);
    let args: Vec<&str> = process.command.as_ref().unwrap().args().collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    assert!(args.ends_with(&expected), "{args:?}");
}

#[test]
fn cpu_use_is_known_after_an_interval_of_10_ms() {
    live_sources().for_each(cpu_use_is_known_after_an_interval_of_10_ms_with);
}

fn cpu_use_is_known_after_an_interval_of_10_ms_with(live: Live) {
    let mut scanner = live.scanner();
    let mut snapshot = Snapshot::new();
    // Two scans in a row can be less than 10 ms apart.
    loop {
        burn();
        let batch = scanner.scan_once().unwrap();
        snapshot.apply(&batch);
        let us = snapshot.by_pid(std::process::id()).unwrap();
        assert!(us.cpu_time_ms.is_some());
        if batch.interval_ms.is_some_and(|ms| ms >= 10.0) {
            assert!(us.cpu_percent.is_some_and(|percent| percent >= 0.0));
            break;
        }
    }
}

#[test]
fn a_child_has_one_birth_and_one_exit() {
    live_sources().for_each(a_child_has_one_birth_and_one_exit_with);
}

fn a_child_has_one_birth_and_one_exit_with(live: Live) {
    let mut scanner = live.scanner();
    scanner.scan_once().unwrap();
    let child = Waiting::start("wait", &[]);
    let pid = child.pid();
    let batch = scanner.scan_once().unwrap();
    // Another process may have had the pid before.
    let events = about(&batch, pid);
    let Some(Event::Created(process)) = events.last() else {
        panic!("{events:?}");
    };
    assert_eq!(process.parent_pid, Some(std::process::id()));
    assert!(process.resources.rss_bytes.is_some_and(|bytes| bytes > 0));
    let key = process.key();
    assert_args_end_in(&mut scanner, pid, &CHILD_ARGS.map(str::to_owned));
    drop(child);
    // On Windows an exit can be reported one scan late.
    let event = scan_until(&mut scanner, pid, |event| event.kind() == "exited");
    assert_eq!(event.process().key(), key);
    // The exit is not reported again.
    for _ in 0..3 {
        let batch = scanner.scan_once().unwrap();
        assert!(
            about(&batch, pid)
                .iter()
                .all(|event| event.process().key() != key)
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn threads_are_not_processes() {
    live_sources().for_each(threads_are_not_processes_with);
}

#[cfg(target_os = "linux")]
fn threads_are_not_processes_with(live: Live) {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || receiver.recv());
    let batch = live.scanner().scan_once().unwrap();
    let ours = std::process::id();
    let threads: Vec<u32> = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .file_name()
                .to_str()
                .unwrap()
                .parse()
                .unwrap()
        })
        .filter(|&tid| tid != ours)
        .collect();
    assert!(!threads.is_empty());
    for event in &batch.events {
        assert!(!threads.contains(&event.process().pid), "{event:?}");
    }
    drop(sender);
    thread.join().unwrap().unwrap_err();
}

#[test]
fn a_recheck_of_a_pid_given_twice_reports_it_once() {
    live_sources().for_each(a_recheck_of_a_pid_given_twice_reports_it_once_with);
}

fn a_recheck_of_a_pid_given_twice_reports_it_once_with(live: Live) {
    use process_scanner::{Recheck, Row, Source};
    let child = Waiting::start("wait", &[]);
    let mut source = live.source();
    source.scan(&mut |_| ()).unwrap();
    let mut shown = 0;
    let count = &mut |row: Row<'_>| shown += u32::from(row.pid() == child.pid());
    let asked = [child.pid(), std::process::id(), child.pid()];
    let recheck = source.recheck(&asked, count).unwrap();
    // Other systems cannot recheck.
    assert_eq!(recheck == Recheck::Done, cfg!(target_os = "linux"));
    source.scan(count).unwrap();
    assert_eq!(shown, 2, "once in each");
}

#[test]
fn cpu_use_is_cpu_time_divided_by_the_interval() {
    live_sources().for_each(cpu_use_is_cpu_time_divided_by_the_interval_with);
}

fn cpu_use_is_cpu_time_divided_by_the_interval_with(live: Live) {
    let mut scanner = live.scanner();
    let us = |batch: &Batch| {
        about(batch, std::process::id())
            .first()
            .map(|event| event.process().clone())
    };
    // The process is read somewhere between the begin and the end of a scan.
    let mut scan = || {
        let begin = Instant::now();
        let batch = scanner.scan_once().unwrap();
        (begin, batch, Instant::now())
    };
    let (mut begin_before, batch, mut end_before) = scan();
    let mut before = us(&batch).unwrap();
    let mut rated = 0;
    while rated < 20 {
        burn();
        let (begin, batch, end) = scan();
        // Scanning uses CPU time, so this process changes in all but the shortest scans.
        let Some(now) = us(&batch) else {
            (begin_before, end_before) = (begin, end);
            continue;
        };
        if let Some(percent) = now.cpu_percent {
            let used_s = (now.cpu_time_ms.unwrap() - before.cpu_time_ms.unwrap()) / 1e3;
            let share_over = |time: Duration| used_s / time.as_secs_f64() * 100.0;
            let least = share_over(end - begin_before) - 0.01;
            let most = share_over(begin - end_before) + 0.01;
            assert!(
                (least..=most).contains(&f64::from(percent)),
                "{percent} is not within {least} and {most}"
            );
            rated += 1;
        }
        (begin_before, before, end_before) = (begin, now, end);
    }
}

#[test]
#[cfg(unix)]
fn an_exec_is_reported_with_name_and_command() {
    live_sources().for_each(an_exec_is_reported_with_name_and_command_with);
}

#[cfg(unix)]
fn an_exec_is_reported_with_name_and_command_with(live: Live) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("other-name");
    std::os::unix::fs::symlink(std::env::current_exe().unwrap(), &program).unwrap();
    let envs = [("PSCAN_TEST_PROGRAM", program.to_str().unwrap())];
    let mut child = Waiting::start("exec", &envs);
    let mut scanner = live.scanner();
    scanner.scan_once().unwrap();
    let before = scan_for_command(&mut scanner, child.pid());
    child.send_line();
    child.await_ready();
    let event = scan_until(&mut scanner, child.pid(), |event| match event {
        Event::Updated { changed, .. } => changed.contains(process_scanner::Changes::NAME),
        _ => false,
    });
    let Event::Updated {
        process, changed, ..
    } = event
    else {
        panic!("{event:?}");
    };
    assert!(changed.contains(process_scanner::Changes::COMMAND));
    assert_eq!(process.key(), before.key());
    assert_eq!(process.name.as_deref(), Some("other-name"));
    // The command line may be unknown, but it is never the old one.
    let expected = ["--include-ignored".to_owned()];
    let last =
        |command: &process_scanner::CommandLine| command.args().next_back() == Some(&expected[0]);
    assert!(process.command.as_ref().is_none_or(last), "{process:?}");
    assert_args_end_in(&mut scanner, child.pid(), &expected);
}

#[test]
#[cfg(target_os = "linux")]
fn a_zombie_is_reported_and_then_its_exit() {
    live_sources().for_each(a_zombie_is_reported_and_then_its_exit_with);
}

#[cfg(target_os = "linux")]
fn a_zombie_is_reported_and_then_its_exit_with(live: Live) {
    let mut scanner = live.scanner();
    let mut child = Waiting::start("wait", &[]);
    let pid = child.pid();
    scanner.scan_once().unwrap();
    scan_for_command(&mut scanner, pid);
    child.send_line();
    let is_zombie = |event: &Event| event.process().status == Some(process_scanner::Status::Zombie);
    // It ends by itself.
    let event = scan_until(&mut scanner, pid, is_zombie);
    assert_eq!(event.kind(), "updated");
    assert!(
        event.process().command.is_some(),
        "its known command line is kept"
    );
    drop(child);
    let batch = scanner.scan_once().unwrap();
    // Another process may have the pid by now.
    let events = about(&batch, pid);
    assert!(
        matches!(events[..], [Event::Exited { process, .. }, ..] if process.key() == event.process().key()),
        "{events:?}"
    );
}

/// Each row has the time of its reading, or CPU shares would cover another time than they say.
#[test]
fn rows_have_the_times_of_their_readings() {
    for live in live_sources() {
        let mut source = live.source();
        let mut unchanged = 0;
        for scan in 0..4 {
            let begin_ns = source.now().monotonic_ns;
            let mut times_ns = Vec::new();
            source
                .scan(&mut |row| match row {
                    Row::Process(row) if row.cpu_time_ns.is_some() => {
                        times_ns.push(row.read_at_ns.unwrap_or_else(|| panic!("{row:?}")));
                    }
                    Row::Unchanged { pid, read_at_ns } => {
                        unchanged += 1;
                        times_ns.push(read_at_ns.unwrap_or_else(|| panic!("{pid}")));
                    }
                    _ => {}
                })
                .unwrap();
            let end_ns = Timestamp::monotonic_now_ns();
            assert!(!times_ns.is_empty());
            let is_within = |time_ns: &u64| (begin_ns..=end_ns).contains(time_ns);
            assert!(times_ns.iter().all(is_within), "{} {scan}", live.name);
            times_ns.sort_unstable();
            times_ns.dedup();
            // Not all have the time of the scan.
            assert!(
                times_ns.len() > 1 || cfg!(not(target_os = "linux")),
                "{} {scan}",
                live.name
            );
        }
        assert!(live.name != "linux" || unchanged > 0);
    }
}
