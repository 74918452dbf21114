//! The age of batches when consumers receive them.

use std::sync::mpsc::{Receiver, channel};
use std::thread;

use process_scanner::{ConsumerOptions, Consumers};

use crate::statistics::quantile;

/// The ages in microseconds that each consumer saw. Each reports once, at its end: a report for each batch
/// would wake another thread during the measurement.
pub(crate) struct Ages(Receiver<Vec<f64>>);

impl Ages {
    /// Subscribes `consumers` threads, each of which notes the age of its batches.
    pub(crate) fn watch(of: &Consumers, consumers: usize) -> Self {
        let (report, reports) = channel();
        for _ in 0..consumers {
            let report = report.clone();
            let batches = of.subscribe(ConsumerOptions::default());
            thread::spawn(move || {
                let ages_us: Vec<f64> = batches
                    .iter()
                    .map(|batch| (batch.full, batch.age()))
                    // The first batch of a new consumer is made from a scan that can be old.
                    .filter(|(is_full, _)| !is_full)
                    .map(|(_, age)| age.as_secs_f64() * 1e6)
                    .collect();
                let _ = report.send(ages_us);
            });
        }
        Self(reports)
    }

    /// Waits until all consumers have ended, and returns the median, the 99th percentile and the maximum.
    pub(crate) fn collect(self) -> [f64; 3] {
        let ages_us: Vec<f64> = self.0.iter().flatten().collect();
        [0.5, 0.99, 1.0].map(|share| quantile(ages_us.clone(), share))
    }
}
