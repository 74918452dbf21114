//! The names of users that scans have found, for what happens between scans.

use std::collections::HashMap;
use std::sync::Arc;

use ahash::RandomState;

/// Names that are remembered; with more all are forgotten.
const MAX_NAMES: usize = 4096;

/// The names of users that scans have found. Unlike a lookup, it never waits.
#[derive(Debug, Default)]
pub(super) struct NamesSoFar(HashMap<u32, Arc<str>, RandomState>);

impl NamesSoFar {
    /// Remembers the name of a user, or that it has none.
    pub(super) fn put(&mut self, uid: u32, name: Option<&Arc<str>>) {
        let Some(name) = name else {
            self.0.remove(&uid);
            return;
        };
        if self.0.len() >= MAX_NAMES && !self.0.contains_key(&uid) {
            self.0.clear();
        }
        self.0.insert(uid, Arc::clone(name));
    }

    /// Returns the name of a user, if a scan has found it.
    pub(super) fn get(&self, uid: u32) -> Option<&Arc<str>> {
        self.0.get(&uid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_names_is_limited() {
        let mut names = NamesSoFar::default();
        for uid in 0..3 * MAX_NAMES as u32 {
            assert!(names.get(uid).is_none());
            names.put(uid, Some(&"ann".into()));
            assert!(names.get(uid).is_some() && names.0.len() <= MAX_NAMES);
            names.put(uid + 1, None);
        }
    }
}
