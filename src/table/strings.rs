//! Names and command lines, each kept once however many processes share it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use ahash::RandomState;

/// A store of strings that counts who uses each, so that none outlives its last process here.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    users: HashMap<Arc<str>, u32, RandomState>,
    bytes: usize,
}

impl Strings {
    /// The stored twin of `text`, with one more user.
    pub(crate) fn take(&mut self, text: &str) -> Arc<str> {
        if let Some((stored, _)) = self.users.get_key_value(text) {
            let stored = Arc::clone(stored);
            self.add_user(&stored);
            return stored;
        }
        let stored: Arc<str> = text.into();
        self.bytes += text.len();
        self.users.insert(Arc::clone(&stored), 1);
        stored
    }

    fn add_user(&mut self, text: &str) {
        *self
            .users
            .get_mut(text)
            .expect("BUG: the string was just found") += 1;
    }

    /// One user less; the last takes the string along.
    pub(crate) fn give_back(&mut self, text: &str) {
        let users = self
            .users
            .get_mut(text)
            .expect("BUG: only a string that was taken is given back");
        *users -= 1;
        if *users == 0 {
            self.users.remove(text);
            self.bytes -= text.len();
        }
    }

    /// How many different strings there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.users.len()
    }

    /// Bytes on the heap: the texts, each with its two counters, and the index.
    pub(crate) fn heap_bytes(&self) -> usize {
        let counters = 2 * size_of::<usize>();
        let entry = size_of::<(Arc<str>, u32)>() + 1;
        self.bytes + self.users.len() * counters + self.users.capacity() * entry * 8 / 7
    }

    /// Lets go of room that a crowd left behind.
    pub(crate) fn shrink(&mut self) {
        self.users.shrink_to_fit();
    }
}

/// How the system's bytes become text: U+FFFD for what is not UTF-8, and cut at a limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wording {
    pub(crate) max_bytes: usize,
}

/// What a text that was cut ends in.
const CUT: &str = "…";

impl Wording {
    pub(crate) fn to_text(self, bytes: &[u8]) -> Cow<'_, str> {
        let (kept, is_cut) = self.cut(bytes);
        let mut text = String::from_utf8_lossy(kept);
        if is_cut {
            text.to_mut().push_str(CUT);
        }
        text
    }

    /// Whether `bytes` become `text`, without making that text.
    pub(crate) fn is_text(self, text: &str, bytes: &[u8]) -> bool {
        let (kept, is_cut) = self.cut(bytes);
        match is_cut {
            true => text
                .strip_suffix(CUT)
                .is_some_and(|text| is_lossy(text, kept)),
            false => is_lossy(text, kept),
        }
    }

    fn cut(self, bytes: &[u8]) -> (&[u8], bool) {
        if bytes.len() <= self.max_bytes {
            return (bytes, false);
        }
        // Not within a character, which takes four bytes at the most.
        let is_start = |&&at: &&usize| bytes[at] & 0b1100_0000 != 0b1000_0000;
        let candidates: [usize; 4] =
            std::array::from_fn(|back| self.max_bytes.saturating_sub(back));
        let at = candidates.iter().find(is_start).unwrap_or(&self.max_bytes);
        (&bytes[..*at], true)
    }
}

/// Whether `text` is what `String::from_utf8_lossy` makes of `bytes`.
fn is_lossy(text: &str, bytes: &[u8]) -> bool {
    if text.as_bytes() == bytes {
        return true;
    }
    // Only where it was replaced can the text differ from its bytes.
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
    fn equal_strings_are_one_and_go_with_their_last_user() {
        let mut strings = Strings::default();
        let first = strings.take("sleep");
        let second = strings.take("sleep");
        assert!(Arc::ptr_eq(&first, &second));
        strings.give_back(&first);
        assert_eq!(strings.len(), 1);
        strings.give_back(&second);
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
                let wording = Wording { max_bytes };
                let text = wording.to_text(&bytes);
                prop_assert!(wording.is_text(&text, &bytes));
                prop_assert_eq!(wording.is_text(&text, &other), text == wording.to_text(&other));
                prop_assert!(text.len() <= 3 * max_bytes + CUT.len());
            }
        }
    }

    #[test]
    fn what_is_cut_is_marked_and_no_character_is_split() {
        let wording = Wording { max_bytes: 4 };
        assert_eq!(wording.to_text(b"abcd"), "abcd");
        assert_eq!(wording.to_text(b"abcde"), "abcd…");
        assert_eq!(wording.to_text("abcü".as_bytes()), "abc…");
        assert_eq!(wording.to_text("aü…".as_bytes()), "aü…");
    }
}
