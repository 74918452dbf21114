//! The programs of a report.

use process_scanner::GroupId;
use serde::Serialize;

use super::group_series::Use;
use super::lives_data::shown;
use super::rounding::rounded;
use super::timeline::Timeline;
use crate::cli::history::{ByProgram, ProgramSums};

/// Programs in a report.
const MAX_PROGRAMS: usize = 200;

/// Points of a curve.
const CURVE: usize = 40;

/// A program: what its lives add up to, and its use over time.
#[derive(Debug, Serialize)]
pub(super) struct ProgramData {
    /// `None` for the processes whose names were never read.
    name: Option<String>,
    kind: &'static str,
    started: u64,
    exits: u64,
    /// `None` if the outcome of no exit is known.
    failed: Option<u64>,
    running: u64,
    cpu_ms: Option<f64>,
    mean_life_ms: Option<f64>,
    longest_life_ms: Option<f64>,
    peak_rss_bytes: Option<u64>,
    /// CPU use in percent of one core.
    cpu_curve: Vec<Option<f64>>,
    rss_curve: Vec<Option<u64>>,
}

/// Returns the programs with the most CPU time, and how many others there are.
pub(super) fn programs(sums: &ByProgram, timeline: &Timeline) -> (Vec<ProgramData>, u64) {
    let mut all: Vec<_> = sums.iter().collect();
    all.sort_by_key(|(id, sums)| {
        let amounts = (
            sums.cpu_ns.unwrap_or(0),
            sums.started + sums.failed().unwrap_or(0),
            sums.peak_rss_bytes.unwrap_or(0),
        );
        (std::cmp::Reverse(amounts), (*id).clone())
    });
    let left_out = all.len().saturating_sub(MAX_PROGRAMS);
    let first = all.into_iter().take(MAX_PROGRAMS);
    let first = first.map(|(id, sums)| ProgramData::new(id, sums, timeline));
    (first.collect(), left_out as u64)
}

/// Returns the name of a group in a report.
pub(super) fn group_name(id: &GroupId, none: &str) -> String {
    match id {
        GroupId::Named(name) => shown(name),
        GroupId::Without => none.to_owned(),
        GroupId::Kernel => "kernel threads".to_owned(),
        other => other.kind().to_owned(),
    }
}

/// Returns the kind of a group in a report: `named`, `none`, `kernel` or `other`.
pub(super) fn group_kind(id: &GroupId) -> &'static str {
    match id {
        GroupId::Unknown => GroupId::Without.kind(),
        known => known.kind(),
    }
}

impl ProgramData {
    fn new(id: &GroupId, sums: &ProgramSums, timeline: &Timeline) -> Self {
        let ms = |ns: u64| rounded(ns as f64 / 1e6, 3);
        let series = &timeline.groupings[0];
        let (cpu_curve, rss_curve) = match series.place(id) {
            Some(place) => curves(place, timeline),
            None => (Vec::new(), Vec::new()),
        };
        Self {
            name: (*id != GroupId::Unknown).then(|| group_name(id, "")),
            kind: group_kind(id),
            started: sums.started,
            exits: sums.exits,
            failed: sums.failed(),
            running: sums.running,
            cpu_ms: sums.cpu_ns.map(|ns| rounded(ns as f64 / 1e6, 3)),
            mean_life_ms: sums.mean_ns().map(ms),
            longest_life_ms: sums.longest_ns.map(ms),
            peak_rss_bytes: sums.peak_rss_bytes,
            cpu_curve,
            rss_curve,
        }
    }
}

/// Returns CPU use and memory of a program, at most [`CURVE`] values each.
fn curves(place: usize, timeline: &Timeline) -> (Vec<Option<f64>>, Vec<Option<u64>>) {
    let lens = timeline.lens_ms();
    let per_point = timeline.buckets.len().div_ceil(CURVE).max(1);
    let points = timeline
        .buckets
        .chunks(per_point)
        .zip(lens.chunks(per_point));
    let points = points.map(|(buckets, lens)| {
        let use_in = |uses: &[Vec<Use>]| {
            let uses = uses.first()?;
            let at = uses.binary_search_by_key(&place, |used| used.place).ok()?;
            Some(uses[at])
        };
        let len_ms: u64 = lens.iter().sum();
        let has_cpu = len_ms > 0 && buckets.iter().any(|bucket| bucket.has_cpu);
        let mut cpu_ms = Some(0.0);
        for bucket in buckets {
            let used = use_in(&bucket.uses).map_or(Some(0.0), |used| used.cpu_ms);
            cpu_ms = cpu_ms.zip(used).map(|(all, more)| all + more);
        }
        let cpu = cpu_ms.filter(|_| has_cpu);
        let cpu = cpu.map(|ms| rounded(ms / len_ms as f64 * 100.0, 1));
        let last = buckets.last().and_then(|bucket| use_in(&bucket.uses));
        (cpu, last.map_or(Some(0), |used| used.rss_bytes))
    });
    points.unzip()
}
