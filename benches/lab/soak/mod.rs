//! Fork under a running scanner, and check its memory and everything that it reports.
//!
//! Children are born at a steady rate and live up to two seconds; a few live from start to end. The
//! experiment knows their pids, start times and ends, and compares every birth and exit with them. A
//! subscription, a callback and a consumer that is far too slow receive the batches.

mod family;
mod ledger;
pub(crate) mod report;
mod shared;
mod truth;
mod usage;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use process_scanner::{Batch, Config, ConsumerOptions, Scanner};

use self::family::Family;
use self::ledger::Ledger;
use self::report::Soaked;
use self::shared::Shared;
use self::truth::Truth;
use self::usage::Usage;

const LONG_LIVED: usize = 5;
const SETTLING: Duration = Duration::from_secs(10);
const EVERY: Duration = Duration::from_secs(60);

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Seconds to run [default: 3600, with --quick 10]
    seconds: Option<u32>,

    /// Births a second
    #[arg(default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    births_per_second: u32,
}

pub(crate) fn run(options: &Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let seconds = options.seconds.unwrap_or(if is_quick { 10 } else { 3600 });
    soak(
        Duration::from_secs(seconds.into()),
        options.births_per_second,
    )?
    .print()
}

/// Forks for this time, and compares all reports with the truth.
pub(crate) fn soak(duration: Duration, births_per_second: u32) -> Result<Soaked, Box<dyn Error>> {
    let truth = Shared::<Truth>::default();
    let hurry = Arc::new(AtomicBool::new(false));
    // One scan a second, at any cost.
    let mut config = Config::default();
    config.cpu_budget_percent = None;
    let handle = Scanner::builder().config(config).start()?;
    let batches = handle.consumers().subscribe(ConsumerOptions::default());
    let watcher = thread::spawn({
        let truth = truth.clone();
        move || {
            let mut ledger = Ledger::default();
            for batch in batches.iter() {
                ledger.take(&batch);
                truth.lock().judge(&batch, &ledger.snapshot);
            }
            ledger
        }
    });
    let batches = handle
        .consumers()
        .subscribe(ConsumerOptions::default().with_queue_len(2));
    let slow = thread::spawn({
        let hurry = Arc::clone(&hurry);
        move || {
            let mut ledger = Ledger::default();
            for batch in batches.iter() {
                ledger.take(&batch);
                if !hurry.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_secs(3));
                }
            }
            ledger
        }
    });
    let called = Shared::<Ledger>::default();
    handle.consumers().register(ConsumerOptions::default(), {
        let called = called.clone();
        move |batch: &Arc<Batch>| called.lock().take(batch)
    })?;

    let mut family = Family::new(&truth)?;
    let begun = Instant::now();
    let end = begun + duration;
    for _ in 0..LONG_LIVED {
        family.start(end + Duration::from_secs(3600), false)?;
    }
    let mut usages: Vec<Usage> = Vec::new();
    let mut measure_at = begun + SETTLING.min(duration / 2);
    let mut births = 0;
    loop {
        let now = Instant::now();
        let birth_at = begun + Duration::from_secs(1) * births / births_per_second;
        let reap_at = family.next_end().unwrap_or(end);
        if now >= end {
            break;
        } else if now >= measure_at {
            // This thread starts the children, so no child is half started now.
            usages.push(Usage::now(&handle.consumers().snapshot()));
            let usage = usages.last().map(Usage::line).unwrap_or_default();
            eprintln!("{:6.0?} {usage} {}", begun.elapsed(), truth.lock().line());
            measure_at += EVERY;
        } else if now >= birth_at {
            births += 1;
            family.start_one(now)?;
        } else if now >= reap_at {
            family.reap_due(now)?;
        } else {
            let next = birth_at.min(reap_at).min(measure_at).min(end);
            thread::sleep(next.saturating_duration_since(now));
        }
    }
    usages.push(Usage::now(&handle.consumers().snapshot()));
    // Now the slow consumer catches up, and every exit gets enough scans to be reported.
    family.reap_due(end + Duration::from_secs(3))?;
    hurry.store(true, Ordering::Relaxed);
    thread::sleep(Duration::from_secs(6));
    truth
        .lock()
        .expect_the_living(&handle.consumers().snapshot());
    let consumers = handle.consumers().clone();
    handle.stop()?;
    family.reap_due(end + Duration::from_secs(7200))?;
    let ledgers = [
        ("subscription", watcher.join().map_err(|_| "a panic")?),
        ("callback", std::mem::take(&mut *called.lock())),
        ("slow consumer", slow.join().map_err(|_| "a panic")?),
    ];
    let truth = std::mem::take(&mut *truth.lock());
    Ok(Soaked {
        duration,
        births_per_second,
        usages,
        truth,
        ledgers,
        last: consumers.snapshot(),
    })
}
