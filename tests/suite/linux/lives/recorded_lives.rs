//! Recordings of what the kernel reports, of real processes.

use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use process_scanner::{
    Batch, Collect, Config, ConsumerOptions, Event, Hearing, LinuxSource, ListenOptions, Overflow,
    Recorder, ReplaySource, Scanner, Source, Transition,
};

use super::{PATIENCE, sh};
use crate::recordings::replay;
use crate::recordings::round_trip::assert_same_batches;
use crate::support::await_some;

/// Children of a storm.
const STORM: usize = 400;

/// A shared file in memory.
#[derive(Debug, Clone, Default)]
struct File(Arc<Mutex<Vec<u8>>>);

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns a source that listens; `None`, with a message, where that is not possible.
fn listening(options: ListenOptions) -> Option<LinuxSource> {
    let source = LinuxSource::new(Collect::default()).unwrap();
    let source = source.listening(options);
    if let Some(why) = source.info().not_listening {
        eprintln!("SKIPPED: {why}");
        return None;
    }
    Some(source)
}

/// Waits for a condition.
fn until(what: &str, mut is_true: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_true() {
        assert!(Instant::now() < until, "{what}");
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
}

/// Records a storm of real children with a running scanner, and compares its batches with those of
/// the replay.
///
/// Returns the batches.
pub(super) fn record_a_storm(source: LinuxSource) -> Vec<Arc<Batch>> {
    let info = source.info();
    let file = File::default();
    let recorder = Recorder::new(source, file.clone()).unwrap();
    let mut config = Config::default();
    config.interval_ms = 100;
    config.cpu_budget_percent = None;
    let builder = Scanner::builder().config(config).source(recorder);
    let scanner = builder.build().unwrap();
    let batches = Arc::<Mutex<Vec<Arc<Batch>>>>::default();
    let received = Arc::clone(&batches);
    let take = move |batch: &Arc<Batch>| received.lock().unwrap().push(Arc::clone(batch));
    let options = ConsumerOptions::default().with_overflow(Overflow::Block);
    scanner.consumers().register(options, take).unwrap();
    let scanner = scanner.start().unwrap();
    let scans = || {
        let batches = batches.lock().unwrap();
        batches.iter().filter(|batch| batch.of_scan).count()
    };
    until("the first scan", || scans() > 0);
    for round in 0..STORM / 8 {
        let children: Vec<_> = (0..8)
            .map(|number| sh(&format!("exit {}", number + round % 100), "storm"))
            .collect();
        for mut child in children {
            child.wait().unwrap();
        }
    }
    let enough = scans() + 4;
    until("the scans after the storm", || scans() >= enough);
    scanner.stop().unwrap();
    let live = std::mem::take(&mut *batches.lock().unwrap());
    let recording = std::mem::take(&mut *file.0.lock().unwrap());
    let mut played = replay(&recording);
    // A scan that was under way at the end is recorded, and its batch may not be delivered.
    assert!(played.len() <= live.len() + 1);
    played.truncate(live.len());
    assert_same_batches(&played, &live);
    let source = ReplaySource::new(io::Cursor::new(recording)).unwrap();
    let played = source.info();
    assert_eq!(
        (played.hears_lives, played.hears_exits),
        (info.hears_lives, info.hears_exits)
    );
    live
}

fn exits(batches: &[Arc<Batch>]) -> usize {
    let events = batches.iter().flat_map(|batch| &batch.events);
    let is_known = |event: &&Event| matches!(event, Event::Exited { exit: Some(_), .. });
    events.filter(is_known).count()
}

fn hearings(batches: &[Arc<Batch>]) -> Vec<Hearing> {
    let transitions = batches.iter().flat_map(|batch| &batch.transitions);
    let to = |transition: &Transition| match transition {
        Transition::Hearing { to, .. } => Some(*to),
        _ => None,
    };
    transitions.filter_map(to).collect()
}

#[test]
fn a_recorded_storm_replays_to_the_same_batches() {
    let Some(source) = listening(ListenOptions::default()) else {
        return;
    };
    let live = record_a_storm(source);
    assert!(exits(&live) >= STORM, "{} exits", exits(&live));
    assert!(live.iter().any(|batch| !batch.of_scan));
    assert!(hearings(&live).is_empty());
    assert!(live.iter().all(|batch| batch.hearing == Hearing::Complete));
}

#[test]
fn a_recorded_loss_replays_to_the_same_batches() {
    let mut options = ListenOptions::default();
    // The kernel's smallest.
    options.buffer_bytes = 2048;
    let Some(source) = listening(options) else {
        return;
    };
    let live = record_a_storm(source);
    assert!(hearings(&live).contains(&Hearing::Lossy));
}

#[test]
fn the_secret_of_a_child_between_two_scans_is_in_no_recording() {
    let Some(source) = listening(ListenOptions::default()) else {
        return;
    };
    let file = File::default();
    let recorder = Recorder::new(source, file.clone()).unwrap();
    // Without redaction in the table: it must get nothing to redact.
    let mut config = Config::default();
    config.redact = process_scanner::Redact::Off;
    let builder = Scanner::builder().config(config).source(recorder);
    let mut scanner = builder.build().unwrap();
    scanner.scan_once().unwrap();
    // Generated here, so that no other process on this host has it.
    let secret = format!("hunter{:x}", std::process::id() ^ 0x5eed);
    let mut batches = String::new();
    let mut is_read = false;
    // The command line of a short process may be read too late.
    await_some("a command line in time", || {
        let mut child = Command::new("sh")
            .args(["-c", "exit 0", "app", "--password", &secret, "--last"])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        child.wait().unwrap();
        let batch = scanner.scan_once().unwrap();
        for event in &batch.events {
            let json = serde_json::to_string(event).unwrap();
            is_read |= event.process().pid == child.id() && json.contains("--last");
            batches.push_str(&json);
        }
        is_read.then_some(())
    });
    let recorded = String::from_utf8(file.0.lock().unwrap().clone()).unwrap();
    assert!(recorded.contains(r#""--password","[redacted]","--last""#));
    for text in [&batches, &recorded] {
        assert!(!text.contains(&secret));
    }
    let heard = recorded
        .lines()
        .filter(|line| line.starts_with(r#"{"heard""#));
    assert!(
        heard.filter(|line| line.contains("--last")).count() > 0,
        "it was not heard, but scanned"
    );
}
