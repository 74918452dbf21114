//! The last births and exits.

use std::collections::VecDeque;

use process_scanner::{Batch, Event, ProcessInfo, Snapshot};

use super::kept_event::{Happened, kept, shortened};
use super::life_rates::{Count, Counts, Rates};
use super::seen::{Wanted, verdict};
use crate::cli::format::exits::is_failure;

/// Entries of each list.
const KEPT: usize = 400;

/// Entries, from the last one, in which a birth is searched when more is known of its process.
const SEARCHED: usize = 64;

/// Age of processes whose births are not recent, in milliseconds.
const OLD_MS: u64 = 60_000;

/// Which births and exits are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Lives {
    #[default]
    All,
    Exits,
    /// Exits by a signal, or with another code than 0.
    Failed,
}

impl Lives {
    pub(super) fn next(self) -> Self {
        match self {
            Self::All => Self::Exits,
            Self::Exits => Self::Failed,
            Self::Failed => Self::All,
        }
    }
}

/// The last births and exits.
#[derive(Debug, Default, Clone)]
pub(super) struct Recent {
    all: VecDeque<Happened>,
    /// Exits, which a storm of births would drive out of the list of all.
    exits: VecDeque<Happened>,
    failed: VecDeque<Happened>,
    counts: Counts,
    /// Serial number of the next one.
    next: u64,
}

impl Recent {
    /// Adds the births and exits of a batch. `after`: the processes after it.
    pub(super) fn take(&mut self, batch: &Batch, wanted: &Wanted, after: &Snapshot) {
        let mut count = Count {
            at_ns: batch.monotonic_ns,
            ..Count::default()
        };
        for event in &batch.events {
            let process = event.process();
            match event {
                Event::Created(_) => count.births += 1,
                Event::Exited { .. } => {
                    count.exits += 1;
                    count.failed += u32::from(is_failure(event));
                }
                Event::Updated { .. } => {
                    self.complete(process, wanted, after);
                    continue;
                }
                _ => continue,
            }
            let is_exit = matches!(event, Event::Exited { .. });
            if is_exit {
                self.complete(process, wanted, after);
            }
            let given = verdict(&wanted.given, process, after);
            if given == Some(false) || (is_exit && given.is_none()) {
                continue;
            }
            let happened = Happened {
                serial: self.next,
                at_ms: batch.taken_at_ms,
                event: kept(event),
                parent: parent_name(process, after),
                given,
                typed: wanted.typed_verdict(process, after),
            };
            self.next += 1;
            if is_exit {
                push(&mut self.exits, happened.clone());
                if is_failure(event) {
                    push(&mut self.failed, happened.clone());
                }
            }
            push(&mut self.all, happened);
        }
        self.counts.take(count);
    }

    /// Adds to a recent birth what is known of its process now.
    fn complete(&mut self, process: &ProcessInfo, wanted: &Wanted, after: &Snapshot) {
        let key = process.key();
        let is_old = |start_ms| start_ms < after.taken_at_ms().unwrap_or(0).saturating_sub(OLD_MS);
        if key.start_time_ms.is_some_and(is_old) {
            return;
        }
        let recent = self.all.iter_mut().rev().take(SEARCHED);
        let mut births = recent.filter(|one| matches!(one.event, Event::Created(_)));
        if let Some(birth) = births.find(|one| one.event.process().key() == key) {
            birth.event = Event::Created(shortened(process));
            if birth.given != Some(true) {
                birth.given = verdict(&wanted.given, process, after);
            }
            birth.typed = wanted.typed_verdict(process, after);
        }
    }

    /// Selects the listed ones again, because the typed filter has changed.
    pub(super) fn select(&mut self, wanted: &Wanted, now: &Snapshot) {
        for list in [&mut self.all, &mut self.exits, &mut self.failed] {
            for happened in list {
                happened.typed = wanted.typed_verdict(happened.event.process(), now);
            }
        }
    }

    /// Returns the chosen ones, the last first.
    pub(super) fn newest_first(&self, lives: Lives) -> impl Iterator<Item = &Happened> {
        let list = self.list(lives);
        list.iter().rev().filter(|one| one.is_selected())
    }

    /// Returns the exit of a process, and when its batch was taken.
    ///
    /// If it was lost, or is too old, it has no status, and the time is `now_ms`.
    pub(super) fn exit_of(&self, process: &ProcessInfo, now_ms: u64) -> (Event, u64) {
        // Failed exits stay longer in their own list.
        let lists = [Lives::Exits, Lives::Failed].into_iter();
        let mut exits = lists.flat_map(|lives| self.newest_first(lives));
        match exits.find(|exit| exit.event.process().key() == process.key()) {
            Some(exit) => (exit.event.clone(), exit.at_ms),
            None => (Event::exited(process.clone(), None), now_ms),
        }
    }

    /// Returns how many entries a list keeps, if it has left out older ones.
    pub(super) fn most(&self, lives: Lives) -> Option<usize> {
        (self.list(lives).len() >= KEPT).then_some(KEPT)
    }

    /// Returns births and exits of all processes per second; `None` before they can be known.
    pub(super) fn rates(&self) -> Option<Rates> {
        self.counts.rates()
    }

    fn list(&self, lives: Lives) -> &VecDeque<Happened> {
        match lives {
            Lives::All => &self.all,
            Lives::Exits => &self.exits,
            Lives::Failed => &self.failed,
        }
    }
}

fn parent_name(process: &ProcessInfo, among: &Snapshot) -> Option<String> {
    let parent = among.parent(process)?;
    Some(parent.full_name()?.to_owned())
}

fn push(list: &mut VecDeque<Happened>, happened: Happened) {
    if list.len() >= KEPT {
        list.pop_front();
    }
    list.push_back(happened);
}

#[cfg(test)]
impl Recent {
    /// Returns about how many bytes the lists use, without what they share with the processes.
    pub(super) fn heap_bytes(&self) -> usize {
        let lists = [&self.all, &self.exits, &self.failed];
        let entries = lists.into_iter().flatten();
        let of_texts = entries.map(|one| {
            let command = one.event.process().command.as_ref();
            let args = command.map_or(0, |command| command.args().map(|arg| arg.len() + 1).sum());
            args + one.parent.as_ref().map_or(0, String::len)
        });
        let capacity: usize = lists.iter().map(|list| list.capacity()).sum();
        of_texts.sum::<usize>() + capacity * size_of::<Happened>() + self.counts.heap_bytes()
    }
}

/// Returns the keys of the listed processes, for tests.
#[cfg(test)]
pub(super) fn keys(recent: &Recent, lives: Lives) -> Vec<process_scanner::ProcessKey> {
    let listed = recent.newest_first(lives);
    listed.map(|one| one.event.process().key()).collect()
}
