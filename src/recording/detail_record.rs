//! An optional field in a row of a recording.

use serde::de::{self, MapAccess};
use serde::ser::SerializeStruct;

use super::bytes::Text;
use crate::model::{Detail, Unit};
use crate::redact::Redactor;
use crate::source::{DetailReading, DetailValue};

/// An optional field as it was read.
///
/// In JSON it has its own name in the row, and `null` is unknown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DetailRecord {
    pub(super) detail: Detail,
    value: Recorded,
}

#[derive(Debug, Clone, PartialEq)]
enum Recorded {
    Unknown,
    Number(u64),
    Text(Text),
}

impl DetailRecord {
    pub(super) fn of(reading: &DetailReading<'_>) -> Self {
        Self {
            detail: reading.detail,
            value: match reading.value {
                DetailValue::Unknown => Recorded::Unknown,
                DetailValue::Number(number) => Recorded::Number(number),
                DetailValue::Text(text) => Recorded::Text(Text(text.to_vec())),
            },
        }
    }

    pub(super) fn reading(&self) -> DetailReading<'_> {
        DetailReading {
            detail: self.detail,
            value: match &self.value {
                Recorded::Unknown => DetailValue::Unknown,
                Recorded::Number(number) => DetailValue::Number(*number),
                Recorded::Text(text) => DetailValue::Text(&text.0),
            },
        }
    }

    /// Redacts the text.
    pub(super) fn redacted(mut self, redactor: &Redactor) -> Self {
        if let Recorded::Text(text) = &mut self.value {
            *text = Text(redactor.detail(self.detail, &text.0).into_owned());
        }
        self
    }

    /// Writes the field into its row.
    pub(super) fn write<S: SerializeStruct>(&self, row: &mut S) -> Result<(), S::Error> {
        let field = self.detail.field();
        match &self.value {
            Recorded::Unknown => row.serialize_field(field.name, &()),
            Recorded::Number(number) if field.unit == Unit::Integer => {
                row.serialize_field(field.name, &number.cast_signed())
            }
            Recorded::Number(number) => row.serialize_field(field.name, number),
            Recorded::Text(text) => row.serialize_field(field.name, text),
        }
    }

    /// Reads the value of a field from its row.
    pub(super) fn read<'de, A: MapAccess<'de>>(
        detail: Detail,
        row: &mut A,
    ) -> Result<Self, A::Error> {
        let value = match detail.field().unit {
            Unit::Text => row.next_value::<Option<Text>>()?.map(Recorded::Text),
            Unit::Integer => {
                let integer = row.next_value::<Option<i64>>()?;
                integer.map(|integer| Recorded::Number(integer.cast_unsigned()))
            }
            _ => row.next_value::<Option<u64>>()?.map(Recorded::Number),
        };
        Ok(Self {
            detail,
            value: value.unwrap_or(Recorded::Unknown),
        })
    }
}

/// Adds an optional field that was read from a row.
pub(super) fn add<E: de::Error>(
    list: &mut Vec<DetailRecord>,
    record: DetailRecord,
) -> Result<(), E> {
    if list.iter().any(|other| other.detail == record.detail) {
        return Err(E::duplicate_field(record.detail.field().name));
    }
    list.push(record);
    Ok(())
}

/// Returns the fields of a process after a row: those that it lacks have the values of the row
/// before.
pub(super) fn merged(before: &[DetailRecord], now: &[DetailRecord]) -> Vec<DetailRecord> {
    let is_new = |record: &&DetailRecord| now.iter().any(|now| now.detail == record.detail);
    let kept = before.iter().filter(|record| !is_new(record));
    let mut merged: Vec<_> = kept.chain(now).cloned().collect();
    merged.sort_by_key(|record| record.detail);
    merged
}
