//! A child that works in bursts, and reports each.

use std::hint::black_box;
use std::io::{self, Write};
use std::time::Duration;
use std::{thread, vec};

use fastrand::Rng;
use rustix::time::{ClockId, clock_gettime};

/// The role of such a child. Its argument is a seed.
pub(crate) const WORK_IN_BURSTS: &str = "--work-in-bursts";

/// The CPU time of a burst. Each child works all of them in turn, in random order.
pub(crate) const BURSTS_MS: [u64; 3] = [25, 100, 500];

/// The mean pause between two bursts, so that the child works a tenth of the time.
const PAUSE_MS: u64 = 1900;

/// One burst of work, on the clock that all processes share.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Burst {
    pub(crate) meant_ms: u64,
    pub(crate) begun_ns: u64,
    pub(crate) ended_ns: u64,
    pub(crate) cpu_ns: u64,
}

/// Does the child's work until it is killed, or until its output is closed.
pub(crate) fn work(mut args: vec::IntoIter<String>) -> io::Result<()> {
    let seed = args.next().and_then(|seed| seed.parse().ok());
    let mut random = Rng::with_seed(seed.ok_or_else(|| io::Error::other("the seed is missing"))?);
    thread::sleep(Duration::from_millis(PAUSE_MS).mul_f64(random.f64()));
    let mut order = BURSTS_MS;
    loop {
        random.shuffle(&mut order);
        for meant_ms in order {
            let burst = burst(meant_ms);
            writeln!(io::stdout(), "{}", burst.to_line())?;
            thread::sleep(Duration::from_millis(PAUSE_MS).mul_f64(0.5 + random.f64()));
        }
    }
}

/// Uses this much CPU time, which takes longer by the clock on a busy host.
fn burst(meant_ms: u64) -> Burst {
    let begun_ns = now_ns();
    let before_ns = read_ns(ClockId::ThreadCPUTime);
    let mut cpu_ns = 0;
    while cpu_ns < meant_ms * 1_000_000 {
        for step in 0..10_000 {
            black_box(step);
        }
        cpu_ns = read_ns(ClockId::ThreadCPUTime) - before_ns;
    }
    Burst {
        meant_ms,
        begun_ns,
        ended_ns: now_ns(),
        cpu_ns,
    }
}

impl Burst {
    fn to_line(&self) -> String {
        let Self {
            meant_ms,
            begun_ns,
            ended_ns,
            cpu_ns,
        } = self;
        format!("{meant_ms} {begun_ns} {ended_ns} {cpu_ns}")
    }

    /// Returns `None` for a line that the child did not write to its end.
    fn from_line(line: &str) -> Option<Self> {
        let mut numbers = line.split(' ').map_while(|number| number.parse().ok());
        Some(Self {
            meant_ms: numbers.next()?,
            begun_ns: numbers.next()?,
            ended_ns: numbers.next()?,
            cpu_ns: numbers.next()?,
        })
    }
}

/// Returns the bursts that a child finished.
pub(crate) fn bursts(report: &str) -> Vec<Burst> {
    let whole_lines = report.split_inclusive('\n');
    whole_lines
        .filter_map(|line| Burst::from_line(line.strip_suffix('\n')?))
        .collect()
}

/// Reads the clock that all processes share.
pub(crate) fn now_ns() -> u64 {
    read_ns(ClockId::Monotonic)
}

fn read_ns(clock: ClockId) -> u64 {
    let at = clock_gettime(clock);
    at.tv_sec as u64 * 1_000_000_000 + at.tv_nsec as u64
}
