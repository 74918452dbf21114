//! What is promised, what is aimed at, and what was measured.

use super::watch::{Watched, megabytes};
use crate::contenders::ours::{LINUX, SYSINFO};
use crate::contenders::turns::Compared;

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
    /// How many times cheaper than the refresh of sysinfo our scan of Linux is: when nobody runs, when
    /// 5 % run and when all run.
    cheaper: [Option<f64>; 3],
    /// What it costs, in times of the system calls that it makes.
    times_calls: Option<f64>,
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
            cheaper: [None; 3],
            times_calls: None,
        }
    }

    pub(super) fn take_idle(&mut self, size: usize, compared: &[Compared]) {
        if size == SCAN_SIZE {
            self.scan_ms = find(compared, LINUX)
                .or(find(compared, SYSINFO))
                .map(|ours| ours.wall_us / 1000.0);
        }
        if size == self.size {
            let over_sysinfo = find(compared, SYSINFO).and_then(|ours| ours.cpu_ratio);
            self.share_percent = over_sysinfo.map(|ratio| (ratio - 1.0) * 100.0);
            self.cheaper[0] = cheaper(compared);
            let cpu_us = |name| find(compared, name).and_then(|compared| compared.cpu_us);
            let calls_us = cpu_us("the bare system calls of ours");
            self.times_calls = cpu_us(LINUX)
                .zip(calls_us)
                .map(|(ours, calls)| ours / calls);
        }
    }

    pub(super) fn take_busy(&mut self, size: usize, few: &[Compared], all: &[Compared]) {
        if size == self.size {
            self.cheaper[1] = cheaper(few);
            self.cheaper[2] = cheaper(all);
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
        for name in [SYSINFO, LINUX] {
            if let Some(ours) = find(compared, name) {
                self.add_failures(ours.failed, ours.scans);
            }
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
                "0.5 %",
                "0.3 %",
                measured(self.cpu_percent, "%"),
            ),
            (
                "resident memory of `pscan watch --json`",
                "8 MB",
                "5 MB",
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
                "nobody runs: our scan, cheaper than sysinfo's refresh",
                "8 times",
                "14 times",
                measured(self.cheaper[0], "times"),
            ),
            (
                "nobody runs: our scan against the system calls it makes",
                "1.5",
                "1.15",
                measured(self.times_calls, "times"),
            ),
            (
                "5 % run: cheaper than sysinfo's refresh",
                "6 times",
                "10 times",
                measured(self.cheaper[1], "times"),
            ),
            (
                "all run: cheaper than sysinfo's refresh",
                "2 times",
                "3 times",
                measured(self.cheaper[2], "times"),
            ),
            (
                "over sysinfo: our share on top of its bare refresh",
                "10 %",
                "3 %",
                measured(self.share_percent, "%"),
            ),
        ] {
            println!("| {what} | {must} | {aim} | {measured} |");
        }
    }
}

fn find<'a>(compared: &'a [Compared], name: &str) -> Option<&'a Compared> {
    compared.iter().find(|compared| compared.name == name)
}

fn cheaper(compared: &[Compared]) -> Option<f64> {
    let ratio = find(compared, LINUX)?.cpu_ratio?;
    Some(1.0 / ratio)
}
