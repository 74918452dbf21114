//! What a pass notes down until it can be told in order.

use super::slot::Slot;
use crate::model::{Changes, Event, ProcessInfo, ProcessKey};

/// The notes of one pass. Their room is kept from pass to pass.
#[derive(Debug, Default)]
pub(super) struct Notes {
    touched: Vec<Touch>,
    gone: Vec<Gone>,
    unreadable: Vec<ProcessKey>,
}

#[derive(Debug)]
struct Touch {
    pid: u32,
    slot: u32,
    /// Empty: it is new.
    changed: Changes,
}

#[derive(Debug)]
struct Gone {
    process: ProcessInfo,
    lived_ms: Option<u64>,
}

impl Notes {
    pub(super) fn clear(&mut self) {
        self.touched.clear();
        self.gone.clear();
        self.unreadable.clear();
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.touched.capacity() * size_of::<Touch>()
            + self.gone.capacity() * size_of::<Gone>()
            + self.unreadable.capacity() * size_of::<ProcessKey>()
    }

    pub(super) fn note_new(&mut self, pid: u32, slot: u32) {
        let changed = Changes::default();
        self.touched.push(Touch { pid, slot, changed });
    }

    pub(super) fn note_changed(&mut self, pid: u32, slot: u32, changed: Changes) {
        self.touched.push(Touch { pid, slot, changed });
    }

    pub(super) fn note_gone(&mut self, process: ProcessInfo, lived_ms: Option<u64>) {
        self.gone.push(Gone { process, lived_ms });
    }

    pub(super) fn note_unreadable(&mut self, key: ProcessKey) {
        self.unreadable.push(key);
    }

    pub(super) fn take_unreadable(&mut self) -> Vec<ProcessKey> {
        std::mem::take(&mut self.unreadable)
    }

    /// What was born, changed and gone as events: in order of pid, and where a pid was used again
    /// `Exited` before `Created`. `is_first`: no scan has been whole yet.
    pub(super) fn take_events(&mut self, slots: &[Slot], is_first: bool) -> Vec<Event> {
        self.touched.sort_unstable_by_key(|touch| touch.pid);
        // Stable: a pid can be used again more than once only in different passes, but equal keys
        // must never depend on luck.
        self.gone.sort_by_key(|gone| gone.process.pid);
        let mut events = Vec::with_capacity(self.touched.len() + self.gone.len());
        let mut gone = self.gone.drain(..).peekable();
        for touch in self.touched.drain(..) {
            while let Some(gone) = gone.next_if(|gone| gone.process.pid <= touch.pid) {
                events.push(gone.into());
            }
            let process = slots[touch.slot as usize].told().clone();
            let changed = touch.changed;
            events.push(match changed.is_empty() {
                false => Event::Updated { process, changed },
                // Until a first scan was whole, nobody can say what was born.
                true if is_first => Event::Existing(process),
                true => Event::Created(process),
            });
        }
        events.extend(gone.map(Event::from));
        events
    }
}

impl From<Gone> for Event {
    fn from(gone: Gone) -> Self {
        Self::Exited {
            process: gone.process,
            lived_ms: gone.lived_ms,
        }
    }
}
