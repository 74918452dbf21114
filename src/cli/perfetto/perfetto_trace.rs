//! The trace of a recording: [`PerfettoTrace`].

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use process_scanner::{Batch, Event, HostInfo};

use super::life_slices::{Recorded, begin_ns, ns, track_name, write_life};
use super::packets::Packets;
use super::schema::{Clock, ClockSnapshot, Data, SystemInfo, Utsname, builtin_clock};
use super::track_counters::{count_host, count_process, describe_host, end_process};
use super::tracks::{HOST, PROCESSES, Track, group};
use crate::cli::history::{Life, LifeFold, LifeId, Steps};
use crate::cli::select::is_good_scan;

/// Writes a trace, batch by batch.
///
/// It keeps the tracks of those that live. A life is written when it ends, and the others at the end.
pub(crate) struct PerfettoTrace<W> {
    packets: Packets<W>,
    tracks: HashMap<LifeId, Track>,
    recorded: Option<Recorded>,
    /// Time of the last good scan.
    last_scan_ns: Option<u64>,
}

impl<W: Write> PerfettoTrace<W> {
    /// Makes an empty trace.
    pub(crate) fn new(out: W) -> Self {
        Self {
            packets: Packets::new(out),
            tracks: HashMap::new(),
            recorded: None,
            last_scan_ns: None,
        }
    }

    /// Writes what a batch adds, whose time on the axis is `at_ms`.
    pub(crate) fn take(
        &mut self,
        host: &HostInfo,
        batch: &Batch,
        at_ms: u64,
        steps: &Steps,
        fold: &LifeFold,
    ) -> io::Result<()> {
        let at_ns = ns(at_ms);
        if steps.is_next_recording {
            // No CPU use is of the time between two recordings.
            self.last_scan_ns = None;
        }
        let recorded = match &mut self.recorded {
            Some(recorded) => {
                recorded.end_ns = recorded.end_ns.max(at_ns);
                *recorded
            }
            None => {
                self.begin(host, batch, at_ns)?;
                *self.recorded.insert(Recorded {
                    begin_ns: at_ns,
                    end_ns: at_ns,
                })
            }
        };
        self.describe_new(steps, fold, recorded)?;
        let is_scan = is_good_scan(batch);
        if batch.of_scan || batch.full {
            self.count(batch, fold, at_ns)?;
        }
        for life in &steps.ended {
            self.end(life, recorded)?;
        }
        if is_scan {
            let processes = fold.living().map(|life| &life.process);
            count_host(&mut self.packets, processes, self.last_scan_ns, at_ns)?;
            self.last_scan_ns = Some(at_ns);
        }
        Ok(())
    }

    /// Writes the lives that have not ended.
    pub(crate) fn finish(&mut self, fold: &LifeFold) -> io::Result<()> {
        let mut living: Vec<&Life> = fold.living().collect();
        living.sort_unstable_by_key(|life| life.id);
        if let Some(recorded) = self.recorded {
            for life in living {
                self.end(life, recorded)?;
            }
        }
        self.packets.flush()
    }

    /// Writes what a viewer needs before the first event.
    fn begin(&mut self, host: &HostInfo, batch: &Batch, at_ns: u64) -> io::Result<()> {
        let clock = |clock_id, timestamp| Clock {
            clock_id: Some(clock_id),
            timestamp: Some(timestamp),
        };
        let clocks = ClockSnapshot {
            clocks: vec![
                clock(builtin_clock::REALTIME, at_ns),
                clock(builtin_clock::MONOTONIC, batch.monotonic_ns),
            ],
            primary_trace_clock: Some(builtin_clock::REALTIME),
        };
        self.packets
            .write(Some(at_ns), Data::ClockSnapshot(clocks))?;
        self.packets.write(None, Data::SystemInfo(system(host)))?;
        let name = match &host.name {
            Some(name) => format!("Host {name}"),
            None => "Host".to_owned(),
        };
        self.packets.describe(None, group(HOST, None, &name))?;
        self.packets
            .describe(None, group(PROCESSES, None, "Processes"))?;
        describe_host(&mut self.packets)
    }

    /// Describes the tracks of the lives that began, each after that of its parent.
    fn describe_new(
        &mut self,
        steps: &Steps,
        fold: &LifeFold,
        recorded: Recorded,
    ) -> io::Result<()> {
        let Some(first) = steps.began.first() else {
            return Ok(());
        };
        let lives = fold.living().chain(&steps.ended);
        let new: HashMap<LifeId, &Life> = lives
            .filter(|life| life.id >= first.id)
            .map(|life| (life.id, life))
            .collect();
        for began in &steps.began {
            // From the life up to the first that has a track.
            let mut without = Vec::new();
            let mut next = new.get(&began.id).copied();
            let mut seen = HashSet::new();
            while let Some(life) = next
                && !self.tracks.contains_key(&life.id)
                && seen.insert(life.id)
            {
                without.push(life);
                next = life.parent.and_then(|parent| new.get(&parent).copied());
            }
            for life in without.into_iter().rev() {
                self.describe(life, recorded)?;
            }
        }
        Ok(())
    }

    fn describe(&mut self, life: &Life, recorded: Recorded) -> io::Result<()> {
        let parent = life.parent.and_then(|parent| self.tracks.get(&parent));
        let begin_ns = begin_ns(life, recorded.begin_ns);
        let track = Track::new(life.id, parent, track_name(life), begin_ns);
        let descriptor = track.descriptor();
        self.tracks.insert(life.id, track);
        self.packets.describe(Some(begin_ns), descriptor)
    }

    /// Writes what a scan has read.
    fn count(&mut self, batch: &Batch, fold: &LifeFold, at_ns: u64) -> io::Result<()> {
        for event in &batch.events {
            let process = event.process();
            // An exit has the values of an earlier scan.
            let is_read = !matches!(event, Event::Exited { .. });
            let life = fold.by_pid(process.pid);
            let life = life.filter(|life| is_read && life.process.key() == process.key());
            if let Some(track) = life.and_then(|life| self.tracks.get_mut(&life.id)) {
                count_process(&mut self.packets, track, process, self.last_scan_ns, at_ns)?;
            }
        }
        Ok(())
    }

    /// Writes a life, and forgets its track.
    fn end(&mut self, life: &Life, recorded: Recorded) -> io::Result<()> {
        let Some(mut track) = self.tracks.remove(&life.id) else {
            return Ok(());
        };
        let name = track_name(life);
        if name != track.name {
            // The last name of a track counts.
            track.name = name;
            let descriptor = track.descriptor();
            self.packets.describe(Some(track.begin_ns), descriptor)?;
        }
        let end_ns = write_life(&mut self.packets, &track, life, recorded)?;
        match life.end_ms() {
            Some(_) => end_process(&mut self.packets, &track, end_ns),
            None => Ok(()),
        }
    }
}

fn system(host: &HostInfo) -> SystemInfo {
    let kernel = host.kernel.as_deref();
    let utsname = kernel.map(|kernel| {
        let (name, release) = match kernel.split_once(' ') {
            Some((name, release)) => (name, Some(release.to_owned())),
            None => (kernel, None),
        };
        Utsname {
            sysname: Some(name.to_owned()),
            release,
        }
    });
    SystemInfo {
        utsname,
        tracing_service_version: Some(concat!("pscan ", env!("CARGO_PKG_VERSION")).to_owned()),
        num_cpus: host.cpus,
        system_ram_bytes: host.memory_bytes,
        machine_name: host.name.clone(),
    }
}
