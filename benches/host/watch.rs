//! The command `pscan watch --json` in a process of its own, seen from outside.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::measure::proc;

/// Names and command lines are read anew more often in the first scans of a process.
const WARM_UP: Duration = Duration::from_secs(6);

/// What it used.
pub(super) struct Watched {
    elapsed: Duration,
    /// As far as they told an event.
    scans: u64,
    pub(super) cpu_percent: f64,
    pub(super) rss_kib: u64,
    peak_kib: u64,
}

/// Lets it watch for so long. `None`, with a word why, where that cannot be.
pub(super) fn watch(time: Duration) -> Result<Option<Watched>, Box<dyn Error>> {
    let Some(program) = option_env!("CARGO_BIN_EXE_pscan") else {
        eprintln!("skipped: pscan is not built");
        return Ok(None);
    };
    // Written to a pipe that breaks with us, it ends with us however that happens.
    let child = Command::new(program)
        .args(["watch", "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut pscan = Pscan(child);
    let output = pscan.0.stdout.take().ok_or("its output is a pipe")?;
    let last_scan = Arc::new(AtomicU64::new(0));
    let reader = thread::spawn({
        let last_scan = Arc::clone(&last_scan);
        move || read(output, &last_scan)
    });
    thread::sleep(WARM_UP);

    let pid = pscan.0.id();
    let look = || (Instant::now(), last_scan.load(Ordering::Relaxed));
    let (begun, first) = look();
    let Some(cpu_before_ms) = proc::cpu_ms(pid) else {
        eprintln!("skipped: what pscan uses is not told on this system");
        return Ok(None);
    };
    thread::sleep(time);
    let (ended, last) = look();
    if let Some(status) = pscan.0.try_wait()? {
        return Err(format!("pscan watch has ended by itself: {status}").into());
    }
    let number = |name| proc::status_number(pid, name).ok_or("no memory in its status");
    let elapsed = ended - begun;
    let cpu_ms = proc::cpu_ms(pid).ok_or("no CPU time in its stat")? - cpu_before_ms;
    let watched = Watched {
        elapsed,
        scans: last - first,
        cpu_percent: cpu_ms as f64 / elapsed.as_secs_f64() / 10.0,
        rss_kib: number("VmRSS")?,
        peak_kib: number("VmHWM")?,
    };
    drop(pscan);
    reader.join().map_err(|_| "a panic")??;
    Ok(Some(watched))
}

/// Reads all it prints, and keeps the number of its last scan.
fn read(output: impl Read, last_scan: &AtomicU64) -> io::Result<()> {
    let mut output = BufReader::new(output);
    let mut line = String::new();
    while output.read_line(&mut line)? > 0 {
        // Text of others comes later in the line.
        let number = line.split_once(r#""seq":"#).map(|(_, rest)| rest);
        let number = number.and_then(|rest| rest.split(',').next()?.parse().ok());
        if let Some(number) = number {
            last_scan.store(number, Ordering::Relaxed);
        }
        line.clear();
    }
    Ok(())
}

/// It ends when this is dropped.
struct Pscan(Child);

impl Drop for Pscan {
    fn drop(&mut self) {
        // One that is gone already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Watched {
    pub(super) fn print(&self) {
        let Self {
            elapsed,
            scans,
            cpu_percent,
            ..
        } = self;
        let [rss, peak] = [self.rss_kib, self.peak_kib].map(megabytes);
        println!(
            "\n`pscan watch --json` for {:.0} s:\n",
            elapsed.as_secs_f64()
        );
        println!("| CPU of one core | scans | resident memory | its peak |");
        println!("|---|---|---|---|");
        println!("| {cpu_percent:.2} % | {scans} | {rss:.1} MB | {peak:.1} MB |");
    }
}

pub(super) fn megabytes(kib: u64) -> f64 {
    kib as f64 * 1024.0 / 1e6
}
