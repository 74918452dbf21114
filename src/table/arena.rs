//! The processes of the table: an arena with a free list, and an index by pid.

use std::collections::HashMap;
use std::fmt;

use ahash::RandomState;

use super::ages::Ages;
use super::notes::Notes;
use super::rates::{Thresholds, ns_to_ms};
use super::slot::Slot;
use super::texts::Texts;
use crate::config::Config;
use crate::model::{Details, ProcessInfo, Timestamp};
use crate::source::SourceInfo;

/// All known processes, each with the values that the next scan is compared with.
///
/// Each [`Scanner`](crate::Scanner) has one.
pub(crate) struct Table {
    pub(super) slots: Vec<Slot>,
    pub(super) free: Vec<u32>,
    pub(super) by_pid: HashMap<u32, u32, RandomState>,
    pub(super) texts: Texts,
    pub(super) thresholds: Thresholds,
    pub(super) ages: Ages,
    /// The details of a process of which none is known yet: those that the source collects.
    pub(super) unknown_details: Details,
    /// Number of the current or last scan, from 1. A slot is marked with it.
    pub(super) scan: u32,
    /// The events of the current scan.
    pub(super) notes: Notes,
}

/// Omits the processes: their data can be private, and there are many.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl Table {
    /// Creates an empty table for the rows of this source.
    pub(crate) fn new(config: &Config, source: &SourceInfo) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_pid: HashMap::default(),
            texts: Texts::new(config),
            thresholds: Thresholds {
                cpu_percent: config.cpu_threshold_percent,
                rss_bytes: config.rss_threshold_bytes,
            },
            ages: Ages::new(source),
            unknown_details: Details::unknown(source.collects),
            scan: 0,
            notes: Notes::default(),
        }
    }

    /// Converts a time to the clock of the start times, in milliseconds since the Unix epoch.
    pub(crate) fn start_clock_ms(&self, at: Timestamp) -> u64 {
        self.ages.start_clock_ms(at)
    }

    /// Returns the number of processes.
    pub(crate) fn len(&self) -> usize {
        self.by_pid.len()
    }

    /// Returns the processes as last reported, in no particular order.
    pub(crate) fn processes(&self) -> impl Iterator<Item = &ProcessInfo> {
        self.slots.iter().filter_map(|slot| slot.reported.as_ref())
    }

    /// Returns the bytes on the heap: arena, index, strings, and memory kept for the next scan.
    pub(crate) fn heap_bytes(&self) -> usize {
        let details = self.slots.iter().map(Slot::details_heap_bytes);
        details.sum::<usize>()
            + self.slots.capacity() * size_of::<Slot>()
            + self.len() * ProcessInfo::HEAP_BYTES
            + self.free.capacity() * size_of::<u32>()
            + self.by_pid.capacity() * (size_of::<(u32, u32)>() + 1) * 8 / 7
            + self.texts.heap_bytes()
            + self.notes.heap_bytes()
    }

    /// Stores a slot in use and returns its index.
    pub(super) fn put(&mut self, slot: Slot) -> u32 {
        let pid = slot.pid;
        let index = match self.free.pop() {
            Some(index) => {
                self.slots[index as usize] = slot;
                index
            }
            None => {
                if self.slots.len() == self.slots.capacity() {
                    // Doubling would leave up to half of the memory unused.
                    self.slots.reserve_exact(64 + self.slots.len() / 8);
                }
                self.slots.push(slot);
                u32::try_from(self.slots.len() - 1)
                    .expect("BUG: pids are u32 and unique, so slots are fewer")
            }
        };
        self.by_pid.insert(pid, index);
        index
    }

    /// Frees a slot and returns its process with the last measured values.
    pub(super) fn take(&mut self, index: u32) -> ProcessInfo {
        let slot = &mut self.slots[index as usize];
        let mut process = slot
            .reported
            .take()
            .expect("BUG: the index has only slots in use");
        let values = &mut *process;
        values.status = slot.status;
        values.cpu_percent = slot.cpu_percent;
        values.cpu_time_ms = slot.cpu_time_ns.map(ns_to_ms);
        values.resources = slot.resources;
        values.details = std::mem::take(&mut slot.details);
        self.free.push(index);
        self.by_pid.remove(&process.pid);
        self.texts
            .release(process.name.as_ref(), process.command.as_ref());
        self.texts.release_details(&process.details);
        process
    }

    /// Frees memory if more than half of the arena, and at least 1,024 slots, are free.
    pub(super) fn shrink(&mut self) {
        const MIN_FREE: usize = 1024;
        if self.free.len() < MIN_FREE || self.free.len() < self.by_pid.len() {
            return;
        }
        self.slots.retain(|slot| slot.reported.is_some());
        self.slots.shrink_to_fit();
        self.free = Vec::new();
        self.by_pid.clear();
        self.by_pid.shrink_to_fit();
        for (index, slot) in self.slots.iter().enumerate() {
            self.by_pid.insert(slot.pid, index as u32);
        }
        self.texts.shrink();
        self.notes = Notes::default();
    }
}
