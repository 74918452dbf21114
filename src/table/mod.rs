//! The table of living processes: an arena with a free list, found by pid.
//!
//! It is brought up to date one [`Pass`] a scan. Only one process at a time can have a pid, so the
//! index goes by pid alone, and the start time is compared in the slot that it leads to: one
//! look-up finds an old process and tells a pid that was used again.

mod ages;
#[cfg(test)]
mod allocations;
#[cfg(feature = "bench")]
pub(crate) mod bench;
mod identity;
mod notes;
mod pass;
mod rates;
mod strings;
mod texts;

use std::collections::HashMap;
use std::fmt;

use ahash::RandomState;

use self::notes::Notes;
pub(crate) use self::pass::{Absent, Pass};
use self::texts::Texts;
use crate::config::Config;
use crate::model::{ProcessInfo, Resources, Status, Timestamp};
use crate::source::SourceInfo;

/// All processes of the last scan, compact, each with what the next scan is compared with.
///
/// A [`Scanner`](crate::Scanner) drives one.
pub(crate) struct Table {
    slots: Vec<Slot>,
    free: Vec<u32>,
    by_pid: HashMap<u32, u32, RandomState>,
    texts: Texts,
    rules: Rules,
    /// Number of the pass under way or last made, from 1: what a slot is marked with.
    pass: u32,
    /// The first scan's time: the wall clock it had, carried on by the monotonic clock.
    origin: Option<Timestamp>,
    /// When a scan last showed all there was; what appears later was born later or was hidden.
    last_whole: Option<Timestamp>,
    /// Room for what a pass notes down, kept from pass to pass.
    notes: Notes,
}

/// Its processes are other people's, and many.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// What is compared how. Constant for a table.
#[derive(Debug, Clone, Copy)]
struct Rules {
    cpu_threshold_percent: Option<f32>,
    rss_threshold_bytes: Option<u64>,
    start_time_resolution_ms: u64,
}

/// A place for one process.
#[derive(Debug)]
struct Slot {
    /// The process as it was last told: what a fold of the batches has. `None` while free.
    told: Option<ProcessInfo>,
    /// The last known start time; differs from the told one where that was unknown at first.
    start_time_ms: Option<u64>,
    /// The pass that last saw it.
    pass: u32,
    /// The slot of the row that came after its own: where to look first in the next pass.
    next: u32,
    /// Now, where the told values may lag behind by less than a threshold.
    status: Option<Status>,
    cpu_percent: Option<f32>,
    cpu_time_ns: Option<u64>,
    /// The last CPU time that could be read, 0 if none could: what a successor's would be less than.
    cpu_time_known_ns: u64,
    resources: Resources,
    /// Monotonic time of the reading of `cpu_time_ns`.
    cpu_read_at_ns: u64,
}

