//! Scanners at all intervals side by side over the same children, and what each came to know of them.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::INTERVALS_MS;
use super::figures::{Figure, What};
use super::watch::Watch;
use super::worker::BURSTS_MS;
use super::workforce::{Worked, Workforce};
use crate::crowd::births::{Births, Born};
use crate::crowd::random::Random;
use crate::measure::{median, quantile};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Children that only wait: how long they live, and after how long there is another.
const WAITING_MS: [(u64, u64); 4] = [(50, 67), (500, 67), (2000, 200), (10_000, 500)];

/// The same of children that work. On the average seven are alive, and use seven tenths of a core.
const WORKING_MS: [(u64, u64); 3] = [(2000, 2000), (10_000, 4000), (30_000, 8000)];

/// So far each scanner is out of step with the next, so that no two have to share the processors.
const OUT_OF_STEP: Duration = Duration::from_millis(20);

/// CPU time comes in steps of 10 ms. Of a child that used less than this they would be most of the error.
const LEAST_CPU_MS: f64 = 100.0;

pub(crate) fn measure(duration: Duration) -> Outcome<Vec<Figure>> {
    let mut watches = Vec::new();
    for interval_ms in INTERVALS_MS {
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
            Outcome::Ok(watch)
        }));
    }
    let children = Children::start(&births_end)?;
    // A scanner that fails ends early.
    while begun.elapsed() < duration && !scanners.iter().any(JoinHandle::is_finished) {
        thread::sleep(Duration::from_millis(100));
    }
    births_end.store(true, Ordering::Relaxed);
    let lives = children.join();
    // All of them have been scanned to the end of their lives.
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

/// The threads that see to births and deaths, one for each length of life.
struct Children {
    waiting: Vec<JoinHandle<std::io::Result<Vec<Born>>>>,
    working: Vec<JoinHandle<std::io::Result<Vec<Worked>>>>,
}

/// All children that were, by their length of life.
struct Lives {
    waited: Vec<Vec<Born>>,
    worked: Vec<Vec<Worked>>,
}

impl Children {
    fn start(stop: &Arc<AtomicBool>) -> Outcome<Self> {
        let mut children = Self {
            waiting: Vec::new(),
            working: Vec::new(),
        };
        for (life_ms, every_ms) in WAITING_MS {
            let (life, every) = (
                Duration::from_millis(life_ms),
                Duration::from_millis(every_ms),
            );
            let mut births = Births::new(life, every, life_ms)?;
            let stop = Arc::clone(stop);
            let thread = thread::spawn(move || births.give(&stop));
            children.waiting.push(thread);
        }
        for (life_ms, every_ms) in WORKING_MS {
            let mut workforce = Workforce {
                life: Duration::from_millis(life_ms),
                every: Duration::from_millis(every_ms),
                random: Random(life_ms + 1),
            };
            let stop = Arc::clone(stop);
            let thread = thread::spawn(move || workforce.give(&stop));
            children.working.push(thread);
        }
        Ok(children)
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

/// How many of the children that only wait were told of at all.
fn seen(watch: &Watch, waited: &[Vec<Born>], figures: &mut Vec<Figure>) {
    for ((life_ms, _), born) in WAITING_MS.into_iter().zip(waited) {
        let is_seen = |born: &&Born| {
            born.start_ms
                .is_some_and(|start_ms| !watch.told(born.pid, start_ms).is_empty())
        };
        let seen = born.iter().filter(is_seen).count();
        let percent = seen as f64 / born.len() as f64 * 100.0;
        figures.push(figure(watch, What::Seen, life_ms, percent, born.len()));
    }
}

/// How far the CPU time last told of a child is from what it used in its life. One never told of counts as
/// told to have used nothing.
fn totals(watch: &Watch, worked: &[Vec<Worked>], figures: &mut Vec<Figure>) {
    for ((life_ms, _), worked) in WORKING_MS.into_iter().zip(worked) {
        let mut errors_percent = Vec::new();
        let (mut all_told_ms, mut all_true_ms) = (0.0, 0.0);
        for child in worked {
            let told = watch.told(child.pid, child.start_ms);
            let told_ms = told
                .iter()
                .rev()
                .find_map(|told| told.cpu_ms)
                .unwrap_or(0.0);
            let true_ms = child.cpu_ms;
            all_told_ms += told_ms;
            all_true_ms += true_ms;
            if true_ms >= LEAST_CPU_MS {
                errors_percent.push((told_ms - true_ms).abs() / true_ms * 100.0);
            }
        }
        let count = errors_percent.len();
        let lost_percent = (1.0 - all_told_ms / all_true_ms) * 100.0;
        for (what, value, count) in [
            (What::CpuErrorMedian, median(errors_percent.clone()), count),
            (What::CpuErrorP95, quantile(errors_percent, 0.95), count),
            (What::CpuLost, lost_percent, worked.len()),
        ] {
            figures.push(figure(watch, what, life_ms, value, count));
        }
    }
}

/// What is told of the time in which a burst fell, beside the share that the burst had in truth. Only of
/// bursts that something was told of: those after the last scan of a child are in its total.
fn bursts(watch: &Watch, worked: &[Vec<Worked>], figures: &mut Vec<Figure>) {
    for meant_ms in BURSTS_MS {
        let (mut true_percents, mut told_percents, mut errors) =
            (Vec::new(), Vec::new(), Vec::new());
        for child in worked.iter().flatten() {
            let told = watch.told(child.pid, child.start_ms);
            let bursts = child.bursts.iter();
            for burst in bursts.filter(|burst| burst.meant_ms == meant_ms) {
                let (from_ns, to_ns) = (burst.begun_ns, burst.ended_ns);
                if let Some(told_percent) = watch.percent_between(told, from_ns, to_ns) {
                    let true_percent = burst.cpu_ns as f64 / (to_ns - from_ns) as f64 * 100.0;
                    true_percents.push(true_percent);
                    told_percents.push(told_percent);
                    errors.push((told_percent - true_percent).abs());
                }
            }
        }
        let count = errors.len();
        for (what, values) in [
            (What::BurstTrue, true_percents),
            (What::BurstTold, told_percents),
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
