//! Resident memory: of all processes together, and of those that grow.

use std::collections::HashMap;

use ahash::RandomState;

use super::growth::{Grower, Growth};
use crate::cli::history::{Life, LifeId};

/// The resident memory of the living, reading by reading.
#[derive(Debug, Default)]
pub(super) struct Resident {
    living: HashMap<LifeId, (u64, Growth), RandomState>,
    all_bytes: u64,
    /// The most of all together at a good scan; `None` if no memory was ever known.
    pub(super) most_bytes: Option<u64>,
}

impl Resident {
    /// Takes what was read of a life.
    pub(super) fn read(&mut self, life: &Life, at_ms: u64) {
        let Some(bytes) = life.rss_bytes else {
            return;
        };
        let (before, growth) = self.living.entry(life.id).or_default();
        let others = self.all_bytes.saturating_sub(*before);
        self.all_bytes = others.saturating_add(bytes);
        *before = bytes;
        growth.read(at_ms, bytes);
    }

    /// Ends a good scan.
    pub(super) fn end_scan(&mut self) {
        if !self.living.is_empty() {
            self.most_bytes = self.most_bytes.max(Some(self.all_bytes));
        }
    }

    /// Ends a life. Returns it as a grower if its memory only rose.
    pub(super) fn end(&mut self, life: &Life) -> Option<Grower> {
        let (bytes, growth) = self.living.remove(&life.id)?;
        self.all_bytes = self.all_bytes.saturating_sub(bytes);
        growth.grower(life.id)
    }

    /// Returns the growers that live.
    pub(super) fn growers(&self) -> impl Iterator<Item = Grower> {
        let living = self.living.iter();
        living.filter_map(|(id, (_, growth))| growth.grower(*id))
    }
}
