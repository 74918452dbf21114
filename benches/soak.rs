//! An hour of forking under a started scanner: what it holds on to, and whether all it tells is true.
//!
//! Children are born at a steady rate and live up to two seconds; a few live from start to end. Their
//! pids, start times and ends are known here, and every birth and death that is told is held
//! against them. A subscription, a callback and a consumer that is far too slow take the batches.
//!
//! `cargo bench --bench soak -- [--quick] [SECONDS] [BIRTHS_PER_SECOND]`

// A bench prints its figures.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::collections::VecDeque;
use std::error::Error;
use std::io::{PipeReader, PipeWriter, Read, pipe};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use process_scanner::{
    Batch, ConsumerOptions, ErrorClass, Event, ProcessInfo, ProcessKey, Scanner, Snapshot,
};

/// Make this program a child: one that waits for its input to end, and one that ends at once.
const WAIT: &str = "--wait";
const END: &str = "--end";

const LONG_LIVED: usize = 5;
const LONGEST_LIFE_MS: u64 = 2000;
const SETTLING: Duration = Duration::from_secs(10);
const EVERY: Duration = Duration::from_secs(60);

/// After so many good scans an exit that was not told counts as missed.
const SCANS_TO_TELL: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    if args.iter().any(|arg| arg == WAIT) {
        io::stdin().read_to_end(&mut Vec::new())?;
        return Ok(());
    }
    if args.iter().any(|arg| arg == END) {
        return Ok(());
    }
    let is_quick = args.iter().any(|arg| arg == "--quick" || arg == "--test");
    let mut numbers = args.iter().filter_map(|arg| arg.parse::<u32>().ok());
    let seconds = numbers.next().unwrap_or(if is_quick { 10 } else { 3600 });
    let births_per_second = numbers.next().unwrap_or(50).max(1);
    soak(Duration::from_secs(seconds.into()), births_per_second)
}

fn soak(duration: Duration, births_per_second: u32) -> Result<(), Box<dyn Error>> {
    let truth = Arc::new(Mutex::new(Truth::default()));
    let hurry = Arc::new(AtomicBool::new(false));
    let handle = Scanner::builder().start()?;
    let batches = handle.subscribe();
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
    let batches = handle.subscribe_with(ConsumerOptions::default().with_queue_len(2));
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
    handle.on_batch({
        let called = Arc::clone(&called);
        move |batch: &Arc<Batch>| lock(&called).take(batch)
    })?;

    let mut nursery = Nursery::new(&truth)?;
    let begun = Instant::now();
    let end = begun + duration;
    for _ in 0..LONG_LIVED {
        nursery.start(end + Duration::from_secs(3600), false)?;
    }
    let mut figures: Vec<Figures> = Vec::new();
    let mut measure_at = begun + SETTLING.min(duration / 2);
    let mut births = 0;
    loop {
        let now = Instant::now();
        let birth_at = begun + Duration::from_secs(1) * births / births_per_second;
        let reap_at = nursery.next_end().unwrap_or(end);
        if now >= end {
            break;
        } else if now >= measure_at {
            // No child is being started right now: this is the thread that starts them.
            figures.push(Figures::now(&handle.snapshot()));
            eprintln!("{:6.0?} {}", begun.elapsed(), lock(&truth).line(&figures));
            measure_at += EVERY;
        } else if now >= birth_at {
            births += 1;
            nursery.start_one(now)?;
        } else if now >= reap_at {
            nursery.reap_due(now)?;
        } else {
            let next = birth_at.min(reap_at).min(measure_at).min(end);
            thread::sleep(next.saturating_duration_since(now));
        }
    }
    figures.push(Figures::now(&handle.snapshot()));
    // Now the slow consumer may catch up, and every exit has its scans to be told.
    nursery.reap_due(end + Duration::from_secs(3))?;
    hurry.store(true, Ordering::Relaxed);
    thread::sleep(Duration::from_secs(6));
    lock(&truth).expect_the_living(&handle.snapshot());
    let consumers = handle.consumers().clone();
    handle.stop()?;
    nursery.reap_due(end + Duration::from_secs(7200))?;
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
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let descriptors = fs::read_dir("/proc/self/fd").ok().map(|folder| {
            let (in_proc, others): (Vec<_>, Vec<_>) = folder
                .flatten()
                .filter_map(|entry| fs::read_link(entry.path()).ok())
                .partition(|target| target.starts_with("/proc"));
            (in_proc.len() as u64, others.len() as u64)
        });
        Self([
            field("VmRSS:"),
            field("Threads:"),
            descriptors.map(|(_, others)| others),
            descriptors.map(|(in_proc, _)| in_proc),
            Some(snapshot.len() as u64),
        ])
    }
}

