//! What a scan of the real host costs beside the bare sysinfo refresh under it.
//!
//! The two take turns, so that both meet the same host in the same mood. CPU time is compared where
//! the system tells it to the nanosecond (Linux), else the time that passed.
//!
//! `cargo bench --bench live -- [--quick] [CHILDREN]`

// A bench prints its figures.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::{PipeReader, PipeWriter, Read, pipe};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use process_scanner::Scanner;
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

/// Makes this program a child that waits for its input to end.
const WAIT: &str = "--wait";

/// Processes that exist only so that there is something to scan.
const CHILDREN: usize = 1000;

/// Names and command lines are read anew more often in the first scans of a process.
const WARM_UP: usize = 6;

const ROUNDS: usize = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    if args.iter().any(|arg| arg == WAIT) {
        io::stdin().read_to_end(&mut Vec::new())?;
        return Ok(());
    }
    let is_quick = args.iter().any(|arg| arg == "--quick" || arg == "--test");
    let children = args
        .iter()
        .find_map(|arg| arg.parse().ok())
        .unwrap_or(if is_quick { 20 } else { CHILDREN });
    let crowd = Crowd::new(children)?;
    let measured = measure(if is_quick { 10 } else { ROUNDS });
    crowd.end()?;
    measured
}

fn measure(rounds: usize) -> Result<(), Box<dyn Error>> {
    let mut bare = System::new()?;
    let mut scanner = Scanner::builder().build()?;
    let mut costs = [Vec::new(), Vec::new(), Vec::new()];
    let mut ratios = Vec::new();
    for round in 0..rounds + WARM_UP {
        let mut refresh = || {
            let (cost, _) = cost_of(|| {
                bare.refresh_processes_specifics(ProcessesToUpdate::All, true, bare_kind())
            });
            cost
        };
        // Neither is always the one that finds the caches warm.
        let (scan, deliver, refresh) = if round % 2 == 0 {
            let refresh = refresh();
            let (scan, deliver) = scan(&mut scanner)?;
            (scan, deliver, refresh)
        } else {
            let (scan, deliver) = scan(&mut scanner)?;
            (scan, deliver, refresh())
        };
        if round >= WARM_UP {
            ratios.push((scan + deliver) / refresh);
            for (costs, cost) in costs.iter_mut().zip([refresh, scan, deliver]) {
                costs.push(cost);
            }
        }
    }
    let processes = scanner.table().len();
    let [refresh, scan, deliver] = costs.map(median);
    let line = |what: &str, us: f64, times: f64| {
        let each = us / processes as f64;
        println!("| {what} | {:.2} | {each:.2} | {times:.3} |", us / 1000.0);
    };
    println!("{processes} processes, medians of {rounds} rounds, {CLOCK}\n");
    println!("| what | ms a scan | us a process | times bare |");
    println!("|---|---|---|---|");
    line("bare sysinfo refresh", refresh, 1.0);
    line("our scan: refresh, table, batch", scan, scan / refresh);
    line("dispatcher's thread", deliver, deliver / refresh);
    line("ours together", scan + deliver, median(ratios));
    // What the dispatcher keeps; names and command lines are the table's own.
    let snapshot = scanner.consumers().snapshot();
    let copied = allocation_counter::measure(|| {
        std::hint::black_box(std::mem::ManuallyDrop::new((*snapshot).clone()));
    });
    println!(
        "\nThe table takes {} bytes a process, the dispatcher's snapshot {} more.",
        scanner.table().heap_bytes() / processes,
        copied.bytes_total / processes as u64
    );
    Ok(())
}

/// The same kinds that our source asks for.
fn bare_kind() -> ProcessRefreshKind {
    ProcessRefreshKind::nothing()
        .with_cpu()
        .with_memory()
        .with_cmd(UpdateKind::OnlyIfNotSet)
        .without_tasks()
}

/// Microseconds of one scan on this thread, and on all others until the batch is dealt with.
fn scan(scanner: &mut Scanner) -> Result<(f64, f64), Box<dyn Error>> {
    let others = cpu::others();
    let (cost, batch) = cost_of(|| scanner.scan_once());
    let batch = batch.ok_or("a live source never ends")?;
    if let Some(failure) = &batch.failure {
        return Err(failure.clone().into());
    }
    while scanner.consumers().snapshot().seq() < batch.seq {
        thread::sleep(Duration::from_micros(200));
    }
    Ok((cost, cpu::others() - others))
}

fn cost_of<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let wall = Instant::now();
    let cpu = cpu::own();
    let done = work();
    let cost = match (cpu, cpu::own()) {
        (Some(before), Some(after)) => after - before,
        _ => wall.elapsed().as_secs_f64() * 1e6,
    };
    (cost, done)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

const CLOCK: &str = if cfg!(target_os = "linux") {
    "CPU time"
} else {
    "time that passed"
};

/// CPU time in microseconds from `schedstat`: its first number, nanoseconds spent on a CPU.
mod cpu {
    use super::{fs, thread};

    /// This thread's. `None` where it cannot be told.
    pub(super) fn own() -> Option<f64> {
        // The kernel brings the number up to date when a thread yields, else only with the tick.
        thread::yield_now();
        read("/proc/thread-self/schedstat")
    }

    /// That of all other threads of this process; 0 where it cannot be told.
    pub(super) fn others() -> f64 {
        let Ok(own) = fs::read_link("/proc/thread-self") else {
            return 0.0;
        };
        let Ok(threads) = fs::read_dir("/proc/self/task") else {
            return 0.0;
        };
        threads
            .flatten()
            .filter(|thread| Some(thread.file_name().as_os_str()) != own.file_name())
            .filter_map(|thread| read(&thread.path().join("schedstat").to_string_lossy()))
            .sum()
    }

    fn read(path: &str) -> Option<f64> {
        let text = fs::read_to_string(path).ok()?;
        let ns: f64 = text.split_whitespace().next()?.parse().ok()?;
        Some(ns / 1000.0)
    }
}

/// Idle children that all wait for the end of one pipe. It also ends with this process, however
/// that happens, so that none is left behind.
struct Crowd {
    children: Vec<Child>,
    pipe: PipeWriter,
}

impl Crowd {
    fn new(len: usize) -> Result<Self, Box<dyn Error>> {
        let program = env::current_exe()?;
        let (input, pipe): (PipeReader, PipeWriter) = pipe()?;
        let mut children = Vec::new();
        for _ in 0..len {
            let child = Command::new(&program)
                .arg(WAIT)
                .stdin(input.try_clone()?)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?;
            children.push(child);
        }
        Ok(Self { children, pipe })
    }

    fn end(self) -> io::Result<()> {
        drop(self.pipe);
        for mut child in self.children {
            child.wait()?;
        }
        Ok(())
    }
}