impl Slot {
    fn told(&self) -> &ProcessInfo {
        self.told
            .as_ref()
            .expect("BUG: the index leads to taken slots only")
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
            rules: Rules {
                cpu_threshold_percent: config.cpu_threshold_percent,
                rss_threshold_bytes: config.rss_threshold_bytes,
                // The field is public: whatever it was set to, times are whole milliseconds.
                start_time_resolution_ms: source.start_time_resolution_ms.max(1),
            },
            pass: 0,
            origin: None,
            last_whole: None,
            notes: Notes::default(),
        }
    }

    /// Begins one pass over it, for a scan taken at `at`.
    pub(crate) fn begin(&mut self, at: Timestamp) -> Pass<'_> {
        Pass::new(self, at)
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

    fn put(&mut self, slot: Slot) -> u32 {
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
    fn take(&mut self, index: u32) -> ProcessInfo {
        let slot = &mut self.slots[index as usize];
        let mut process = slot
            .told
            .take()
            .expect("BUG: the index leads to taken slots only");
        process.status = slot.status;
        process.cpu_percent = slot.cpu_percent;
        process.cpu_time_ms = slot.cpu_time_ns.map(rates::ns_to_ms);
        process.resources = slot.resources;
        self.free.push(index);
        self.by_pid.remove(&process.pid);
        self.texts
            .give_back(process.name.as_ref(), process.command.as_ref());
        process
    }

    /// Gives back the room of a crowd that has left: more than half of the arena is empty.
    fn shrink(&mut self) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Changes;
    use crate::source::{ProcessRow, Reading, Row};

    #[test]
    fn start_times_are_no_finer_than_a_millisecond() {
        let mut source = SourceInfo::new("test");
        source.start_time_resolution_ms = 0;
        let table = Table::new(&Config::default(), &source);
        assert_eq!(table.rules.start_time_resolution_ms, 1);
    }

    #[test]
    fn a_command_line_that_cannot_be_read_stands_but_not_under_another_name() {
        let mut table = Table::new(&Config::default(), &SourceInfo::new("test"));
        let mut now_s = 0;
        let mut told = |name: Reading<&[u8]>, command: Reading<&[u8]>| {
            now_s += 1;
            let mut pass = table.begin(Timestamp::new(now_s, now_s * 1_000_000_000));
            pass.see(Row::Process(ProcessRow {
                name,
                command,
                ..ProcessRow::unknown(7)
            }));
            let told = pass.finish(Absent::AreGone);
            let event = told.events.first();
            let changed = event.and_then(|event| match event {
                crate::Event::Updated { changed, .. } => Some(*changed),
                _ => None,
            });
            let process = table.processes().next().expect("it is there");
            let line = process.command.as_ref();
            let command = line.map(|line| line.args().collect::<Vec<_>>().join(" "));
            (changed.unwrap_or_default(), command)
        };
        let (name, other) = (Reading::Known(&b"sh"[..]), Reading::Known(&b"cat"[..]));
        let line = Reading::Known(&b"sh\0-c\0x\0"[..]);
        let known = Some("sh -c x".to_owned());
        assert_eq!(told(name, line), (Changes::default(), known.clone()));
        let nothing = (Changes::default(), known.clone());
        assert_eq!(told(name, Reading::Unknown), nothing);
        assert_eq!(told(Reading::Unknown, Reading::Unknown), nothing);
        assert_eq!(told(other, Reading::Same), (Changes::NAME, known));
        let (changed, command) = told(name, Reading::Unknown);
        assert!(changed.contains(Changes::NAME) && changed.contains(Changes::COMMAND));
        assert_eq!(command, None);
        let (changed, command) = told(name, Reading::Known(b"sh\0"));
        assert_eq!(
            (changed, command.as_deref()),
            (Changes::COMMAND, Some("sh"))
        );
    }

    #[test]
    fn debug_output_contains_no_process() {
        const SECRET: &[u8] = b"a-word-of-a-command-line";
        let mut table = Table::new(&Config::default(), &SourceInfo::new("test"));
        let mut pass = table.begin(Timestamp::new(0, 1));
        pass.see(Row::Process(ProcessRow {
            name: Reading::Known(SECRET),
            command: Reading::Known(SECRET),
            ..ProcessRow::unknown(7)
        }));
        assert_eq!(pass.finish(Absent::AreGone).events.len(), 1);
        let printed = format!("{table:?}");
        assert!(!printed.contains("a-word"), "{printed}");
    }

    #[test]
    fn a_pass_that_was_dropped_leaves_the_next_one_nothing_to_tell() {
        let mut table = Table::new(&Config::default(), &SourceInfo::new("test"));
        let mut pass = table.begin(Timestamp::new(0, 1));
        for pid in 1..=3 {
            pass.see(Row::Process(ProcessRow::unknown(pid)));
            pass.see(Row::Unreadable { pid });
        }
        drop(pass);
        let mut pass = table.begin(Timestamp::new(1, 2));
        pass.see(Row::Unchanged { pid: 2 });
        let told = pass.finish(Absent::AreGone);
        let gone: Vec<_> = told.events.iter().map(crate::Event::kind).collect();
        assert_eq!(gone, ["exited", "exited"]);
        assert!(told.unconfirmed.is_empty());
        assert_eq!(table.len(), 1);
    }
}
