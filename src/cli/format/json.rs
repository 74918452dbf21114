//! Writes the output of `--json`: one JSON object per line.

use std::io::{self, Write};

use process_scanner::{Batch, Event, JsonLine, ProcessInfo, write_json};
use serde::Serialize;

use crate::cli::profile::Report;

/// Version of the objects that are printed once.
///
/// A change that can break a reader raises it.
pub(crate) const SCHEMA: u32 = 1;

/// All processes at one moment.
#[derive(Serialize)]
pub(crate) struct Listing<'a> {
    pub(crate) schema: u32,
    pub(crate) taken_at_ms: u64,
    pub(crate) interval_ms: Option<f64>,
    pub(crate) processes: &'a [&'a ProcessInfo],
}

/// One process with its relatives.
#[derive(Serialize)]
pub(crate) struct Shown<'a> {
    pub(crate) schema: u32,
    pub(crate) taken_at_ms: u64,
    pub(crate) interval_ms: Option<f64>,
    pub(crate) process: &'a ProcessInfo,
    pub(crate) parents: &'a [&'a ProcessInfo],
    pub(crate) children: &'a [&'a ProcessInfo],
}

/// What a command and its descendants did.
#[derive(Serialize)]
pub(crate) struct Ran<'a> {
    pub(crate) schema: u32,
    #[serde(flatten)]
    pub(crate) report: &'a Report,
}

/// Writes a value as one line of JSON.
pub(crate) fn write_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    write_json(out, value)?;
    out.write_all(b"\n")
}

/// Writes why the source hears no births and exits, with number and time of the first batch.
pub(crate) fn write_not_listening(
    out: &mut impl Write,
    batch: &Batch,
    reason: &str,
) -> io::Result<()> {
    write_line(out, &JsonLine::not_listening(batch, reason))
}

/// Writes a batch, one line per event.
///
/// Events of the scan come first, then `events`.
pub(crate) fn write_events(
    out: &mut impl Write,
    batch: &Batch,
    events: &[&Event],
) -> io::Result<()> {
    let of_events = events.iter().map(|event| JsonLine::of_event(batch, event));
    let mut lines = JsonLine::about_scan(batch).chain(of_events);
    lines.try_for_each(|line| write_line(out, &line))
}
