//! The last births and exits, and how many there were.

use std::collections::VecDeque;

use process_scanner::{Batch, CommandLine, Detail, Details, Event, ProcessInfo, Snapshot};

use super::seen::{Wanted, verdict};
use crate::cli::format::exits::is_failure;

/// Entries of each list.
const KEPT: usize = 400;

/// Longest command line that is kept, in bytes; longer ones end there.
const COMMAND_BYTES: usize = 256;

/// Entries, from the last one, in which a birth is searched when more is known of its process.
const SEARCHED: usize = 64;

/// Age of processes whose births are not recent, in milliseconds.
const OLD_MS: u64 = 60_000;

/// Time over which rates are measured, in nanoseconds.
const RATE_NS: u64 = 10_000_000_000;

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

/// A birth or an exit.
#[derive(Debug, Clone)]
pub(super) struct Happened {
    /// Ascends, and is never used again.
    pub(super) serial: u64,
    /// When its batch was taken, in milliseconds from the Unix epoch.
    pub(super) at_ms: u64,
    pub(super) event: Event,
    /// Name of the parent when it happened; `None`: unknown.
    pub(super) parent: Option<String>,
    /// Whether the options select its process; `None`: too little is known of it yet.
    given: Option<bool>,
    /// The same of what was typed.
    typed: Option<bool>,
}

impl Happened {
    fn is_selected(&self) -> bool {
        self.given == Some(true) && self.typed == Some(true)
    }
}

/// Births and exits of one batch.
#[derive(Debug, Clone, Copy)]
struct Count {
    at_ns: u64,
    births: u32,
    exits: u32,
    failed: u32,
}

/// Births and exits per second, of all processes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rates {
    pub(super) births: f64,
    pub(super) exits: f64,
    pub(super) failed: f64,
}

/// The last births and exits.
#[derive(Debug, Default, Clone)]
pub(super) struct Recent {
    all: VecDeque<Happened>,
    /// Exits, which a storm of births would drive out of the list of all.
    exits: VecDeque<Happened>,
    failed: VecDeque<Happened>,
    counts: VecDeque<Count>,
    /// Serial number of the next one.
    next: u64,
    first_ns: Option<u64>,
    last_ns: u64,
}

impl Recent {
    /// Adds the births and exits of a batch. `after`: the processes after it.
    pub(super) fn take(&mut self, batch: &Batch, wanted: &Wanted, after: &Snapshot) {
        self.first_ns.get_or_insert(batch.monotonic_ns);
        self.last_ns = self.last_ns.max(batch.monotonic_ns);
        let (mut births, mut exits, mut failed) = (0, 0, 0);
        for event in &batch.events {
            let process = event.process();
            match event {
                Event::Created(_) => births += 1,
                Event::Exited { .. } => {
                    exits += 1;
                    failed += u32::from(is_failure(event));
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
        if births + exits > 0 {
            let at_ns = batch.monotonic_ns;
            self.counts.push_back(Count {
                at_ns,
                births,
                exits,
                failed,
            });
        }
        let since = self.last_ns.saturating_sub(RATE_NS);
        let is_old = |count: &&Count| count.at_ns <= since && since > 0;
        let old = self.counts.iter().take_while(is_old).count();
        self.counts.drain(..old);
        // Batches come every few milliseconds in a storm.
        if self.counts.len() > KEPT {
            self.merge_counts();
        }
    }

    /// Merges each two counts, to bound their number.
    fn merge_counts(&mut self) {
        let counts: Vec<Count> = self.counts.drain(..).collect();
        let merged = counts.chunks(2).map(|pair| Count {
            at_ns: pair[pair.len() - 1].at_ns,
            births: pair.iter().map(|count| count.births).sum(),
            exits: pair.iter().map(|count| count.exits).sum(),
            failed: pair.iter().map(|count| count.failed).sum(),
        });
        self.counts.extend(merged);
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

    fn list(&self, lives: Lives) -> &VecDeque<Happened> {
        match lives {
            Lives::All => &self.all,
            Lives::Exits => &self.exits,
            Lives::Failed => &self.failed,
        }
    }

    /// Returns births and exits of all processes per second; `None` before they can be known.
    pub(super) fn rates(&self) -> Option<Rates> {
        let since = self.last_ns.saturating_sub(self.first_ns?).min(RATE_NS);
        if since < 500_000_000 {
            return None;
        }
        let per_second = |of: fn(&Count) -> u32| {
            let sum: u64 = self.counts.iter().map(|count| u64::from(of(count))).sum();
            sum as f64 / (since as f64 / 1e9)
        };
        Some(Rates {
            births: per_second(|count| count.births),
            exits: per_second(|count| count.exits),
            failed: per_second(|count| count.failed),
        })
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

/// Copies an event, without what would take much memory.
fn kept(event: &Event) -> Event {
    let mut event = event.clone();
    match &mut event {
        Event::Existing(process)
        | Event::Created(process)
        | Event::Updated { process, .. }
        | Event::Exited { process, .. } => *process = shortened(process),
        _ => {}
    }
    event
}

/// Copies a process without the end of a long command line, and without optional fields but its user.
fn shortened(process: &ProcessInfo) -> ProcessInfo {
    let mut short = process.clone();
    short.details = Details::default();
    for detail in [Detail::UserId, Detail::UserName] {
        if process.details.has(detail) {
            short.details.set(detail, process.details.get(detail));
        }
    }
    let command = short.command.as_ref();
    let bytes: usize = command.map_or(0, |command| command.args().map(|arg| arg.len() + 1).sum());
    if bytes > COMMAND_BYTES {
        short.command = command.map(cut_command);
    }
    short
}

fn cut_command(command: &CommandLine) -> CommandLine {
    let mut room = COMMAND_BYTES;
    let args = command.args().map_while(|arg| {
        let end = arg.floor_char_boundary(arg.len().min(room));
        let is_over = room == 0;
        room = room.saturating_sub(end + 1);
        (!is_over).then(|| match end < arg.len() {
            true => format!("{}…", &arg[..end]),
            false => arg.to_owned(),
        })
    });
    args.collect()
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
        of_texts.sum::<usize>()
            + capacity * size_of::<Happened>()
            + self.counts.capacity() * size_of::<Count>()
    }
}

/// Returns the keys of the listed processes, for tests.
#[cfg(test)]
pub(super) fn keys(recent: &Recent, lives: Lives) -> Vec<process_scanner::ProcessKey> {
    let listed = recent.newest_first(lives);
    listed.map(|one| one.event.process().key()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_command_lines_are_cut_between_characters() {
        let key = process_scanner::ProcessKey {
            pid: 7,
            start_time_ms: None,
        };
        let mut process = ProcessInfo::unknown(key);
        let long = "é".repeat(40_000);
        process.command = Some(["sh", &long, "z"].iter().collect());
        let command = shortened(&process).command.clone().unwrap();
        let args: Vec<&str> = command.args().collect();
        assert_eq!(args.len(), 2);
        assert!(args[1].len() < 300 && args[1].ends_with("é…"), "{args:?}");
        process.command = Some(["sh", "-c"].iter().collect());
        assert_eq!(shortened(&process).command, process.command);
    }
}
