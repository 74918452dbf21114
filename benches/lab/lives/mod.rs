//! Start processes that live for milliseconds, and check what the scanner reports of each.

mod report;
mod seen;
mod shooter;

use std::error::Error;
use std::time::{Duration, Instant};

use process_scanner::{Config, ConsumerOptions, Event, Scanner};

use self::report::Report;
use self::seen::Seen;
pub(crate) use self::shooter::{LIVE, live};
use crate::measure::boot::boot_ms;

/// Threads that start and reap processes.
const SHOOTERS: u32 = 4;

/// How long the last exits may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Processes to start [default: 10000, with --quick 200]
    lives: Option<u32>,

    /// Processes to start a second
    #[arg(default_value_t = 500, value_parser = clap::value_parser!(u32).range(4..))]
    per_second: u32,
}

pub(crate) fn run(options: &Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let lives = options.lives.unwrap_or(if is_quick { 200 } else { 10_000 });
    let mut config = Config::default();
    config.cpu_budget_percent = None;
    let scanner = Scanner::builder().config(config).start()?;
    let mut consumer = ConsumerOptions::default();
    consumer.queue_len = Some(4096);
    let batches = scanner.consumers().subscribe(consumer);
    let first = batches.recv_timeout(PATIENCE)?;
    let boot_ms = boot_ms(first.events.iter().map(Event::process)).ok_or("no start times")?;
    let shooters = shooter::start(lives, options.per_second, SHOOTERS)?;
    let mut seen = Seen::default();
    let mut fired = Vec::new();
    let mut shooters = Some(shooters);
    let mut until = None;
    loop {
        if let Ok(batch) = batches.recv_timeout(Duration::from_millis(50)) {
            seen.take(&batch);
        }
        if shooters
            .as_ref()
            .is_some_and(|all| all.iter().all(std::thread::JoinHandle::is_finished))
        {
            for shooter in shooters.take().into_iter().flatten() {
                fired.extend(shooter.join().map_err(|_| "a panic")??);
            }
            until = Some(Instant::now() + PATIENCE);
        }
        let has_all = || {
            // One more scan counts what is missing.
            seen.exited.len() >= fired.len()
        };
        if let Some(until) = until
            && (Instant::now() > until
                || (has_all() && until - Instant::now() < PATIENCE - Duration::from_secs(3)))
        {
            break;
        }
    }
    scanner.stop()?;
    let report = Report::new(&fired, &seen, boot_ms);
    report.print(&seen);
    report.check(&seen)
}
