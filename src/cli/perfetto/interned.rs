//! Texts that a trace has once, and refers to by number.

use std::collections::HashMap;

use super::schema::{InternedData, InternedName};

/// Texts of a kind that get a number, to bound memory here and in a viewer.
const MAX_TEXTS: usize = 65_536;

/// Longer texts get none: they rarely occur twice.
const MAX_LEN: usize = 512;

/// The numbers of texts, by the kind of text.
#[derive(Debug, Default)]
pub(super) struct Interned {
    categories: Texts,
    names: Texts,
    annotations: Texts,
    values: Texts,
}

impl Interned {
    /// Returns the number of a category, of which there are few.
    pub(super) fn category(&mut self, text: &str) -> u64 {
        self.categories.number(text)
    }

    /// Returns the number of the name of an annotation, of which there are few.
    pub(super) fn annotation(&mut self, text: &str) -> u64 {
        self.annotations.number(text)
    }

    /// Returns the number of the name of a slice; `None` if there are too many.
    pub(super) fn name(&mut self, text: &str) -> Option<u64> {
        self.names.bounded_number(text)
    }

    /// Returns the number of a text in an annotation; `None` if there are too many.
    pub(super) fn value(&mut self, text: &str) -> Option<u64> {
        self.values.bounded_number(text)
    }

    /// Takes the texts that no packet has had yet; `None` if there are none.
    pub(super) fn take_new(&mut self) -> Option<InternedData> {
        let new = InternedData {
            event_categories: std::mem::take(&mut self.categories.new),
            event_names: std::mem::take(&mut self.names.new),
            debug_annotation_names: std::mem::take(&mut self.annotations.new),
            debug_annotation_string_values: std::mem::take(&mut self.values.new),
        };
        (new != InternedData::default()).then_some(new)
    }
}

#[derive(Debug, Default)]
struct Texts {
    numbers: HashMap<Box<str>, u64>,
    new: Vec<InternedName>,
}

impl Texts {
    fn bounded_number(&mut self, text: &str) -> Option<u64> {
        let has_room = self.numbers.len() < MAX_TEXTS && text.len() <= MAX_LEN;
        match has_room {
            true => Some(self.number(text)),
            false => self.numbers.get(text).copied(),
        }
    }

    /// Returns the number of a text, from 1: 0 is no number of Perfetto.
    fn number(&mut self, text: &str) -> u64 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.numbers.len() as u64 + 1;
        self.numbers.insert(text.into(), number);
        self.new.push(InternedName {
            iid: Some(number),
            name: Some(text.to_owned()),
        });
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number_and_is_new_once() {
        let mut interned = Interned::default();
        assert_eq!(interned.take_new(), None);
        assert_eq!(interned.name("sh"), Some(1));
        assert_eq!(interned.name("make"), Some(2));
        assert_eq!(interned.value("sh"), Some(1));
        assert_eq!(interned.name("sh"), Some(1));
        let new = interned.take_new().expect("three are new");
        assert_eq!(new.event_names.len(), 2);
        assert_eq!(new.debug_annotation_string_values.len(), 1);
        assert_eq!(interned.name("make"), Some(2));
        assert_eq!(interned.take_new(), None);
    }

    #[test]
    fn memory_is_bounded() {
        let mut interned = Interned::default();
        for number in 0..MAX_TEXTS {
            assert!(interned.name(&number.to_string()).is_some());
        }
        assert_eq!(interned.name("one more"), None);
        assert_eq!(interned.name("0"), Some(1));
        assert_eq!(interned.value(&"x".repeat(MAX_LEN + 1)), None);
    }
}
