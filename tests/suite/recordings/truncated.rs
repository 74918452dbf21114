//! Truncated recordings, and readers and writers that fail.

use std::io::{self, BufReader, Read, Write};
use std::sync::Arc;

use process_scanner::{Batch, ErrorClass, Recorder, ReplaySource};

use super::{final_failure, play, recording, replay, scan};
use crate::fixtures::story::{Story, Trouble};
use crate::fixtures::text;
use crate::support::{Made, World};

#[test]
fn a_failing_reader_ends_the_replay_with_its_reason() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the cable was pulled"))
        }
    }
    let head = recording(&[&scan(1, &[1])]);
    let input = BufReader::new(io::Cursor::new(head).chain(Failing));
    let batches = play(ReplaySource::new(input).unwrap());
    assert_eq!(batches.len(), 2);
    let error = batches[1].failure.as_ref().unwrap();
    assert!(error.is_final());
    let text = error.full_message();
    assert_eq!(
        text,
        "line 3: cannot read the recording: the cable was pulled"
    );
}

/// A recorder that is killed while it writes leaves part of a line.
#[test]
fn a_recording_truncated_anywhere_replays_every_scan_before() {
    let mut story = Story::small_host();
    story.born(300, "shell", 100);
    story.scan();
    story.after(1000).of(300).works(10);
    story.scan();
    story
        .after(1000)
        .of(300)
        .named(b"\xff\"\\\n\xc3\xa9")
        .works(10);
    story.scan();
    let (bytes, live) = story.record();
    let texts = |batches: &[Arc<Batch>]| -> Vec<String> {
        batches.iter().map(|batch| text::whole(batch)).collect()
    };
    let last_line = bytes[..bytes.len() - 1]
        .iter()
        .rposition(|&byte| byte == b'\n')
        .unwrap()
        + 1;
    assert_eq!(texts(&replay(&bytes[..last_line])), texts(&live[..2]));
    for end in last_line + 1..bytes.len() {
        let batches = replay(&bytes[..end]);
        assert_eq!(
            final_failure(&batches),
            "line 4: the recording ends inside the line; the 2 scans before it are complete"
        );
        assert_eq!(texts(&batches[..2]), texts(&live[..2]));
    }
    assert_eq!(texts(&replay(&bytes)), texts(&live));
}

/// The scan is written and the recheck is not: it is unknown whether the missing process lives.
#[test]
fn a_recording_truncated_before_the_recheck_causes_no_exits() {
    let mut story = Story::small_host();
    story.born(300, "living", 100);
    story.scan();
    story.after(1000).troubled_scan(Trouble {
        hides: vec![300],
        ..Default::default()
    });
    let (bytes, live) = story.record();
    assert!(live[1].failure.is_none());
    let last_line = bytes[..bytes.len() - 1]
        .iter()
        .rposition(|&byte| byte == b'\n')
        .unwrap()
        + 1;
    assert!(bytes[last_line..].starts_with(b"{\"recheck\""));
    for end in last_line..bytes.len() {
        let batches = replay(&bytes[..end]);
        assert_eq!(batches.len(), 2);
        let error = batches[1]
            .failure
            .as_ref()
            .expect("it is not known what became of it");
        assert_eq!(error.class(), ErrorClass::BadData);
        assert!(batches[1].unconfirmed.iter().any(|key| key.pid == 300));
        let reason = match end == last_line {
            true => "the recording ends before the recheck",
            false => "line 4: the recording ends inside the line; the 2 scans before it",
        };
        assert!(error.to_string().starts_with(reason), "{error}");
    }
}

/// An output with room for this many bytes.
#[derive(Debug)]
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_recorder_that_cannot_write_reports_it_and_ends() {
    let world = World::new();
    world.add(1, Made::new("init", 1));
    let error = Recorder::new(world.clone(), Full(10)).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Output);

    let recorder = Recorder::new(world.clone(), Full(500)).unwrap();
    let batches = play(recorder);
    let (last, whole) = batches.split_last().unwrap();
    assert!(!whole.is_empty() && whole.iter().all(|batch| batch.failure.is_none()));
    let error = last.failure.as_ref().unwrap();
    assert_eq!(error.class(), ErrorClass::Output);
    assert!(error.is_final() && error.advice().is_some());
    assert!(
        error
            .full_message()
            .starts_with("cannot write the recording: ")
    );
    assert!(last.events.iter().all(|event| event.kind() != "exited"));
}
