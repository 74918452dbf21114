//! Measure what scanners at all intervals, side by side, report about the same children.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::figures::{Figure, What};
use super::watch::Watch;
use super::worker::BURSTS_MS;
use super::workforce::{self, Worked};
use crate::crowd::births::{Births, Born};
use crate::crowd::schedule::Schedule;
use crate::statistics::{median, quantile};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Children that only wait: their length of life, and the time between two births.
const WAITING_MS: [(u64, u64); 4] = [(50, 67), (500, 67), (2000, 200), (10_000, 500)];

/// The same for children that work. On average seven live, and use seven tenths of a core.
const WORKING_MS: [(u64, u64); 3] = [(2000, 2000), (10_000, 4000), (30_000, 8000)];

/// The time between the scans of two scanners, so that no two compete for the cores.
const OUT_OF_STEP: Duration = Duration::from_millis(20);

/// CPU time has steps of 10 ms, which would be most of the error of a child that used less than this.
const LEAST_CPU_MS: f64 = 100.0;

pub(super) fn measure(intervals_ms: &[u64], duration: Duration) -> Outcome<Vec<Figure>> {
    let mut watches = Vec::new();
    for &interval_ms in intervals_ms {
        watches.push(Watch::new(Duration::from_millis(interval_ms))?);
    }
    let births_end = Arc::new(AtomicBool::new(false));
    let scans_end = Arc::new(AtomicBool::new(false));
    let begun = Instant::now();
    let mut scanners = Vec::new();
    for (index, mut watch) in watches.into_iter().enumerate() {
        let due = begun + OUT_OF_STEP * index as u32;
        let scans_end = Arc::clone(&scans_end);
        scanners.push(thread::spawn(move || {
            watch.run(due, &scans_end)?;
            Ok::<Watch, process_scanner::Error>(watch)
        }));
    }
    let threads = Threads::start(&births_end)?;
    // A scanner that fails ends its thread early.
    while begun.elapsed() < duration && !scanners.iter().any(JoinHandle::is_finished) {
        thread::sleep(Duration::from_millis(100));
    }
    births_end.store(true, Ordering::Relaxed);
    let lives = threads.join();
    // By now every child has been scanned until its end.
    scans_end.store(true, Ordering::Relaxed);
    let lives = lives?;
    let mut figures = Vec::new();
    for scanner in scanners {
        let watch = join(scanner)??;
        seen(&watch, &lives.waited, &mut figures);
        totals(&watch, &lives.worked, &mut figures);
        bursts(&watch, &lives.worked, &mut figures);
    }
    Ok(figures)
}

/// The threads that start and end children, one for each length of life.
struct Threads {
    waiting: Vec<JoinHandle<std::io::Result<Vec<Born>>>>,
    working: Vec<JoinHandle<std::io::Result<Vec<Worked>>>>,
}

/// All children, by their length of life.
struct Lives {
    waited: Vec<Vec<Born>>,
    worked: Vec<Vec<Worked>>,
}

impl Threads {
    fn start(stop: &Arc<AtomicBool>) -> Outcome<Self> {
        let mut threads = Self {
            waiting: Vec::new(),
            working: Vec::new(),
        };
        for (life_ms, every_ms) in WAITING_MS {
            let [life, every] = [life_ms, every_ms].map(Duration::from_millis);
            let mut births = Births::new(life, every, life_ms)?;
            let stop = Arc::clone(stop);
            let thread = thread::spawn(move || births.run(&stop));
            threads.waiting.push(thread);
        }
        for (life_ms, every_ms) in WORKING_MS {
            let [life, every] = [life_ms, every_ms].map(Duration::from_millis);
            let schedule = Schedule::new(life, every, life_ms + 1);
            let stop = Arc::clone(stop);
            let thread = thread::spawn(move || workforce::run(schedule, &stop));
            threads.working.push(thread);
        }
        Ok(threads)
    }

