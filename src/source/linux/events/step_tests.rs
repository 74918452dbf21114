//! Tests of each step of listening with real processes.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::kernel_event::What;
use super::listen_options::ListenOptions;
use super::listener::Listener;
use super::mail::Mail;
use crate::model::{Collect, ListenStep};

const PATIENCE: Duration = Duration::from_secs(60);

/// Starts to listen at a step; `None`, with a message, where that is not possible.
///
/// Other tests have to wait: the threads of two listeners have the same names.
fn listen(step: ListenStep) -> Option<(Listener, MutexGuard<'static, ()>)> {
    static ONE: Mutex<()> = Mutex::new(());
    let guard = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    match Listener::start(
        Path::new("/proc"),
        ListenOptions::default(),
        Collect::default(),
    ) {
        Ok(listener) => {
            listener.force(step);
            Some((listener, guard))
        }
        Err(why) => {
            eprintln!("SKIPPED: {why}");
            None
        }
    }
}

fn run(program: &str) -> u32 {
    let mut child: Child = Command::new(program).spawn().expect("a child");
    let pid = child.id();
    child.wait().expect("it ends");
    pid
}

/// Collects until `is_done` finds what must come.
fn collect(listener: &Listener, mut is_done: impl FnMut(&Mail) -> bool) {
    let until = Instant::now() + PATIENCE;
    let mut mail = Mail::default();
    loop {
        listener.collect(&mut mail);
        if is_done(&mail) {
            return;
        }
        assert!(Instant::now() < until, "{mail:?}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Returns the kinds of event that are heard of short processes until one has ended, and whether its
/// command line was read.
fn heard(listener: &Listener) -> (Vec<&'static str>, bool) {
    let pid = run("true");
    let (mut heard, mut was_read) = (Vec::new(), false);
    collect(listener, |mail| {
        was_read |= mail.readings.iter().any(|reading| reading.pid == pid);
        for event in &mail.events {
            match event.what {
                What::Fork { tid, pid: of, .. } if tid == pid && of == pid => heard.push("fork"),
                What::Exec { pid: of } if of == pid => heard.push("exec"),
                What::Exit { pid: of, .. } if of == pid => heard.push("exit"),
                _ => {}
            }
        }
        heard.contains(&"exit")
    });
    (heard, was_read)
}

#[test]
fn each_step_receives_and_reads_what_it_should() {
    let Some((listener, _guard)) = listen(ListenStep::Prompt) else {
        return;
    };
    let all = ["fork", "exec", "exit"];
    for step in [ListenStep::Prompt, ListenStep::Gathered, ListenStep::Bare] {
        listener.force(step);
        assert_eq!(heard(&listener).0, all, "{step}");
    }
    // Readings from before the step may be on their way.
    listener.collect(&mut Mail::default());
    assert!(!heard(&listener).1, "nothing is read");
    listener.force(ListenStep::ExitsOnly);
    let mut has_loss = false;
    collect(&listener, |mail| {
        has_loss |= mail.loss.is_some();
        has_loss
    });
    if listener.step() == ListenStep::Deaf {
        return eprintln!("SKIPPED: this kernel cannot filter");
    }
    // A kernel that cannot filter would send others too.
    assert_eq!(heard(&listener).0, ["exit"]);
    listener.force(ListenStep::Bare);
    collect(&listener, |mail| mail.loss.is_some());
    assert_eq!(heard(&listener).0, all);
    listener.force(ListenStep::Deaf);
    collect(&listener, |mail| mail.loss.is_some());
    run("true");
    listener.collect(&mut Mail::default());
    // Back to exits by another socket.
    listener.force(ListenStep::ExitsOnly);
    collect(&listener, |mail| !mail.wants_socket);
    assert_eq!(heard(&listener).0, ["exit"]);
    listener.force(ListenStep::Prompt);
    collect(&listener, |mail| mail.loss.is_some());
    assert_eq!(heard(&listener).0, all);
}

/// Returns the folder of a thread of this process.
fn thread(name: &str) -> Option<std::path::PathBuf> {
    let threads = fs::read_dir("/proc/self/task").ok()?;
    let mut folders = threads.filter_map(|thread| Some(thread.ok()?.path()));
    folders.find(|folder| {
        fs::read_to_string(folder.join("comm")).is_ok_and(|comm| comm.trim_end() == name)
    })
}

/// Returns how often a thread has gone to sleep.
fn sleeps(folder: &Path) -> Option<u64> {
    let status = fs::read_to_string(folder.join("status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
    line.trim().parse().ok()
}

/// Returns whether a thread waits in ppoll(2) or poll(2) without a limit.
fn waits_without_timer(folder: &Path) -> Option<bool> {
    let call = fs::read_to_string(folder.join("syscall")).ok()?;
    let fields: Vec<&str> = call.split(' ').collect();
    // The third argument: the address of the limit, or the milliseconds as a number.
    Some(fields.len() > 3 && ["0x0", "0xffffffff", "0xffffffffffffffff"].contains(&fields[3]))
}

/// Polls for a condition.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

#[test]
fn without_events_no_timer_wakes_the_threads() {
    for step in ListenStep::ALL {
        let Some((listener, _guard)) = listen(step) else {
            return;
        };
        for name in ["pscan-listen", "pscan-exec"] {
            let mut folder = None;
            until("the thread", || {
                folder = thread(name);
                folder.is_some()
            });
            let folder = folder.expect("it was found");
            if waits_without_timer(&folder).is_none() {
                return eprintln!("SKIPPED: system calls of threads cannot be read here");
            }
            until(&format!("{name} at {step}"), || {
                // Otherwise a few events of a busy host keep it awake.
                listener.collect(&mut Mail::default());
                waits_without_timer(&folder) == Some(true)
            });
        }
    }
}

#[test]
fn a_storm_does_not_wake_a_deaf_listener() {
    let Some((_listener, _guard)) = listen(ListenStep::Deaf) else {
        return;
    };
    let mut folder = None;
    until("the thread", || {
        folder = thread("pscan-listen");
        folder.as_deref().and_then(waits_without_timer) == Some(true)
    });
    let folder = folder.expect("it was found");
    // At first it rings for the step.
    until("a storm that it sleeps through", || {
        let before = sleeps(&folder);
        for _ in 0..50 {
            run("true");
        }
        sleeps(&folder) == before
    });
}
