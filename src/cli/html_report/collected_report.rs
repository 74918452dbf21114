//! Collects a report from the batches of a recording.

use std::sync::Arc;

use process_scanner::{Batch, Collect, Error, Event, HostInfo};

use super::choice::choose;
use super::data::{ByKind, GrowerData, ReportData, SCHEMA, TotalsData};
use super::groupings_data::groupings;
use super::growth::{Grower, Growers};
use super::kept_lives::KeptLives;
use super::lives_data::{LivesData, shown};
use super::programs_data::programs;
use super::remarks::{Facts, Recordings, remarks};
use super::resident::Resident;
use super::rounding::rounded;
use super::timeline::Timeline;
use crate::cli::format::times;
use crate::cli::history::{ByProgram, Gaps, Life, LifeFold, LifeId, TimeAxis, Totals};
use crate::cli::select::is_good_scan;

/// Facts about the recording that are in none of its batches.
#[derive(Debug)]
pub(crate) struct About {
    /// Name of the file.
    pub(crate) recording: String,
    pub(crate) host: HostInfo,
    /// Why the recording could not be read to its end.
    pub(crate) damage: Option<Error>,
    /// What the chosen part of the time lacks; `None` if it has scans.
    pub(crate) chosen: Option<String>,
}

/// A report that is being collected, batch by batch.
///
/// Its memory is bounded by the processes that live at a time, however long the recording is.
pub(crate) struct CollectedReport {
    axis: TimeAxis,
    fold: LifeFold,
    /// `None` before the first batch.
    over_time: Option<OverTime>,
    totals: Totals,
    gaps: Gaps,
    by_program: ByProgram,
    resident: Resident,
    growers: Growers,
    cpu_ns: Option<u128>,
    exits_unmeasured: u64,
    recordings: Recordings,
}

/// What needs to know where the recording begins.
struct OverTime {
    timeline: Timeline,
    kept: KeptLives,
    to_ms: u64,
}

impl CollectedReport {
    pub(crate) fn new() -> Self {
        Self {
            axis: TimeAxis::default(),
            fold: LifeFold::default(),
            over_time: None,
            totals: Totals::default(),
            gaps: Gaps::default(),
            by_program: ByProgram::default(),
            resident: Resident::default(),
            growers: Growers::default(),
            cpu_ns: None,
            exits_unmeasured: 0,
            recordings: Recordings::default(),
        }
    }

    /// Adds a batch. `collects`: what its recording has of processes.
    pub(crate) fn take(&mut self, collects: Collect, batch: &Arc<Batch>) {
        let at_ms = self.axis.of(batch);
        let steps = self.fold.take(batch, at_ms);
        if self.over_time.is_none() {
            self.gaps.bound(at_ms);
        }
        if steps.is_next_recording {
            self.gaps.next_recording(at_ms);
            self.recordings.next(&steps);
        }
        let over_time = self.over_time.get_or_insert_with(|| OverTime {
            timeline: Timeline::new(at_ms),
            kept: KeptLives::new(at_ms),
            to_ms: at_ms,
        });
        over_time.to_ms = over_time.to_ms.max(at_ms);
        if batch.full {
            over_time.timeline.begin_recording(collects);
        }
        let kinds = steps.ended.iter().filter_map(Life::kind);
        over_time
            .timeline
            .take(batch, at_ms, self.fold.len(), kinds);
        if self.axis.is_behind() {
            over_time.timeline.skip_cpu();
        }
        steps
            .began
            .iter()
            .for_each(|began| over_time.kept.begin(began.parent));
        for event in &batch.events {
            let is_end = matches!(event, Event::Exited { .. });
            if !is_end && let Some(life) = self.fold.by_pid(event.process().pid) {
                self.resident.read(life, at_ms);
            }
        }
        for life in steps.ended {
            self.end(life);
        }
        let is_good = is_good_scan(batch);
        if is_good {
            self.resident.end_scan();
        }
        if is_good || !batch.events.is_empty() {
            self.gaps.take(at_ms, is_good);
        }
        self.totals.take(batch, self.fold.len());
    }

    fn end(&mut self, life: Life) {
        if let Some(kind) = life.kind() {
            self.totals.end(kind);
        }
        self.add_sums(&life);
        let Some(over_time) = &mut self.over_time else {
            return;
        };
        let grower = self.resident.end(&life);
        over_time.kept.end(life, grower.is_some());
        if let Some(grower) = grower
            && let Some(left) = self.growers.add(grower)
        {
            over_time.kept.release(left);
        }
    }

