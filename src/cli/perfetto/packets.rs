//! Writes the packets of a trace.

use std::io::{self, Write};

use prost::Message as _;

use super::interned::Interned;
use super::schema::{
    Data, EventName, EventType, Trace, TracePacket, TracePacketDefaults, TrackDescriptor,
    TrackEvent, builtin_clock, sequence_flags,
};

/// The one sequence of packets. Texts get their numbers within a sequence.
const SEQUENCE: u32 = 1;

/// Writes packets one after the other, so that memory does not grow with the trace.
pub(super) struct Packets<W> {
    out: W,
    pub(super) interned: Interned,
    has_begun: bool,
    buffer: Vec<u8>,
}

impl<W: Write> Packets<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            interned: Interned::default(),
            has_begun: false,
            buffer: Vec::new(),
        }
    }

    /// Writes a packet. `at_ns`: its time, in nanoseconds since the Unix epoch.
    pub(super) fn write(&mut self, at_ns: Option<u64>, data: Data) -> io::Result<()> {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let cleared = match is_first {
            true => sequence_flags::INCREMENTAL_STATE_CLEARED,
            false => 0,
        };
        let defaults = TracePacketDefaults {
            timestamp_clock_id: Some(builtin_clock::REALTIME),
        };
        let packet = TracePacket {
            timestamp: at_ns,
            trusted_packet_sequence_id: Some(SEQUENCE),
            interned_data: self.interned.take_new(),
            sequence_flags: Some(cleared | sequence_flags::NEEDS_INCREMENTAL_STATE),
            trace_packet_defaults: is_first.then_some(defaults),
            data: Some(data),
        };
        self.buffer.clear();
        Trace {
            packet: vec![packet],
        }
        .encode(&mut self.buffer)
        .expect("BUG: a vector grows");
        self.out.write_all(&self.buffer)
    }

    /// Writes the description of a track.
    pub(super) fn describe(
        &mut self,
        at_ns: Option<u64>,
        track: TrackDescriptor,
    ) -> io::Result<()> {
        self.write(at_ns, Data::TrackDescriptor(track))
    }

    /// Writes an event of a track.
    pub(super) fn event(
        &mut self,
        at_ns: u64,
        uuid: u64,
        kind: EventType,
        event: TrackEvent,
    ) -> io::Result<()> {
        let event = TrackEvent {
            r#type: Some(kind.into()),
            track_uuid: Some(uuid),
            ..event
        };
        self.write(Some(at_ns), Data::TrackEvent(event))
    }

    /// Returns the name of a slice, by its number if it has one.
    pub(super) fn name(&mut self, text: &str) -> Option<EventName> {
        Some(match self.interned.name(text) {
            Some(number) => EventName::Iid(number),
            None => EventName::Text(text.to_owned()),
        })
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
