//! A store of names and command lines that keeps equal ones once.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use ahash::RandomState;

/// A store of strings with reference counts. A string is dropped with its last process.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    references: HashMap<Arc<str>, u32, RandomState>,
    bytes: usize,
}

impl Strings {
    /// Returns the stored copy of `text` and counts one more reference.
    pub(crate) fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some((stored, _)) = self.references.get_key_value(text) {
            let stored = Arc::clone(stored);
            self.add_reference(&stored);
            return stored;
        }
        let stored: Arc<str> = text.into();
        self.bytes += text.len();
        self.references.insert(Arc::clone(&stored), 1);
        stored
    }

    fn add_reference(&mut self, text: &str) {
        *self
            .references
            .get_mut(text)
            .expect("BUG: the string was just found") += 1;
    }

    /// Counts one reference less, and drops the string with the last one.
    ///
    /// # Panics
    ///
    /// Panics if the string is not stored.
    pub(crate) fn release(&mut self, text: &str) {
        let references = self
            .references
            .get_mut(text)
            .expect("BUG: only an interned string is released");
        *references -= 1;
        if *references == 0 {
            self.references.remove(text);
            self.bytes -= text.len();
        }
    }

    /// Returns the number of different strings.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.references.len()
    }

    /// Returns the bytes on the heap: the texts, each with its two counters, and the index.
    pub(crate) fn heap_bytes(&self) -> usize {
        let counters = 2 * size_of::<usize>();
        let entry = size_of::<(Arc<str>, u32)>() + 1;
        self.bytes + self.references.len() * counters + self.references.capacity() * entry * 8 / 7
    }

    /// Frees unused memory.
    pub(crate) fn shrink(&mut self) {
        self.references.shrink_to_fit();
    }
}

/// Converts bytes to text: replaces invalid UTF-8 with U+FFFD, and cuts at a limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextDecoder {
    /// Longer input is cut here, or up to 3 bytes before, so that no character is split.
    pub(crate) max_bytes: usize,
}

/// The end of a text that was cut.
const CUT_MARK: &str = "…";

impl TextDecoder {
    /// Converts bytes to text.
    pub(crate) fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        let (kept, is_cut) = self.cut(bytes);
        let mut text = String::from_utf8_lossy(kept);
        if is_cut {
            text.to_mut().push_str(CUT_MARK);
        }
        text
    }

    /// Returns whether `bytes` convert to `text`, without allocating.
    pub(crate) fn matches(self, text: &str, bytes: &[u8]) -> bool {
        let (kept, is_cut) = self.cut(bytes);
        match is_cut {
            true => text
                .strip_suffix(CUT_MARK)
                .is_some_and(|text| is_lossy(text, kept)),
            false => is_lossy(text, kept),
        }
    }

    fn cut(self, bytes: &[u8]) -> (&[u8], bool) {
        if bytes.len() <= self.max_bytes {
            return (bytes, false);
        }
        // Cut before a character, not inside it. A character has at most four bytes.
        let is_start = |&&at: &&usize| bytes[at] & 0b1100_0000 != 0b1000_0000;
        let candidates: [usize; 4] =
            std::array::from_fn(|back| self.max_bytes.saturating_sub(back));
        let at = candidates.iter().find(is_start).unwrap_or(&self.max_bytes);
        (&bytes[..*at], true)
    }
}

/// Returns whether `String::from_utf8_lossy(bytes)` equals `text`.
fn is_lossy(text: &str, bytes: &[u8]) -> bool {
    if text.as_bytes() == bytes {
        return true;
    }
    // The text can differ from its bytes only at replacements.
    let mut rest = text;
    for chunk in bytes.utf8_chunks() {
        let Some(after) = rest.strip_prefix(chunk.valid()) else {
            return false;
        };
        rest = after;
        if !chunk.invalid().is_empty() {
            let Some(after) = rest.strip_prefix(char::REPLACEMENT_CHARACTER) else {
                return false;
            };
            rest = after;
        }
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::FileFailurePersistence;

    #[test]
    fn equal_strings_are_stored_once_until_the_last_release() {
        let mut strings = Strings::default();
        let first = strings.intern("sleep");
        let second = strings.intern("sleep");
        assert!(Arc::ptr_eq(&first, &second));
        strings.release(&first);
        assert_eq!(strings.len(), 1);
        strings.release(&second);
        assert_eq!(strings.len(), 0);
        assert_eq!(strings.bytes, 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_failure_persistence(FileFailurePersistence::Direct(
            "tests/proptest-regressions/strings.txt"
        )))]

        #[test]
        fn comparing_bytes_agrees_with_converting_them(
            bytes in proptest::collection::vec(prop_oneof![Just(b'a'), any::<u8>()], 0..12),
            other in proptest::collection::vec(prop_oneof![Just(b'a'), any::<u8>()], 0..12),
        ) {
            for max_bytes in [3, 100] {
                let decoder = TextDecoder { max_bytes };
                let text = decoder.decode(&bytes);
                prop_assert!(decoder.matches(&text, &bytes));
                prop_assert_eq!(decoder.matches(&text, &other), text == decoder.decode(&other));
                prop_assert!(text.len() <= 3 * max_bytes + CUT_MARK.len());
            }
        }
    }

    #[test]
    fn a_cut_text_is_marked_and_no_character_is_split() {
        let decoder = TextDecoder { max_bytes: 4 };
        assert_eq!(decoder.decode(b"abcd"), "abcd");
        assert_eq!(decoder.decode(b"abcde"), "abcd…");
        assert_eq!(decoder.decode("abcü".as_bytes()), "abc…");
        assert_eq!(decoder.decode("aü…".as_bytes()), "aü…");
    }
}
