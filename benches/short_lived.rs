//! How many of the short-lived processes are seen, by their life and the interval between scans, and
//! whether what the batches declare as unseen covers those that were not.
//!
//! `cargo bench --bench short_lived -- [--quick] [SECONDS_AN_INTERVAL] [BIRTHS_PER_SECOND]`

// A bench prints its figures.
#![allow(clippy::print_stdout)]

use std::collections::HashSet;
use std::error::Error;
use std::io::{PipeReader, PipeWriter, Read, pipe};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use process_scanner::{Batch, Event, Scanner};

/// Makes this program a child that waits for its input to end.
const WAIT: &str = "--wait";

const INTERVALS_MS: [u64; 3] = [1000, 100, 10];
const LIVES_MS: [u64; 3] = [5, 50, 500];

/// The intervals take turns so often, so that all meet the host in the same mood.
const ROUNDS: u32 = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    if args.iter().any(|arg| arg == WAIT) {
        io::stdin().read_to_end(&mut Vec::new())?;
        return Ok(());
    }
    let is_quick = args.iter().any(|arg| arg == "--quick" || arg == "--test");
    let mut numbers = args.iter().filter_map(|arg| arg.parse::<u32>().ok());
    let seconds = numbers.next().unwrap_or(if is_quick { 4 } else { 20 });
    let births_per_second = numbers.next().unwrap_or(50).max(1);
    let slice = Duration::from_secs(seconds.into()) / ROUNDS;
    // Each life has its own thread, and a third of the births.
    let every = Duration::from_secs(LIVES_MS.len() as u64) / births_per_second;

    let mut sums: [Sum; 3] = Default::default();
    for round in 0..ROUNDS {
        for (interval_ms, sum) in INTERVALS_MS.into_iter().zip(&mut sums) {
            let seed = u64::from(round + 1) * 0x9e37_79b9_7f4a_7c15 + interval_ms;
            sum.watch(Duration::from_millis(interval_ms), slice, every, seed)?;
        }
    }
    report(&sums)
}

fn report(sums: &[Sum]) -> Result<(), Box<dyn Error>> {
    println!(
        "| interval | life meant | life, median | born | seen | share seen | life / interval |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (interval_ms, sum) in INTERVALS_MS.into_iter().zip(sums) {
        for (life_ms, children) in LIVES_MS.into_iter().zip(&sum.children) {
            let lives_ms = children.iter().map(|child| child.life.as_secs_f64() * 1e3);
            let median_ms = median(lives_ms.collect());
            let seen = children.iter().filter(|child| child.is_seen).count();
            let born = children.len();
            let share = seen as f64 / born as f64 * 100.0;
            let expected = (median_ms / interval_ms as f64 * 100.0).min(100.0);
            println!(
                "| {interval_ms} ms | {life_ms} ms | {median_ms:.1} ms | {born} | {seen} | \
                 {share:.1} % | {expected:.1} % |"
            );
        }
    }
    println!(
        "\n| interval | between scans, median | one scan, median | scans | children unseen | declared unseen, at most |"
    );
    println!("|---|---|---|---|---|---|");
    let mut is_covered = true;
    for (interval_ms, sum) in INTERVALS_MS.into_iter().zip(sums) {
        let between_ms = median(sum.between_ms.clone());
        let (scan_ms, scans) = (median(sum.scan_ms.clone()), sum.scan_ms.len());
        let unseen = sum
            .children
            .iter()
            .flatten()
            .filter(|child| !child.is_seen)
            .count();
        let declared = sum.declared.map_or("-".into(), |count| count.to_string());
        println!(
            "| {interval_ms} ms | {between_ms:.1} ms | {scan_ms:.1} ms | {scans} | {unseen} | {declared} |"
        );
        is_covered &= sum.declared.is_none_or(|count| count >= unseen as u64) && !sum.is_short;
    }
    if !is_covered {
        return Err("fewer unseen births were declared than there were".into());
    }
    println!("\nIn no round were fewer unseen births declared than there were.");
    Ok(())
}

/// All that was seen at one interval.
#[derive(Default)]
struct Sum {
    children: [Vec<Born>; 3],
    between_ms: Vec<f64>,
    scan_ms: Vec<f64>,
    /// `None` where the system does not count.
    declared: Option<u64>,
    /// In one of its rounds too few were declared.
    is_short: bool,
}

/// A child that was.
struct Born {
    pid: u32,
    /// When it started, counted from boot; `None` where that cannot be told.
    start_ms: Option<u64>,
    life: Duration,
    is_seen: bool,
}

impl Sum {
    /// Scans at this interval for as long, while children are born.
    fn watch(
        &mut self,
        interval: Duration,
        slice: Duration,
        every: Duration,
        seed: u64,
    ) -> Result<(), Box<dyn Error>> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut births = Vec::new();
        for (index, life_ms) in LIVES_MS.into_iter().enumerate() {
            let mut births_of_one = Births {
                nursery: Nursery::new()?,
                life: Duration::from_millis(life_ms),
                every,
                random: seed + index as u64,
            };
            let stop = Arc::clone(&stop);
            // It waits, so that no thread is started while births are counted.
            births.push(thread::spawn(move || {
                thread::park();
                births_of_one.give(&stop)
            }));
        }
        let mut scanner = Scanner::builder().build()?;
        scan(&mut scanner)?;
        let own_pid = std::process::id();
        let own = scanner.table().processes().find(|own| own.pid == own_pid);
        let own_start_ms = own.and_then(|own| own.start_time_ms);
        let boot_ms = own_start_ms
            .zip(start_ms_since_boot(own_pid))
            .map(|(start_ms, since_boot)| start_ms - since_boot);
        for thread in &births {
            thread.thread().unpark();
        }

