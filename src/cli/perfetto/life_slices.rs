//! The slices of a life: the life itself, and the programs that it ran.

use std::io::{self, Write};

use super::annotations::Annotations;
use super::packets::Packets;
use super::schema::{EventType, TrackEvent};
use super::tracks::Track;
use crate::cli::format::signal_names::signal;
use crate::cli::history::{ExitKind, Life};

/// The category of the slices of programs. Those of lives have their outcome.
const PROGRAM: &str = "program";

/// The outcome of a life without a reported exit.
const RUNNING: &str = "running";

const NS_PER_MS: u64 = 1_000_000;

/// The times of a recording, in nanoseconds since the Unix epoch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recorded {
    pub(super) begin_ns: u64,
    pub(super) end_ns: u64,
}

/// From when to when a life is in a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Span {
    begin_ns: u64,
    end_ns: u64,
}

/// Returns milliseconds in nanoseconds.
pub(super) fn ns(ms: u64) -> u64 {
    ms.saturating_mul(NS_PER_MS)
}

/// Returns when the track of a life begins: when it started, or when the recording did.
pub(super) fn begin_ns(life: &Life, recording_ns: u64) -> u64 {
    ns(life.begin_ms().min(life.first_seen_ms)).max(recording_ns)
}

/// Returns the name of the track of a life.
pub(super) fn track_name(life: &Life) -> String {
    format!("{} {}", life.program_name(), life.pid)
}

impl Span {
    fn of(life: &Life, recorded: Recorded) -> Self {
        let end_ns = life.end_ms().map_or(recorded.end_ns, ns);
        let exit = life.ending.map(|ending| ending.exit).unwrap_or_default();
        let began_ns = match (exit.lived_ns, exit.ended_at_ms) {
            // Exact, which the start time is not.
            (Some(lived_ns), Some(_)) => end_ns.saturating_sub(lived_ns).max(recorded.begin_ns),
            _ => begin_ns(life, recorded.begin_ns),
        };
        Self {
            begin_ns: began_ns,
            end_ns: end_ns.max(began_ns),
        }
    }
}

/// Writes a life that has ended, or that lives at the end of the recording. Returns its end.
pub(super) fn write_life<W: Write>(
    packets: &mut Packets<W>,
    track: &Track,
    life: &Life,
    recorded: Recorded,
) -> io::Result<u64> {
    let span = Span::of(life, recorded);
    let category = life.kind().map_or(RUNNING, ExitKind::as_str);
    let name = match failure(life) {
        Some(failure) => format!("{}: {failure}", life.program_name()),
        None => life.program_name().to_owned(),
    };
    let mut annotations = Annotations::new(&mut packets.interned);
    annotations.add_life(life);
    let began_before = !life.is_birth || ns(life.begin_ms()) < recorded.begin_ns;
    annotations.add_flag("began_before_recording", began_before.then_some(true));
    match life.ending {
        None => annotations.add_flag("still_running", Some(true)),
        // A scan missed the process, which ended between two scans.
        Some(ending) if ending.exit.ended_at_ms.is_none() => {
            annotations.add_flag("ended_at_latest", Some(true));
        }
        Some(_) => {}
    }
    let annotations = annotations.finish();
    let event = TrackEvent {
        category_iids: vec![packets.interned.category(category)],
        debug_annotations: annotations,
        name: packets.name(&name),
        ..TrackEvent::default()
    };
    packets.event(span.begin_ns, track.uuid, EventType::SliceBegin, event)?;
    write_programs(packets, track, life, span)?;
    let end = TrackEvent::default();
    packets.event(span.end_ns, track.uuid, EventType::SliceEnd, end)?;
    Ok(span.end_ns)
}

/// Writes the programs of a life, one after the other.
fn write_programs<W: Write>(
    packets: &mut Packets<W>,
    track: &Track,
    life: &Life,
    span: Span,
) -> io::Result<()> {
    let only = [(span.begin_ns, life.program_name(), life.command.as_ref())];
    let several = life.programs.iter().map(|run| {
        // Between a birth and an `exec` in the same batch is usually less than a millisecond.
        let since_ns = match run.since_ms <= life.first_seen_ms {
            true => span.begin_ns,
            false => ns(run.since_ms),
        };
        (since_ns, &*run.name, run.command.as_ref())
    });
    let mut runs: Vec<_> = match life.programs.is_empty() {
        true => only.to_vec(),
        false => several.collect(),
    };
    let mut latest_ns = span.begin_ns;
    for (since_ns, ..) in &mut runs {
        latest_ns = (*since_ns).clamp(latest_ns, span.end_ns);
        *since_ns = latest_ns;
    }
    for (index, (since_ns, name, command)) in runs.iter().enumerate() {
        let mut annotations = Annotations::new(&mut packets.interned);
        annotations.add_command(*command);
        let event = TrackEvent {
            debug_annotations: annotations.finish(),
            category_iids: vec![packets.interned.category(PROGRAM)],
            name: packets.name(name),
            ..TrackEvent::default()
        };
        packets.event(*since_ns, track.uuid, EventType::SliceBegin, event)?;
        let until_ns = runs.get(index + 1).map_or(span.end_ns, |next| next.0);
        let end = TrackEvent::default();
        packets.event(until_ns, track.uuid, EventType::SliceEnd, end)?;
    }
    Ok(())
}

/// Returns why a life failed; `None` if it did not, or if that is unknown.
fn failure(life: &Life) -> Option<String> {
    let ending = life.ending.filter(|ending| ending.kind.is_failure())?;
    let status = ending.status?;
    let name = match (status.code, status.signal) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(number)) => signal(number),
        (None, None) => return None,
    };
    Some(match (ending.kind, status.core_dumped) {
        (ExitKind::OutOfMemory, _) => format!("{name} (out of memory?)"),
        (_, true) => format!("{name}, core dumped"),
        (_, false) => name,
    })
}
