//! All processes, as a consumer knows them from its batches.

use std::collections::BTreeMap;
use std::collections::btree_map::Values;

use serde::{Serialize, Serializer};

use super::batch::Batch;
use super::event::Event;
use super::process::{ProcessInfo, ProcessKey};

/// All processes at one moment, in order of pid.
///
/// It is the result of applying batches. Two snapshots are equal if they have the same processes as
/// of the same batch.
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
    pub(super) processes: BTreeMap<u32, ProcessInfo>,
    seq: u64,
    taken_at_ms: Option<u64>,
    /// Start of the last good scan, by the clock of the start times.
    pub(super) start_clock_ms: Option<u64>,
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        let of = |one: &Self| (one.seq, one.taken_at_ms);
        of(self) == of(other) && self.processes == other.processes
    }
}

impl Snapshot {
    /// Creates a snapshot without processes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies one more batch.
    ///
    /// Batches must be applied in the order of their delivery. Returns true if the batch is full,
    /// follows the previous one, or is a notice: the snapshot is then as correct as before. Every
    /// batch that a consumer receives gives true, even after lost batches.
    ///
    /// Returns false if batches in between were not applied:
    ///
    /// - A batch that is not full, and comes before any full one or is older than the snapshot, is
    ///   not applied.
    /// - A batch after a gap is applied. The snapshot is correct only if the batches in the gap had
    ///   no events.
    pub fn apply(&mut self, batch: &Batch) -> bool {
        self.apply_replacing(batch, drop)
    }

    /// Does the same, and passes on the values that it replaces, unless the batch is full.
    pub(crate) fn apply_replacing(
        &mut self,
        batch: &Batch,
        mut replaced: impl FnMut(ProcessInfo),
    ) -> bool {
        let last = self.seq.checked_add(batch.skipped_batches);
        let follows = batch.full || last.and_then(|last| last.checked_add(1)) == Some(batch.seq);
        if !batch.full {
            // A notice repeats the number of the scan before, and has no events.
            if last == Some(batch.seq) {
                self.seq = batch.seq;
                return true;
            }
            if self.taken_at_ms.is_none() || batch.seq < self.seq {
                return false;
            }
        }
        self.seq = batch.seq;
        self.taken_at_ms = Some(batch.taken_at_ms);
        // A scan that failed may have missed any process.
        if (batch.of_scan || batch.full) && batch.failure.is_none() {
            self.start_clock_ms = batch.start_clock_ms.or(Some(batch.taken_at_ms));
        }
        if batch.full {
            self.processes.clear();
        }
        for event in &batch.events {
            let old = match event {
                Event::Existing(process)
                | Event::Created(process)
                | Event::Updated { process, .. } => {
                    self.processes.insert(process.pid, process.clone())
                }
                Event::Exited { process, .. } => self.processes.remove(&process.pid),
            };
            if let Some(old) = old {
                replaced(old);
            }
        }
        follows
    }

    /// Returns the number of the last batch applied; 0 before the first.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Returns when the scan of the last applied batch began.
    ///
    /// It is in milliseconds since the Unix epoch; `None` before the first batch.
    pub fn taken_at_ms(&self) -> Option<u64> {
        self.taken_at_ms
    }

    /// Returns the number of processes.
    pub fn len(&self) -> usize {
        self.processes.len()
    }

    /// Returns whether there are no processes.
    pub fn is_empty(&self) -> bool {
        self.processes.is_empty()
    }

    /// Returns the processes in order of pid.
    pub fn iter(&self) -> Processes<'_> {
        Processes(self.processes.values())
    }

    /// Returns the process that has this pid now.
    pub fn by_pid(&self, pid: u32) -> Option<&ProcessInfo> {
        self.processes.get(&pid)
    }

    /// Returns the process with this key, if it has not exited.
    pub fn get(&self, key: ProcessKey) -> Option<&ProcessInfo> {
        self.by_pid(key.pid).filter(|process| process.key() == key)
    }
}

/// Serialises the list of processes, in order of pid.
impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// Iterator over the processes of a [`Snapshot`], in order of pid.
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
    fn it_iterates_and_serialises_in_order_of_pid() {
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

    #[test]
    fn batches_before_a_full_one_are_not_applied_and_gaps_are_reported() {
        let born = |seq, pid| {
            let start_time_ms = None;
            let process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms });
            Batch::new(seq, 1000 * seq, vec![Event::Created(process)])
        };
        let pids = |snapshot: &Snapshot| {
            let pids = snapshot.iter().map(|process| process.pid);
            pids.collect::<Vec<_>>()
        };
        let mut snapshot = Snapshot::new();
        let notice = Batch::new(0, 500, Vec::new());
        assert!(snapshot.apply(&notice));
        assert!(!snapshot.apply(&born(2, 7)));
        assert_eq!(snapshot, Snapshot::new());
        assert!(snapshot.apply(&born(1, 7)));
        assert!(snapshot.apply(&born(2, 8)));
        // The events of batch 3 are unknown. Later batches are applied.
        assert!(!snapshot.apply(&born(4, 9)));
        assert_eq!((pids(&snapshot), snapshot.seq()), (vec![7, 8, 9], 4));
        assert!(snapshot.apply(&born(5, 10)));
        assert!(!snapshot.apply(&born(4, 11)));
        assert_eq!((pids(&snapshot), snapshot.seq()), (vec![7, 8, 9, 10], 5));
        let mut full = born(9, 12);
        full.full = true;
        assert!(snapshot.apply(&full));
        assert_eq!((pids(&snapshot), snapshot.seq()), (vec![12], 9));
    }
}
