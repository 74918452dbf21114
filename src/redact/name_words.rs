//! A name taken apart into words: `dbPassword` is db and password.

/// No name of a secret is longer; of a longer one its end is judged.
pub(super) const MAX_NAME: usize = 128;

const MAX_WORDS: usize = 16;

/// The words of a name in small letters, without those that are numbers.
pub(super) struct Words<'n> {
    pub(super) list: [&'n [u8]; MAX_WORDS],
    pub(super) len: usize,
}

impl<'n> Words<'n> {
    pub(super) fn of(name: &[u8], lower: &'n mut [u8; MAX_NAME]) -> Self {
        let name = &name[name.len().saturating_sub(MAX_NAME)..];
        let lower = &mut lower[..name.len()];
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        let lower = &*lower;
        let mut words = Self {
            list: [b""; MAX_WORDS],
            len: 0,
        };
        let mut start = 0;
        for at in 0..=name.len() {
            let is_separator = name
                .get(at)
                .is_none_or(|byte| !byte.is_ascii_alphanumeric());
            if is_separator || is_hump(name, start, at) {
                words.push(&lower[start..at]);
                start = at + usize::from(is_separator);
            }
        }
        words
    }

    /// `password2` is `password`, and `2` is no word.
    fn push(&mut self, word: &'n [u8]) {
        let digits = word.iter().rev().take_while(|byte| byte.is_ascii_digit());
        let word = &word[..word.len() - digits.count()];
        if word.is_empty() {
            return;
        }
        if self.len == MAX_WORDS {
            self.list.rotate_left(1);
            self.len -= 1;
        }
        self.list[self.len] = word;
        self.len += 1;
    }
}

/// Where a word begins within letters: `dbPassword`, `APIKey`.
fn is_hump(name: &[u8], start: usize, at: usize) -> bool {
    if at <= start || !name[at].is_ascii_uppercase() {
        return false;
    }
    !name[at - 1].is_ascii_uppercase()
        // Not at the plural's `s` of PASSWORDs.
        || name.get(at + 1).is_some_and(u8::is_ascii_lowercase)
            && !(name[at + 1] == b's' && name.get(at + 2).is_none_or(|byte| !byte.is_ascii_lowercase()))
}
