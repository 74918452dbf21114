//! The recordings in `fixtures/`, made by the stories here.
//!
//! A scanner replays them, and its batches are compared with snapshots. `docs/recordings.md`
//! describes how to add one.

mod drains;
mod heard;
mod heard_batches;
mod lives;
pub(crate) mod story;
pub(crate) mod text;
mod troubles;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use process_scanner::{Event, ReplaySource, Scanner, Snapshot};

use self::story::Story;
use crate::support;

/// More events than this in a batch are only counted.
const MAX_EVENTS: usize = 48;

macro_rules! stories {
    ($($module:ident: $($name:ident)*;)*) => {
        /// All stories by name, which is also the name of the file.
        pub(crate) const STORIES: &[(&str, fn() -> Story)] = &[
            $($((stringify!($name), $module::$name),)*)*
        ];
    };
}

stories! {
    lives:
        quiet_host
        processes_are_born_and_die
        a_process_lives_between_two_scans
        a_pid_is_used_again
        a_pid_is_used_again_within_one_second
        exec_changes_name_and_command
        a_process_becomes_a_zombie
        a_process_is_stopped_and_goes_on
        a_parent_dies_and_children_are_reparented
        cpu_use_is_in_percent_of_one_core
        cpu_shares_cover_the_time_between_readings
        memory_grows_and_shrinks
        the_wall_clock_steps_back
        the_wall_clock_steps_forward
        hostile_names;
    heard:
        lives_between_two_scans_are_heard
        the_first_thread_ends_first
        another_thread_calls_exec
        a_zombie_waits_ten_seconds
        one_pid_has_several_lives
        events_are_lost_and_heard_again;
    troubles:
        some_fields_cannot_be_read
        a_process_becomes_unreadable
        a_start_time_is_unknown
        a_scan_fails_in_the_middle
        scans_fail_for_a_while
        the_first_scan_fails
        a_scan_shows_no_process_at_all
        the_own_pid_is_missing
        a_large_loss_is_doubted_then_confirmed
        a_large_loss_is_doubted_then_refuted
        a_large_loss_is_confirmed_by_a_recheck
        a_missing_process_is_found_by_the_recheck
        the_recheck_finds_a_pid_used_again
        the_recheck_fails
        three_thousand_processes_with_churn;
}

/// Returns the package's folder, which can differ from the one at compile time.
fn package() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into())
        .into()
}

/// Returns the names of the files with this ending, without the ending.
fn names(folder: &Path, ending: &str) -> BTreeSet<String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(ending).map(str::to_owned))
        .collect()
}

#[test]
fn every_fixture_matches_its_story() {
    let folder = package().join("fixtures");
    if std::env::var_os("UPDATE_FIXTURES").is_some_and(|value| value == "1") {
        for (name, story) in STORIES {
            fs::write(folder.join(format!("{name}.ndjson")), story().record().0).unwrap();
        }
        for name in names(&folder, ".ndjson") {
            if !STORIES.iter().any(|(story, _)| *story == name) {
                fs::remove_file(folder.join(format!("{name}.ndjson"))).unwrap();
            }
        }
        return;
    }
    let stories: BTreeSet<String> = STORIES.iter().map(|(name, _)| (*name).into()).collect();
    assert_eq!(
        stories,
        names(&folder, ".ndjson"),
        "each story has a file and each file a story"
    );
    for (name, story) in STORIES {
        let stored = fs::read(folder.join(format!("{name}.ndjson"))).unwrap();
        assert!(
            stored == story().record().0,
            "{name} differs from its story; if the story is right, UPDATE_FIXTURES=1 \
             writes it"
        );
    }
}

#[test]
fn fixtures_are_small() {
    for entry in fs::read_dir(package().join("fixtures")).unwrap() {
        let entry = entry.unwrap();
        let len = entry.metadata().unwrap().len();
        assert!(len < 1_000_000, "{:?} has {len} bytes", entry.file_name());
    }
}

