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
use crate::model::ProcessInfo;
use crate::source::SourceInfo;

/// All processes of the last scan, compact, each with what the next scan is compared with.
///
/// A [`Scanner`](crate::Scanner) drives one.
pub(crate) struct Table {
    pub(super) slots: Vec<Slot>,
    pub(super) free: Vec<u32>,
    pub(super) by_pid: HashMap<u32, u32, RandomState>,
    pub(super) texts: Texts,
    pub(super) thresholds: Thresholds,
    pub(super) ages: Ages,
    /// Number of the pass under way or last made, from 1: what a slot is marked with.
    pub(super) pass: u32,
    /// Room for what a pass notes down, kept from pass to pass.
    pub(super) notes: Notes,
}

/// Its processes are other people's, and many.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl Table {
    /// An empty table for what this source will show.
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
            pass: 0,
            notes: Notes::default(),
        }
    }

    /// How many processes it holds.
    pub(crate) fn len(&self) -> usize {
        self.by_pid.len()
    }

    /// The processes as they were last told, in no particular order.
    pub(crate) fn processes(&self) -> impl Iterator<Item = &ProcessInfo> {
        self.slots.iter().filter_map(|slot| slot.told.as_ref())
    }

    /// Bytes on the heap: arena, index, strings, and room kept for the next pass.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
            + self.free.capacity() * size_of::<u32>()
            + self.by_pid.capacity() * (size_of::<(u32, u32)>() + 1) * 8 / 7
            + self.texts.heap_bytes()
            + self.notes.heap_bytes()
    }

    pub(super) fn put(&mut self, slot: Slot) -> u32 {
        let pid = slot.told().pid;
        let index = match self.free.pop() {
            Some(index) => {
                self.slots[index as usize] = slot;
                index
            }
            None => {
                self.slots.push(slot);
                u32::try_from(self.slots.len() - 1)
                    .expect("BUG: pids are u32 and unique, so slots are fewer")
            }
        };
        self.by_pid.insert(pid, index);
        index
    }

    /// Takes a process out, with the values of now and not only those told.
    pub(super) fn take(&mut self, index: u32) -> ProcessInfo {
        let slot = &mut self.slots[index as usize];
        let mut process = slot
            .told
            .take()
            .expect("BUG: the index leads to taken slots only");
        process.status = slot.status;
        process.cpu_percent = slot.cpu_percent;
        process.cpu_time_ms = slot.cpu_time_ns.map(ns_to_ms);
        process.resources = slot.resources;
        self.free.push(index);
        self.by_pid.remove(&process.pid);
        self.texts
            .give_back(process.name.as_ref(), process.command.as_ref());
        process
    }

    /// Gives back the room of a crowd that has left: more than half of the arena is empty.
    pub(super) fn shrink(&mut self) {
        const WORTH_IT: usize = 1024;
        if self.free.len() < WORTH_IT || self.free.len() < self.by_pid.len() {
            return;
        }
        self.slots.retain(|slot| slot.told.is_some());
        self.slots.shrink_to_fit();
        self.free = Vec::new();
        self.by_pid.clear();
        self.by_pid.shrink_to_fit();
        for (index, slot) in self.slots.iter().enumerate() {
            self.by_pid.insert(slot.told().pid, index as u32);
        }
        self.texts.shrink();
        self.notes = Notes::default();
    }
}
