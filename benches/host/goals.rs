//! What is promised, what is aimed at, and what was measured.

use super::scans::Compared;
use super::watch::{Watched, megabytes};

/// One promise is about a host of so many processes.
const SCAN_SIZE: usize = 1000;

pub(super) struct Goals {
    /// The size that all others are about.
    size: usize,
    cpu_percent: Option<f64>,
    rss_mb: Option<f64>,
    scan_ms: Option<f64>,
    /// By the number of consumers.
    delivery_us: Vec<(usize, f64)>,
    failed: u64,
    scans: u64,
    share_percent: Option<f64>,
}

impl Goals {
    pub(super) fn new(size: usize) -> Self {
        Self {
            size,
            cpu_percent: None,
            rss_mb: None,
            scan_ms: None,
            delivery_us: Vec::new(),
            failed: 0,
            scans: 0,
            share_percent: None,
        }
    }

    pub(super) fn take_idle(&mut self, size: usize, compared: &[Compared]) {
        let Some(ours) = ours(compared) else {
            return;
        };
        if size == SCAN_SIZE {
            self.scan_ms = Some(ours.wall_us / 1000.0);
        }
        if size == self.size {
            self.share_percent = ours.cpu_ratio.map(|ratio| (ratio - 1.0) * 100.0);
        }
    }

    pub(super) fn take_watched(&mut self, size: usize, watched: &Watched) {
        if size == self.size {
            self.cpu_percent = Some(watched.cpu_percent);
            self.rss_mb = Some(megabytes(watched.rss_kib));
        }
    }

    pub(super) fn take_delivery(&mut self, size: usize, consumers: usize, high_us: f64) {
        if size == self.size {
            self.delivery_us.push((consumers, high_us));
        }
    }

    pub(super) fn count_failures(&mut self, compared: &[Compared]) {
        if let Some(ours) = ours(compared) {
            self.add_failures(ours.failed, ours.scans);
        }
    }

    pub(super) fn add_failures(&mut self, failed: u64, scans: u64) {
        self.failed += failed;
        self.scans += scans;
    }

    pub(super) fn print(&self) {
        let measured = |value: Option<f64>, unit: &str| {
            value.map_or("not measured".into(), |value| format!("{value:.2} {unit}"))
        };
        let delivery: Vec<String> = self
            .delivery_us
            .iter()
            .map(|(consumers, us)| format!("{:.2} ms to {consumers}", us / 1000.0))
            .collect();
        let delivery = match delivery.is_empty() {
            true => "not measured".into(),
            false => delivery.join(", "),
        };
        println!("\n### Promises, at {} children\n", self.size);
        println!("| what | must | aim | measured |");
        println!("|---|---|---|---|");
        for (what, must, aim, measured) in [
            (
                "CPU, one core",
                "0.75 %",
                "0.5 %",
                measured(self.cpu_percent, "%"),
            ),
            (
                "resident memory of `pscan watch --json`",
                "30 MB",
                "8 MB",
                measured(self.rss_mb, "MB"),
            ),
            (
                "scan of 1000 processes",
                "100 ms",
                "20 ms",
                measured(self.scan_ms, "ms"),
            ),
            (
                "scan's end to consumer, 99th percentile",
                "10 ms",
                "1 ms",
                delivery,
            ),
            (
                "failed scans",
                "0.1 %",
                "0 of 10,000",
                format!("{} of {}", self.failed, self.scans),
            ),
            (
                "our share on top of the bare sysinfo refresh",
                "10 %",
                "3 %",
                measured(self.share_percent, "%"),
            ),
        ] {
            println!("| {what} | {must} | {aim} | {measured} |");
        }
    }
}

fn ours(compared: &[Compared]) -> Option<&Compared> {
    compared
        .iter()
        .find(|compared| compared.name == crate::contenders::ours::NAME)
}
