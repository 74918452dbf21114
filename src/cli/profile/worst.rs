//! The slowest and the failed processes.

use super::one_life::OneLife;

/// Lives that each list keeps.
pub(super) const KEPT: usize = 20;

/// The longest lives, and the first failures.
#[derive(Debug, Clone, Default)]
pub(super) struct Worst {
    /// The longest first.
    slowest: Vec<OneLife>,
    /// In order of their ends.
    failed: Vec<OneLife>,
}

impl Worst {
    /// Adds a life that has ended.
    pub(super) fn add(&mut self, life: &OneLife) {
        if life.has_failed() && self.failed.len() < KEPT {
            self.failed.push(life.clone());
        }
        let Some(ms) = life.life_ms else { return };
        let is_longer = |other: &OneLife| other.life_ms.is_some_and(|other| other >= ms);
        let place = self.slowest.partition_point(is_longer);
        if place < KEPT {
            self.slowest.insert(place, life.clone());
            self.slowest.truncate(KEPT);
        }
    }

    /// Returns the slowest and the failed ones.
    pub(super) fn lists(self) -> (Vec<OneLife>, Vec<OneLife>) {
        (self.slowest, self.failed)
    }
}