#[test]
fn every_fixture_replays_the_batches_of_its_snapshot() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("fixtures/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        insta::glob!("../../fixtures", "*.ndjson", |path| {
            insta::assert_snapshot!("batches", batches_of(path));
        });
    });
    assert_no_other_snapshot();
}

/// Recordings of the first version of the format, as they were.
#[test]
fn recordings_of_version_1_replay_the_same_batches() {
    let folder = package().join("fixtures");
    for name in names(&folder.join("version-1"), ".ndjson") {
        let file = format!("{name}.ndjson");
        let old = batches_of(&folder.join("version-1").join(&file));
        let new = batches_of(&folder.join(&file));
        // Version 1 does not distinguish empty values from unread ones.
        let expected = match &*name {
            "hostile_names" => new
                .replace(r#"      "" ["no name"]"#, r#"      ? ["no name"]"#)
                .replace(r#""none" []"#, r#""none" ?"#),
            _ => new,
        };
        assert!(old == expected, "{name}:\n{old}");
    }
}

fn batches_of(path: &Path) -> String {
    let recording = fs::read(path).unwrap();
    let source = ReplaySource::new(&recording.leak()[..]).unwrap();
    let mut scanner = Scanner::builder().source(source).build().unwrap();
    let mut snapshot = Snapshot::new();
    let mut text = String::new();
    while let Some(batch) = story::next_batch(&mut scanner) {
        snapshot.apply(&batch);
        support::assert_folded(&snapshot, &scanner);
        text.push_str(&text::up_to(&batch, MAX_EVENTS));
    }
    text
}

/// Checks batches against the stories, without snapshots that a person has reviewed.
#[test]
fn no_batch_contradicts_its_story() {
    for (name, story) in STORIES {
        let story = story();
        if story.listens() {
            // `heard` has tests of its own: what lives between two scans is in no scan.
            continue;
        }
        let truth = story.truth();
        let (_, batches) = story.record();
        assert_eq!(batches.len(), truth.len());
        // The serial number of each reported process.
        let mut reported = BTreeMap::new();
        for (batch, truth) in batches.iter().zip(&truth) {
            let scan = batch.seq;
            for event in &batch.events {
                let pid = event.process().pid;
                let living = truth.get(&pid).map(|process| process.serial);
                match event {
                    Event::Existing(_) | Event::Created(_) => {
                        let living = living.expect("a reported process lives");
                        let before = reported.insert(pid, living);
                        assert_eq!(before, None, "{name}: scan {scan} reports {pid} twice");
                    }
                    Event::Exited { .. } => {
                        let exited = reported.remove(&pid);
                        assert!(
                            exited.is_some(),
                            "{name}: scan {scan} reports a second exit of {pid}"
                        );
                        assert_ne!(
                            exited, living,
                            "{name}: scan {scan} reports an exit of {pid}, which lives"
                        );
                    }
                    _ => assert_eq!(
                        reported.get(&pid).copied(),
                        living,
                        "{name}: scan {scan}, {pid}"
                    ),
                }
            }
            if batch.failure.is_none() && batch.unconfirmed.is_empty() {
                let living: BTreeMap<u32, usize> = truth
                    .iter()
                    .map(|(pid, process)| (*pid, process.serial))
                    .collect();
                assert_eq!(reported, living, "{name}: scan {scan} is complete");
            }
        }
    }
}

/// Checks that each fixture has a snapshot, and each snapshot a fixture.
fn assert_no_other_snapshot() {
    let snapshots = names(&package().join("tests/suite/fixtures/snapshots"), "");
    let expected: BTreeSet<String> = STORIES
        .iter()
        .map(|(name, _)| format!("batches@{name}.ndjson.snap"))
        .collect();
    let is_pending = |name: &&String| Path::new(name).extension() == Some(OsStr::new("new"));
    let stored: BTreeSet<String> = snapshots
        .iter()
        .filter(|name| !is_pending(name))
        .cloned()
        .collect();
    assert_eq!(stored, expected);
}