        let mut seen = HashSet::new();
        let mut declared = None;
        let mut take = |batch: &Batch| {
            for event in &batch.events {
                if let Event::Created(process) = event {
                    seen.insert((process.pid, process.start_time_ms));
                    seen.insert((process.pid, None));
                }
            }
            if let Some(count) = batch.counts.unseen_at_most {
                *declared.get_or_insert(0) += count;
            }
        };
        let begun = Instant::now();
        let mut due = begun;
        // To the end of the last child, so that none lives without scans.
        while !births.iter().all(JoinHandle::is_finished) {
            stop.store(begun.elapsed() >= slice, Ordering::Relaxed);
            due = (due + interval).max(Instant::now());
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let batch = scan(&mut scanner)?;
            take(&batch);
            self.scan_ms.push(batch.cost.scan_us as f64 / 1e3);
            self.between_ms.extend(batch.interval_ms);
        }
        let mut unseen = 0;
        let mut all = Vec::new();
        for thread in births {
            all.push(thread.join().map_err(|_| "a panic")??);
        }
        // Who was born after the last scan is counted in this one.
        let batch = scan(&mut scanner)?;
        take(&batch);
        for (children, born) in self.children.iter_mut().zip(all) {
            children.extend(born.into_iter().map(|mut child| {
                let start_ms = child.start_ms.zip(boot_ms);
                let start_ms = start_ms.map(|(since_boot, boot_ms)| boot_ms + since_boot);
                child.is_seen = seen.contains(&(child.pid, start_ms));
                unseen += u64::from(!child.is_seen);
                child
            }));
        }
        self.is_short |= declared.is_some_and(|count| count < unseen);
        if let Some(count) = declared {
            *self.declared.get_or_insert(0) += count;
        }
        Ok(())
    }
}

fn scan(scanner: &mut Scanner) -> Result<Arc<Batch>, Box<dyn Error>> {
    let batch = scanner.scan_once().ok_or("a live source never ends")?;
    match &batch.failure {
        Some(failure) => Err(failure.clone().into()),
        None => Ok(batch),
    }
}

/// When a process started, counted from boot: field 22 of `stat`, in ticks of 10 ms.
fn start_ms_since_boot(pid: u32) -> Option<u64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let ticks = stat.rsplit(')').next()?.split_whitespace().nth(19)?;
    Some(ticks.parse::<u64>().ok()? * 10)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Children of one length of life.
struct Births {
    nursery: Nursery,
    life: Duration,
    every: Duration,
    random: u64,
}

impl Births {
    /// One child in each stretch of time, anywhere in it so that births keep no step with scans.
    fn give(&mut self, stop: &AtomicBool) -> io::Result<Vec<Born>> {
        let begun = Instant::now();
        let mut living: Vec<(Instant, u32, Option<u64>, Child)> = Vec::new();
        let mut born = Vec::new();
        let mut birth_at = begun;
        let mut stretch = 0;
        loop {
            let now = Instant::now();
            let is_over = stop.load(Ordering::Relaxed);
            let reap_at = living.first().map(|(since, ..)| *since + self.life);
            if let Some(at) = reap_at
                && at <= now
            {
                let (since, pid, start_ms, mut child) = living.remove(0);
                child.kill()?;
                child.wait()?;
                born.push(Born {
                    pid,
                    start_ms,
                    life: since.elapsed(),
                    is_seen: false,
                });
            } else if is_over && reap_at.is_none() {
                return Ok(born);
            } else if !is_over && birth_at <= now {
                let child = self.nursery.start()?;
                living.push((now, child.id(), start_ms_since_boot(child.id()), child));
                stretch += 1;
                birth_at = begun + self.every * stretch + self.every.mul_f64(self.random());
            } else {
                let next = reap_at.unwrap_or(birth_at).min(birth_at).max(now);
                thread::sleep((next - now).min(Duration::from_millis(20)));
            }
        }
    }

    /// From 0 up to 1.
    fn random(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Starts children that all wait for the end of one pipe. It also ends with this process, however
/// that happens, so that none is left behind.
struct Nursery {
    has_cat: bool,
    input: PipeReader,
    _pipe: PipeWriter,
}

impl Nursery {
    fn new() -> io::Result<Self> {
        let (input, pipe) = pipe()?;
        let mut cat = Command::new("cat");
        cat.stdin(Stdio::null()).stdout(Stdio::null());
        Ok(Self {
            has_cat: cat.status().is_ok_and(|status| status.success()),
            input,
            _pipe: pipe,
        })
    }

    fn start(&self) -> io::Result<Child> {
        let mut command = match self.has_cat {
            true => Command::new("cat"),
            false => Command::new(env::current_exe()?),
        };
        if !self.has_cat {
            command.arg(WAIT);
        }
        command
            .stdin(self.input.try_clone()?)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    }
}
