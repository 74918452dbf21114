//! The fold of batches: which processes there are, as a consumer knows it.

use std::collections::BTreeMap;
use std::collections::btree_map::Values;

use serde::{Serialize, Serializer};

use crate::batch::Batch;
use crate::event::Event;
use crate::process::{ProcessInfo, ProcessKey};

/// All processes at one moment, in order of pid: what a consumer gets by applying its batches. Equal to
/// another of the same processes that is up to the same batch.
///
/// ```
/// use process_scanner::{Scanner, Snapshot};
///
/// let mut scanner = Scanner::builder().build()?;
/// let mut snapshot = Snapshot::new();
/// for _ in 0..2 {
///     let batch = scanner.scan_once().expect("a live source never ends");
///     snapshot.apply(&batch);
/// }
/// assert!(snapshot.by_pid(std::process::id()).is_some());
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    processes: BTreeMap<u32, ProcessInfo>,
    seq: u64,
    taken_at_ms: Option<u64>,
}

impl Snapshot {
    /// A snapshot that knows of no process yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Brings it up to date with one more batch. They have to be applied in the order they came.
    pub fn apply(&mut self, batch: &Batch) {
        // A notice repeats the number of the scan before, and there is nothing to apply.
        if batch.seq == self.seq && !batch.full {
            return;
        }
        self.seq = batch.seq;
        self.taken_at_ms = Some(batch.taken_at_ms);
        if batch.full {
            self.processes.clear();
        }
        for event in &batch.events {
            match event {
                Event::Existing(process)
                | Event::Created(process)
                | Event::Updated { process, .. } => {
                    self.processes.insert(process.pid, process.clone());
                }
                Event::Exited { process, .. } => {
                    self.processes.remove(&process.pid);
                }
            }
        }
    }

    /// Number of the last batch applied; 0 before the first.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// When the scan of the last batch applied began, in milliseconds from the Unix epoch;
    /// `None` before the first.
    pub fn taken_at_ms(&self) -> Option<u64> {
        self.taken_at_ms
    }

    /// How many processes there are.
    pub fn len(&self) -> usize {
        self.processes.len()
    }

    /// Whether no process is known.
    pub fn is_empty(&self) -> bool {
        self.processes.is_empty()
    }

    /// The processes in order of pid.
    pub fn iter(&self) -> Processes<'_> {
        Processes(self.processes.values())
    }

    /// The process that has this pid now.
    pub fn by_pid(&self, pid: u32) -> Option<&ProcessInfo> {
        self.processes.get(&pid)
    }

    /// The process with this key, if it still lives.
    pub fn get(&self, key: ProcessKey) -> Option<&ProcessInfo> {
        self.by_pid(key.pid).filter(|process| process.key() == key)
    }
}

/// The list of its processes in order of pid.
impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// The processes of a [`Snapshot`] in order of pid.
#[derive(Debug, Clone)]
pub struct Processes<'s>(Values<'s, u32, ProcessInfo>);

impl<'s> Iterator for Processes<'s> {
    type Item = &'s ProcessInfo;

    fn next(&mut self) -> Option<&'s ProcessInfo> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Processes<'_> {}

impl<'s> IntoIterator for &'s Snapshot {
    type Item = &'s ProcessInfo;
    type IntoIter = Processes<'s>;

    fn into_iter(self) -> Processes<'s> {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_walked_and_written_in_order_of_pid() {
        let process = |pid| {
            let start_time_ms = None;
            Event::Existing(ProcessInfo::unknown(ProcessKey { pid, start_time_ms }))
        };
        let batch = Batch::new(1, 1000, vec![process(9), process(7)]);
        let (mut snapshot, mut other) = (Snapshot::new(), Snapshot::new());
        snapshot.apply(&batch);
        let mut pids = Vec::new();
        for process in &snapshot {
            pids.push(process.pid);
        }
        assert_eq!(pids, [7, 9]);
        assert_eq!(snapshot.iter().len(), 2);
        let json = serde_json::to_string(&snapshot).expect("plain data");
        let read: Vec<ProcessInfo> = serde_json::from_str(&json).expect(&json);
        assert!(snapshot.iter().eq(&read));
        assert_ne!(snapshot, other);
        other.apply(&batch);
        assert_eq!(snapshot, other);
    }
}
