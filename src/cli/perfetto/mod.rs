//! Writes a recording as a trace for the Perfetto UI and `trace_processor`.
//!
//! `docs/export.md` describes the tracks, slices and counters.

mod annotations;
mod interned;
mod life_slices;
mod packets;
mod perfetto_trace;
mod schema;
#[cfg(test)]
mod trace_tests;
mod track_counters;
mod tracks;

pub(crate) use self::perfetto_trace::PerfettoTrace;
