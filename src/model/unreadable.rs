//! How many values could not be read, by field: [`Unreadable`].

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fields::FIELDS;

/// Numbers of values that could not be read, by field.
///
/// In JSON it is an object with the names of [`FIELDS`] whose number is not 0.
///
/// ```
/// use process_scanner::Unreadable;
///
/// let mut unreadable = Unreadable::default();
/// unreadable.add("executable", 12);
/// assert_eq!(serde_json::to_string(&unreadable)?, r#"{"executable":12}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Unreadable([u32; FIELDS.len()]);

impl Default for Unreadable {
    fn default() -> Self {
        Self([0; FIELDS.len()])
    }
}

impl Unreadable {
    /// Adds to the number of a field, by its name in JSON. An unknown name adds nothing.
    pub fn add(&mut self, field: &str, count: u32) {
        let at = FIELDS.iter().position(|known| known.name == field);
        if let Some(at) = at {
            self.0[at] = self.0[at].saturating_add(count);
        }
    }

    /// Only the source `linux` counts one by one.
    #[cfg(any(test, target_os = "linux"))]
    pub(crate) fn add_detail(&mut self, detail: super::detail::Detail) {
        let number = &mut self.0[super::fields::FIRST_DETAIL + detail as usize];
        *number = number.saturating_add(1);
    }

    /// Adds all numbers of `other`.
    pub fn add_all(&mut self, other: &Self) {
        for (number, other) in self.0.iter_mut().zip(other.0) {
            *number = number.saturating_add(other);
        }
    }

    /// Returns the number of a field, by its name in JSON.
    pub fn get(&self, field: &str) -> u32 {
        let mut numbers = self.iter();
        numbers
            .find(|(name, _)| *name == field)
            .map_or(0, |(_, number)| number)
    }

    /// Returns the names of the fields whose number is not 0, with their numbers, in the order of
    /// [`FIELDS`].
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u32)> {
        let names = FIELDS.iter().map(|field| field.name);
        names.zip(self.0).filter(|(_, number)| *number > 0)
    }

    /// Returns the sum of all numbers.
    pub fn total(&self) -> u32 {
        self.0.iter().copied().fold(0, u32::saturating_add)
    }

    /// Returns whether all numbers are 0.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|&number| number == 0)
    }
}

impl fmt::Debug for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Unreadable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// Ignores names that this version does not know.
impl<'de> Deserialize<'de> for Unreadable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let numbers = std::collections::BTreeMap::<String, u32>::deserialize(deserializer)?;
        let mut unreadable = Self::default();
        for (name, number) in numbers {
            unreadable.add(&name, number);
        }
        Ok(unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_by_name() {
        let mut one = Unreadable::default();
        assert!(one.is_empty());
        one.add("rss_bytes", 2);
        one.add("colour", 5);
        one.add_detail(crate::model::Detail::OpenFiles);
        let mut both = one;
        both.add_all(&one);
        let numbers: Vec<_> = both.iter().collect();
        assert_eq!(numbers, [("rss_bytes", 4), ("open_files", 2)]);
        assert_eq!((both.total(), both.get("open_files")), (6, 2));
        assert_eq!(both.get("name"), 0);
        let json = serde_json::to_string(&both).expect("plain data");
        assert_eq!(json, r#"{"rss_bytes":4,"open_files":2}"#);
        let read: Unreadable = serde_json::from_str(&json).expect(&json);
        assert_eq!(read, both);
        let newer = r#"{"rss_bytes":4294967295,"colour":1}"#;
        let read: Unreadable = serde_json::from_str(newer).expect(newer);
        both.add_all(&read);
        assert_eq!((both.get("rss_bytes"), both.total()), (u32::MAX, u32::MAX));
    }
}
