//! The properties of one field of a process.

use super::detail::Detail;
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
    /// Whether a new value is only reported along with another change, because it changes all the
    /// time.
    pub is_quiet: bool,
    /// Name of the group of fields that are collected together, in [`Collect`](crate::Collect).
    ///
    /// `None` if the field is always collected.
    pub collect: Option<&'static str>,
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
    /// Among the details, which take memory only if they are collected.
    Detail(Detail),
}

/// The entries of details, in [`FIELDS`](crate::FIELDS).
impl Field {
    /// Makes a field that is only reported along with others, and has no column.
    pub(super) const fn of(detail: Detail, name: &'static str, unit: Unit) -> Self {
        Self {
            name,
            unit,
            change: None,
            is_quiet: true,
            collect: None,
            heading: None,
            order: None,
            metric: None,
            otel: None,
            place: Place::Detail(detail),
        }
    }

    /// Sets the group of fields that it is collected with, and the change that reports it.
    pub(super) const fn with(mut self, collect: &'static str, change: Change) -> Self {
        self.collect = Some(collect);
        self.change = Some(change);
        self
    }

    /// Makes each new value an update.
    pub(super) const fn reported(mut self) -> Self {
        self.is_quiet = false;
        self
    }

    /// Sets the name in OpenTelemetry.
    pub(super) const fn otel(mut self, name: &'static str) -> Self {
        self.otel = Some(name);
        self
    }
}

impl Change {
    pub(super) const fn new(name: &'static str, bit: u8) -> Self {
        Self { name, bit }
    }
}

impl Field {
    /// Returns the detail that it is, if it is one.
    pub const fn detail(&self) -> Option<Detail> {
        match self.place {
            Place::Detail(detail) => Some(detail),
            Place::Process(_) | Place::Resources(_) => None,
        }
    }

    /// Returns the field's value in a process.
    pub fn value<'p>(&self, process: &'p ProcessInfo) -> Value<'p> {
        match self.place {
            Place::Process(get) => get(process),
            Place::Resources(get) => get(&process.resources),
            Place::Detail(detail) => {
                let details = &process.details;
                self.unit
                    .value_of(details.number(detail), details.text(detail))
            }
        }
    }
}
