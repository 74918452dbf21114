//! Our scan, driven by hand, with everything it takes until its batch is dealt with.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use process_scanner::Scanner;

use super::{Contender, Scan};
use crate::measure::{Cost, proc};

pub(crate) const NAME: &str = "ours";

pub(crate) struct Ours(pub(crate) Scanner, &'static str);

impl Ours {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        Ok(Self(Scanner::builder().build()?, NAME))
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn native() -> Result<Self, Box<dyn Error>> {
        let source = process_scanner::LinuxSource::new(process_scanner::Collect::default())?;
        let scanner = Scanner::builder().source(source).build()?;
        Ok(Self(scanner, "ours, native"))
    }

    /// One scan, and the CPU time in microseconds that all other threads of this process use for it;
    /// 0 where it is not known.
    pub(crate) fn scan_and_deliver(&mut self) -> Result<(Scan, f64), Box<dyn Error>> {
        let others = proc::others_cpu_us();
        let (cost, batch) = Cost::of(|| self.0.scan_once());
        let batch = batch.ok_or("a live source never ends")?;
        let give_up_at = Instant::now() + Duration::from_secs(10);
        while self.0.consumers().snapshot().seq() < batch.seq {
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
            processes: Some(self.0.table().len()),
        };
        Ok((scan, deliver_us))
    }
}

impl Contender for Ours {
    fn name(&self) -> &'static str {
        self.1
    }

    fn scan(&mut self) -> Result<Scan, Box<dyn Error>> {
        let (mut scan, deliver_us) = self.scan_and_deliver()?;
        scan.cost.cpu_us = scan.cost.cpu_us.map(|scan_us| scan_us + deliver_us);
        Ok(scan)
    }
}
