//! A scanner that is stopped by SIGSTOP at random moments.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::burner::Burner;
use super::reading::{INTERVAL, reported, scanner};
use crate::crowd::child;

/// The role of a child that scans and prints the share of a process.
pub(crate) const SCAN_SHARE: &str = "--scan-share";

/// Returns reported / true shares of a process that uses a whole core.
pub(super) fn ratios(scans: usize) -> Result<Vec<f64>, Box<dyn Error>> {
    let burner = Burner::start(100)?;
    let mut scanning = child::in_role(SCAN_SHARE)?
        .arg(burner.pid().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = scanning.stdout.take().ok_or("no output")?;
    let (print, printed) = channel();
    let reader = thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        lines.for_each(|line| {
            let _ = print.send(line);
        });
    });
    let pid = Pid::from_child(&scanning);
    let mut ratios = Vec::new();
    let begin = burner.used()?;
    while ratios.len() < scans {
        thread::sleep(Duration::from_millis(fastrand::u64(1..400)));
        kill_process(pid, Signal::STOP)?;
        thread::sleep(Duration::from_millis(fastrand::u64(50..700)));
        kill_process(pid, Signal::CONT)?;
        ratios.extend(
            printed
                .try_iter()
                .filter_map(|line| line.parse::<f64>().ok()),
        );
    }
    let end = burner.used()?;
    scanning.kill()?;
    scanning.wait()?;
    let _ = reader.join();
    let true_percent = (end.1 - begin.1) / (end.0 - begin.0).as_secs_f64() / 10_000.0;
    // The first shares are of the time before it was stopped.
    Ok(ratios
        .into_iter()
        .map(|percent| percent / true_percent)
        .collect())
}

/// Does the child's work: print the share of a process after each scan.
pub(crate) fn scan_share(mut args: std::vec::IntoIter<String>) -> io::Result<()> {
    let pid = args.next().and_then(|pid| pid.parse().ok());
    let pid = pid.ok_or_else(|| io::Error::other("no pid"))?;
    let failed = |error: process_scanner::Error| io::Error::other(error.full_message());
    let mut scanner = scanner().map_err(failed)?;
    while scanner.scan_once().is_some() {
        if let Some(percent) = reported(&scanner, pid) {
            writeln!(io::stdout(), "{percent}")?;
        }
        thread::sleep(INTERVAL);
    }
    Ok(())
}
