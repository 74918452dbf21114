//! Whatever the keys, the view has the processes of the moment that it is at.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::{Receiver, never, unbounded};
use process_scanner::{Config, ProcessInfo, Snapshot};

use super::super::stored::Runs;
use super::feed::Fed;
use super::kept::Kept;
use super::player::Player;
use super::reel::Reel;
use super::tape::{Recorded, Tape};
use crate::cli::top::{Playback, Position};

/// A batch of a recording, and the processes after it.
struct Truth {
    recorded: Recorded,
    processes: Vec<ProcessInfo>,
}

/// What a view would have.
#[derive(Default)]
struct View {
    snapshot: Snapshot,
    position: Option<Position>,
}

impl View {
    /// Takes all that was sent.
    fn take(&mut self, fed: &Receiver<Fed>) {
        for fed in fed.try_iter() {
            match fed {
                Fed::Batch(batch) => {
                    assert!(
                        self.snapshot.apply(&batch),
                        "batch {} is missing",
                        batch.seq
                    );
                }
                Fed::CatchUp { begins_again: true } => self.snapshot = Snapshot::new(),
                Fed::Position { position, .. } => self.position = Some(position),
                Fed::CatchUp { .. } | Fed::Message(_) | Fed::Ended => {}
            }
        }
    }

    fn processes(&self) -> Vec<ProcessInfo> {
        self.snapshot.iter().cloned().collect()
    }
}

/// Returns the recordings of the repository; none in a package without them.
fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let Ok(files) = fs::read_dir(folder) else {
        eprintln!("skipped: there are no fixtures");
        return Vec::new();
    };
    let paths = files.map(|file| file.expect("the folder is read").path());
    let is_recording = |path: &PathBuf| path.extension().is_some_and(|end| end == "ndjson");
    // The one with 3000 processes takes seconds, and has nothing that the others lack.
    let is_small = |path: &PathBuf| path.metadata().is_ok_and(|file| file.len() < 100_000);
    let mut paths: Vec<_> = paths
        .filter(|path| is_recording(path) && is_small(path))
        .collect();
    paths.sort();
    paths
}

fn fixture(name: &str) -> Option<PathBuf> {
    fixtures().into_iter().find(|path| path.ends_with(name))
}

fn obey(player: &mut Player, command: Playback) {
    player.obey(command, &never()).expect("the view is there");
}

fn tape(files: &[PathBuf]) -> Tape {
    let runs = Runs::find(files).expect("the recordings are found");
    Tape::new(Arc::new(runs), Config::default())
}

/// Reads all recordings forward.
fn truth(files: &[PathBuf]) -> Vec<Truth> {
    let mut tape = tape(files);
    let mut snapshot = Snapshot::new();
    let mut all = Vec::new();
    loop {
        match tape.next() {
            Ok(Some(recorded)) => {
                snapshot.apply(&recorded.batch);
                let processes = snapshot.iter().cloned().collect();
                all.push(Truth {
                    recorded,
                    processes,
                });
            }
            Ok(None) => return all,
            Err(_) => {}
        }
    }
}

fn player(files: &[PathBuf], kept: usize) -> (Player, Receiver<Fed>) {
    let mut tape = tape(files);
    let first = tape.next().expect("it can be read").expect("it has a scan");
    let (sender, fed) = unbounded();
    let reel = Reel::new(tape, Kept::with_limit(kept), first, sender);
    (Player::new(reel, never(), 1.0), fed)
}

/// Returns where a command leads.
fn expected(all: &[Truth], at: usize, command: Playback) -> usize {
    let recorded = |index: usize| &all[index].recorded;
    let last_until = |ms: u64| {
        let until = all.iter().rposition(|one| one.recorded.at_ms <= ms);
        until.unwrap_or(0)
    };
    let is_scan = |index: &usize| recorded(*index).batch.of_scan;
    let last = all.len() - 1;
    match command {
        Playback::Begin => 0,
        Playback::End => last,
        Playback::Step(scans) if scans > 0 => {
            let later = (at + 1..=last).filter(is_scan);
            later
                .take(scans as usize)
                .last()
                .filter(|_| (at + 1..=last).filter(is_scan).count() >= scans as usize)
                .unwrap_or(last)
        }
        Playback::Step(scans) => {
            let mut earlier = (0..at).rev().filter(is_scan);
            earlier.nth(scans.unsigned_abs() as usize - 1).unwrap_or(0)
        }
        Playback::Jump(by_ms) if by_ms > 0 => {
            let next_ms = all.get(at + 1).map_or(0, |next| next.recorded.at_ms);
            last_until((recorded(at).at_ms + by_ms as u64).max(next_ms))
        }
        Playback::Jump(by_ms) => {
            let back_ms = by_ms.unsigned_abs().max(1);
            last_until(recorded(at).at_ms.saturating_sub(back_ms))
        }
        _ => at,
    }
}

#[test]
fn every_key_leads_to_a_state_that_was_recorded() {
    let mut random = fastrand::Rng::with_seed(25);
    for path in fixtures() {
        let files = [path];
        let all = truth(&files);
        // With few, going back reads the file again.
        for kept in [1, 20, 100_000] {
            let (mut player, fed) = player(&files, kept);
            let mut view = View::default();
            player.begin(None).expect("the view is there");
            let mut at = 0;
            for _ in 0..12 {
                view.take(&fed);
                let truth = &all[at];
                let context = format!("{files:?}, {kept}, batch {at}");
                assert_eq!(view.processes(), truth.processes, "{context}");
                let position = view.position.expect("it was sent");
                assert_eq!(
                    position.at_ms, truth.recorded.batch.taken_at_ms,
                    "{context}"
                );
                // The end is known as soon as the view is there.
                let is_end = at + 1 == all.len();
                let end_ms = is_end.then_some(position.at_ms);
                assert!(!is_end || position.end_ms == end_ms, "{context}");
                let command = match random.u32(..10) {
                    0 => Playback::Begin,
                    1 => Playback::End,
                    2..4 => Playback::Step(random.i64(1..4)),
                    4..7 => Playback::Step(-random.i64(1..4)),
                    7 => Playback::Jump(random.i64(1..400_000)),
                    _ => Playback::Jump(-random.i64(1..10_000)),
                };
                at = expected(&all, at, command);
                obey(&mut player, command);
            }
        }
    }
}

