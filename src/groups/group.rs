//! What is reported of groups: [`Group`] and its parts.

use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::consumers::AsOf;
use crate::model::ExitStatus;

/// The identity of a group.
///
/// A process can be called `other` or `kernel` too: it is [`Named`](Self::Named) then. So a name
/// alone does not identify a group; name and [kind](Self::kind) do. In JSON both are fields of the
/// group, `group` and `kind`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum GroupId {
    /// The processes with this key. Other programs choose most keys.
    Named(Arc<str>),
    /// The processes that are in no container, or of no unit.
    Without,
    /// The processes whose key is unknown: it was not readable, or is not collected.
    Unknown,
    /// All kernel threads.
    Kernel,
    /// The processes that found no room, and those that match no rule.
    Other,
}

impl GroupId {
    /// Returns the key; for another kind its name in JSON.
    pub fn name(&self) -> &str {
        match self {
            Self::Named(name) => name,
            other => other.kind(),
        }
    }

    /// Returns the name of the kind in JSON: `named`, `none`, `unknown`, `kernel` or `other`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Named(_) => "named",
            Self::Without => "none",
            Self::Unknown => "unknown",
            Self::Kernel => "kernel",
            Self::Other => "other",
        }
    }
}

/// Prints the [name](GroupId::name), unescaped.
impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for GroupId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("GroupId", 2)?;
        out.serialize_field("group", self.name())?;
        out.serialize_field("kind", self.kind())?;
        out.end()
    }
}

/// A group of processes: what its processes have used, and what those that live use now.
///
/// The fields about living processes are as last reported.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Group {
    /// Which group it is.
    #[serde(flatten)]
    pub id: GroupId,
    /// What it has counted since it exists.
    #[serde(flatten)]
    pub counters: GroupCounters,
    /// Number of living processes, zombies included. 0: the group leaves after a while.
    pub processes: u64,
    /// How many of them have an unknown CPU time now.
    ///
    /// What they use is missing in `cpu_seconds` until it is known again.
    pub cpu_unknown: u64,
    /// Resident memory in bytes.
    pub rss_bytes: PartialSum,
    /// Number of threads.
    pub threads: PartialSum,
    /// The earliest known start of a living process, in milliseconds since the Unix epoch; `None`
    /// if none is known.
    pub oldest_start_ms: Option<u64>,
}

/// What a group has counted. No value ever falls while the group exists.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct GroupCounters {
    /// CPU time that its processes used in it while they were watched, in seconds.
    ///
    /// It includes processes that have ended, and what moved to another group afterwards. What a
    /// process used before it was first seen does not count, unless it was born while others were
    /// watched. `None` until the CPU time of one of its processes is known.
    pub cpu_seconds: Option<f64>,
    /// Processes that were born in it.
    ///
    /// A birth counts once the name of the process is known, or at its exit.
    /// A process that joins by a new name or user is no birth.
    pub births: u64,
    /// Processes that exited in it.
    pub exits: GroupExits,
    /// Of the exits, those of processes whose CPU time was never known. Their use is missing.
    pub exits_unmeasured: u64,
}

/// Exits by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[non_exhaustive]
pub struct GroupExits {
    /// Exits with code 0.
    pub ok: u64,
    /// Exits with another code.
    pub failed: u64,
    /// Exits by a signal.
    pub killed: u64,
    /// Exits without a known status, as where scans alone find exits, and after lost batches.
    pub unknown: u64,
}

impl GroupExits {
    /// Returns the number of all exits.
    pub fn total(self) -> u64 {
        self.ok + self.failed + self.killed + self.unknown
    }

    /// Returns each outcome with its name in JSON: `ok`, `failed`, `killed`, `unknown`.
    pub fn by_outcome(self) -> [(&'static str, u64); 4] {
        [
            ("ok", self.ok),
            ("failed", self.failed),
            ("killed", self.killed),
            ("unknown", self.unknown),
        ]
    }

    pub(super) fn count(&mut self, status: Option<ExitStatus>) {
        let outcome = match status {
            Some(ExitStatus { code: Some(0), .. }) => &mut self.ok,
            Some(ExitStatus { code: Some(_), .. }) => &mut self.failed,
            Some(ExitStatus {
                signal: Some(_), ..
            }) => &mut self.killed,
            _ => &mut self.unknown,
        };
        *outcome += 1;
    }

    pub(super) fn add(&mut self, other: Self) {
        self.ok += other.ok;
        self.failed += other.failed;
        self.killed += other.killed;
        self.unknown += other.unknown;
    }
}

/// A sum over living processes, of which some values can be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct PartialSum {
    /// The sum of the known values; `None` if all are unknown. 0 if there is no process.
    pub known: Option<u64>,
    /// Number of processes whose value is unknown. 0: the sum is complete.
    pub unknown: u64,
}

impl PartialSum {
    /// The sum over no process.
    pub(super) const EMPTY: Self = Self {
        known: Some(0),
        unknown: 0,
    };

    /// Adds the value of the next process, after `before` others.
    pub(super) fn add(&mut self, value: Option<u64>, before: u64) {
        match value {
            Some(value) => self.known = Some(self.known.unwrap_or(0).saturating_add(value)),
            None => {
                self.unknown += 1;
                if self.unknown > before {
                    self.known = None;
                }
            }
        }
    }
}

/// All groups at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GroupsReport {
    /// The last good scan; `None` before the first. It stays the same while scans fail.
    pub as_of: Option<AsOf>,
    /// The groups in order of their id, the empty ones that have not left yet included.
    pub groups: Vec<Group>,
    /// The sum of what groups had counted when they left.
    ///
    /// With it, the sum over all groups is that of the host, and never falls.
    pub left: GroupCounters,
    /// How often a process became [`Other`](GroupId::Other) because there was no room for its group.
    ///
    /// Above 0, the limit of groups is too low, or the groups are too fine.
    pub without_room: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_has_the_known_values_and_the_number_of_unknown_ones() {
        for (values, expected) in [
            (&[][..], (Some(0), 0)),
            (&[None], (None, 1)),
            (&[None, None], (None, 2)),
            (&[None, Some(0)], (Some(0), 1)),
            (&[Some(4), None, Some(3)], (Some(7), 1)),
            (&[Some(u64::MAX), Some(1)], (Some(u64::MAX), 0)),
        ] {
            let mut sum = PartialSum::EMPTY;
            for (before, value) in (0..).zip(values) {
                sum.add(*value, before);
            }
            assert_eq!((sum.known, sum.unknown), expected, "{values:?}");
        }
    }

    #[test]
    fn an_exit_has_one_outcome() {
        let mut exits = GroupExits::default();
        for status in [0, 0x100, 9, 11 | 0x80] {
            exits.count(Some(ExitStatus::from_wait_status(status)));
        }
        exits.count(None);
        assert_eq!(exits.by_outcome().map(|(_, count)| count), [1, 1, 2, 1]);
        assert_eq!(exits.total(), 5);
    }

    #[test]
    fn a_process_cannot_take_the_name_of_another_kind() {
        let ids = [GroupId::Other, GroupId::Named("other".into())];
        let json = serde_json::to_value(&ids).expect("plain data");
        assert_eq!(
            json,
            serde_json::json!([
                {"group": "other", "kind": "other"},
                {"group": "other", "kind": "named"},
            ])
        );
    }
}
