//! The processes that live now, and what the view remembers of each.

use std::collections::HashMap;

use ahash::RandomState;
use process_scanner::{Batch, Event, Filter, ProcessInfo, ProcessKey, Snapshot};

use super::curve::{Curve, STEP_MS};
use super::newborns;

/// What is remembered of one process beside its values.
#[derive(Debug, Clone)]
struct Side {
    key: ProcessKey,
    matches: bool,
    curve: Curve,
}

/// The processes that live now.
#[derive(Debug, Default, Clone)]
pub(super) struct Seen {
    pub(super) snapshot: Snapshot,
    sides: HashMap<u32, Side, RandomState>,
    /// When the first batch was taken, and the last one, by the monotonic clock.
    first_ns: Option<u64>,
    last_ns: u64,
    /// When the last batch was taken, in milliseconds from the Unix epoch.
    pub(super) now_ms: u64,
    /// Time between the last two scans.
    pub(super) interval_ms: Option<f64>,
}

/// What selects processes.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// That of the options.
    pub(super) given: Filter,
    /// The given one selects by parents: a process can begin to match without a change of its own.
    pub(super) has_family: bool,
    /// That of the text that was typed.
    pub(super) typed: Option<Filter>,
    pub(super) hides_kernel: bool,
}

impl Wanted {
    pub(super) fn has(&self, process: &ProcessInfo, among: &Snapshot) -> bool {
        verdict(&self.given, process, among) == Some(true)
            && self.typed_verdict(process, among) == Some(true)
    }

    /// Returns whether what was typed selects a process; `None` if it is not known yet.
    pub(super) fn typed_verdict(&self, process: &ProcessInfo, among: &Snapshot) -> Option<bool> {
        let is_hidden = self.hides_kernel && process.kernel_thread == Some(true);
        let typed = self.typed.as_ref();
        match typed {
            _ if is_hidden => Some(false),
            Some(typed) => verdict(typed, process, among),
            None => Some(true),
        }
    }
}

/// Returns whether a filter selects a process; `None` if it is not known yet.
pub(super) fn verdict(filter: &Filter, process: &ProcessInfo, among: &Snapshot) -> Option<bool> {
    match filter.is_empty() {
        true => Some(true),
        false => filter.verdict(process, among),
    }
}

impl Seen {
    /// Applies a batch. Returns false if it cannot be applied, because batches before it are missing.
    ///
    /// `ended`: gets the curve of each process that exits.
    pub(super) fn take(
        &mut self,
        batch: &Batch,
        wanted: &Wanted,
        mut ended: impl FnMut(ProcessKey, Option<&Event>, Curve),
    ) -> bool {
        let is_late = self.snapshot.taken_at_ms().is_none() || batch.seq < self.snapshot.seq();
        if !batch.full && is_late {
            return false;
        }
        self.snapshot.apply(batch);
        self.now_ms = batch.taken_at_ms;
        self.last_ns = self.last_ns.max(batch.monotonic_ns);
        let first_ns = *self.first_ns.get_or_insert(batch.monotonic_ns);
        if batch.of_scan && batch.interval_ms.is_some() {
            self.interval_ms = batch.interval_ms;
        }
        if let Some(corrected) = newborns::corrected(batch, &self.snapshot, self.interval_ms) {
            self.snapshot.apply(&corrected);
        }
        if batch.full {
            let snapshot = &self.snapshot;
            let is_gone = |side: &Side| snapshot.get(side.key).is_none();
            for (_, side) in self.sides.extract_if(|_, side| is_gone(side)) {
                ended(side.key, None, side.curve);
            }
        }
        let step = step_of(batch.monotonic_ns.saturating_sub(first_ns));
        for event in &batch.events {
            let process = event.process();
            let key = process.key();
            if let Event::Exited { .. } = event {
                if let Some(side) = self.sides.remove(&key.pid) {
                    ended(key, Some(event), side.curve);
                }
                continue;
            }
            let side = self.sides.entry(key.pid).or_insert_with(|| Side {
                key,
                matches: false,
                curve: Curve::default(),
            });
            if side.key != key {
                // Its exit was lost.
                let curve = std::mem::take(&mut side.curve);
                ended(std::mem::replace(&mut side.key, key), None, curve);
            }
            // Without the burst of a newborn.
            let process = self.snapshot.get(key).unwrap_or(process);
            side.curve
                .see(step, process.cpu_percent, process.resources.rss_bytes);
            side.matches = wanted.has(process, &self.snapshot);
        }
        if wanted.has_family && !batch.events.is_empty() {
            self.select(wanted);
        }
        true
    }

    /// Selects all processes again.
    pub(super) fn select(&mut self, wanted: &Wanted) {
        for process in &self.snapshot {
            if let Some(side) = self.sides.get_mut(&process.pid) {
                side.matches = wanted.has(process, &self.snapshot);
            }
        }
    }

    /// Returns whether the process with this pid is selected.
    pub(super) fn is_selected(&self, pid: u32) -> bool {
        self.sides.get(&pid).is_some_and(|side| side.matches)
    }

    /// Returns the selected processes, in order of pid.
    pub(super) fn selected(&self) -> impl Iterator<Item = &ProcessInfo> {
        self.snapshot
            .iter()
            .filter(|process| self.is_selected(process.pid))
    }

    /// Returns the curve of a process that lives.
    pub(super) fn curve(&self, key: ProcessKey) -> Option<&Curve> {
        let side = self.sides.get(&key.pid);
        side.filter(|side| side.key == key).map(|side| &side.curve)
    }

    /// Returns the step of the last batch.
    pub(super) fn step(&self) -> u32 {
        step_of(
            self.last_ns
                .saturating_sub(self.first_ns.unwrap_or(self.last_ns)),
        )
    }

    /// Returns the heap bytes that the curves use.
    #[cfg(test)]
    pub(super) fn curve_bytes(&self) -> usize {
        let curves = self.sides.values().map(|side| side.curve.heap_bytes());
        curves.sum::<usize>() + self.sides.capacity() * size_of::<(u32, Side)>()
    }
}

fn step_of(since_ns: u64) -> u32 {
    u32::try_from(since_ns / 1_000_000 / STEP_MS).unwrap_or(u32::MAX)
}
