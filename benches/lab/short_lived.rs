//! Count the short-lived processes that scans see, by length of life and interval, and check that the batches
//! report enough unseen births.

use std::collections::HashSet;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use process_scanner::{Batch, Config, Event, Listen, Scanner};

use crate::crowd::births::Births;
use crate::measure::boot::boot_ms;
use crate::measure::scan::scan;
use crate::statistics::median;

const INTERVALS_MS: [u64; 3] = [1000, 100, 10];
const LIVES_MS: [u64; 3] = [5, 50, 500];

/// The intervals take turns this many times, so that all meet the same load.
const ROUNDS: u32 = 4;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Seconds at each interval [default: 20, with --quick 4]
    seconds: Option<u32>,

    /// Births a second
    #[arg(default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    births_per_second: u32,
}

pub(crate) fn run(options: &Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let seconds = options.seconds.unwrap_or(if is_quick { 4 } else { 20 });
    let slice = Duration::from_secs(seconds.into()) / ROUNDS;
    // Each length of life has its own thread, and a third of the births.
    let every = Duration::from_secs(LIVES_MS.len() as u64) / options.births_per_second;

    let mut sums: [Sum; 3] = Default::default();
    for round in 0..ROUNDS {
        for (interval_ms, sum) in INTERVALS_MS.into_iter().zip(&mut sums) {
            let seed = u64::from(round + 1) * 0x9e37_79b9_7f4a_7c15 + interval_ms;
            sum.watch(Duration::from_millis(interval_ms), slice, every, seed)?;
        }
    }
    print_lives(&sums);
    print_scans(&sums);
    if !sums.iter().all(Sum::reports_enough) {
        return Err("fewer unseen births were reported than there were".into());
    }
    println!("\nEach round reported at least as many unseen births as there were.");
    Ok(())
}

fn print_lives(sums: &[Sum]) {
    println!(
        "| interval | planned life | life, median | born | seen | share seen | life / interval |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (interval_ms, sum) in INTERVALS_MS.into_iter().zip(sums) {
        for (life_ms, children) in LIVES_MS.into_iter().zip(&sum.children) {
            let lives_ms = children.iter().map(|child| child.life.as_secs_f64() * 1e3);
            let median_ms = median(lives_ms.collect());
            let seen = children.iter().filter(|child| child.is_seen).count();
            let born = children.len();
            let share = seen as f64 / born as f64 * 100.0;
            let expected = (median_ms / interval_ms as f64 * 100.0).min(100.0);
            println!(
                "| {interval_ms} ms | {life_ms} ms | {median_ms:.1} ms | {born} | {seen} | \
                 {share:.1} % | {expected:.1} % |"
            );
        }
    }
}

fn print_scans(sums: &[Sum]) {
    println!(
        "\n| interval | between scans, median | one scan, median | scans | children unseen | reported unseen, at most |"
    );
    println!("|---|---|---|---|---|---|");
    for (interval_ms, sum) in INTERVALS_MS.into_iter().zip(sums) {
        let between_ms = median(sum.between_ms.clone());
        let (scan_ms, scans) = (median(sum.scan_ms.clone()), sum.scan_ms.len());
        let unseen = sum.unseen();
        let reported = sum.reported.map_or("-".into(), |count| count.to_string());
        println!(
            "| {interval_ms} ms | {between_ms:.1} ms | {scan_ms:.1} ms | {scans} | {unseen} | {reported} |"
        );
    }
}

/// The result at one interval.
#[derive(Default)]
struct Sum {
    children: [Vec<Child>; 3],
    between_ms: Vec<f64>,
    scan_ms: Vec<f64>,
    /// The unseen births that batches reported; `None` where the system does not count them.
    reported: Option<u64>,
    /// Whether a round reported too few.
    has_short_round: bool,
}

/// A child that has ended.
struct Child {
    life: Duration,
    is_seen: bool,
}

impl Sum {
    fn unseen(&self) -> u64 {
        let children = self.children.iter().flatten();
        children.filter(|child| !child.is_seen).count() as u64
    }

    fn reports_enough(&self) -> bool {
        let covers = self.reported.is_none_or(|count| count >= self.unseen());
        covers && !self.has_short_round
    }

    /// Scans at this interval for a round of this length, while children are born.
    fn watch(
        &mut self,
        interval: Duration,
        round: Duration,
        every: Duration,
        seed: u64,
    ) -> Result<(), Box<dyn Error>> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut births = Vec::new();
        for (index, life_ms) in LIVES_MS.into_iter().enumerate() {
            let life = Duration::from_millis(life_ms);
            let mut births_of_one = Births::new(life, every, seed + index as u64)?;
            let stop = Arc::clone(&stop);
            // It waits here: a new thread would count as an unseen birth.
            births.push(thread::spawn(move || {
                thread::park();
                births_of_one.run(&stop)
            }));
        }
        let mut config = Config::default();
        // What scans alone see and cost.
        config.listen = Listen::Off;
        let mut scanner = Scanner::builder().config(config).build()?;
        scan(&mut scanner)?;
        let boot_ms = boot_ms(scanner.processes());
        for thread in &births {
            thread.thread().unpark();
        }

        let mut seen = HashSet::new();
        let mut reported = None;
        let mut take = |batch: &Batch| {
            for event in &batch.events {
                if let Event::Created(process) = event {
                    seen.insert((process.pid, process.start_time_ms));
                    seen.insert((process.pid, None));
                }
            }
            if let Some(count) = batch.counts.unseen_at_most {
                *reported.get_or_insert(0) += count;
            }
        };
        let begun = Instant::now();
        let mut due = begun;
        // Scan until the last child has ended.
        while !births.iter().all(JoinHandle::is_finished) {
            stop.store(begun.elapsed() >= round, Ordering::Relaxed);
            due = (due + interval).max(Instant::now());
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let batch = scan(&mut scanner)?;
            take(&batch);
            self.scan_ms.push(batch.cost.scan_us as f64 / 1e3);
            self.between_ms.extend(batch.interval_ms);
        }
        let mut unseen = 0;
        let mut all = Vec::new();
        for thread in births {
            all.push(thread.join().map_err(|_| "a panic")??);
        }
        // This scan counts the births after the last scan.
        let batch = scan(&mut scanner)?;
        take(&batch);
        for (children, born) in self.children.iter_mut().zip(all) {
            children.extend(born.into_iter().map(|child| {
                let start_ms = child.start_ms.zip(boot_ms);
                let start_ms = start_ms.map(|(since_boot, boot_ms)| boot_ms + since_boot);
                let is_seen = seen.contains(&(child.pid, start_ms));
                unseen += u64::from(!is_seen);
                Child {
                    life: child.life,
                    is_seen,
                }
            }));
        }
        self.has_short_round |= reported.is_some_and(|count| count < unseen);
        if let Some(count) = reported {
            *self.reported.get_or_insert(0) += count;
        }
        Ok(())
    }
}
