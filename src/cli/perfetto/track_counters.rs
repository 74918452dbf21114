//! Counters: CPU use and memory of processes and of the host.

use std::io::{self, Write};

use process_scanner::ProcessInfo;

use super::packets::Packets;
use super::schema::{CounterValue, EventType, TrackEvent};
use super::tracks::{
    self, HOST, HOST_CPU, HOST_MEMORY, HOST_PROCESSES, Track, bytes, count, percent,
};

const HOST_CPU_ABOUT: &str =
    "Sum over all processes whose CPU use is known, in percent of one core.";
const HOST_MEMORY_ABOUT: &str =
    "Sum of resident memory over all processes. Memory that several share counts for each.";

/// Describes the counters of the host.
pub(super) fn describe_host<W: Write>(packets: &mut Packets<W>) -> io::Result<()> {
    for counter in [
        tracks::counter(
            HOST_CPU,
            HOST,
            "CPU of all processes",
            percent(),
            Some(HOST_CPU_ABOUT),
        ),
        tracks::counter(
            HOST_MEMORY,
            HOST,
            "Memory of all processes",
            bytes(),
            Some(HOST_MEMORY_ABOUT),
        ),
        tracks::counter(HOST_PROCESSES, HOST, "Number of processes", count(), None),
    ] {
        packets.describe(None, counter)?;
    }
    Ok(())
}

/// Writes the counters of the host. `read_ns`: the time of the scan, `from_ns` that of the one before.
pub(super) fn count_host<'p, W: Write>(
    packets: &mut Packets<W>,
    processes: impl Iterator<Item = &'p ProcessInfo>,
    from_ns: Option<u64>,
    read_ns: u64,
) -> io::Result<()> {
    let (mut number, mut cpu, mut rss) = (0, None, None);
    for process in processes {
        number += 1;
        add(
            &mut cpu,
            process.cpu_percent.map(f64::from),
            |sum, value| sum + value,
        );
        add(&mut rss, process.resources.rss_bytes, u64::saturating_add);
    }
    if let (Some(cpu), Some(from_ns)) = (cpu, from_ns) {
        sample(packets, from_ns, HOST_CPU, CounterValue::Real(cpu))?;
    }
    if let Some(rss) = rss {
        sample(packets, read_ns, HOST_MEMORY, integer(rss))?;
    }
    sample(
        packets,
        read_ns,
        HOST_PROCESSES,
        CounterValue::Integer(number),
    )
}

fn add<T: Copy>(sum: &mut Option<T>, value: Option<T>, plus: impl Fn(T, T) -> T) {
    if let Some(value) = value {
        *sum = Some(sum.map_or(value, |sum| plus(sum, value)));
    }
}

/// Writes what a scan has read of a process, as far as it is known and new.
///
/// A counter has no place for an unknown value: the last known one stays.
pub(super) fn count_process<W: Write>(
    packets: &mut Packets<W>,
    track: &mut Track,
    process: &ProcessInfo,
    from_ns: Option<u64>,
    read_ns: u64,
) -> io::Result<()> {
    if let Some(cpu) = process.cpu_percent {
        let last = track.cpu.last;
        let from_ns = from_ns.unwrap_or(read_ns).min(read_ns).max(track.begin_ns);
        let at_ns = last.map_or(from_ns, |(_, last_ns)| from_ns.max(last_ns));
        if last.is_none() {
            let uuid = track.cpu_uuid();
            let counter = tracks::counter(uuid, track.uuid, "CPU", percent(), None);
            packets.describe(None, counter)?;
        }
        if last.is_none_or(|(value, _)| value.to_bits() != cpu.to_bits()) {
            track.cpu.last = Some((cpu, at_ns));
            sample(
                packets,
                at_ns,
                track.cpu_uuid(),
                CounterValue::Real(cpu.into()),
            )?;
        }
    }
    if let Some(rss) = process.resources.rss_bytes {
        let last = track.rss.last;
        let at_ns = read_ns.max(track.begin_ns);
        let at_ns = last.map_or(at_ns, |(_, last_ns)| at_ns.max(last_ns));
        if last.is_none() {
            let uuid = track.rss_uuid();
            let counter = tracks::counter(uuid, track.uuid, "Memory", bytes(), None);
            packets.describe(None, counter)?;
        }
        if last.is_none_or(|(value, _)| value != rss) {
            track.rss.last = Some((rss, at_ns));
            sample(packets, at_ns, track.rss_uuid(), integer(rss))?;
        }
    }
    Ok(())
}

/// Ends the counters of a process that has exited: it uses nothing any more.
pub(super) fn end_process<W: Write>(
    packets: &mut Packets<W>,
    track: &Track,
    end_ns: u64,
) -> io::Result<()> {
    if let Some((_, last_ns)) = track.cpu.last {
        let zero = CounterValue::Real(0.0);
        sample(packets, end_ns.max(last_ns), track.cpu_uuid(), zero)?;
    }
    if let Some((_, last_ns)) = track.rss.last {
        let zero = CounterValue::Integer(0);
        sample(packets, end_ns.max(last_ns), track.rss_uuid(), zero)?;
    }
    Ok(())
}

fn integer(value: u64) -> CounterValue {
    CounterValue::Integer(i64::try_from(value).unwrap_or(i64::MAX))
}

fn sample<W: Write>(
    packets: &mut Packets<W>,
    at_ns: u64,
    uuid: u64,
    value: CounterValue,
) -> io::Result<()> {
    let event = TrackEvent {
        counter_value: Some(value),
        ..TrackEvent::default()
    };
    packets.event(at_ns, uuid, EventType::Counter, event)
}
