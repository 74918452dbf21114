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
    /// Heading of the column.
    pub heading: &'static str,
    /// Other names on the command line. No name or alias occurs twice.
    pub aliases: &'static [&'static str],
    /// What it is, in a few words.
    pub about: &'static str,
    /// Field that a column shows instead while this one is unknown.
    pub fallback: Option<Detail>,
    /// Usual order of processes, of which this field is a part; `None` if there is none.
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

/// A usual order of processes by a field.
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

/// The entries of [`FIELDS`](crate::FIELDS).
impl Field {
    /// Makes a field that never changes and is always collected.
    const fn new(place: Place, name: &'static str, unit: Unit, is_quiet: bool) -> Self {
        Self {
            name,
            unit,
            change: None,
            is_quiet,
            collect: None,
            heading: "",
            aliases: &[],
            about: "",
            fallback: None,
            order: None,
            metric: None,
            otel: None,
            place,
        }
    }

    /// Makes a field with a rule of its own.
    pub(super) const fn of_process(
        get: fn(&ProcessInfo) -> Value<'_>,
        name: &'static str,
        unit: Unit,
    ) -> Self {
        Self::new(Place::Process(get), name, unit, false)
    }

    /// Makes a plain field.
    pub(super) const fn plain(
        get: fn(&Resources) -> Value<'static>,
        name: &'static str,
        unit: Unit,
    ) -> Self {
        Self::new(Place::Resources(get), name, unit, false)
    }

    /// Makes a detail, which is only reported along with others.
    pub(super) const fn of(detail: Detail, name: &'static str, unit: Unit) -> Self {
        Self::new(Place::Detail(detail), name, unit, true)
    }

    /// Sets the column: heading, other names, and what the field is.
    pub(super) const fn column(
        mut self,
        heading: &'static str,
        aliases: &'static [&'static str],
        about: &'static str,
    ) -> Self {
        self.heading = heading;
        self.aliases = aliases;
        self.about = about;
        self
    }

    /// Sets the change that reports a new value.
    pub(super) const fn change(mut self, change: Change) -> Self {
        self.change = Some(change);
        self
    }

    /// Sets the group of fields that it is collected with, and the change that reports it.
    pub(super) const fn with(mut self, collect: &'static str, change: Change) -> Self {
        self.collect = Some(collect);
        self.change(change)
    }

    /// Makes each new value an update.
    pub(super) const fn reported(mut self) -> Self {
        self.is_quiet = false;
        self
    }

    /// Sets the field that a column shows instead while this one is unknown.
    pub(super) const fn or(mut self, fallback: Detail) -> Self {
        self.fallback = Some(fallback);
        self
    }

    /// Sets the order by this field.
    pub(super) const fn order(mut self, order: Order) -> Self {
        self.order = Some(order);
        self
    }

    /// Sets the name of the metric in Prometheus style.
    pub(super) const fn metric(mut self, name: &'static str) -> Self {
        self.metric = Some(name);
        self
    }

    /// Sets the name in OpenTelemetry.
    pub(super) const fn otel(mut self, name: &'static str) -> Self {
        self.otel = Some(name);
        self
    }
}

impl Order {
    pub(super) const fn new(
        name: &'static str,
        is_descending: bool,
        help: Option<&'static str>,
    ) -> Self {
        Self {
            name,
            is_descending,
            help,
        }
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
