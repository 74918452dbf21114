//! The optional fields of one process: [`Details`].

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::changes::Changes;
use super::collect::Collect;
use super::detail::Detail;
use super::value::{Unit, Value};

/// The optional fields of one process, as far as they are collected.
///
/// A field that is not collected takes no memory. Copies share their memory.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Details(Option<Arc<Block>>);

/// The values of the known fields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Block {
    /// Bits of the fields that are collected.
    collected: u32,
    /// Bits of those that are known.
    known: u32,
    /// The known values, in order of bits.
    cells: Vec<Cell>,
}

/// A value, in the form in which it needs the least memory.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cell {
    /// A number as in `stat`: negative ones in two's complement.
    Number(u64),
    Text(Arc<str>),
}

/// What differs between two states of the details of a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct NewDetails {
    /// Changes that are an update.
    pub(crate) reported: Changes,
    /// Changes that are only reported along with others.
    pub(crate) quiet: Changes,
}

impl Block {
    fn index(&self, bit: u32) -> usize {
        (self.known & (bit - 1)).count_ones() as usize
    }

    fn cell(&self, detail: Detail) -> Option<&Cell> {
        let bit = detail.bit();
        (self.known & bit != 0).then(|| &self.cells[self.index(bit)])
    }

    fn put(&mut self, detail: Detail, cell: Option<Cell>) {
        let bit = detail.bit();
        let (at, is_known) = (self.index(bit), self.known & bit != 0);
        self.collected |= bit;
        match cell {
            Some(cell) if is_known => self.cells[at] = cell,
            Some(cell) => {
                self.cells.insert(at, cell);
                self.known |= bit;
            }
            None if is_known => {
                self.cells.remove(at);
                self.known &= !bit;
            }
            None => {}
        }
    }
}

impl Details {
    /// Creates the details of a process of which none is known yet.
    pub(crate) fn unknown(collect: Collect) -> Self {
        let collected = collect
            .details()
            .fold(0, |bits, detail| bits | detail.bit());
        Self((collected != 0).then(|| {
            Arc::new(Block {
                collected,
                ..Block::default()
            })
        }))
    }

    /// Returns whether the field is collected: its value may still be unknown.
    pub fn has(&self, detail: Detail) -> bool {
        let block = self.0.as_ref();
        block.is_some_and(|block| block.collected & detail.bit() != 0)
    }

    /// Returns the value of a field. One that is not collected is unknown.
    pub fn get(&self, detail: Detail) -> Value<'_> {
        let cell = self.0.as_ref().and_then(|block| block.cell(detail));
        match (cell, detail.field().unit) {
            (None, _) => Value::Unknown,
            (Some(Cell::Text(text)), _) => Value::Text(text),
            (Some(&Cell::Number(ms)), Unit::CpuMs) => Value::Real(ms as f64),
            (Some(&Cell::Number(number)), Unit::Integer) => Value::Integer(number.cast_signed()),
            (Some(&Cell::Number(number)), _) => Value::Count(number),
        }
    }

    /// Sets the value of a field, which is collected then.
    ///
    /// A value of another type than the field's is unknown. CPU times are rounded down to milliseconds.
    pub fn set(&mut self, detail: Detail, value: Value<'_>) {
        let cell = match (value, detail.field().unit) {
            (Value::Text(text), Unit::Text) => Some(Cell::Text(text.into())),
            (Value::Real(ms), Unit::CpuMs) => Some(Cell::Number(ms as u64)),
            (Value::Integer(integer), Unit::Integer) => Some(Cell::Number(integer.cast_unsigned())),
            (Value::Count(count), Unit::Id | Unit::Pid | Unit::Bytes | Unit::Count) => {
                Some(Cell::Number(count))
            }
            _ => None,
        };
        self.block().put(detail, cell);
    }

    fn block(&mut self) -> &mut Block {
        Arc::make_mut(self.0.get_or_insert_default())
    }

    /// Returns the number of a field as it is stored: negative ones in two's complement.
    pub(crate) fn number(&self, detail: Detail) -> Option<u64> {
        match self.0.as_ref()?.cell(detail)? {
            Cell::Number(number) => Some(*number),
            Cell::Text(_) => None,
        }
    }

    /// Returns the text of a field.
    pub(crate) fn text(&self, detail: Detail) -> Option<&Arc<str>> {
        match self.0.as_ref()?.cell(detail)? {
            Cell::Text(text) => Some(text),
            Cell::Number(_) => None,
        }
    }

    /// Returns all texts.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &Arc<str>> {
        let cells = self.0.iter().flat_map(|block| &block.cells);
        cells.filter_map(|cell| match cell {
            Cell::Text(text) => Some(text),
            Cell::Number(_) => None,
        })
    }

    pub(crate) fn set_number(&mut self, detail: Detail, number: u64) {
        self.block().put(detail, Some(Cell::Number(number)));
    }

    pub(crate) fn set_text(&mut self, detail: Detail, text: Arc<str>) {
        self.block().put(detail, Some(Cell::Text(text)));
    }

    pub(crate) fn set_unknown(&mut self, detail: Detail) {
        self.block().put(detail, None);
    }

    /// Frees memory that is reserved for more values.
    pub(crate) fn shrink(&mut self) {
        if let Some(block) = self.0.as_mut().and_then(Arc::get_mut) {
            block.cells.shrink_to_fit();
        }
    }

    /// Returns whether both share their memory, so that nothing differs.
    pub(crate) fn is_shared_with(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    /// Returns what differs from an older state.
    pub(crate) fn since(&self, old: &Self) -> NewDetails {
        let mut new = NewDetails::default();
        if self.is_shared_with(old) {
            return new;
        }
        let (now, before) = (self.0.as_deref(), old.0.as_deref());
        let bits = |block: Option<&Block>| block.map_or(0, |block| block.known);
        let mut rest = bits(now) | bits(before);
        while rest != 0 {
            let detail = Detail::ALL[rest.trailing_zeros() as usize];
            rest &= rest - 1;
            let new_cell = now.and_then(|block| block.cell(detail));
            if new_cell != before.and_then(|block| block.cell(detail)) {
                let field = detail.field();
                match field.is_quiet {
                    true => new.quiet.insert(Changes::of(field)),
                    false => new.reported.insert(Changes::of(field)),
                }
            }
        }
        new
    }

    /// Returns the bytes on the heap, without the texts, which are shared.
    pub(crate) fn heap_bytes(&self) -> usize {
        let counters = 2 * size_of::<usize>();
        self.0.as_ref().map_or(0, |block| {
            counters + size_of::<Block>() + block.cells.capacity() * size_of::<Cell>()
        })
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
    }

    #[test]
    fn nothing_collected_takes_no_memory() {
        assert_eq!(size_of::<Details>(), size_of::<usize>());
        assert_eq!(Details::unknown(Collect::CPU).heap_bytes(), 0);
        assert!(Details::unknown(Collect::USER).heap_bytes() > 0);
    }
}
