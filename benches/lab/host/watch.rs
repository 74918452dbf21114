//! Measure the command `pscan watch --json` from outside.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::measure::proc;

/// Names and command lines are read more often in the first scans of a process.
const WARM_UP: Duration = Duration::from_secs(6);

/// What `pscan` used.
pub(crate) struct Watched {
    pub(crate) elapsed: Duration,
    /// Of scans, and of what was heard in between; those without events do not count.
    batches: u64,
    pub(crate) cpu_percent: f64,
    pub(crate) rss_kib: u64,
    pub(crate) peak_kib: u64,
}

/// Measures `pscan` for this time. Returns `None` where the system does not count its CPU time.
pub(super) fn watch(time: Duration) -> Result<Option<Watched>, Box<dyn Error>> {
    let watching = Watching::start()?;
    thread::sleep(WARM_UP);
    watching.measure(time)
}

/// A running `pscan watch --json`.
pub(crate) struct Watching {
    pscan: Pscan,
    last_batch: Arc<AtomicU64>,
    reader: JoinHandle<io::Result<()>>,
}

impl Watching {
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        // It writes to a pipe that this process reads, so it ends with this process.
        let child = Command::new(env!("CARGO_BIN_EXE_pscan"))
            .args(["watch", "--json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut pscan = Pscan(child);
        let output = pscan.0.stdout.take().ok_or("pscan has no output")?;
        let last_batch = Arc::new(AtomicU64::new(0));
        let reader = thread::spawn({
            let last_batch = Arc::clone(&last_batch);
            move || read(output, &last_batch)
        });
        Ok(Self {
            pscan,
            last_batch,
            reader,
        })
    }

    /// Measures it for this time. Returns `None` where the system does not count its CPU time.
    pub(crate) fn measure(mut self, time: Duration) -> Result<Option<Watched>, Box<dyn Error>> {
        let pid = self.pscan.0.id();
        let batch_at = || (Instant::now(), self.last_batch.load(Ordering::Relaxed));
        let (begun, first) = batch_at();
        let Some(cpu_before_ms) = proc::cpu_ms(pid) else {
            eprintln!("skipped: this system does not count the CPU time of pscan");
            return Ok(None);
        };
        thread::sleep(time);
        let (ended, last) = batch_at();
        if let Some(status) = self.pscan.0.try_wait()? {
            return Err(format!("pscan watch ended early: {status}").into());
        }
        let number = |name| proc::status_number(pid, name).ok_or("no memory in its status");
        let elapsed = ended - begun;
        let cpu_ms = proc::cpu_ms(pid).ok_or("no CPU time in its stat")? - cpu_before_ms;
        let watched = Watched {
            elapsed,
            batches: last - first,
            cpu_percent: cpu_ms as f64 / elapsed.as_secs_f64() / 10.0,
            rss_kib: number("VmRSS")?,
            peak_kib: number("VmHWM")?,
        };
        drop(self.pscan);
        self.reader.join().map_err(|_| "a panic")??;
        Ok(Some(watched))
    }
}

/// Reads all output, and keeps the number of the last batch.
fn read(output: impl Read, last_batch: &AtomicU64) -> io::Result<()> {
    let mut output = BufReader::new(output);
    let mut line = String::new();
    while output.read_line(&mut line)? > 0 {
        // Names and command lines, which can contain anything, come later in the line.
        let number = line.split_once(r#""seq":"#).map(|(_, rest)| rest);
        let number = number.and_then(|rest| rest.split(',').next()?.parse().ok());
        if let Some(number) = number {
            last_batch.store(number, Ordering::Relaxed);
        }
        line.clear();
    }
    Ok(())
}

/// A process that ends when this is dropped.
struct Pscan(Child);

impl Drop for Pscan {
    fn drop(&mut self) {
        // It does not matter if it has ended before.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Watched {
    pub(super) fn print(&self) {
        let Self {
            elapsed,
            batches,
            cpu_percent,
            ..
        } = self;
        let [rss, peak] = [self.rss_kib, self.peak_kib].map(megabytes);
        println!(
            "\n`pscan watch --json` for {:.0} s:\n",
            elapsed.as_secs_f64()
        );
        println!("| CPU of one core | batches | resident memory | peak |");
        println!("|---|---|---|---|");
        println!("| {cpu_percent:.2} % | {batches} | {rss:.1} MB | {peak:.1} MB |");
    }
}

pub(crate) fn megabytes(kib: u64) -> f64 {
    kib as f64 * 1024.0 / 1e6
}
