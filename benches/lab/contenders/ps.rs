//! The command `ps`, printing what our scan reads.

use std::error::Error;
use std::io;
use std::process::{Command, Stdio};

use super::contender::{Contender, Scan};
use crate::measure::cost::Cost;
use crate::measure::proc;

pub(crate) struct Ps;

impl Ps {
    /// Returns `None` if no `ps` accepts these arguments.
    pub(crate) fn find() -> Option<Self> {
        run().is_ok_and(|(succeeded, _)| succeeded).then_some(Self)
    }
}

/// Runs `ps`, and returns whether it succeeded and its CPU time in microseconds.
fn run() -> io::Result<(bool, Option<f64>)> {
    let mut child = Command::new("ps")
        .args(["-eo", "pid,comm,pcpu,rss,args"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    proc::wait(&mut child)
}

impl Contender for Ps {
    fn name(&self) -> &'static str {
        "`ps -eo pid,comm,pcpu,rss,args`"
    }

    fn scan(&mut self) -> Result<Scan, Box<dyn Error>> {
        let (cost, ended) = Cost::of(run);
        let (succeeded, cpu_us) = ended?;
        Ok(Scan {
            cost: Cost { cpu_us, ..cost },
            has_failed: !succeeded,
            processes: None,
        })
    }
}
