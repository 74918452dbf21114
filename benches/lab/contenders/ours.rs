//! Our scan, with all work until the dispatcher has handled its batch.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use process_scanner::{Collect, Config, Listen, Scanner, SourceChoice};

use super::contender::{Contender, OURS_LISTENING, OURS_ON_LINUX, OURS_OVER_SYSINFO, Scan};
use crate::measure::cost::Cost;
use crate::measure::proc;

pub(crate) struct Ours {
    pub(crate) scanner: Scanner,
    name: &'static str,
}

impl Ours {
    /// Uses the source `sysinfo`.
    pub(crate) fn sysinfo() -> Result<Self, Box<dyn Error>> {
        Self::with(SourceChoice::Sysinfo, Listen::Off, OURS_OVER_SYSINFO)
    }

    /// Uses the source `linux`, which exists on Linux only. It does not listen.
    pub(crate) fn linux() -> Result<Self, Box<dyn Error>> {
        Self::with(SourceChoice::Linux, Listen::Off, OURS_ON_LINUX)
    }

    /// Uses the source that is best on this system. It does not listen.
    pub(crate) fn of_this_system() -> Result<Self, Box<dyn Error>> {
        match cfg!(target_os = "linux") {
            true => Self::linux(),
            false => Self::sysinfo(),
        }
    }

    /// Uses the source `linux`, which listens if it can.
    pub(crate) fn listening() -> Result<Self, Box<dyn Error>> {
        Self::with(SourceChoice::Linux, Listen::Auto, OURS_LISTENING)
    }

    fn with(
        source: SourceChoice,
        listen: Listen,
        name: &'static str,
    ) -> Result<Self, Box<dyn Error>> {
        let mut config = Config::default();
        config.source = source;
        config.listen = listen;
        Self::of(config, name)
    }

    /// Uses the source `linux` with these fields.
    pub(crate) fn collecting(collect: Collect, listen: Listen) -> Result<Self, Box<dyn Error>> {
        let mut config = Config::default();
        config.source = SourceChoice::Linux;
        config.listen = listen;
        config.collect = collect;
        Self::of(config, OURS_ON_LINUX)
    }

    fn of(config: Config, name: &'static str) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            scanner: Scanner::builder().config(config).build()?,
            name,
        })
    }

    /// Scans once, and also returns the CPU time in microseconds that all other threads used for it.
    ///
    /// That time is 0 if unknown.
    pub(crate) fn scan_and_deliver(&mut self) -> Result<(Scan, f64), Box<dyn Error>> {
        let others = proc::others_cpu_us();
        let (cost, batch) = Cost::of(|| self.scanner.scan_once());
        let batch = batch.ok_or("a live source never ends")?;
        let give_up_at = Instant::now() + Duration::from_secs(10);
        while self.scanner.consumers().snapshot().seq() < batch.seq {
            if Instant::now() > give_up_at {
                return Err("the dispatcher does not handle the batch".into());
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
