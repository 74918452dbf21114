//! Whether this host has room for so many children. One that has not would start to kill processes, which
//! need not be ours.

use std::error::Error;
use std::fs;

/// A child's own memory, and what the kernel keeps for it: its page tables, its stack, its files.
/// A quarter of a MiB was measured.
const CHILD_KIB: u64 = 300;

/// The share of what is free, of memory and of pids, that the children may take.
const MEMORY_PERCENT: u64 = 70;
const PIDS_PERCENT: u64 = 90;

pub(super) fn check(children: usize) -> Result<(), Box<dyn Error>> {
    let children = children as u64;
    let needed_kib = children.saturating_mul(CHILD_KIB);
    let may_take_kib = available_kib()? / 100 * MEMORY_PERCENT;
    if needed_kib > may_take_kib {
        let [needed, may_take] = [needed_kib, may_take_kib].map(|kib| kib / 1024);
        return Err(format!("they need {needed} MiB, and may take {may_take} MiB").into());
    }
    let may_start = free_pids()? * PIDS_PERCENT / 100;
    if children > may_start {
        return Err(format!("there are pids for {may_start} of them").into());
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

/// Each thread takes one.
fn free_pids() -> Result<u64, Box<dyn Error>> {
    let most: u64 = fs::read_to_string("/proc/sys/kernel/pid_max")?
        .trim()
        .parse()?;
    // The fourth field tells how many threads run, and behind the stroke how many there are.
    let load = fs::read_to_string("/proc/loadavg")?;
    let threads = load.split_whitespace().nth(3);
    let threads = threads.and_then(|field| field.split_once('/')?.1.parse().ok());
    Ok(most.saturating_sub(threads.ok_or("no number of threads in /proc/loadavg")?))
}
