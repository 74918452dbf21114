//! The properties of one field of a process.

use super::process::ProcessInfo;
use super::resources::Resources;
use super::value::{Unit, Value};

/// One field of a process: its names, its unit and its place.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Field {
    /// Name in JSON. It ends in the unit, if there is one.
    pub name: &'static str,
    /// Unit, or kind of value.
    pub unit: Unit,
    /// Change that reports a new value; `None` if the field never changes.
    pub change: Option<Change>,
    /// Heading of the column; `None` if there is no column.
    pub heading: Option<&'static str>,
    /// Order of processes by this field; `None` if there is none.
    pub order: Option<Order>,
    /// Name of the metric in Prometheus style; `None` without one.
    pub metric: Option<&'static str>,
    /// Name in OpenTelemetry's semantic conventions; `None` if no name fits.
    pub otel: Option<&'static str>,
    pub(super) place: Place,
}

/// The name and the bit of a change in [`Changes`](crate::Changes).
///
/// Fields may share a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Name in JSON.
    pub name: &'static str,
    /// Bit, from 0 to 63. Changes are listed in order of bits.
    pub bit: u8,
}

/// An order of processes by a field.
///
/// Fields with the same order are compared one after the other, as [`FIELDS`](crate::FIELDS) lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Order {
    /// Name on the command line.
    pub name: &'static str,
    /// Whether the largest value comes first.
    pub is_descending: bool,
    /// Help text that names the first processes.
    ///
    /// `None` if the name is clear enough.
    pub help: Option<&'static str>,
}

/// The place of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// In the process itself. The table of processes has a rule of its own for it.
    Process(fn(&ProcessInfo) -> Value<'_>),
    /// Among the plain values.
    Resources(fn(&Resources) -> Value<'static>),
}

impl Field {
    /// Returns the field's value in a process.
    pub fn value<'p>(&self, process: &'p ProcessInfo) -> Value<'p> {
        match self.place {
            Place::Process(get) => get(process),
            Place::Resources(get) => get(&process.resources),
        }
    }
}
