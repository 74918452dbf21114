//! Finds lives whose memory only rises.

use crate::cli::history::LifeId;

/// Growers in a report.
pub(super) const MAX_GROWERS: usize = 20;

/// Readings that are kept of a life; if there are more, every second one goes.
const MAX_READINGS: usize = 64;

/// Points of a curve.
const CURVE: u64 = 40;

/// Readings that are higher than all before.
const LEAST_RISES: u32 = 5;

/// Growth in all, in bytes, and in percent of the first reading.
const LEAST_BYTES: u64 = 1 << 20;
const LEAST_PERCENT: u64 = 5;

/// Time over which it grows.
const LEAST_MS: u64 = 30_000;

/// A fall of less than one part in this many is noise.
const NOISE: u64 = 100;

/// The resident memory of a life while it only rises.
#[derive(Debug, Default)]
pub(super) struct Growth {
    /// Time in milliseconds and bytes.
    readings: Vec<(u64, u64)>,
    last: (u64, u64),
    /// One of so many readings is kept.
    every: u32,
    skipped: u32,
    most_bytes: u64,
    rises: u32,
    has_fallen: bool,
}

/// A life whose memory only rose.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grower {
    pub(super) life: LifeId,
    pub(super) first_bytes: u64,
    pub(super) last_bytes: u64,
    pub(super) span_ms: u64,
    /// Bytes at equal distances in time.
    pub(super) curve: Vec<u64>,
}

impl Growth {
    /// Takes a reading.
    pub(super) fn read(&mut self, at_ms: u64, bytes: u64) {
        if self.has_fallen {
            return;
        }
        self.last = (at_ms, bytes);
        if bytes < self.most_bytes - self.most_bytes / NOISE {
            self.has_fallen = true;
            self.readings = Vec::new();
            return;
        }
        self.rises += u32::from(bytes > self.most_bytes && self.most_bytes > 0);
        self.most_bytes = self.most_bytes.max(bytes);
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        self.readings.push((at_ms, bytes));
        self.every = self.every.max(1);
        if self.readings.len() == MAX_READINGS {
            let mut place = 0;
            self.readings.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.every = self.every.saturating_mul(2);
        }
        self.skipped = self.every - 1;
    }

    /// Returns the life as a grower, if its memory only rose, in each quarter of the time.
    pub(super) fn grower(&self, life: LifeId) -> Option<Grower> {
        let &(from_ms, first_bytes) = self.readings.first()?;
        let (to_ms, last_bytes) = self.last;
        let span_ms = to_ms.saturating_sub(from_ms);
        let grown = last_bytes.checked_sub(first_bytes)?;
        let matters = !self.has_fallen
            && self.rises >= LEAST_RISES
            && span_ms >= LEAST_MS
            && grown >= LEAST_BYTES
            && grown >= first_bytes / 100 * LEAST_PERCENT;
        let quarters = [0, 1, 2, 3, 4].map(|quarter| self.at(from_ms + span_ms / 4 * quarter));
        let rises = quarters.windows(2).all(|pair| pair[0] < pair[1]);
        (matters && rises).then(|| Grower {
            life,
            first_bytes,
            last_bytes,
            span_ms,
            curve: (0..CURVE)
                .map(|point| self.at(from_ms + span_ms * point / (CURVE - 1)))
                .collect(),
        })
    }

    /// Returns the bytes at a time: those of the last reading before.
    fn at(&self, at_ms: u64) -> u64 {
        if at_ms >= self.last.0 {
            return self.last.1;
        }
        let after = self.readings.partition_point(|(ms, _)| *ms <= at_ms);
        self.readings[after.saturating_sub(1)].1
    }
}

impl Grower {
    pub(super) fn grown_bytes(&self) -> u64 {
        self.last_bytes - self.first_bytes
    }

    pub(super) fn bytes_per_hour(&self) -> f64 {
        let per_ms = self.grown_bytes() as f64 / self.span_ms.max(1) as f64;
        (per_ms * 3_600_000.0).round()
    }
}

/// The growers with the most growth.
#[derive(Debug, Default)]
pub(super) struct Growers(Vec<Grower>);

impl Growers {
    /// Adds a grower, and returns the one that leaves, which can be the same.
    pub(super) fn add(&mut self, grower: Grower) -> Option<LifeId> {
        self.0.push(grower);
        self.0
            .sort_by_key(|grower| (std::cmp::Reverse(grower.grown_bytes()), grower.life));
        match self.0.len() > MAX_GROWERS {
            true => self.0.pop().map(|grower| grower.life),
            false => None,
        }
    }

    /// Returns the growers, the largest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Grower> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1 << 20;

    fn grower(readings: impl IntoIterator<Item = (u64, u64)>) -> Option<Grower> {
        let mut growth = Growth::default();
        for (s, mb) in readings {
            growth.read(s * 1000, mb * MB);
        }
        growth.grower(7)
    }

    #[test]
    fn memory_that_rises_all_the_time_is_found() {
        let found = grower((0..600).map(|s| (s, 10 + s / 10))).unwrap();
        assert_eq!((found.first_bytes, found.last_bytes), (10 * MB, 69 * MB));
        assert_eq!(found.span_ms, 599_000);
        assert_eq!(found.curve.len(), 40);
        assert!(found.curve.is_sorted());
        assert_eq!(found.curve[39], 69 * MB);
        let per_hour = 59.0 * MB as f64 / 599.0 * 3600.0;
        assert!((found.bytes_per_hour() - per_hour).abs() < 1.0);
    }

    #[test]
    fn memory_that_falls_or_stops_rising_is_no_grower() {
        // It falls once.
        assert_eq!(
            grower((0..100).map(|s| (s, if s == 50 { 5 } else { 10 + s }))),
            None
        );
        // It starts and is done then.
        assert_eq!(grower((0..100).map(|s| (s, 10 + s.min(20)))), None);
        // Few steps.
        assert_eq!(
            grower([(0, 10), (30, 20), (60, 30), (90, 40), (120, 50)]),
            None
        );
        // Too short.
        assert_eq!(grower((0..20).map(|s| (s, 10 + s))), None);
        // Too little.
        assert_eq!(grower((0..100).map(|s| (s, 10_000 + s))), None);
        assert_eq!(grower([]), None);
    }

    #[test]
    fn the_largest_growers_stay() {
        let mut growers = Growers::default();
        for life in 0..30 {
            let mut grower = grower((0..100).map(|s| (s, 10 + s))).unwrap();
            grower.life = life;
            grower.last_bytes += life * MB;
            let left = growers.add(grower);
            assert_eq!(left, life.checked_sub(20));
        }
        assert_eq!(growers.iter().map(|grower| grower.life).max(), Some(29));
    }
}
