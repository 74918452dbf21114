//! Quantiles of measured times.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::TimeStats;

/// Times from a microsecond to an hour, to two significant digits.
#[derive(Debug)]
pub(super) struct TimeHistogram {
    us: Histogram<u32>,
    sum_us: u64,
}

impl TimeHistogram {
    pub(super) fn new() -> Self {
        const HOUR_US: u64 = 3_600_000_000;
        Self {
            us: Histogram::new_with_bounds(1, HOUR_US, 2)
                .expect("BUG: the bounds of the histogram are valid"),
            sum_us: 0,
        }
    }

    pub(super) fn record(&mut self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.us.saturating_record(us);
        self.sum_us = self.sum_us.saturating_add(us);
    }

    pub(super) fn read(&self) -> TimeStats {
        let is_known = !self.us.is_empty();
        let quantile = |share| is_known.then(|| self.us.value_at_quantile(share));
        TimeStats {
            count: self.us.len(),
            sum_us: self.sum_us,
            p50_us: quantile(0.5),
            p90_us: quantile(0.9),
            p99_us: quantile(0.99),
            p999_us: quantile(0.999),
            max_us: is_known.then(|| self.us.max()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_a_tail_and_counts_times_beyond_its_range_as_the_longest() {
        let mut times = TimeHistogram::new();
        assert_eq!(times.read(), TimeStats::default());
        for us in 1..=1000 {
            times.record(Duration::from_micros(us));
        }
        times.record(Duration::from_secs(1 << 40));
        let read = times.read();
        let is_near =
            |us: Option<u64>, target: u64| us.is_some_and(|us| us.abs_diff(target) * 100 <= target);
        assert_eq!(read.count, 1001);
        assert!(
            is_near(read.p50_us, 501) && is_near(read.p99_us, 991),
            "{read:?}"
        );
        assert!(is_near(read.p999_us, 1000), "{read:?}");
        assert!(read.max_us >= Some(3_600_000_000), "{read:?}");
    }
}