    fn join(self) -> Outcome<Lives> {
        let waited = self.waiting.into_iter().map(|thread| Ok(join(thread)??));
        let worked = self.working.into_iter().map(|thread| Ok(join(thread)??));
        Ok(Lives {
            waited: waited.collect::<Outcome<_>>()?,
            worked: worked.collect::<Outcome<_>>()?,
        })
    }
}

fn join<T>(thread: JoinHandle<T>) -> Outcome<T> {
    thread.join().map_err(|_| "a thread has panicked".into())
}

/// Adds the share of waiting children that were reported at all.
fn seen(watch: &Watch, waited: &[Vec<Born>], figures: &mut Vec<Figure>) {
    for ((life_ms, _), born) in WAITING_MS.into_iter().zip(waited) {
        let is_seen = |born: &&Born| {
            born.start_ms
                .is_some_and(|start_ms| !watch.reports(born.pid, start_ms).is_empty())
        };
        let seen = born.iter().filter(is_seen).count();
        let percent = seen as f64 / born.len() as f64 * 100.0;
        figures.push(figure(watch, What::Seen, life_ms, percent, born.len()));
    }
}

/// Adds the difference between the CPU time last reported of each child and the CPU time that it used.
///
/// A child that was never reported counts as reported with none.
fn totals(watch: &Watch, worked: &[Vec<Worked>], figures: &mut Vec<Figure>) {
    for ((life_ms, _), worked) in WORKING_MS.into_iter().zip(worked) {
        let mut errors_percent = Vec::new();
        let (mut all_reported_ms, mut all_actual_ms) = (0.0, 0.0);
        for child in worked {
            let reports = watch.reports(child.pid, child.start_ms);
            let reported_ms = reports
                .iter()
                .rev()
                .find_map(|report| report.cpu_ms)
                .unwrap_or(0.0);
            let actual_ms = child.cpu_ms;
            all_reported_ms += reported_ms;
            all_actual_ms += actual_ms;
            if actual_ms >= LEAST_CPU_MS {
                errors_percent.push((reported_ms - actual_ms).abs() / actual_ms * 100.0);
            }
        }
        let count = errors_percent.len();
        let lost_percent = (1.0 - all_reported_ms / all_actual_ms) * 100.0;
        for (what, value, count) in [
            (What::CpuErrorMedian, median(errors_percent.clone()), count),
            (What::CpuErrorP95, quantile(errors_percent, 0.95), count),
            (What::CpuLost, lost_percent, worked.len()),
        ] {
            figures.push(figure(watch, what, life_ms, value, count));
        }
    }
}

/// Adds the CPU use that was reported for the time of each burst, and the actual one.
///
/// Bursts after the last report of a child do not count here: they are in its total.
fn bursts(watch: &Watch, worked: &[Vec<Worked>], figures: &mut Vec<Figure>) {
    for meant_ms in BURSTS_MS {
        let (mut actual_percents, mut reported_percents, mut errors) =
            (Vec::new(), Vec::new(), Vec::new());
        for child in worked.iter().flatten() {
            let reports = watch.reports(child.pid, child.start_ms);
            let bursts = child.bursts.iter();
            for burst in bursts.filter(|burst| burst.meant_ms == meant_ms) {
                let (from_ns, to_ns) = (burst.begun_ns, burst.ended_ns);
                if let Some(reported_percent) = watch.percent_between(reports, from_ns, to_ns) {
                    let actual_percent = burst.cpu_ns as f64 / (to_ns - from_ns) as f64 * 100.0;
                    actual_percents.push(actual_percent);
                    reported_percents.push(reported_percent);
                    errors.push((reported_percent - actual_percent).abs());
                }
            }
        }
        let count = errors.len();
        for (what, values) in [
            (What::BurstTrue, actual_percents),
            (What::BurstReported, reported_percents),
            (What::BurstError, errors),
        ] {
            figures.push(figure(watch, what, meant_ms, median(values), count));
        }
    }
}

fn figure(watch: &Watch, what: What, of_ms: u64, value: f64, samples: usize) -> Figure {
    Figure {
        interval_ms: watch.interval_ms(),
        what,
        of_ms,
        value,
        samples,
    }
}
