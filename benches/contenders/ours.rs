//! Our scan, driven by hand, with everything it takes until its batch is dealt with.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use process_scanner::{Config, Scanner, SourceChoice};

use super::{Contender, Scan};
use crate::measure::{Cost, proc};

/// Our scan over sysinfo.
pub(crate) const SYSINFO: &str = "ours over sysinfo";

/// Our scan of the kernel's own files.
pub(crate) const LINUX: &str = "ours";

pub(crate) struct Ours {
    pub(crate) scanner: Scanner,
    name: &'static str,
}

impl Ours {
    pub(crate) fn sysinfo() -> Result<Self, Box<dyn Error>> {
        Self::with(SourceChoice::Sysinfo, SYSINFO)
    }

    /// On Linux alone.
    pub(crate) fn linux() -> Result<Self, Box<dyn Error>> {
        Self::with(SourceChoice::Linux, LINUX)
    }

    fn with(source: SourceChoice, name: &'static str) -> Result<Self, Box<dyn Error>> {
        let mut config = Config::default();
        config.source = source;
        Ok(Self {
            scanner: Scanner::builder().config(config).build()?,
            name,
        })
    }

    /// One scan, and the CPU time in microseconds that all other threads of this process use for it;
    /// 0 where it is not known.
    pub(crate) fn scan_and_deliver(&mut self) -> Result<(Scan, f64), Box<dyn Error>> {
        let others = proc::others_cpu_us();
        let (cost, batch) = Cost::of(|| self.scanner.scan_once());
        let batch = batch.ok_or("a live source never ends")?;
        let give_up_at = Instant::now() + Duration::from_secs(10);
        while self.scanner.consumers().snapshot().seq() < batch.seq {
            if Instant::now() > give_up_at {
                return Err("the dispatcher does not deal with the batch".into());
            }
            thread::sleep(Duration::from_micros(200));
        }
        let deliver_us = others
            .zip(proc::others_cpu_us())
            .map_or(0.0, |(before, after)| after - before);
        let scan = Scan {
            cost,
            has_failed: batch.failure.is_some(),
            processes: Some(batch.counts.processes as usize),
        };
        Ok((scan, deliver_us))
    }
}

impl Contender for Ours {
    fn name(&self) -> &'static str {
        self.name
    }

    fn scan(&mut self) -> Result<Scan, Box<dyn Error>> {
        let (mut scan, deliver_us) = self.scan_and_deliver()?;
        scan.cost.cpu_us = scan.cost.cpu_us.map(|scan_us| scan_us + deliver_us);
        Ok(scan)
    }
}
