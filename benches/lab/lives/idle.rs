//! What listening costs on a host where nothing happens.

use std::error::Error;
use std::fs;
use std::thread;
use std::time::Duration;

use super::table::Table;
use super::watcher::{Setting, Watcher};
use crate::measure::proc;

/// Prints the CPU use of the threads of a scanner during this time.
pub(super) fn run(time: Duration, setting: Setting) -> Result<(), Box<dyn Error>> {
    let watcher = Watcher::start(setting)?;
    // The first scans cost more.
    thread::sleep(Duration::from_secs(3).min(time));
    let (before, forks_before) = (threads(watcher.pid())?, forks()?);
    thread::sleep(time);
    let (after, forks_after) = (threads(watcher.pid())?, forks()?);
    let mut table = Table::default();
    for thread in after {
        let Some(before) = before.iter().find(|before| before.tid == thread.tid) else {
            continue;
        };
        let share = (thread.cpu_us - before.cpu_us) / time.as_secs_f64() / 1e4;
        table.add(
            &format!("`{}`", thread.name),
            vec![
                ("CPU, % of one core", format!("{share:.4}")),
                ("wake-ups", (thread.sleeps - before.sleeps).to_string()),
            ],
        );
    }
    table.print(&format!(
        "{} s, {} forks on the host",
        time.as_secs(),
        forks_after - forks_before
    ));
    watcher.end().map(drop)
}

/// What a thread has used.
struct Thread {
    tid: u32,
    name: String,
    cpu_us: f64,
    /// How often it went to sleep.
    sleeps: u64,
}

/// Returns the threads of a process.
fn threads(pid: u32) -> Result<Vec<Thread>, Box<dyn Error>> {
    let mut threads = Vec::new();
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let path = thread?.path();
        let name = fs::read_to_string(path.join("comm"))?.trim().to_owned();
        let tid = path.file_name().and_then(|tid| tid.to_str()?.parse().ok());
        let tid: u32 = tid.ok_or("no number of a thread")?;
        threads.push(Thread {
            tid,
            name,
            cpu_us: proc::process_cpu_us(tid).ok_or("no schedstat")?,
            sleeps: proc::status_number(tid, "voluntary_ctxt_switches").ok_or("no status")?,
        });
    }
    Ok(threads)
}

/// Returns the processes and threads that were started since boot.
fn forks() -> Result<u64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/stat")?;
    let count = stat
        .lines()
        .find_map(|line| line.strip_prefix("processes "));
    Ok(count.ok_or("no count of forks")?.trim().parse()?)
}
