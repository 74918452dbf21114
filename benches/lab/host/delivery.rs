//! How old batches are when consumers receive them, while all processes change.

use std::error::Error;
use std::io;
use std::thread;
use std::time::Duration;

use process_scanner::{Config, Listen, Scanner};

use crate::measure::ages::Ages;
use crate::measure::scan;

/// All consumers have received a batch after this time.
const SETTLE: Duration = Duration::from_millis(50);

pub(crate) const CONSUMERS: [usize; 3] = [1, 10, 100];

/// Prints the ages for each number of consumers. `work` lets all children work.
pub(super) fn print(
    batches: u64,
    mut work: impl FnMut() -> io::Result<()>,
) -> Result<(), Box<dyn Error>> {
    println!(
        "\nFrom the end of a scan to the consumer, {batches} batches, all children work between two scans:\n"
    );
    println!("| consumers | median, us | 99th percentile, us | longest, us |");
    println!("|---|---|---|---|");
    for consumers in CONSUMERS {
        let [median, high, longest] = ages_us(consumers, batches, &mut work)?;
        println!("| {consumers} | {median:.0} | {high:.0} | {longest:.0} |");
    }
    Ok(())
}

/// Returns the median, the 99th percentile and the maximum of the ages, in microseconds.
pub(crate) fn ages_us(
    consumers: usize,
    batches: u64,
    mut work: impl FnMut() -> io::Result<()>,
) -> Result<[f64; 3], Box<dyn Error>> {
    let mut config = Config::default();
    config.listen = Listen::Off;
    let mut scanner = Scanner::builder().config(config).build()?;
    let ages = Ages::watch(scanner.consumers(), consumers);
    // The first batch is full, and does not count.
    for _ in 0..=batches {
        work()?;
        scan::scan(&mut scanner)?;
        thread::sleep(SETTLE);
    }
    drop(scanner);
    Ok(ages.collect())
}
