//! What is known of one field of a process.

use super::process::ProcessInfo;
use super::resources::Resources;
use super::value::{Unit, Value};

/// Describes one field of a process: its names, its unit and where its value is.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Field {
    /// Its name in JSON, with its unit.
    pub name: &'static str,
    /// What it measures.
    pub unit: Unit,
    /// The change that reports that it differs; `None` where it never changes.
    pub change: Option<Change>,
    /// The heading of its column; `None` where it has none.
    pub heading: Option<&'static str>,
    /// How processes are ordered by it; `None` where they are not.
    pub order: Option<Order>,
    /// The name for a metric of it in Prometheus's style; `None` where there is none that fits.
    pub metric: Option<&'static str>,
    /// Its name in OpenTelemetry's semantic conventions; `None` where they have none that fits.
    pub otel: Option<&'static str>,
    pub(super) place: Place,
}

/// Names a change, and its place among the [`Changes`](crate::Changes). Fields may share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its bit, from 0 to 63. Changes are listed in order of their bits.
    pub bit: u8,
}

/// Says how processes are ordered by a field. Fields that share a name are compared one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Order {
    /// Its name on the command line.
    pub name: &'static str,
    /// Whether the largest value comes first.
    pub is_descending: bool,
    /// Which processes come first, in words; `None` where the name says it.
    pub help: Option<&'static str>,
}

/// Where the value of a field is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// In the process itself, and the table of processes has a rule of its own for it.
    Process(fn(&ProcessInfo) -> Value<'_>),
    /// Among the plain values.
    Resources(fn(&Resources) -> Value<'static>),
}

impl Field {
    /// Returns its value in a process.
    pub fn value<'p>(&self, process: &'p ProcessInfo) -> Value<'p> {
        match self.place {
            Place::Process(get) => get(process),
            Place::Resources(get) => get(&process.resources),
        }
    }
}