/// What one consumer made of its batches.
#[derive(Default)]
struct Ledger {
    snapshot: Snapshot,
    last: Option<u64>,
    batches: u64,
    declared: u64,
    undeclared: u64,
    failed: u64,
    notices: u64,
}

impl Ledger {
    fn take(&mut self, batch: &Batch) {
        self.snapshot.apply(batch);
        self.batches += 1;
        self.declared += batch.lost_batches;
        if is_notice(batch) {
            self.notices += 1;
            return;
        }
        self.failed += u64::from(batch.failure.is_some());
        if let Some(last) = self.last.replace(batch.seq) {
            // A full batch counts itself: it stands for the one that there was no room for.
            let accounted = last + batch.lost_batches + u64::from(!batch.full);
            self.undeclared += batch.seq.saturating_sub(accounted);
        }
    }
}

/// Whether it comes between two scans.
fn is_notice(batch: &Batch) -> bool {
    !batch.full
        && batch.events.is_empty()
        && batch
            .failure
            .as_ref()
            .is_some_and(|failure| failure.class() == ErrorClass::Stuck)
}

/// What is known of the children, and how what was told compares.
#[derive(Default)]
struct Truth {
    lives: Vec<Life>,
    /// Begin and end of the last good scans.
    scans: VecDeque<(Instant, Instant)>,
    /// What start times are counted from, in milliseconds.
    boot_ms: Option<u64>,
    born: u64,
    shown: u64,
    exits: u64,
    good_scans: u64,
    unseen_at_most: u64,
    false_exits: u64,
    invented: u64,
    never_shown: u64,
    missed_exits: u64,
    lost_alive: u64,
}

/// One child.
struct Life {
    pid: u32,
    start_ms: Option<u64>,
    born_by: Instant,
    /// When reaping began: until then it is there, be it as a zombie.
    there_until: Option<Instant>,
    gone_by: Option<Instant>,
    /// As it was told.
    key: Option<ProcessKey>,
}

impl Life {
    fn is_over_whole(&self, (began, ended): (Instant, Instant)) -> bool {
        self.born_by < began && self.there_until.is_none_or(|until| until > ended)
    }
}

impl Truth {
    /// Holds a batch against what is known; `snapshot` is the fold with it.
    fn judge(&mut self, batch: &Batch, snapshot: &Snapshot) {
        if is_notice(batch) {
            return;
        }
        let own_pid = std::process::id();
        if let (None, Some(own)) = (self.boot_ms, snapshot.by_pid(own_pid)) {
            self.boot_ms = own
                .start_time_ms
                .zip(start_ms_since_boot(own_pid))
                .map(|(start_ms, since_boot)| start_ms - since_boot);
        }
        let ended = Instant::now() - batch.age();
        let scan = (ended - Duration::from_micros(batch.cost.scan_us), ended);
        for event in &batch.events {
            match event {
                Event::Existing(process) | Event::Created(process) => self.is_shown(process, scan),
                Event::Exited { process, .. } => self.has_exited(process, scan),
                _ => {}
            }
        }
        if batch.failure.is_none() {
            self.good_scans += 1;
            self.unseen_at_most += batch.counts.unseen_at_most.unwrap_or(0);
            self.scans.push_back(scan);
            if self.scans.len() > 64 {
                self.scans.pop_front();
            }
        }
        let mut lives = std::mem::take(&mut self.lives);
        lives.retain(|life| !self.is_settled(life, snapshot));
        self.lives = lives;
    }

    fn is_shown(&mut self, process: &ProcessInfo, scan: (Instant, Instant)) {
        let boot_ms = self.boot_ms;
        for life in self.lives.iter_mut().filter(|life| life.pid == process.pid) {
            let start_ms = life.start_ms.zip(boot_ms).map(|(since, boot)| boot + since);
            let is_it = start_ms.is_none_or(|start_ms| process.start_time_ms == Some(start_ms));
            match life.key {
                None if is_it => {
                    life.key = Some(process.key());
                    self.shown += 1;
                }
                Some(key) if key == process.key() => {}
                // The pid had or has another owner, unless the child was there all the while.
                _ => self.invented += u64::from(life.is_over_whole(scan)),
            }
        }
    }

