//! Recordings in several parts.

use std::collections::BTreeSet;
use std::sync::Arc;

use process_scanner::{
    Batch, Error, ErrorClass, Recorder, RecordingPart, ReplaySource, Scanner, Snapshot, Source,
};

use super::round_trip::assert_same_batches;
use super::{final_failure, play, recording, refusal, replay, scan};
use crate::fixtures::STORIES;
use crate::support::{Made, World};

#[test]
fn every_story_in_parts_replays_the_same_batches() {
    let mut parts_of_all = 0;
    for (name, story) in STORIES {
        for scans in [1, 2, 3] {
            let (parts, live) = story().record_in_parts(scans);
            eprintln!("{name}: {} parts", parts.len());
            let (_, plain) = story().record();
            assert_same_batches(&live, &plain);
            assert_same_batches(&replay(&parts.concat()), &plain);
            parts_of_all += parts.len();
        }
    }
    assert!(parts_of_all > 3 * STORIES.len());
}

/// Pid, start time, name and command line of each.
type Keys = BTreeSet<(u32, Option<u64>, Option<Arc<str>>, Option<String>)>;

/// Returns the keys of the processes after each batch, by the number of its scan.
fn processes_after(batches: &[Arc<Batch>]) -> Vec<(u64, Keys)> {
    let mut snapshot = Snapshot::new();
    let mut after = Vec::new();
    for batch in batches {
        snapshot.apply(batch);
        let keys = snapshot.iter().map(|process| {
            let command = process.command.as_ref();
            let command = command.map(|command| command.args().collect::<Vec<_>>().join(" "));
            (
                process.pid,
                process.start_time_ms,
                process.name.clone(),
                command,
            )
        });
        let keys = keys.collect();
        after.push((batch.monotonic_ns, keys));
    }
    after
}

#[test]
fn each_part_alone_has_the_processes_of_the_whole() {
    for name in [
        "processes_are_born_and_die",
        "a_pid_is_used_again",
        "a_process_becomes_a_zombie",
        "exec_changes_name_and_command",
        "lives_between_two_scans_are_heard",
        "three_thousand_processes_with_churn",
    ] {
        let (_, story) = STORIES.iter().find(|(story, _)| *story == name).unwrap();
        let (parts, live) = story().record_in_parts(1);
        assert!(parts.len() > 1, "{name}");
        let of_whole = processes_after(&live);
        for part in &parts {
            for after in processes_after(&replay(part)) {
                let whole = of_whole.iter().rfind(|(at, _)| *at == after.0).unwrap();
                assert!(after == *whole, "{name}: at {}", after.0);
            }
        }
    }
}

#[test]
fn a_header_has_run_and_number() {
    let world = World::new();
    world.add(1, Made::new("init", 1));
    let mut first = RecordingPart::new("a run", 3);
    first.keep = Some(7);
    let output = Vec::new();
    let recorder = Recorder::in_parts(world, output, first.clone(), |_| Ok(false)).unwrap();
    let bytes = recorder.into_output();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let part = r#","part":{"run":"a run","number":3,"keep":7}}"#;
    assert!(text.trim_end().ends_with(part), "{text}");
    let source = ReplaySource::new(&bytes[..]).unwrap();
    assert_eq!(source.part(), Some(&first));
    let whole = recording(&[&scan(1, &[1])]);
    assert_eq!(ReplaySource::new(&whole[..]).unwrap().part(), None);
}

