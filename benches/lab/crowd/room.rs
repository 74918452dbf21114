//! Check whether this host has room for the children. A host without room kills processes, and not only those
//! of this experiment.

use std::error::Error;
use std::fs;

/// Memory of one child, with the kernel's part: page tables, stack, files.
const CHILD_KIB: u64 = 300;

/// The share of free memory and free pids that the children may use.
const MEMORY_PERCENT: u64 = 70;
const PIDS_PERCENT: u64 = 90;

pub(crate) fn check(children: usize) -> Result<(), Box<dyn Error>> {
    let children = children as u64;
    let needed_kib = children.saturating_mul(CHILD_KIB);
    let may_take_kib = available_kib()? / 100 * MEMORY_PERCENT;
    if needed_kib > may_take_kib {
        let [needed, may_take] = [needed_kib, may_take_kib].map(|kib| kib / 1024);
        return Err(format!("they need {needed} MiB and may use {may_take} MiB").into());
    }
    let may_start = free_pids()? * PIDS_PERCENT / 100;
    if children > may_start {
        return Err(format!("there are pids for {may_start} children").into());
    }
    Ok(())
}

fn available_kib() -> Result<u64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let number = text.lines().find_map(|line| {
        let rest = line.strip_prefix("MemAvailable:")?;
        rest.split_whitespace().next()
    });
    Ok(number.ok_or("no MemAvailable in /proc/meminfo")?.parse()?)
}

/// Returns the number of free pids. Each thread uses one.
fn free_pids() -> Result<u64, Box<dyn Error>> {
    let most: u64 = fs::read_to_string("/proc/sys/kernel/pid_max")?
        .trim()
        .parse()?;
    // The fourth field is the number of running threads, a slash, and the number of all threads.
    let load = fs::read_to_string("/proc/loadavg")?;
    let threads = load.split_whitespace().nth(3);
    let threads = threads.and_then(|field| field.split_once('/')?.1.parse().ok());
    Ok(most.saturating_sub(threads.ok_or("no number of threads in /proc/loadavg")?))
}
