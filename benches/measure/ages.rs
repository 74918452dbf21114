//! How old batches are when their consumers have them in hand.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use process_scanner::{Batch, Config, Consumer, ConsumerOptions, Result, ScannerHandle};

use super::quantile;

/// Settings of a scanner that keeps to this interval whatever it costs.
pub(crate) fn steady(interval_ms: u64) -> Config {
    let mut config = Config::default();
    config.interval_ms = interval_ms;
    // It is how old batches are that is measured, at this very interval.
    config.cpu_budget_percent = None;
    config
}

/// How a consumer takes its batches.
pub(crate) type Join = fn(&ScannerHandle, Ages) -> Result<()>;

pub(crate) fn subscribe(scanner: &ScannerHandle, mut ages: Ages) -> Result<()> {
    let subscription = scanner.consumers().subscribe(ConsumerOptions::default());
    thread::spawn(move || {
        for batch in subscription.iter() {
            ages.on_batch(&batch);
        }
    });
    Ok(())
}

pub(crate) fn call_back(scanner: &ScannerHandle, ages: Ages) -> Result<()> {
    scanner
        .consumers()
        .register(ConsumerOptions::default(), ages)
        .map(drop)
}

/// So many consumers join. What they noted comes when they end, as the scanner does.
pub(crate) fn join_all(scanner: &ScannerHandle, consumers: usize, join: Join) -> Result<Reports> {
    let (report, reports) = channel();
    for _ in 0..consumers {
        let ages_us = Vec::new();
        let report = report.clone();
        join(scanner, Ages { ages_us, report })?;
    }
    Ok(Reports(reports))
}

/// A consumer that notes how old each batch is, and reports when it ends: a report for each batch
/// would wake another thread in the midst of the measurement.
pub(crate) struct Ages {
    ages_us: Vec<f64>,
    report: Sender<Vec<f64>>,
}

impl Consumer for Ages {
    fn on_batch(&mut self, batch: &Arc<Batch>) {
        let age = batch.age();
        // A newcomer's first batch is made of a scan that may have been long ago.
        if !batch.full {
            self.ages_us.push(age.as_secs_f64() * 1e6);
        }
    }
}

impl Drop for Ages {
    fn drop(&mut self) {
        let _ = self.report.send(std::mem::take(&mut self.ages_us));
    }
}

pub(crate) struct Reports(Receiver<Vec<f64>>);

impl Reports {
    /// The median, the 99th percentile and the longest, in microseconds.
    pub(crate) fn collect(self) -> [f64; 3] {
        let ages_us: Vec<f64> = self.0.iter().flatten().collect();
        [0.5, 0.99, 1.0].map(|share| quantile(ages_us.clone(), share))
    }
}
