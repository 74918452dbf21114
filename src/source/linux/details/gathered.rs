//! The optional fields that were read, until their rows are emitted.

use std::ops::{Deref, Range};

use crate::model::Detail;
use crate::source::{DetailReading, DetailValue};

/// More than the number of details.
const MAX_DETAILS: usize = 32;

/// Fields, and bytes of text, for which memory is kept from scan to scan.
const KEPT: usize = 8192;

const _: () = assert!(Detail::ALL.len() <= MAX_DETAILS);

/// The optional fields of several processes. Its memory is reused from scan to scan.
#[derive(Debug, Default)]
pub(in crate::source::linux) struct Gathered {
    list: Vec<(Detail, Stored)>,
    text: Vec<u8>,
}

#[derive(Debug, Clone)]
enum Stored {
    Unknown,
    Number(u64),
    Text(Range<usize>),
}

/// The optional fields of one process, as a row has them.
pub(in crate::source::linux) struct Readings<'a> {
    list: [DetailReading<'a>; MAX_DETAILS],
    len: usize,
}

impl<'a> Deref for Readings<'a> {
    type Target = [DetailReading<'a>];

    fn deref(&self) -> &Self::Target {
        &self.list[..self.len]
    }
}

impl Gathered {
    /// Returns the number of fields so far.
    pub(in crate::source::linux) fn len(&self) -> usize {
        self.list.len()
    }

    /// Forgets all, and frees what only a first scan needs.
    pub(in crate::source::linux) fn clear(&mut self) {
        self.list.clear();
        self.list.shrink_to(KEPT);
        self.text.clear();
        self.text.shrink_to(KEPT);
    }

    pub(super) fn number(&mut self, detail: Detail, number: Option<u64>) {
        let stored = number.map_or(Stored::Unknown, Stored::Number);
        self.list.push((detail, stored));
    }

    pub(super) fn text(&mut self, detail: Detail, text: Option<&[u8]>) {
        let stored = text.map_or(Stored::Unknown, |text| {
            let begin = self.text.len();
            self.text.extend_from_slice(text);
            Stored::Text(begin..self.text.len())
        });
        self.list.push((detail, stored));
    }

    /// Returns those of one process.
    pub(in crate::source::linux) fn readings(&self, of: Range<usize>) -> Readings<'_> {
        let none = DetailReading {
            detail: Detail::UserId,
            value: DetailValue::Unknown,
        };
        let mut readings = Readings {
            list: [none; MAX_DETAILS],
            len: of.len(),
        };
        for (reading, (detail, stored)) in readings.list.iter_mut().zip(&self.list[of]) {
            reading.detail = *detail;
            reading.value = match stored {
                Stored::Unknown => DetailValue::Unknown,
                Stored::Number(number) => DetailValue::Number(*number),
                Stored::Text(range) => DetailValue::Text(&self.text[range.clone()]),
            };
        }
        readings
    }
}