    fn add_sums(&mut self, life: &Life) {
        self.by_program.add(life);
        match life.cpu_ns() {
            Some(ns) => self.cpu_ns = Some(self.cpu_ns.unwrap_or(0) + u128::from(ns)),
            None => self.exits_unmeasured += u64::from(life.ending.is_some()),
        }
    }

    /// Returns the data of the report.
    pub(crate) fn finish(mut self, about: About) -> ReportData {
        let fold = std::mem::take(&mut self.fold);
        fold.living().for_each(|life| self.add_sums(life));
        let growers: Vec<Grower> = self.resident.growers().collect();
        for grower in growers {
            self.growers.add(grower);
        }
        if let Some(over_time) = &self.over_time {
            self.gaps.bound(over_time.to_ms);
        }
        let gaps = self.gaps.found();
        let (from_ms, to_ms) = match &mut self.over_time {
            Some(over_time) => {
                over_time.timeline.finish();
                over_time.timeline.leave_out(&gaps);
                (over_time.timeline.from_ms, over_time.to_ms)
            }
            None => (0, 0),
        };
        let empty = (Timeline::new(0), KeptLives::new(0));
        let (timeline, kept) = match self.over_time {
            Some(OverTime { timeline, kept, .. }) => (timeline, kept),
            None => empty,
        };
        let forced: Vec<LifeId> = self.growers.iter().map(|grower| grower.life).collect();
        let all = fold.living().chain(kept.iter());
        let chosen = choose(all, &forced, (from_ms, to_ms));
        let growers = self.growers.iter().filter_map(|grower| {
            let place = chosen.iter().position(|one| one.life.id == grower.life)?;
            Some(GrowerData {
                life: place,
                rss_first_bytes: grower.first_bytes,
                rss_last_bytes: grower.last_bytes,
                bytes_per_hour: grower.bytes_per_hour(),
                curve: grower.curve.clone(),
            })
        });
        let growers = growers.collect();
        let notes = remarks(&Facts {
            totals: &self.totals,
            gaps: &gaps,
            programs: &self.by_program,
            exits_unmeasured: self.exits_unmeasured,
            has_cpu: self.cpu_ns.is_some(),
            damage: about.damage.as_ref(),
            recordings: self.recordings,
            overlap_ms: self.axis.overlap_ms,
            chosen: about.chosen.as_deref(),
        });
        let (programs, programs_left_out) = programs(&self.by_program, &timeline);
        let buckets = || timeline.buckets.iter();
        let exits = [0, 1, 2, 3, 4].map(|kind| buckets().map(|b| b.exits[kind]).collect());
        let totals = &self.totals;
        ReportData {
            schema: SCHEMA,
            pscan: env!("CARGO_PKG_VERSION"),
            recording: shown(&about.recording),
            host: Some(about.host).filter(|host| !host.is_unknown()),
            from_ms,
            to_ms,
            utc_offset_minutes: times::utc_offset_minutes(from_ms),
            totals: TotalsData {
                scans: totals.scans,
                failed_scans: totals.failed_scans,
                processes_at_start: totals.processes_at_start.unwrap_or(0),
                processes_at_end: totals.processes_at_end,
                processes_most: totals.processes_most,
                births: totals.births,
                exits: totals.all_exits(),
                failures: totals.failures(),
                outcomes: ByKind::new(totals.exits),
                unseen_at_most: totals.unseen_at_most,
                hearing: totals.hearing(),
                cpu_ms: self.cpu_ns.map(|ns| rounded(ns as f64 / 1e6, 3)),
                rss_most_bytes: self.resident.most_bytes,
            },
            notes,
            times_ms: buckets().map(|bucket| bucket.end_ms).collect(),
            gaps,
            processes: buckets()
                .map(|bucket| (!bucket.is_in_gap).then_some(bucket.processes))
                .collect(),
            births: buckets().map(|bucket| bucket.births).collect(),
            exits: ByKind::new(exits),
            groupings: groupings(&timeline),
            programs,
            programs_left_out,
            growers,
            lives: LivesData::new(&chosen),
            lives_total: fold.count(),
            lives_rule: "long, costly or failed",
        }
    }
}
