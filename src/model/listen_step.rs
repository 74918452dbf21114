//! How closely a source listens, so that events cost no more than they may.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How closely a source listens to births and exits between scans.
///
/// The steps are in order: each one costs less than the one before, and leaves more to scans.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ListenStep {
    /// Each `exec` is read at once.
    #[default]
    Prompt,
    /// Events are received every 10 ms, and each `exec` is read then. Of short processes the command
    /// line is often unknown.
    Gathered,
    /// Events are received every 50 ms. Scans read command lines.
    Bare,
    /// Only exits are received, every 50 ms. Scans find births.
    ExitsOnly,
    /// No events are received. Scans find births and exits.
    Deaf,
}

impl ListenStep {
    /// All steps, the closest first.
    pub const ALL: [Self; 5] = [
        Self::Prompt,
        Self::Gathered,
        Self::Bare,
        Self::ExitsOnly,
        Self::Deaf,
    ];

    /// Returns its name in JSON, in `snake_case`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Gathered => "gathered",
            Self::Bare => "bare",
            Self::ExitsOnly => "exits_only",
            Self::Deaf => "deaf",
        }
    }
}

impl fmt::Display for ListenStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
