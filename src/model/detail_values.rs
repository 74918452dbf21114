//! The optional fields of a process as values, and what is derived from the table of fields.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::changes::Changes;
use super::collect::Collect;
use super::detail::Detail;
use super::details::Details;
use super::field::Field;
use super::fields::{FIELDS, FIRST_DETAIL};
use super::value::{Unit, Value};

impl Detail {
    /// Returns the field with its properties.
    pub fn field(self) -> &'static Field {
        &FIELDS[FIRST_DETAIL + self as usize]
    }

    /// Finds a detail by its name in JSON.
    pub fn named(name: &str) -> Option<Self> {
        Field::named(name)?.detail()
    }
}

/// What differs between two states of the details of a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct NewDetails {
    /// Changes that are an update.
    pub(crate) reported: Changes,
    /// Changes that are only reported along with others.
    pub(crate) quiet: Changes,
}

impl Details {
    /// Creates the details of a process of which none is known yet.
    pub(crate) fn unknown(collect: Collect) -> Self {
        Self::collected(collect.details())
    }

    /// Returns the value of a field. One that is not collected is unknown.
    pub fn get(&self, detail: Detail) -> Value<'_> {
        detail
            .field()
            .unit
            .value_of(self.number(detail), self.text(detail))
    }

    /// Sets the value of a field, which is collected then.
    ///
    /// A value of another type than the field's is unknown. CPU times are rounded down to
    /// milliseconds.
    pub fn set(&mut self, detail: Detail, value: Value<'_>) {
        match (value, detail.field().unit) {
            (Value::Text(text), Unit::Text) => self.set_text(detail, text.into()),
            (Value::Real(ms), Unit::CpuMs) => self.set_number(detail, ms as u64),
            (Value::Integer(integer), Unit::Integer) => {
                self.set_number(detail, integer.cast_unsigned());
            }
            (Value::Count(count), Unit::Id | Unit::Pid | Unit::Bytes | Unit::Count) => {
                self.set_number(detail, count);
            }
            _ => self.set_unknown(detail),
        }
    }

    /// Returns what differs from an older state.
    pub(crate) fn since(&self, old: &Self) -> NewDetails {
        let mut new = NewDetails::default();
        for detail in self.differing(old) {
            let field = detail.field();
            // A late value may be the only change of an idle process.
            match field.is_quiet && old.is_known(detail) {
                true => new.quiet.insert(Changes::of(field)),
                false => new.reported.insert(Changes::of(field)),
            }
        }
        new
    }
}

/// Prints the names and values of the collected fields.
impl fmt::Debug for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let collected = Detail::ALL.iter().filter(|detail| self.has(**detail));
        f.debug_map()
            .entries(collected.map(|&detail| (detail.field().name, self.get(detail))))
            .finish()
    }
}

/// A value of any field, in formats such as JSON.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum AnyValue {
    Count(u64),
    Integer(i64),
    Real(f64),
    Text(String),
}

/// Reads the fields that are details from a map; others are ignored.
impl<'de> Deserialize<'de> for Details {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DetailsVisitor;
        impl<'de> Visitor<'de> for DetailsVisitor {
            type Value = Details;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the fields of a process")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Details, A::Error> {
                let mut details = Details::default();
                while let Some(key) = map.next_key::<String>()? {
                    let Some(detail) = Detail::named(&key) else {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    let value = map.next_value::<Option<AnyValue>>()?;
                    let unit = detail.field().unit;
                    let value = match &value {
                        None => Value::Unknown,
                        Some(AnyValue::Text(text)) => Value::Text(text),
                        Some(AnyValue::Real(real)) => Value::Real(*real),
                        Some(AnyValue::Integer(integer)) => Value::Integer(*integer),
                        Some(AnyValue::Count(count)) => match unit {
                            Unit::CpuMs => Value::Real(*count as f64),
                            Unit::Integer => {
                                i64::try_from(*count).map_or(Value::Unknown, Value::Integer)
                            }
                            _ => Value::Count(*count),
                        },
                    };
                    details.set(detail, value);
                }
                details.shrink();
                Ok(details)
            }
        }
        deserializer.deserialize_map(DetailsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_set_replaced_and_made_unknown() {
        let mut details = Details::unknown(Collect::USER | Collect::NICE);
        assert!(details.has(Detail::UserId) && !details.has(Detail::Threads));
        for detail in [Detail::Threads, Detail::Nice, Detail::UserId] {
            assert!(details.get(detail).is_unknown());
            details.set_number(detail, 7);
        }
        details.set_text(Detail::UserName, "ann".into());
        details.set(Detail::Nice, Value::Integer(-5));
        assert_eq!(details.get(Detail::Nice), Value::Integer(-5));
        assert_eq!(details.get(Detail::UserId), Value::Count(7));
        assert_eq!(details.get(Detail::UserName), Value::Text("ann"));
        let before = details.clone();
        details.set_unknown(Detail::UserId);
        details.set_number(Detail::Threads, 8);
        assert!(details.get(Detail::UserId).is_unknown() && details.has(Detail::UserId));
        assert_eq!(before.get(Detail::UserId), Value::Count(7));
        let new = details.since(&before);
        assert_eq!(new.reported, Changes::USER | Changes::THREADS);
        assert_eq!(new.quiet, Changes::default());
        assert_eq!(details.since(&details.clone()), NewDetails::default());
    }

    #[test]
    fn counters_are_quiet_and_texts_are_reported() {
        for detail in Detail::ALL {
            let field = detail.field();
            let is_text = field.unit == Unit::Text;
            assert!(!(is_text && field.is_quiet), "{}", field.name);
        }
        let (mut old, mut new) = (Details::default(), Details::default());
        old.set_number(Detail::MinorFaults, 1);
        new.set_number(Detail::MinorFaults, 2);
        assert_eq!(new.since(&old).reported, Changes::default());
        assert_eq!(new.since(&old).quiet, Changes::FAULTS);
        // One that becomes known is reported, and one that becomes unknown is not.
        new.set_number(Detail::PssBytes, 1);
        assert_eq!(new.since(&old).reported, Changes::PSS);
        assert_eq!(old.since(&new).reported, Changes::default());
    }

    #[test]
    fn nothing_collected_takes_no_memory() {
        assert_eq!(size_of::<Details>(), size_of::<usize>());
        assert_eq!(Details::unknown(Collect::CPU).heap_bytes(), 0);
        assert!(Details::unknown(Collect::USER).heap_bytes() > 0);
    }
}
