//! The events of one scan, collected until they can be sorted by pid.

use super::slot::Slot;
use crate::model::{Changes, Event, ProcessInfo, ProcessKey};

/// The events of one scan before they are sorted. The memory is reused from scan to scan.
#[derive(Debug, Default)]
pub(super) struct Notes {
    touched: Vec<Touch>,
    exits: Vec<Exit>,
    unreadable: Vec<ProcessKey>,
}

/// A new or changed process.
#[derive(Debug)]
struct Touch {
    pid: u32,
    slot: u32,
    /// What changed; empty for a new process.
    changed: Changes,
}

#[derive(Debug)]
struct Exit {
    process: ProcessInfo,
    lived_ms: Option<u64>,
}

impl Notes {
    pub(super) fn clear(&mut self) {
        self.touched.clear();
        self.exits.clear();
        self.unreadable.clear();
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.touched.capacity() * size_of::<Touch>()
            + self.exits.capacity() * size_of::<Exit>()
            + self.unreadable.capacity() * size_of::<ProcessKey>()
    }

    pub(super) fn note_new(&mut self, pid: u32, slot: u32) {
        let changed = Changes::default();
        self.touched.push(Touch { pid, slot, changed });
    }

    pub(super) fn note_changed(&mut self, pid: u32, slot: u32, changed: Changes) {
        self.touched.push(Touch { pid, slot, changed });
    }

    pub(super) fn note_exit(&mut self, process: ProcessInfo, lived_ms: Option<u64>) {
        self.exits.push(Exit { process, lived_ms });
    }

    pub(super) fn note_unreadable(&mut self, key: ProcessKey) {
        self.unreadable.push(key);
    }

    pub(super) fn take_unreadable(&mut self) -> Vec<ProcessKey> {
        std::mem::take(&mut self.unreadable)
    }

    /// Takes the events in order of pid. For a reused pid, `Exited` comes before `Created`.
    ///
    /// `is_first`: no scan was trusted yet.
    pub(super) fn take_events(&mut self, slots: &[Slot], is_first: bool) -> Vec<Event> {
        self.touched.sort_unstable_by_key(|touch| touch.pid);
        // Two exits of one pid cannot occur in one scan. The sort is stable anyway, so that the order is
        // defined.
        self.exits.sort_by_key(|exit| exit.process.pid);
        let mut events = Vec::with_capacity(self.touched.len() + self.exits.len());
        let mut exits = self.exits.drain(..).peekable();
        for touch in self.touched.drain(..) {
            while let Some(exit) = exits.next_if(|exit| exit.process.pid <= touch.pid) {
                events.push(exit.into());
            }
            let process = slots[touch.slot as usize].reported().clone();
            let changed = touch.changed;
            events.push(match changed.is_empty() {
                false => Event::Updated { process, changed },
                // Without a trusted scan to compare with, a birth is unknown.
                true if is_first => Event::Existing(process),
                true => Event::Created(process),
            });
        }
        events.extend(exits.map(Event::from));
        events
    }
}

impl From<Exit> for Event {
    fn from(exit: Exit) -> Self {
        Self::Exited {
            process: exit.process,
            lived_ms: exit.lived_ms,
        }
    }
}
