//! What a scanner reports between two scans, by its source's bell alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use process_scanner::{
    Batch, Collect, Config, ConsumerOptions, Event, ExitStatus, LinuxSource, ListenOptions,
    ProcessInfo, Scanner, ScannerHandle, Source, Status, Subscription,
};

use super::{PATIENCE, code, sh};
use crate::faults::{OwnNextPid, own_next_pid};

/// A scanner that makes no second scan, and what it has reported since the first one.
pub(super) struct Bells {
    scanner: ScannerHandle,
    batches: Subscription,
    pub(super) events: Vec<Event>,
    _pids: OwnNextPid,
}

impl Bells {
    /// Starts it; `None`, with a message, where the source cannot listen.
    fn start() -> Option<Self> {
        Self::start_with(Collect::default())
    }

    /// Does the same, and collects these fields.
    pub(super) fn start_with(collect: Collect) -> Option<Self> {
        let pids = own_next_pid();
        let source = LinuxSource::new(collect).unwrap();
        let source = source.listening(ListenOptions::default());
        if let Some(why) = source.info().not_listening {
            eprintln!("SKIPPED: {why}");
            return None;
        }
        let mut config = Config::default();
        config.interval_ms = 3_600_000;
        let scanner = Scanner::builder()
            .config(config)
            .source(source)
            .start()
            .unwrap();
        let batches = scanner.consumers().subscribe(ConsumerOptions::default());
        let first: Arc<Batch> = batches.recv_timeout(PATIENCE).unwrap();
        assert!(first.of_scan && first.full);
        Some(Self {
            scanner,
            batches,
            events: first.events.clone(),
            _pids: pids,
        })
    }

    fn receive(&mut self, at_most: Duration) {
        if let Ok(batch) = self.batches.recv_timeout(at_most) {
            assert!(!batch.of_scan, "{:?}", batch.transitions);
            self.events.extend(batch.events.iter().cloned());
        }
    }

    pub(super) fn until(&mut self, what: &str, is_done: impl Fn(&Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is_done(self) {
            assert!(
                Instant::now() < until,
                "{what}: {} events",
                self.events.len()
            );
            self.receive(Duration::from_secs(1));
        }
    }

    pub(super) fn about(&self, pid: u32) -> impl Iterator<Item = &Event> {
        self.events
            .iter()
            .filter(move |event| event.process().pid == pid)
    }

    pub(super) fn exit(&self, pid: u32) -> Option<Option<ExitStatus>> {
        self.about(pid).find_map(|event| match event {
            Event::Exited { exit, .. } => Some(*exit),
            _ => None,
        })
    }

    pub(super) fn stop(self) {
        self.scanner.stop().unwrap();
    }
}

#[test]
fn a_process_that_only_forks_has_its_name_and_command_line() {
    let Some(mut bells) = Bells::start() else {
        return;
    };
    // Each subshell is a fork without an exec, and waits for the end of the input.
    let forks =
        "exec 3<&0; for x in 1 2 3 4 5 6 7 8 9; do (read y <&3; exit 3) & done; wait; exit 4";
    let mut parent = sh(forks, "forks");
    let pid = parent.id();
    let is_known = |process: &ProcessInfo| {
        let command = process.command.as_ref();
        process.name.as_deref() == Some("sh")
            && command.is_some_and(|command| command.args().any(|arg| arg == "forks"))
    };
    let children = |bells: &Bells| {
        let births = bells.events.iter().filter_map(|event| match event {
            Event::Created(process) if process.parent_pid == Some(pid) => Some(process.pid),
            _ => None,
        });
        births.collect::<Vec<u32>>()
    };
    bells.until("all are known", |bells| {
        let children = children(bells);
        let knows = |&pid: &u32| bells.about(pid).any(|event| is_known(event.process()));
        children.len() == 9 && children.iter().all(knows)
    });
    drop(parent.stdin.take());
    parent.wait().unwrap();
    bells.until("the parent's exit", |bells| {
        bells.exit(pid) == Some(code(4))
    });
    for child in children(&bells) {
        bells.until("an exit", |bells| bells.exit(child) == Some(code(3)));
    }
    bells.stop();
}

#[test]
fn an_exit_is_reported_soon_after_a_late_parent_reaps_it() {
    let Some(mut bells) = Bells::start() else {
        return;
    };
    let mut children: Vec<_> = (0..20).map(|_| sh("exit 5", "late")).collect();
    let pids: Vec<u32> = children.iter().map(std::process::Child::id).collect();
    bells.until("the zombies", |bells| {
        let is_zombie = |event: &Event| event.process().status == Some(Status::Zombie);
        pids.iter().all(|&pid| bells.about(pid).any(is_zombie))
    });
    // For longer than each of them is checked in each round.
    let late = Instant::now() + Duration::from_millis(300);
    while Instant::now() < late {
        bells.receive(Duration::from_millis(50));
    }
    assert!(pids.iter().all(|&pid| bells.exit(pid).is_none()));
    for child in &mut children {
        child.wait().unwrap();
    }
    for pid in pids {
        bells.until("its exit", |bells| bells.exit(pid) == Some(code(5)));
    }
    bells.stop();
}
