//! What an interval shows and what it costs: scans at intervals from a tenth of a second to a quarter of a
//! minute, held against what is known of this bench's own children.
//!
//! `cargo bench --bench study -- [--quick] [--write] [SECONDS] [IDLE_CHILDREN]`
//!
//! It has two parts, over the same idle children:
//!
//! 1. For [accuracy] one scanner for each interval runs on a thread of its own, all at the same time, for so
//!    many seconds. So all of them look at the very same children in the very same moments, and what
//!    differs is the interval's doing; and the longest interval gets as long as the shortest, which in turns
//!    it would not. What they take from each other is little: they scan out of step, and take a fifth of
//!    one core together.
//! 2. For [cost] they take turns, for about half as long again. Side by side the scanner of the longest
//!    interval would find `/proc` in caches that the others had warmed, and could seem cheaper than it is.
//!
//! Scanners are driven by hand, so that nothing but the clock here decides when they scan.
//!
//! `--write` keeps the figures in `docs/interval-study.csv`. The bench `study_plot` makes the picture of them.

// A bench prints its figures.
#![allow(clippy::print_stdout)]

#[cfg(target_os = "linux")]
mod crowd;
#[cfg(target_os = "linux")]
mod measure;

#[cfg(target_os = "linux")]
#[path = "study/accuracy.rs"]
mod accuracy;
#[cfg(target_os = "linux")]
#[path = "study/cost.rs"]
mod cost;
#[cfg(target_os = "linux")]
#[path = "study/figures.rs"]
mod figures;
#[cfg(target_os = "linux")]
#[path = "study/watch.rs"]
mod watch;
#[cfg(target_os = "linux")]
#[path = "study/worker.rs"]
mod worker;
#[cfg(target_os = "linux")]
#[path = "study/workforce.rs"]
mod workforce;

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("SKIPPED: what children used of the processor is read from Linux's /proc");
}

#[cfg(target_os = "linux")]
const INTERVALS_MS: [u64; 5] = [100, 500, 1000, 5000, 15_000];

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    use std::time::Duration;

    crowd::child::be_child_if_told();
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [role, seed] = &args[..]
        && role == worker::WORK
    {
        return Ok(worker::work(seed.parse()?)?);
    }
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    let is_quick = has("--quick") || has("--test");
    let mut numbers = args.iter().filter_map(|arg| arg.parse::<u32>().ok());
    let seconds = numbers.next().unwrap_or(if is_quick { 40 } else { 420 });
    let idle = numbers.next().unwrap_or(300);

    let crowd = crowd::Crowd::idle(idle as usize)?;
    let mut figures = accuracy::measure(Duration::from_secs(seconds.into()))?;
    let (rounds, least_turn) = if is_quick { (1, 2) } else { (3, 10) };
    figures.extend(cost::measure(rounds, Duration::from_secs(least_turn))?);
    drop(crowd);
    print!("{}", figures::to_markdown(&figures));
    if has("--write") {
        std::fs::write(figures::CSV_PATH, figures::to_csv(&figures))?;
        println!("Written to {}", figures::CSV_PATH);
    }
    Ok(())
}
