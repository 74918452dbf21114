//! Recordings that are malformed or truncated, or recorded again.

mod bad_heard;
mod bad_lines;
mod empty;
mod headers;
mod limits;
pub(crate) mod lives;
mod noise;
mod parts;
pub(crate) mod round_trip;
mod truncated;
mod unwritten;

use std::io;
use std::sync::Arc;

use process_scanner::{Batch, Error, ErrorClass, ReplaySource, Scanner, Snapshot, Source};

use crate::fixtures::story::next_batch;
use crate::support;

const HEADER: &str =
    r#"{"pscan_recording":1,"source":"test","start_time_resolution_ms":10,"own_pid":null}"#;

/// Returns a row as JSON.
fn row(pid: u32) -> String {
    format!(r#"{{"pid":{pid},"name":"n{pid}","command":["n{pid}"]}}"#)
}

/// Returns a scan with these rows at this second, as JSON.
fn scan(second: u64, rows: &[u32]) -> String {
    let rows: Vec<_> = rows.iter().map(|&pid| row(pid)).collect();
    format!(
        r#"{{"scan":{{"wall_ms":1,"monotonic_ns":{second}000000000,"shown":{{"rows":[{}]}}}}}}"#,
        rows.join(",")
    )
}

fn recording(lines: &[&str]) -> Vec<u8> {
    let mut text = HEADER.to_owned() + "\n";
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    text.into_bytes()
}

/// Plays a source; applies each batch to a snapshot and compares it with the table.
fn play(source: impl Source + 'static) -> Vec<Arc<Batch>> {
    let mut scanner = Scanner::builder().source(source).build().unwrap();
    let mut snapshot = Snapshot::new();
    let mut batches = Vec::new();
    while let Some(batch) = next_batch(&mut scanner) {
        snapshot.apply(&batch);
        support::assert_folded(&snapshot, &scanner);
        batches.push(batch);
    }
    batches
}

pub(crate) fn replay(recording: &[u8]) -> Vec<Arc<Batch>> {
    play(ReplaySource::new(io::Cursor::new(recording.to_vec())).unwrap())
}

/// Returns the error for a recording that cannot be opened.
fn refusal(recording: &[u8]) -> Error {
    let error = ReplaySource::new(recording).unwrap_err();
    assert_eq!(error.class(), ErrorClass::BadData);
    assert!(error.is_final());
    error
}

/// Returns the final failure after the last complete scan.
fn final_failure(batches: &[Arc<Batch>]) -> String {
    let (last, whole) = batches.split_last().expect("the failure has a batch");
    assert!(whole.iter().all(|batch| batch.failure.is_none()));
    let error = last.failure.as_ref().expect("the last scan failed");
    assert_eq!(error.class(), ErrorClass::BadData, "{error}");
    assert!(error.is_final(), "{error}");
    assert!(last.events.is_empty());
    error.to_string()
}
