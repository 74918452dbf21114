//! How old batches of the live source are when consumers receive them.

use std::error::Error;
use std::thread;
use std::time::Duration;

use process_scanner::Scanner;

use crate::measure::ages::{Ages, steady};

/// At most sizes a scan takes longer than this, and the scanner skips scans.
const INTERVAL_MS: u64 = 100;

pub(crate) const CONSUMERS: [usize; 3] = [1, 10, 100];

/// Prints the ages for each number of consumers.
pub(super) fn print(batches: u64) -> Result<(), Box<dyn Error>> {
    println!("\nFrom the end of a scan to the consumer, {batches} batches:\n");
    println!("| consumers | median, us | 99th percentile, us | longest, us |");
    println!("|---|---|---|---|");
    for consumers in CONSUMERS {
        let [median, high, longest] = ages_us(consumers, batches)?;
        println!("| {consumers} | {median:.0} | {high:.0} | {longest:.0} |");
    }
    Ok(())
}

/// Returns the median, the 99th percentile and the maximum of the ages, in microseconds.
pub(crate) fn ages_us(consumers: usize, batches: u64) -> Result<[f64; 3], Box<dyn Error>> {
    let scanner = Scanner::builder().config(steady(INTERVAL_MS)).start()?;
    let ages = Ages::watch(&scanner, consumers);
    while scanner.consumers().metrics().scan_time.count <= batches {
        thread::sleep(Duration::from_millis(INTERVAL_MS));
    }
    scanner.stop()?;
    Ok(ages.collect())
}