    fn has_exited(&mut self, process: &ProcessInfo, (_, ended): (Instant, Instant)) {
        let key = process.key();
        let is_false = match self.lives.iter().find(|life| life.key == Some(key)) {
            Some(life) => {
                self.exits += 1;
                life.there_until.is_none_or(|until| until > ended)
            }
            // Somebody else's: is it there after all?
            None => {
                let start_ms = start_ms_since_boot(process.pid).zip(self.boot_ms);
                start_ms.is_some_and(|(since, boot)| process.start_time_ms == Some(boot + since))
            }
        };
        if is_false {
            eprintln!("told as exited, and lives: {process:?}");
            self.false_exits += 1;
        }
    }

    /// Whether all has been said of a child; counts what was not.
    fn is_settled(&mut self, life: &Life, snapshot: &Snapshot) -> bool {
        let Some(gone_by) = life.gone_by else {
            return false;
        };
        if self.scans.iter().filter(|scan| scan.0 > gone_by).count() < SCANS_TO_TELL {
            return false;
        }
        match life.key {
            Some(key) => self.missed_exits += u64::from(snapshot.get(key).is_some()),
            None => {
                let is_missed = self.scans.iter().any(|&scan| life.is_over_whole(scan));
                self.never_shown += u64::from(is_missed);
            }
        }
        true
    }

    fn expect_the_living(&mut self, snapshot: &Snapshot) {
        let alive = |life: &&Life| life.there_until.is_none();
        let is_known = |life: &Life| life.key.is_some_and(|key| snapshot.get(key).is_some());
        let lost = self
            .lives
            .iter()
            .filter(alive)
            .filter(|life| !is_known(life));
        self.lost_alive = lost.count() as u64;
    }

    fn line(&self, figures: &[Figures]) -> String {
        let figures: Vec<String> = figures.last().map_or(Vec::new(), |last| {
            let text = |figure: &Option<u64>| figure.map_or("-".into(), |f| f.to_string());
            last.0.iter().map(text).collect()
        });
        format!(
            "rss/threads/fds/proc fds/processes {} born {} shown {} exits {} scans {} \
             false exits {} invented {} never shown {} missed exits {}",
            figures.join("/"),
            self.born,
            self.shown,
            self.exits,
            self.good_scans,
            self.false_exits,
            self.invented,
            self.never_shown,
            self.missed_exits,
        )
    }
}

/// When a process started, counted from boot: field 22 of `stat`, in ticks of 10 ms.
fn start_ms_since_boot(pid: u32) -> Option<u64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let ticks = stat.rsplit(')').next()?.split_whitespace().nth(19)?;
    Some(ticks.parse::<u64>().ok()? * 10)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts and reaps the children. All wait for the end of one pipe, which also ends with this
/// process, however that happens, so that none is left behind.
struct Nursery {
    truth: Arc<Mutex<Truth>>,
    children: Vec<(Instant, Child)>,
    input: PipeReader,
    _pipe: PipeWriter,
    has_tools: bool,
    random: u64,
}

impl Nursery {
    fn new(truth: &Arc<Mutex<Truth>>) -> io::Result<Self> {
        let (input, pipe) = pipe()?;
        let runs = |program| {
            let mut command = Command::new(program);
            command.stdin(Stdio::null()).stdout(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        Ok(Self {
            truth: Arc::clone(truth),
            children: Vec::new(),
            input,
            _pipe: pipe,
            has_tools: runs("cat") && runs("true"),
            random: 0x9e37_79b9_7f4a_7c15,
        })
    }

    /// One of many: it is reaped at once or in up to two seconds, and until then waits or has ended.
    fn start_one(&mut self, now: Instant) -> io::Result<()> {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let random = self.random >> 16;
        let life_ms = match random % 4 {
            0 => 0,
            _ => (random >> 8) % LONGEST_LIFE_MS,
        };
        let ends_at_once = (random >> 4).is_multiple_of(4);
        self.start(now + Duration::from_millis(life_ms), ends_at_once)
    }

    fn start(&mut self, reap_at: Instant, ends_at_once: bool) -> io::Result<()> {
        let mut command = match (self.has_tools, ends_at_once) {
            (true, true) => Command::new("true"),
            (true, false) => Command::new("cat"),
            (false, _) => Command::new(env::current_exe()?),
        };
        if !self.has_tools {
            command.arg(if ends_at_once { END } else { WAIT });
        }
        command
            .stdin(self.input.try_clone()?)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // Locked, so that nobody can be told of a child that is not noted down yet.
        let mut truth = lock(&self.truth);
        let child = command.spawn()?;
        truth.born += 1;
        truth.lives.push(Life {
            pid: child.id(),
            start_ms: start_ms_since_boot(child.id()),
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
