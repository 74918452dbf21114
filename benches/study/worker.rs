//! A child that works in bursts, and tells of each.

use std::hint::black_box;
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::crowd::random::Random;

/// Makes this program such a child. What follows is its seed.
pub(crate) const WORK: &str = "--work-in-bursts";

/// How much CPU time a burst takes. Each child does all of them in turn, in an order of its own.
pub(crate) const BURSTS_MS: [u64; 3] = [25, 100, 500];

/// Between two bursts it sleeps for half of this up to one and a half, so that it works a tenth of the time.
const REST_MS: u64 = 1900;

/// One stretch of work, by the clock that all processes share.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Burst {
    pub(crate) meant_ms: u64,
    pub(crate) begun_ns: u64,
    pub(crate) ended_ns: u64,
    pub(crate) cpu_ns: u64,
}

/// The child's side: works until it is killed. When nobody is there to read of it the report cannot be
/// written, and it ends.
pub(crate) fn work(seed: u64) -> io::Result<()> {
    let mut random = Random(seed);
    thread::sleep(Duration::from_millis(REST_MS).mul_f64(random.share()));
    let mut order = BURSTS_MS;
    loop {
        for i in (1..order.len()).rev() {
            order.swap(i, random.below(i as u64 + 1) as usize);
        }
        for meant_ms in order {
            let burst = burst(meant_ms);
            writeln!(io::stdout(), "{}", burst.to_line())?;
            thread::sleep(Duration::from_millis(REST_MS).mul_f64(0.5 + random.share()));
        }
    }
}

/// Its length is CPU time: where other programs have the processors, it takes longer by the clock.
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

    /// `None` where the child was killed while it wrote.
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

/// The bursts that a child came to the end of.
pub(crate) fn bursts(report: &str) -> Vec<Burst> {
    let whole_lines = report.split_inclusive('\n');
    whole_lines
        .filter_map(|line| Burst::from_line(line.strip_suffix('\n')?))
        .collect()
}

/// The clock that all processes share.
pub(crate) fn now_ns() -> u64 {
    read_ns(ClockId::Monotonic)
}

fn read_ns(clock: ClockId) -> u64 {
    let at = clock_gettime(clock);
    at.tv_sec as u64 * 1_000_000_000 + at.tv_nsec as u64
}
