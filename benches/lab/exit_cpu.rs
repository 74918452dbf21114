//! Compare the CPU time that the scanner reports of short lives with the `rusage` of their parent.

use std::error::Error;
use std::process::Stdio;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{fs, io, vec};

use process_scanner::{Batch, Config, ConsumerOptions, Event, Scanner};

use crate::crowd::child;

/// The role of a child that sleeps for some microseconds, and then uses the CPU for some.
pub(crate) const USE: &str = "--use-cpu";

/// Threads that start and reap processes.
const PARENTS: u32 = 2;

/// How long the last exits may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// The unit of times in `stat`.
const TICK_MS: f64 = 10.0;

/// What a life does: its name, and how long it sleeps and uses the CPU at most, in microseconds.
const KINDS: [(&str, u64, u64); 4] = [
    ("uses the CPU for up to 5 ms", 0, 5_000),
    ("sleeps and uses the CPU for up to 5 ms each", 5_000, 5_000),
    ("uses the CPU for up to 50 ms", 0, 50_000),
    (
        "sleeps and uses the CPU for up to 50 ms each",
        50_000,
        50_000,
    ),
];

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Processes of each of the two short kinds; the long ones are a tenth [default: 10000, with --quick 100]
    lives: Option<u32>,
}

/// What a consumer has received of the lives.
#[derive(Debug, Default)]
struct Seen {
    exits: u32,
    /// Exits with a CPU time that is that of the whole life.
    known: u32,
    cpu_ms: f64,
}

pub(crate) fn run(options: &Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let lives = options.lives.unwrap_or(if is_quick { 100 } else { 10_000 });
    println!("| a life | lives | exits | with `usage` | CPU time of the children | reported |");
    println!("|---|---|---|---|---|---|");
    for (name, sleep_us, use_us) in KINDS {
        let lives = if use_us > 5_000 { lives / 10 } else { lives };
        let before_ms = children_cpu_ms()?;
        let seen = watch(lives, sleep_us, use_us)?;
        let truth_ms = children_cpu_ms()? - before_ms;
        let share = |part: u32| f64::from(part) / f64::from(lives) * 100.0;
        println!(
            "| {name} | {lives} | {:.1} % | {:.1} % | {:.2} s | {:.1} % |",
            share(seen.exits),
            share(seen.known),
            truth_ms / 1e3,
            seen.cpu_ms / truth_ms * 100.0
        );
    }
    Ok(())
}

/// Starts lives while a scanner runs, and returns what it reports of them.
fn watch(lives: u32, sleep_us: u64, use_us: u64) -> Result<Seen, Box<dyn Error>> {
    let mut config = Config::default();
    config.cpu_budget_percent = None;
    let scanner = Scanner::builder().config(config).start()?;
    let mut consumer = ConsumerOptions::default();
    consumer.queue_len = Some(4096);
    let batches = scanner.consumers().subscribe(consumer);
    batches.recv_timeout(PATIENCE)?;
    let mut parents = (0..PARENTS)
        .map(|number| start(number, lives / PARENTS, sleep_us, use_us))
        .collect::<io::Result<Vec<_>>>()?;
    let mut seen = Seen::default();
    let mut until = None;
    while until.is_none_or(|until| Instant::now() < until) {
        if let Ok(batch) = batches.recv_timeout(Duration::from_millis(50)) {
            seen.take(&batch);
        }
        if until.is_none() && parents.iter().all(JoinHandle::is_finished) {
            for parent in parents.drain(..) {
                parent.join().map_err(|_| "a panic")??;
            }
            until = Some(Instant::now() + PATIENCE);
        }
        if until.is_some() && seen.exits >= lives / PARENTS * PARENTS {
            break;
        }
    }
    scanner.stop()?;
    Ok(seen)
}

impl Seen {
    fn take(&mut self, batch: &Arc<Batch>) {
        for event in &batch.events {
            if let Event::Exited { process, usage, .. } = event
                && process.parent_pid == Some(std::process::id())
            {
                self.exits += 1;
                self.known += u32::from(usage.is_some_and(|usage| usage.cpu_time_ns.is_some()));
                self.cpu_ms += process.cpu_time_ms.unwrap_or(0.0);
            }
        }
    }
}

fn start(
    number: u32,
    lives: u32,
    sleep_us: u64,
    use_us: u64,
) -> io::Result<JoinHandle<io::Result<()>>> {
    let run = move || {
        let mut random = fastrand::Rng::with_seed(number.into());
        for _ in 0..lives {
            let times = [sleep_us, use_us].map(|most| random.u64(0..=most).to_string());
            let mut command = child::in_role(USE)?;
            command
                .args(times)
                .stdin(Stdio::null())
                .stdout(Stdio::null());
            command.status()?;
        }
        Ok(())
    };
    thread::Builder::new()
        .name(format!("parent {number}"))
        .spawn(run)
}

/// Sleeps, and then uses the CPU.
pub(crate) fn use_cpu(mut args: vec::IntoIter<String>) -> io::Result<()> {
    let mut time = || {
        let us = args.next().and_then(|arg| arg.parse().ok());
        us.map(Duration::from_micros)
            .ok_or(io::ErrorKind::InvalidInput)
    };
    let (sleep, busy) = (time()?, time()?);
    if !sleep.is_zero() {
        thread::sleep(sleep);
    }
    // Reading the process's own CPU clock would make the kernel update it.
    let until = Instant::now() + busy;
    while Instant::now() < until {}
    Ok(())
}

/// Returns the CPU time of the children that were reaped, as in `rusage`, in milliseconds.
fn children_cpu_ms() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, rest) = stat.rsplit_once(") ").ok_or("no name")?;
    // cutime and cstime, the fields 16 and 17.
    let times = rest.split(' ').skip(13).take(2).map(str::parse::<f64>);
    let ticks: f64 = times.sum::<Result<f64, _>>()?;
    Ok(ticks * TICK_MS)
}
