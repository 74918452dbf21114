//! A consumer of your own and its tests, which replay recordings: they need no processes, no time
//! and no luck.
//!
//! A recording is text, one scan a line; `docs/recordings.md` has its format. Write one by hand, as
//! here, or record one with `pscan record FILE` on a host and shorten it.
//!
//! `cargo test --example test_with_recording`, or `cargo run --example test_with_recording --
//! [FILE]`

// Examples print.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::Arc;

use process_scanner::{Batch, Consumer, Event, ReplaySource, Result, Scanner, escape};

/// Counts, by name, how many processes exited within a second of their start.
#[derive(Debug, Default)]
struct CrashLoops {
    short_lives: BTreeMap<Arc<str>, u32>,
}

impl Consumer for CrashLoops {
    fn on_batch(&mut self, batch: &Arc<Batch>) {
        for event in &batch.events {
            if let Event::Exited {
                process, lived_ms, ..
            } = event
                && let Some(name) = &process.name
                // An unknown lifetime does not count.
                && lived_ms.is_some_and(|lived_ms| lived_ms <= 1000)
            {
                *self.short_lives.entry(Arc::clone(name)).or_default() += 1;
            }
        }
    }
}

/// Replays a whole recording to a consumer.
fn replay(recording: impl BufRead + Send + 'static, consumer: &mut impl Consumer) -> Result<()> {
    let source = ReplaySource::new(recording)?;
    let mut scanner = Scanner::builder().source(source).build()?;
    while let Some(batch) = scanner.hear_once().or_else(|| scanner.scan_once()) {
        // Failed scans are part of the recording. A damaged recording is an error.
        if let Some(failure) = batch.failure.as_ref().filter(|failure| failure.is_final()) {
            return Err(failure.clone());
        }
        consumer.on_batch(&batch);
    }
    Ok(())
}

/// A worker is restarted again and again, and a shell exits after an hour.
const RESTARTS: &str = r#"{"pscan_recording":1,"source":"test","start_time_resolution_ms":10,"own_pid":null}
{"scan":{"wall_ms":3600000,"monotonic_ns":0,"shown":{"rows":[{"pid":1,"start_time_ms":0,"name":"init"},{"pid":2,"start_time_ms":100,"name":"sh"}]}}}
{"scan":{"wall_ms":3601000,"monotonic_ns":1000000000,"shown":{"unchanged":[1,2],"rows":[{"pid":7,"start_time_ms":3600500,"name":"worker"}]}}}
{"scan":{"wall_ms":3601400,"monotonic_ns":1400000000,"shown":{"unchanged":[1],"rows":[{"pid":8,"start_time_ms":3601300,"name":"worker"}]}}}
{"recheck":{"shown":{}}}
{"scan":{"wall_ms":3602000,"monotonic_ns":2000000000,"shown":{"unchanged":[1]}}}
{"recheck":{"shown":{}}}
"#;

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let mut loops = CrashLoops::default();
    match env::args_os().nth(1) {
        Some(file) => replay(BufReader::new(File::open(file)?), &mut loops)?,
        None => replay(RESTARTS.as_bytes(), &mut loops)?,
    }
    for (name, count) in &loops.short_lives {
        println!("{} exited early {count} times", escape(name));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_early_exit_is_counted_and_a_late_one_is_not() {
        let mut loops = CrashLoops::default();
        replay(RESTARTS.as_bytes(), &mut loops).unwrap();
        let counts: Vec<_> = loops.short_lives.into_iter().collect();
        assert_eq!(counts, [("worker".into(), 2)]);
    }

    #[test]
    fn a_truncated_recording_is_an_error() {
        let broken = &RESTARTS[..RESTARTS.len() - 5];
        let error = replay(broken.as_bytes(), &mut CrashLoops::default()).unwrap_err();
        assert!(error.is_final(), "{error}");
    }
}
