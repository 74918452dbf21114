//! Start processes that live for milliseconds, and check what the scanner reports of each.

mod accuracy;
mod burst;
mod clock;
mod foreign;
mod idle;
pub(crate) mod loss;
mod seen;
mod shells;
mod shooter;
pub(crate) mod short;
mod table;
pub(crate) mod watcher;

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::time::Duration;

use clap::ValueEnum;
use rustix::fs::{FlockOperation, flock};
use rustix::process::geteuid;

use self::burst::{Shape, Storm};
use self::loss::{Case, Trouble};
pub(crate) use self::shooter::{LIVE, Shots, live};
use self::watcher::{Setting, Watcher};
pub(crate) use self::watcher::{WATCH, watch};

/// A buffer that many systems allow without CAP_NET_ADMIN, in bytes.
const USUAL_BUFFER: usize = 212_992;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What to run [default: all]
    #[arg(value_enum)]
    scenarios: Vec<Scenario>,

    /// Processes to start in `short` and `reuse` [default: 10000, with --quick 200]
    #[arg(long)]
    lives: Option<u32>,

    /// Only this scanner in `short`, `reuse` and `burst`, such as nobody [default: all beside each other]
    #[arg(long)]
    only: Option<String>,

    /// Seconds of `budget` [default: 600, with --quick 5] and `idle` [60, 2]
    #[arg(long)]
    seconds: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// Lives of 1 to 5 ms, 500 a second, as root, as another user, and without events (30 seconds)
    Short,
    /// The same while pids are used again at once; for root (30 seconds)
    Reuse,
    /// 3000 processes at once, and 2900 a second (30 seconds)
    Burst,
    /// A small buffer, a stopped scanner, and another program that sends IGNORE (1 minute)
    Loss,
    /// 50 births a second with the default budget (10 minutes)
    Budget,
    /// Threads of the scanner on an idle host (1 minute)
    Idle,
}

pub(crate) fn run(options: &Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    if let Some(why) = Watcher::start(Setting::new("listening", is_quick))?
        .why
        .clone()
    {
        println!("SKIPPED: {why}");
        return Ok(());
    }
    let limit = fs::read_to_string("/proc/sys/net/core/rmem_max")?;
    println!("net.core.rmem_max = {}", limit.trim());
    let scenarios = match options.scenarios.as_slice() {
        [] => Scenario::value_variants(),
        scenarios => scenarios,
    };
    let _pids = lock_pids()?;
    for scenario in scenarios {
        scenario.run(options, is_quick)?;
    }
    Ok(())
}

/// Waits until no other program chooses pids. Such programs hold this lock, as the tests do.
pub(crate) fn lock_pids() -> io::Result<File> {
    let pids = File::open("/proc/sys/kernel/ns_last_pid")?;
    flock(&pids, FlockOperation::LockExclusive)?;
    Ok(pids)
}

impl Scenario {
    fn run(self, options: &Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
        let pick = |full, quick| if is_quick { quick } else { full };
        let seconds =
            |full, quick| Duration::from_secs(options.seconds.unwrap_or(pick(full, quick)));
        let mut shots = Shots::usual(is_quick);
        shots.lives = options.lives.unwrap_or(shots.lives);
        let mut users = users(is_quick);
        users.retain(|user| options.only.as_ref().is_none_or(|only| *only == user.name));
        match self {
            Self::Short => short::run("lives of 1 to 5 ms", shots, users),
            Self::Reuse if !geteuid().is_root() => {
                println!("SKIPPED: choosing a pid needs root");
                Ok(())
            }
            Self::Reuse => short::run("lives with reused pids", shots.with_reused_pids(), users),
            Self::Burst => {
                let time = Duration::from_secs(pick(10, 1));
                let (count, rate) = if is_quick { (300, 300) } else { (3000, 2900) };
                let storms = [Storm::at_once(count), Storm::paced(rate, time)];
                burst::run(&storms, &users)
            }
            Self::Loss => loss::run(cases(is_quick)),
            Self::Budget => {
                let default = Setting::with_default_budget();
                let per_second = 50;
                let time = seconds(600, 5);
                let lives = u32::try_from(time.as_secs())? * per_second;
                let shots = Shots {
                    lives,
                    per_second,
                    pid: None,
                };
                let mut polling = Setting::polling(false);
                polling.budget = default.budget;
                short::run("lives, 50 a second", shots, vec![default, polling])
            }
            Self::Idle => idle::run(seconds(60, 2), Setting::new("idle", false)),
        }
    }
}

/// Returns the scanners that run beside each other.
pub(crate) fn users(is_quick: bool) -> Vec<Setting> {
    let mut users = Vec::new();
    if geteuid().is_root() {
        users.push(Setting::new("root", is_quick));
        let mut nobody = Setting::new("nobody", is_quick);
        nobody.is_nobody = true;
        users.push(nobody);
    } else {
        users.push(Setting::new("this user", is_quick));
    }
    users.push(Setting::polling(is_quick));
    users
}

/// Returns the case of a usual buffer and a scanner that is stopped. It loses events.
pub(crate) fn stopped_with_usual_buffer(is_quick: bool) -> Option<Case> {
    let mut cases = cases(is_quick).into_iter();
    cases.find(|case| case.setting.buffer_bytes == Some(USUAL_BUFFER))
}

fn cases(is_quick: bool) -> Vec<Case> {
    let case = |name: &str, buffer_bytes, shape, trouble| {
        let mut setting = Setting::new(name, is_quick);
        setting.buffer_bytes = buffer_bytes;
        Case {
            setting,
            shape,
            trouble,
        }
    };
    let storm = Shape::Paced {
        per_second: if is_quick { 500 } else { 2900 },
        time: Duration::from_secs(if is_quick { 2 } else { 4 }),
    };
    let small = Some(1 << 16);
    let stopped = Trouble::Stopped {
        time: Duration::from_secs(if is_quick { 1 } else { 2 }),
        times: 1,
    };
    let hindered = Trouble::Stopped {
        time: Duration::from_millis(100),
        times: 10,
    };
    let at_once = Shape::AtOnce(if is_quick { 500 } else { 3000 });
    let foreign = |per_second| Trouble::Foreign(per_second);
    vec![
        case("64 KB, all exit at once", small, at_once, Trouble::Nothing),
        case("64 KB, stopped for 10 times 0.1 s", small, storm, hindered),
        case(
            "208 KB, stopped for 2 s",
            Some(USUAL_BUFFER),
            storm,
            stopped,
        ),
        case("8 MB, stopped for 2 s", None, storm, stopped),
        case("1000 IGNOREs a second", None, storm, foreign(1000)),
        case(
            "as many IGNOREs as possible",
            None,
            storm,
            foreign(1_000_000),
        ),
    ]
}