#[test]
fn going_back_a_little_reads_nothing_again() {
    let Some(path) = fixture("quiet_host.ndjson") else {
        return;
    };
    let folder = tempfile::TempDir::new().expect("a folder is made");
    let copy = folder.path().join("copy.ndjson");
    fs::copy(path, &copy).expect("it is copied");
    let files = [copy.clone()];
    let all = truth(&files);
    for kept in [100_000, 1] {
        let (mut player, fed) = player(&files, kept);
        let mut view = View::default();
        obey(&mut player, Playback::End);
        fs::rename(&copy, folder.path().join("away")).expect("it is renamed");
        obey(&mut player, Playback::Begin);
        fs::rename(folder.path().join("away"), &copy).expect("it is renamed");
        view.take(&fed);
        // Where it must be read again and is not there, the view keeps a state that was recorded.
        let is_recorded = |truth: &Truth| truth.processes == view.processes();
        assert!(all.iter().any(is_recorded));
        if kept > 1 {
            assert_eq!(view.processes(), all[0].processes);
        }
    }
}

#[test]
fn several_recordings_are_one() {
    let (Some(quiet), Some(busy)) = (
        fixture("quiet_host.ndjson"),
        fixture("lives_between_two_scans_are_heard.ndjson"),
    ) else {
        return;
    };
    let files = [quiet, busy];
    let all = truth(&files);
    let runs: Vec<_> = all.iter().map(|truth| truth.recorded.run).collect();
    assert!(
        runs.first() == Some(&0) && runs.last() == Some(&1),
        "{runs:?}"
    );
    for kept in [1, 100_000] {
        let (mut player, fed) = player(&files, kept);
        let mut view = View::default();
        for (command, at) in [
            (Playback::End, all.len() - 1),
            (Playback::Begin, 0),
            (Playback::Step(i64::MAX), all.len() - 1),
            (Playback::Jump(i64::MIN), 0),
        ] {
            obey(&mut player, command);
            view.take(&fed);
            assert_eq!(view.processes(), all[at].processes, "{command:?}");
        }
    }
}

#[test]
fn keys_that_repeat_are_one_search() {
    let Some(path) = fixture("quiet_host.ndjson") else {
        return;
    };
    let files = [path];
    let all = truth(&files);
    let (mut player, fed) = player(&files, 100_000);
    player.begin(None).expect("the view is there");
    let (sender, commands) = unbounded();
    for command in [
        Playback::Step(2),
        Playback::Step(-1),
        Playback::End,
        Playback::Begin,
    ] {
        sender.send(command).expect("the channel is open");
    }
    let next = player.obey(Playback::Step(1), &commands);
    assert_eq!(next.expect("the view is there"), Some(Playback::End));
    assert_eq!(commands.len(), 1);
    let mut view = View::default();
    view.take(&fed);
    let position = view.position.expect("it was sent");
    assert_eq!(position.at_ms, all[2].recorded.batch.taken_at_ms);
    assert!(position.is_paused);
}

/// A recording that ends with a recheck, an event, and a drain that changes nothing.
const ENDS_WITH_EVENTS: &str = r#"{"pscan_recording":2,"source":"made up","start_time_resolution_ms":10,"own_pid":null,"hears_lives":true}
{"scan":{"wall_ms":1000,"monotonic_ns":1000000000,"shown":{"rows":[{"pid":1,"start_time_ms":100},{"pid":7,"start_time_ms":100}]}}}
{"heard":{"when":"after","hearing":"complete"}}
{"scan":{"wall_ms":2000,"monotonic_ns":2000000000,"shown":{"rows":[],"unchanged":[1]}}}
{"heard":{"when":"after","hearing":"complete"}}
{"recheck":{"not_able":false,"shown":{"rows":[]}}}
{"heard":{"when":"between","wall_ms":2300,"monotonic_ns":2300000000,"hearing":"complete","happened":[{"born":{"pid":8,"start_time_ms":2290}}]}}
"#;

const CHANGES_NOTHING: &str =
    r#"{"heard":{"when":"between","wall_ms":2700,"monotonic_ns":2700000000,"hearing":"complete"}}"#;

#[test]
fn the_end_is_that_of_the_last_batch() {
    let folder = tempfile::TempDir::new().expect("a folder is made");
    let file = folder.path().join("host.ndjson");
    let files = [file.clone()];
    fs::write(&file, ENDS_WITH_EVENTS).expect("it is written");
    assert_eq!(tape(&files).runs.file_end_ms(), Some(2300));
    fs::write(&file, format!("{ENDS_WITH_EVENTS}{CHANGES_NOTHING}\n")).expect("it is written");
    assert_eq!(tape(&files).runs.file_end_ms(), Some(2300));
    let (mut player, fed) = player(&files, 100_000);
    let mut view = View::default();
    obey(&mut player, Playback::End);
    view.take(&fed);
    let position = view.position.expect("it was sent");
    assert_eq!((position.at_ms, position.end_ms), (2300, Some(2300)));
}
