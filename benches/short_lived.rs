//! How many of the short-lived processes are seen, by their life and the interval between scans, and
//! whether what the batches declare as unseen covers those that were not.
//!
//! `cargo bench --bench short_lived -- [--quick] [SECONDS_AN_INTERVAL] [BIRTHS_PER_SECOND]`

// A bench prints its figures.
#![allow(clippy::print_stdout)]

mod crowd;
mod measure;

use std::collections::HashSet;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{env, thread};

use process_scanner::{Batch, Event, Scanner};

use self::crowd::births::Births;
use self::measure::{median, proc};

const INTERVALS_MS: [u64; 3] = [1000, 100, 10];
const LIVES_MS: [u64; 3] = [5, 50, 500];

/// The intervals take turns so often, so that all meet the host in the same mood.
const ROUNDS: u32 = 4;

fn main() -> Result<(), Box<dyn Error>> {
    crowd::child::be_child_if_told();
    let args: Vec<String> = env::args().skip(1).collect();
    let is_quick = args.iter().any(|arg| arg == "--quick" || arg == "--test");
    let mut numbers = args.iter().filter_map(|arg| arg.parse::<u32>().ok());
    let seconds = numbers.next().unwrap_or(if is_quick { 4 } else { 20 });
    let births_per_second = numbers.next().unwrap_or(50).max(1);
    let slice = Duration::from_secs(seconds.into()) / ROUNDS;
    // Each life has its own thread, and a third of the births.
    let every = Duration::from_secs(LIVES_MS.len() as u64) / births_per_second;

    let mut sums: [Sum; 3] = Default::default();
    for round in 0..ROUNDS {
        for (interval_ms, sum) in INTERVALS_MS.into_iter().zip(&mut sums) {
            let seed = u64::from(round + 1) * 0x9e37_79b9_7f4a_7c15 + interval_ms;
            sum.watch(Duration::from_millis(interval_ms), slice, every, seed)?;
        }
    }
    report(&sums)
}

fn report(sums: &[Sum]) -> Result<(), Box<dyn Error>> {
    println!(
        "| interval | life meant | life, median | born | seen | share seen | life / interval |"
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
    println!(
        "\n| interval | between scans, median | one scan, median | scans | children unseen | declared unseen, at most |"
    );
    println!("|---|---|---|---|---|---|");
    let mut is_covered = true;
    for (interval_ms, sum) in INTERVALS_MS.into_iter().zip(sums) {
        let between_ms = median(sum.between_ms.clone());
        let (scan_ms, scans) = (median(sum.scan_ms.clone()), sum.scan_ms.len());
        let unseen = sum
            .children
            .iter()
            .flatten()
            .filter(|child| !child.is_seen)
            .count();
        let declared = sum.declared.map_or("-".into(), |count| count.to_string());
        println!(
            "| {interval_ms} ms | {between_ms:.1} ms | {scan_ms:.1} ms | {scans} | {unseen} | {declared} |"
        );
        is_covered &= sum.declared.is_none_or(|count| count >= unseen as u64) && !sum.is_short;
    }
    if !is_covered {
        return Err("fewer unseen births were declared than there were".into());
    }
    println!("\nIn no round were fewer unseen births declared than there were.");
    Ok(())
}

/// All that was seen at one interval.
#[derive(Default)]
struct Sum {
    children: [Vec<Told>; 3],
    between_ms: Vec<f64>,
    scan_ms: Vec<f64>,
    /// `None` where the system does not count.
    declared: Option<u64>,
    /// In one of its rounds too few were declared.
    is_short: bool,
}

/// A child that was.
struct Told {
    life: Duration,
    is_seen: bool,
}

impl Sum {
    /// Scans at this interval for as long, while children are born.
    fn watch(
        &mut self,
        interval: Duration,
        slice: Duration,
        every: Duration,
        seed: u64,
    ) -> Result<(), Box<dyn Error>> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut births = Vec::new();
        for (index, life_ms) in LIVES_MS.into_iter().enumerate() {
            let life = Duration::from_millis(life_ms);
            let mut births_of_one = Births::new(life, every, seed + index as u64)?;
            let stop = Arc::clone(&stop);
            // It waits, so that no thread is started while births are counted.
            births.push(thread::spawn(move || {
                thread::park();
                births_of_one.give(&stop)
            }));
        }
        let mut scanner = Scanner::builder().build()?;
        scan(&mut scanner)?;
        let own_pid = std::process::id();
        let own = scanner.processes().find(|own| own.pid == own_pid);
        let own_start_ms = own.and_then(|own| own.start_time_ms);
        let boot_ms = own_start_ms
            .zip(proc::start_ms_since_boot(own_pid))
            .map(|(start_ms, since_boot)| start_ms - since_boot);
        for thread in &births {
            thread.thread().unpark();
        }

        let mut seen = HashSet::new();
        let mut declared = None;
        let mut take = |batch: &Batch| {
            for event in &batch.events {
                if let Event::Created(process) = event {
                    seen.insert((process.pid, process.start_time_ms));
                    seen.insert((process.pid, None));
                }
            }
            if let Some(count) = batch.counts.unseen_at_most {
                *declared.get_or_insert(0) += count;
            }
        };
        let begun = Instant::now();
        let mut due = begun;
        // To the end of the last child, so that none lives without scans.
        while !births.iter().all(JoinHandle::is_finished) {
            stop.store(begun.elapsed() >= slice, Ordering::Relaxed);
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
        // Who was born after the last scan is counted in this one.
        let batch = scan(&mut scanner)?;
        take(&batch);
        for (children, born) in self.children.iter_mut().zip(all) {
            children.extend(born.into_iter().map(|child| {
                let start_ms = child.start_ms.zip(boot_ms);
                let start_ms = start_ms.map(|(since_boot, boot_ms)| boot_ms + since_boot);
                let is_seen = seen.contains(&(child.pid, start_ms));
                unseen += u64::from(!is_seen);
                Told {
                    life: child.life,
                    is_seen,
                }
            }));
        }
        self.is_short |= declared.is_some_and(|count| count < unseen);
        if let Some(count) = declared {
            *self.declared.get_or_insert(0) += count;
        }
        Ok(())
    }
}

fn scan(scanner: &mut Scanner) -> Result<Arc<Batch>, Box<dyn Error>> {
    let batch = scanner.scan_once().ok_or("a live source never ends")?;
    match &batch.failure {
        Some(failure) => Err(failure.clone().into()),
        None => Ok(batch),
    }
}
