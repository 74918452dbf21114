//! An hour of forking under a started scanner: what it holds on to, and whether all it tells is true.
//!
//! Children are born at a steady rate and live up to two seconds; a few live from start to end. Their
//! pids, start times and ends are known here, and every birth and death that is told is held
//! against them. A subscription, a callback and a consumer that is far too slow take the batches.
//!
//! `cargo bench --bench soak -- [--quick] [SECONDS] [BIRTHS_PER_SECOND]`

// A bench prints its figures.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod crowd;
mod measure;
#[path = "soak/truth.rs"]
mod truth;

use std::error::Error;
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use process_scanner::{Batch, Config, ConsumerOptions, Scanner, Snapshot};

use self::crowd::nursery::Nursery;
use self::crowd::random::Random;
use self::measure::proc;
use self::truth::{Ledger, Life, Truth};

const LONG_LIVED: usize = 5;
const LONGEST_LIFE_MS: u64 = 2000;
const SETTLING: Duration = Duration::from_secs(10);
const EVERY: Duration = Duration::from_secs(60);

fn main() -> Result<(), Box<dyn Error>> {
    crowd::child::be_child_if_told();
    let args: Vec<String> = env::args().skip(1).collect();
    let is_quick = args.iter().any(|arg| arg == "--quick" || arg == "--test");
    let mut numbers = args.iter().filter_map(|arg| arg.parse::<u32>().ok());
    let seconds = numbers.next().unwrap_or(if is_quick { 10 } else { 3600 });
    let births_per_second = numbers.next().unwrap_or(50).max(1);
    soak(Duration::from_secs(seconds.into()), births_per_second)
}

fn soak(duration: Duration, births_per_second: u32) -> Result<(), Box<dyn Error>> {
    let truth = Arc::new(Mutex::new(Truth::default()));
    let hurry = Arc::new(AtomicBool::new(false));
    // A scan each second, whatever it costs: what is told is compared with what was a second ago.
    let mut config = Config::default();
    config.cpu_budget_percent = None;
    let handle = Scanner::builder().config(config).start()?;
    let batches = handle.consumers().subscribe(ConsumerOptions::default());
    let watcher = thread::spawn({
        let truth = Arc::clone(&truth);
        move || {
            let mut ledger = Ledger::default();
            for batch in batches.iter() {
                ledger.take(&batch);
                lock(&truth).judge(&batch, &ledger.snapshot);
            }
            ledger
        }
    });
    let batches = handle
        .consumers()
        .subscribe(ConsumerOptions::default().with_queue_len(2));
    let slow = thread::spawn({
        let hurry = Arc::clone(&hurry);
        move || {
            let mut ledger = Ledger::default();
            for batch in batches.iter() {
                ledger.take(&batch);
                if !hurry.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_secs(3));
                }
            }
            ledger
        }
    });
    let called = Arc::new(Mutex::new(Ledger::default()));
    handle.consumers().register(ConsumerOptions::default(), {
        let called = Arc::clone(&called);
        move |batch: &Arc<Batch>| lock(&called).take(batch)
    })?;

    let mut family = Family::new(&truth)?;
    let begun = Instant::now();
    let end = begun + duration;
    for _ in 0..LONG_LIVED {
        family.start(end + Duration::from_secs(3600), false)?;
    }
    let mut figures: Vec<Figures> = Vec::new();
    let mut measure_at = begun + SETTLING.min(duration / 2);
    let mut births = 0;
    loop {
        let now = Instant::now();
        let birth_at = begun + Duration::from_secs(1) * births / births_per_second;
        let reap_at = family.next_end().unwrap_or(end);
        if now >= end {
            break;
        } else if now >= measure_at {
            // No child is being started right now: this is the thread that starts them.
            figures.push(Figures::now(&handle.consumers().snapshot()));
            let held = figures.last().map(Figures::line).unwrap_or_default();
            eprintln!("{:6.0?} {held} {}", begun.elapsed(), lock(&truth).line());
            measure_at += EVERY;
        } else if now >= birth_at {
            births += 1;
            family.start_one(now)?;
        } else if now >= reap_at {
            family.reap_due(now)?;
        } else {
            let next = birth_at.min(reap_at).min(measure_at).min(end);
            thread::sleep(next.saturating_duration_since(now));
        }
    }
    figures.push(Figures::now(&handle.consumers().snapshot()));
    // Now the slow consumer may catch up, and every exit has its scans to be told.
    family.reap_due(end + Duration::from_secs(3))?;
    hurry.store(true, Ordering::Relaxed);
    thread::sleep(Duration::from_secs(6));
    lock(&truth).expect_the_living(&handle.consumers().snapshot());
    let consumers = handle.consumers().clone();
    handle.stop()?;
    family.reap_due(end + Duration::from_secs(7200))?;
    let ledgers = [
        ("subscription", watcher.join().map_err(|_| "a panic")?),
        ("callback", std::mem::take(&mut *lock(&called))),
        ("slow consumer", slow.join().map_err(|_| "a panic")?),
    ];
    report(
        duration,
        births_per_second,
        &figures,
        &lock(&truth),
        &ledgers,
        &consumers.snapshot(),
    )
}

