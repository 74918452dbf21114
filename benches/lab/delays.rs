//! Divide the time from the end of a scan to its consumer into waits for a CPU and the rest.
//!
//! All children work between two scans, so each scan reports every one of them. One consumer.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use process_scanner::{Config, ConsumerOptions, Listen, Scanner, SourceChoice};

use crate::crowd::workers::Workers;
use crate::measure::scan::{self, WARM_UP_SCANS};
use crate::statistics::quantile;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Number of children [default: 3000, with --quick 50]
    children: Option<usize>,

    /// Number of scans [default: 200, with --quick 10]
    #[arg(long)]
    scans: Option<usize>,
}

/// A scan that does not arrive within this time fails the experiment.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Both threads sleep again after this time, so that their counts are complete.
const SETTLE: Duration = Duration::from_millis(20);

/// What the scheduler has given a thread so far, in microseconds.
#[derive(Clone, Copy)]
struct Scheduled {
    cpu_us: f64,
    /// Time in which it could run, and had no CPU.
    waited_us: f64,
}

/// What each batch took, in microseconds.
#[derive(Default)]
struct Delays {
    ages: Vec<f64>,
    dispatcher_waits: Vec<f64>,
    consumer_waits: Vec<f64>,
    rests: Vec<f64>,
    dispatcher_cpu: Vec<f64>,
}

pub(crate) fn run(options: &Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let (children, scans) = if is_quick { (50, 10) } else { (3000, 200) };
    let scans = options.scans.unwrap_or(scans);
    let mut workers = Workers::new(options.children.unwrap_or(children))?;
    let mut config = Config::default();
    config.source = SourceChoice::Linux;
    config.listen = Listen::Off;
    let mut scanner = Scanner::builder().config(config).build()?;
    let batches = scanner.consumers().subscribe(ConsumerOptions::default());
    // The thread has its name when it has sent a batch.
    scan::scan(&mut scanner)?;
    batches.recv()?;
    let dispatcher = schedstat_of("pscan-dispatch").ok_or("the dispatcher has no schedstat")?;
    let dispatched = dispatcher.clone();
    let (report, reports) = channel();
    let consumer = thread::spawn(move || {
        let own = Path::new("/proc/thread-self/schedstat");
        let mut before = [scheduled(&dispatched), scheduled(own)];
        for batch in batches.iter() {
            let age_us = batch.age().as_secs_f64() * 1e6;
            let now = [scheduled(&dispatched), scheduled(own)];
            let waited_us = [0, 1].map(|at| Some(now[at]?.waited_us - before[at]?.waited_us));
            if report
                .send((age_us, waited_us, batch.events.len()))
                .is_err()
            {
                break;
            }
            // What comes after the delivery does not count.
            thread::sleep(SETTLE);
            before = [scheduled(&dispatched), scheduled(own)];
        }
    });
    let mut delays = Delays::default();
    let mut events = 0;
    for round in 0..scans + WARM_UP_SCANS {
        workers.work()?;
        let before = scheduled(&dispatcher);
        scan::scan(&mut scanner)?;
        let (age_us, waited_us, reported) = reports.recv_timeout(TIMEOUT)?;
        thread::sleep(2 * SETTLE);
        let cpu_us = || Some(scheduled(&dispatcher)?.cpu_us - before?.cpu_us);
        let [Some(dispatcher_us), Some(consumer_us)] = waited_us else {
            return Err("a thread has no schedstat".into());
        };
        if round >= WARM_UP_SCANS {
            delays.ages.push(age_us);
            delays.dispatcher_waits.push(dispatcher_us);
            delays.consumer_waits.push(consumer_us);
            let rest_us = age_us - dispatcher_us - consumer_us;
            delays.rests.push(rest_us.max(0.0));
            delays.dispatcher_cpu.extend(cpu_us());
            events += reported;
        }
    }
    drop(scanner);
    consumer.join().map_err(|_| "the consumer panicked")?;
    println!("{scans} scans, {} events each\n", events / scans.max(1));
    delays.print();
    Ok(())
}

impl Delays {
    fn print(self) {
        println!("| us | median | 99th percentile | longest |");
        println!("|---|---|---|---|");
        for (what, values) in [
            ("from the scan's end to the consumer", self.ages),
            ("the dispatcher waits for a CPU", self.dispatcher_waits),
            ("the consumer waits for a CPU", self.consumer_waits),
            ("the rest", self.rests),
            ("CPU time of the dispatcher", self.dispatcher_cpu),
        ] {
            let [median, high, longest] =
                [0.5, 0.99, 1.0].map(|share| quantile(values.clone(), share));
            println!("| {what} | {median:.0} | {high:.0} | {longest:.0} |");
        }
    }
}

/// Returns the path of `schedstat` of the thread of this process that has this name.
fn schedstat_of(name: &str) -> Option<PathBuf> {
    let mut threads = fs::read_dir("/proc/self/task").ok()?.flatten();
    let thread = threads.find(|thread| {
        let comm = fs::read_to_string(thread.path().join("comm"));
        comm.is_ok_and(|comm| comm.trim_end() == name)
    })?;
    Some(thread.path().join("schedstat"))
}

fn scheduled(schedstat: &Path) -> Option<Scheduled> {
    let text = fs::read_to_string(schedstat).ok()?;
    // The first two numbers are in nanoseconds.
    let mut numbers = text.split_whitespace().map(str::parse::<f64>);
    Some(Scheduled {
        cpu_us: numbers.next()?.ok()? / 1000.0,
        waited_us: numbers.next()?.ok()? / 1000.0,
    })
}
