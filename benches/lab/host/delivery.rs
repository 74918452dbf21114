//! How old batches of the live source are when consumers receive them.

use std::error::Error;
use std::thread;
use std::time::Duration;

use process_scanner::Scanner;

use super::goals::Goals;
use crate::measure::ages::{Ages, steady};

/// At most sizes a scan takes longer than this, and the scanner skips scans.
const INTERVAL_MS: u64 = 100;

const CONSUMERS: [usize; 3] = [1, 10, 100];

pub(super) fn measure(size: usize, batches: u64, goals: &mut Goals) -> Result<(), Box<dyn Error>> {
    println!("\nFrom the end of a scan to the consumer, {batches} batches:\n");
    println!("| consumers | median, us | 99th percentile, us | longest, us |");
    println!("|---|---|---|---|");
    for consumers in CONSUMERS {
        let scanner = Scanner::builder().config(steady(INTERVAL_MS)).start()?;
        let ages = Ages::watch(&scanner, consumers);
        while scanner.consumers().metrics().scan_time.count <= batches {
            thread::sleep(Duration::from_millis(INTERVAL_MS));
        }
        scanner.stop()?;
        let [median, high, longest] = ages.collect();
        println!("| {consumers} | {median:.0} | {high:.0} | {longest:.0} |");
        goals.take_delivery(size, consumers, high);
    }
    Ok(())
}
