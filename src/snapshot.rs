//! The fold of batches: which processes there are, as a consumer knows it.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::batch::Batch;
use crate::event::Event;
use crate::process::{ProcessInfo, ProcessKey};

/// All processes at one moment, in order of pid: what a consumer gets by applying its batches.
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
#[derive(Debug, Clone, Default)]
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
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &ProcessInfo> {
        self.processes.values()
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
