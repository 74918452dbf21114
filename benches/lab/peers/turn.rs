//! One turn of a program: start, warm-up, and the time in which it is measured from outside.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use super::programs::{INTERVAL, Program, Scans};
use super::running::Running;
use crate::measure::proc;

/// The start and the first scans are not measured.
const WARM_UP: Duration = Duration::from_secs(5);

/// What a program used in a turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    pub(super) cpu_percent: f64,
    /// `None` if they are not counted: then there was one in each interval.
    pub(super) scans_per_second: Option<f64>,
    pub(super) scan_cpu_ms: f64,
    /// Resident memory, and how much of it is no file. `None` if each scan is a process of its own.
    pub(super) memory_mb: Option<[f64; 2]>,
}

pub(super) fn measure(program: &Program, is_quick: bool) -> Result<Taken, Box<dyn Error>> {
    let time = Duration::from_secs(if is_quick { 3 } else { 5 });
    let mut running = Running::start(program)?;
    thread::sleep(WARM_UP);
    running.check()?;
    // Whole scans are measured where they are known.
    running.forget_scans();
    running.wait_for_scan()?;
    let pid = running.pid();
    let cpu_ms = || proc::cpu_with_children_ms(pid).ok_or("its CPU time cannot be read");
    let (begun, before_ms) = (Instant::now(), cpu_ms()?);
    let mut scans = 0;
    while begun.elapsed() < time {
        match running.wait_for_scan()? {
            true => scans += 1,
            false => thread::sleep(time),
        }
    }
    let elapsed_s = begun.elapsed().as_secs_f64();
    let used_ms = cpu_ms()? - before_ms;
    running.check()?;
    let counted = f64::from(scans);
    let scans_per_second = (scans > 0).then_some(counted / elapsed_s);
    let per_second = scans_per_second.unwrap_or(1.0 / INTERVAL.as_secs_f64());
    Ok(Taken {
        cpu_percent: used_ms / elapsed_s / 10.0,
        scans_per_second,
        scan_cpu_ms: used_ms / (per_second * elapsed_s),
        memory_mb: match program.scans {
            Scans::LineOfEach(_) => None,
            _ => Some(memory_mb(pid).ok_or("no memory in its status")?),
        },
    })
}

fn memory_mb(pid: u32) -> Option<[f64; 2]> {
    let kib = ["VmRSS", "RssAnon"].map(|name| proc::status_number(pid, name));
    let [Some(resident), Some(anonymous)] = kib else {
        return None;
    };
    Some([resident, anonymous].map(|kib| kib as f64 * 1024.0 / 1e6))
}