fn report(
    duration: Duration,
    births_per_second: u32,
    figures: &[Figures],
    truth: &Truth,
    ledgers: &[(&str, Ledger)],
    last: &Snapshot,
) -> Result<(), Box<dyn Error>> {
    println!("{duration:?}, {births_per_second} births a second, a scan a second\n");
    println!("| what | start | end | lowest | highest |");
    println!("|---|---|---|---|---|");
    for (index, what) in Figures::NAMES.iter().enumerate() {
        let all = || figures.iter().map(|figures| figures.0[index]);
        let [start, end, min, max] = [all().next(), all().next_back(), all().min(), all().max()]
            .map(|figure| {
                figure
                    .flatten()
                    .map_or("-".into(), |figure| figure.to_string())
            });
        println!("| {what} | {start} | {end} | {min} | {max} |");
    }
    let wrong_folds = ledgers
        .iter()
        .filter(|(_, ledger)| !ledger.snapshot.iter().eq(last.iter()))
        .count() as u64;
    let undeclared: u64 = ledgers.iter().map(|(_, ledger)| ledger.undeclared).sum();
    let zeros = [
        ("exits told of a process that lives", truth.false_exits),
        ("births told of a process that was known", truth.invented),
        ("alive over a whole scan and never shown", truth.never_shown),
        ("exits not told after 3 good scans", truth.missed_exits),
        (
            "living children that the last snapshot lacks",
            truth.lost_alive,
        ),
        ("lost batches that were not declared", undeclared),
        ("consumers whose fold is not the last snapshot", wrong_folds),
    ];
    println!("\n| what | count |\n|---|---|");
    println!("| good scans | {} |", truth.good_scans);
    println!("| failed scans | {} |", ledgers[0].1.failed);
    println!(
        "| notices that something is stuck | {} |",
        ledgers[0].1.notices
    );
    println!("| children born | {} |", truth.born);
    println!("| children shown | {} |", truth.shown);
    println!("| children's exits told | {} |", truth.exits);
    println!(
        "| unseen births declared, at most | {} |",
        truth.unseen_at_most
    );
    for (who, ledger) in ledgers {
        let (taken, lost) = (ledger.batches, ledger.declared);
        println!("| batches taken and declared lost: {who} | {taken} and {lost} |");
    }
    for (what, count) in zeros {
        println!("| {what} | {count} |");
    }
    let wrong: u64 = zeros.iter().map(|(_, count)| count).sum();
    if wrong > 0 {
        return Err(format!("{wrong} things that must not be").into());
    }
    Ok(())
}

fn or_dash(figure: Option<u64>) -> String {
    figure.map_or("-".into(), |figure| figure.to_string())
}

/// What this process holds on to. `None` where it cannot be told.
struct Figures([Option<u64>; 5]);

impl Figures {
    const NAMES: [&str; 5] = [
        "own resident memory, KiB",
        "own threads",
        "own descriptors, but for those in /proc",
        "own descriptors in /proc, among them that of this look",
        "processes in the snapshot",
    ];

    fn now(snapshot: &Snapshot) -> Self {
        let field = |name| proc::status_number(std::process::id(), name);
        let descriptors = fs::read_dir("/proc/self/fd").ok().map(|folder| {
            let (in_proc, others): (Vec<_>, Vec<_>) = folder
                .flatten()
                .filter_map(|entry| fs::read_link(entry.path()).ok())
                .partition(|target| target.starts_with("/proc"));
            (in_proc.len() as u64, others.len() as u64)
        });
        Self([
            field("VmRSS"),
            field("Threads"),
            descriptors.map(|(_, others)| others),
            descriptors.map(|(in_proc, _)| in_proc),
            Some(snapshot.len() as u64),
        ])
    }

    fn line(&self) -> String {
        let text = self.0.map(or_dash);
        format!("rss/threads/fds/proc fds/processes {}", text.join("/"))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The children, and who notes them down.
struct Family {
    truth: Arc<Mutex<Truth>>,
    children: Vec<(Instant, Child)>,
    nursery: Nursery,
    random: Random,
}

impl Family {
    fn new(truth: &Arc<Mutex<Truth>>) -> io::Result<Self> {
        Ok(Self {
            truth: Arc::clone(truth),
            children: Vec::new(),
            nursery: Nursery::new()?,
            random: Random(0),
        })
    }

    /// One of many: it is reaped at once or in up to two seconds, and until then waits or has ended.
    fn start_one(&mut self, now: Instant) -> io::Result<()> {
        let life_ms = match self.random.below(4) {
            0 => 0,
            _ => self.random.below(LONGEST_LIFE_MS),
        };
        let ends_at_once = self.random.below(4) == 0;
        self.start(now + Duration::from_millis(life_ms), ends_at_once)
    }

    fn start(&mut self, reap_at: Instant, ends_at_once: bool) -> io::Result<()> {
        // Locked, so that nobody can be told of a child that is not noted down yet.
        let mut truth = lock(&self.truth);
        let child = match ends_at_once {
            true => self.nursery.start_brief()?,
            false => self.nursery.start()?,
        };
        truth.born += 1;
        truth.lives.push(Life {
            pid: child.id(),
            start_ms: proc::start_ms_since_boot(child.id()),
            born_by: Instant::now(),
            there_until: None,
            gone_by: None,
            key: None,
        });
        self.children.push((reap_at, child));
        Ok(())
    }

    fn next_end(&self) -> Option<Instant> {
        self.children.iter().map(|(reap_at, _)| *reap_at).min()
    }

    fn reap_due(&mut self, now: Instant) -> io::Result<()> {
        for (_, child) in self.children.iter_mut().filter(|(at, _)| *at <= now) {
            let pid = child.id();
            let note = |set: &dyn Fn(&mut Life)| {
                let mut truth = lock(&self.truth);
                let mut lives = truth.lives.iter_mut();
                if let Some(life) = lives.find(|life| life.pid == pid && life.gone_by.is_none()) {
                    set(life);
                }
            };
            note(&|life| life.there_until = Some(Instant::now()));
            child.kill()?;
            child.wait()?;
            note(&|life| life.gone_by = Some(Instant::now()));
        }
        self.children.retain(|(at, _)| *at > now);
        Ok(())
    }
}