#[test]
fn a_part_that_does_not_continue_is_refused() {
    let header = |run: &str, number: u64| {
        format!(
            r#"{{"pscan_recording":2,"source":"test","start_time_resolution_ms":10,"own_pid":null,"part":{{"run":"{run}","number":{number}}}}}"#
        )
    };
    let part = |run: &str, number: u64, second: u64| {
        format!("{}\n{}\n", header(run, number), scan(second, &[1]))
    };
    let whole = part("a", 4, 1) + &part("a", 5, 2) + &part("a", 6, 3);
    assert_eq!(replay(whole.as_bytes()).len(), 3);
    let plain = String::from_utf8(recording(&[&scan(2, &[1])])).unwrap();
    for (other, of) in [
        (part("a", 6, 2), "part 4"),
        (part("a", 4, 2), "part 4"),
        (part("b", 5, 2), "part 4"),
        (plain.clone(), "part 4"),
    ] {
        let batches = replay((part("a", 4, 1) + &other).as_bytes());
        let expected = format!(
            "{of}, line 3: another recording begins, which does not continue the one before"
        );
        assert_eq!(final_failure(&batches), expected);
        let advice = batches[1]
            .failure
            .as_ref()
            .unwrap()
            .advice()
            .unwrap()
            .to_owned();
        assert_eq!(advice, "replay each of them alone");
    }
    let batches = replay((plain + &part("a", 5, 3)).as_bytes());
    assert!(final_failure(&batches).starts_with("line 3: another recording begins"));
    // What is wrong with a later part is reported with its number.
    let unchanged = r#"{"scan":{"wall_ms":1,"monotonic_ns":2000000000,"shown":{"unchanged":[1]}}}"#;
    let bad = part("a", 4, 1) + &header("a", 5) + "\n" + unchanged + "\n";
    let expected =
        "part 5, line 2: pid 1 is in \"unchanged\", but the scan before does not contain it";
    assert_eq!(final_failure(&replay(bad.as_bytes())), expected);
    let version = part("a", 4, 1) + &header("a", 5).replace(":2,", ":9,") + "\n";
    let text = final_failure(&replay(version.as_bytes()));
    assert!(
        text.starts_with("part 4, line 1: the recording has version 9"),
        "{text}"
    );
    let bad = header("a", 5).replace("\"a\"", "7");
    assert!(
        refusal((bad + "\n").as_bytes())
            .to_string()
            .contains("line 1: ")
    );
}

#[test]
fn a_part_that_cannot_begin_ends_the_recording() {
    let world = World::new();
    world.add(1, Made::new("init", 1));
    let part = RecordingPart::new("a run", 1);
    let fails = |_: &mut Vec<u8>| Err(Error::new(ErrorClass::Output, "no room"));
    let recorder = Recorder::in_parts(world, Vec::new(), part, fails).unwrap();
    let batches = play(recorder);
    assert_eq!(batches.len(), 2);
    let error = batches[1].failure.as_ref().unwrap();
    assert!(error.is_final());
    assert_eq!(error.full_message(), "no room");
    assert!(
        batches[1]
            .events
            .iter()
            .all(|event| event.kind() != "exited")
    );
}

#[test]
fn a_scan_that_failed_or_lacks_the_own_pid_begins_no_part() {
    let world = World::new();
    world.edit(|state| state.own_pid = Some(1));
    world.add(1, Made::new("init", 1));
    let part = RecordingPart::new("a run", 1);
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (seen, at) = (Arc::clone(&asked), world.clone());
    let next = move |_: &mut Vec<u8>| {
        seen.lock()
            .unwrap()
            .push(at.edit(|state| state.monotonic_ns));
        Ok(false)
    };
    let recorder = Recorder::in_parts(world.clone(), Vec::new(), part, next).unwrap();
    assert_eq!(recorder.info().own_pid, Some(1));
    let mut scanner = Scanner::builder().source(recorder).build().unwrap();
    let mut counts = Vec::new();
    for step in 0..5 {
        world.edit(|state| {
            state.failure = (step == 1).then_some(ErrorClass::Permission);
            state.hidden = if step == 2 { vec![1] } else { Vec::new() };
        });
        scanner.scan_once().unwrap();
        counts.push(asked.lock().unwrap().len());
    }
    // The first scan is in the first part anyway.
    assert_eq!(counts, [0, 0, 0, 1, 2]);
}
