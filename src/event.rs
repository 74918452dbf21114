//! What a batch is made of: one [`Event`] for each thing that happened.

use std::fmt;

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use crate::process::ProcessInfo;

/// One thing that happened to one process.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// It was there when the scanner began, or this is a full batch.
    Existing(ProcessInfo),
    /// It was born since the scan before, or had not been shown until now.
    Created(ProcessInfo),
    /// Something of it changed.
    #[non_exhaustive]
    Updated {
        /// The process as it is now.
        process: ProcessInfo,
        /// What changed.
        changed: Changes,
    },
    /// It is gone.
    #[non_exhaustive]
    Exited {
        /// The process as it was last seen.
        process: ProcessInfo,
        /// Milliseconds from its start to the scan that missed it, so up to one interval more
        /// than it lived. `None` where its start time is unknown.
        lived_ms: Option<u64>,
    },
}

impl Event {
    /// An [`Updated`](Self::Updated), as tests of a consumer need them.
    pub fn updated(process: ProcessInfo, changed: Changes) -> Self {
        Self::Updated { process, changed }
    }

    /// An [`Exited`](Self::Exited), as tests of a consumer need them.
    pub fn exited(process: ProcessInfo, lived_ms: Option<u64>) -> Self {
        Self::Exited { process, lived_ms }
    }

    /// The process it is about.
    pub fn process(&self) -> &ProcessInfo {
        match self {
            Self::Existing(process)
            | Self::Created(process)
            | Self::Updated { process, .. }
            | Self::Exited { process, .. } => process,
        }
    }

    /// The event's name: `existing`, `created`, `updated` or `exited`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Existing(_) => "existing",
            Self::Created(_) => "created",
            Self::Updated { .. } => "updated",
            Self::Exited { .. } => "exited",
        }
    }
}

/// A set of things that changed about a process.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Changes(u8);

impl Changes {
    /// The name: as a rule an `exec`.
    pub const NAME: Self = Self(1);
    /// The command line: as a rule an `exec`. A change of nothing but a secret that is
    /// [hidden](crate::Redactor) does not show.
    pub const COMMAND: Self = Self(2);
    /// The parent: as a rule the old one ended.
    pub const PARENT: Self = Self(4);
    /// The status, other than between running, sleeping and idle.
    pub const STATUS: Self = Self(8);
    /// CPU time or use.
    pub const CPU: Self = Self(16);
    /// Resident memory.
    pub const RSS: Self = Self(32);

    const NAMES: [(Self, &'static str); 6] = [
        (Self::NAME, "name"),
        (Self::COMMAND, "command"),
        (Self::PARENT, "parent"),
        (Self::STATUS, "status"),
        (Self::CPU, "cpu"),
        (Self::RSS, "rss"),
    ];

    /// Whether nothing changed.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` changed.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of what changed: `name`, `command`, `parent`, `status`, `cpu`, `rss`, in this
    /// order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .filter(move |(change, _)| self.contains(*change))
            .map(|(_, name)| name)
    }

    pub(crate) fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// A list of names.
impl Serialize for Changes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for name in self.names() {
            list.serialize_element(name)?;
        }
        list.end()
    }
}
