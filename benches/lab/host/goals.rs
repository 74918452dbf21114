//! Compare measured values with the limits and the aims.

use super::watch::{Watched, megabytes};
use crate::contenders::contender::{BARE_CALLS, OURS_ON_LINUX, OURS_OVER_SYSINFO};
use crate::contenders::turns::Compared;

/// The goal for the time of a scan is for a host with this many processes.
const SCAN_SIZE: usize = 1000;

pub(super) struct Goals {
    /// The size that all other goals are for.
    size: usize,
    cpu_percent: Option<f64>,
    rss_mb: Option<f64>,
    scan_ms: Option<f64>,
    /// By the number of consumers.
    delivery_us: Vec<(usize, f64)>,
    failed: u64,
    scans: u64,
    share_percent: Option<f64>,
    /// How many times cheaper our scan on Linux is than the refresh of sysinfo: when no child works, when
    /// 5 % work and when all work.
    cheaper: [Option<f64>; 3],
    /// The cost of our scan, divided by the cost of its system calls.
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
            self.scan_ms = find(compared, OURS_ON_LINUX)
                .or(find(compared, OURS_OVER_SYSINFO))
                .map(|ours| ours.wall_us / 1000.0);
        }
        if size == self.size {
            let over_sysinfo = find(compared, OURS_OVER_SYSINFO).and_then(|ours| ours.cpu_ratio);
            self.share_percent = over_sysinfo.map(|ratio| (ratio - 1.0) * 100.0);
            self.cheaper[0] = cheaper(compared);
            let cpu_us = |name| find(compared, name).and_then(|compared| compared.cpu_us);
            let calls_us = cpu_us(BARE_CALLS);
            self.times_calls = cpu_us(OURS_ON_LINUX)
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
        for name in [OURS_OVER_SYSINFO, OURS_ON_LINUX] {
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
        println!("\n### Goals, at {} children\n", self.size);
        println!("| what | limit | aim | measured |");
        println!("|---|---|---|---|");
        for (what, must, aim, measured) in [
            (
                "CPU of `pscan watch --json`, one core",
                "0.5 %",
                "0.3 %",
                measured(self.cpu_percent, "%"),
            ),
            (
                "its resident memory",
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
                "no child works: cheaper than sysinfo's refresh",
                "8 times",
                "14 times",
                measured(self.cheaper[0], "times"),
            ),
            (
                "no child works: our scan / its bare system calls",
                "1.5",
                "1.15",
                measured(self.times_calls, "times"),
            ),
            (
                "5 % work: cheaper than sysinfo's refresh",
                "6 times",
                "10 times",
                measured(self.cheaper[1], "times"),
            ),
            (
                "all work: cheaper than sysinfo's refresh",
                "2 times",
                "3 times",
                measured(self.cheaper[2], "times"),
            ),
            (
                "over sysinfo: our cost on top of the bare refresh",
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
    let ratio = find(compared, OURS_ON_LINUX)?.cpu_ratio?;
    Some(1.0 / ratio)
}
