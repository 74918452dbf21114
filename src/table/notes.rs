//! The events of one batch, collected until they can be sorted by pid.

use super::rates::ns_to_ms;
use super::slot::Slot;
use crate::model::{Changes, Detail, Event, Exit, ProcessInfo, ProcessKey};

/// The events of one batch before they are sorted. The memory is reused from batch to batch.
#[derive(Debug, Default)]
pub(super) struct Notes {
    touched: Vec<Touch>,
    ended: Vec<Ended>,
    unreadable: Vec<ProcessKey>,
    /// Number of notes of this batch, which orders those of one pid.
    count: u32,
}

/// A new or changed process.
#[derive(Debug)]
struct Touch {
    pid: u32,
    order: u32,
    /// The slot, which another process may have by now.
    slot: u32,
    /// What changed; empty for a new process.
    changed: Changes,
}

/// A process that has exited.
#[derive(Debug)]
struct Ended {
    order: u32,
    process: ProcessInfo,
    lived_ms: Option<u64>,
    exit: Exit,
}

/// The notes of one life in one batch.
#[derive(Default)]
struct Life {
    is_new: bool,
    changed: Changes,
}

impl Notes {
    pub(super) fn clear(&mut self) {
        self.touched.clear();
        self.ended.clear();
        self.unreadable.clear();
        self.count = 0;
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.touched.capacity() * size_of::<Touch>()
            + self.ended.capacity() * size_of::<Ended>()
            + self.unreadable.capacity() * size_of::<ProcessKey>()
    }

    pub(super) fn note_new(&mut self, pid: u32, slot: u32) {
        self.note_changed(pid, slot, Changes::default());
    }

    pub(super) fn note_changed(&mut self, pid: u32, slot: u32, changed: Changes) {
        let order = self.next_order();
        self.touched.push(Touch {
            pid,
            order,
            slot,
            changed,
        });
    }

    pub(super) fn note_exit(&mut self, process: ProcessInfo, lived_ms: Option<u64>, exit: Exit) {
        let order = self.next_order();
        self.ended.push(Ended {
            order,
            process,
            lived_ms,
            exit,
        });
    }

    /// Adds what is known of an exit that is noted already. Returns whether there is one.
    pub(super) fn complete_exit(
        &mut self,
        pid: u32,
        start_time_ms: Option<u64>,
        lived_ms: Option<u64>,
        exit: Exit,
    ) -> bool {
        let is_it = |ended: &&mut Ended| {
            ended.process.pid == pid && ended.process.start_time_ms == start_time_ms
        };
        let Some(ended) = self.ended.iter_mut().rev().find(is_it) else {
            return false;
        };
        ended.lived_ms = lived_ms.or(ended.lived_ms);
        ended.exit = exit;
        true
    }

    pub(super) fn note_unreadable(&mut self, key: ProcessKey) {
        self.unreadable.push(key);
    }

    pub(super) fn take_unreadable(&mut self) -> Vec<ProcessKey> {
        std::mem::take(&mut self.unreadable)
    }

    /// Takes the events in order of pid, those of one pid in the order in which they happened.
    ///
    /// `is_first`: no scan was trusted yet.
    pub(super) fn take_events(&mut self, slots: &[Slot], is_first: bool) -> Vec<Event> {
        self.touched
            .sort_unstable_by_key(|touch| (touch.pid, touch.order));
        self.ended
            .sort_unstable_by_key(|ended| (ended.process.pid, ended.order));
        self.count = 0;
        let mut events = Vec::with_capacity(self.touched.len() + self.ended.len());
        let mut touched = self.touched.drain(..).peekable();
        let mut ended = self.ended.drain(..).peekable();
        loop {
            let ended_pid = ended.peek().map(|ended| ended.process.pid);
            let touched_pid = touched.peek().map(|touch| touch.pid);
            let mut life = Life::default();
            match (touched_pid, ended_pid) {
                (Some(pid), ended_pid) if ended_pid.is_none_or(|ended_pid| pid < ended_pid) => {
                    let mut slot = 0;
                    while let Some(touch) = touched.next_if(|touch| touch.pid == pid) {
                        life.add(&touch);
                        slot = touch.slot;
                    }
                    let process = slots[slot as usize].reported();
                    events.extend(life.event(process, is_first));
                }
                (_, Some(pid)) => {
                    let ended = ended.next().expect("BUG: it was just peeked at");
                    let is_before = |touch: &Touch| touch.pid == pid && touch.order < ended.order;
                    while let Some(touch) = touched.next_if(is_before) {
                        life.add(&touch);
                    }
                    // Without a trusted scan before it, a whole life is not news.
                    if !(is_first && life.is_new) {
                        events.extend(life.event(&ended.process, is_first));
                        events.push(ended.into());
                    }
                }
                (_, None) => break,
            }
        }
        events
    }

    fn next_order(&mut self) -> u32 {
        self.count += 1;
        self.count
    }
}

impl Ended {
    /// Makes the CPU time of the process its final one, if that is known.
    ///
    /// What a scan has measured is part of it.
    fn conclude(&mut self) {
        let usage = self.exit.usage.as_mut();
        let process = &mut *self.process;
        if let Some(peak_bytes) = usage.as_ref().and_then(|usage| usage.peak_rss_bytes)
            && process.details.has(Detail::PeakRssBytes)
        {
            // The kernel's counts differ a little. A peak that is known is of the same program, and
            // so is the resident memory that was read with it.
            let rss_bytes = process.resources.rss_bytes.unwrap_or(0);
            let seen = process.details.number(Detail::PeakRssBytes);
            let seen = seen.map_or(0, |seen| seen.max(rss_bytes));
            process
                .details
                .set(Detail::PeakRssBytes, peak_bytes.max(seen).into());
        }
        let Some(final_ns) = usage.and_then(|usage| usage.cpu_time_ns.as_mut()) else {
            return;
        };
        let seen_ms = process.cpu_time_ms.unwrap_or(0.0);
        match ns_to_ms(*final_ns) {
            final_ms if final_ms >= seen_ms => process.cpu_time_ms = Some(final_ms),
            _ => *final_ns = (seen_ms * 1e6).round() as u64,
        }
    }
}

impl Life {
    fn add(&mut self, touch: &Touch) {
        match touch.changed.is_empty() {
            true => self.is_new = true,
            false => self.changed.insert(touch.changed),
        }
    }

    /// Returns what a consumer receives of it, besides its end.
    fn event(&self, process: &ProcessInfo, is_first: bool) -> Option<Event> {
        let changed = self.changed;
        match self.is_new {
            // Without a trusted scan to compare with, a birth is unknown.
            true if is_first => Some(Event::Existing(process.clone())),
            true => Some(Event::Created(process.clone())),
            false if changed.is_empty() => None,
            false => Some(Event::Updated {
                process: process.clone(),
                changed,
            }),
        }
    }
}

impl From<Ended> for Event {
    fn from(mut ended: Ended) -> Self {
        ended.conclude();
        Self::Exited {
            process: ended.process,
            lived_ms: ended.lived_ms,
            lived_ns: ended.exit.lived_ns,
            exit: ended.exit.status,
            ended_at_ms: ended.exit.ended_at_ms,
            likely_oom: ended.exit.likely_oom,
            usage: ended.exit.usage,
        }
    }
}
