//! Measure from outside whether `pscan watch` keeps its CPU budget, and how often it scans.

use std::collections::HashSet;
use std::error::Error;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::crowd::births::Spawner;
use crate::crowd::children::Children;
use crate::measure::proc;

/// Each probe lives this long.
const LIFE: Duration = Duration::from_millis(1750);

const BETWEEN_PROBES: Duration = Duration::from_secs(4);

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Numbers of idle children [default: 2500 3000 6000 10000, with --quick 20]
    children: Vec<usize>,
    /// Seconds for each number [default: 600, with --quick 12]
    #[arg(long)]
    seconds: Option<u64>,
}

/// What `pscan watch --json` has printed.
#[derive(Debug, Default)]
struct Printed {
    /// Intervals in milliseconds, by the scan that changed them.
    intervals: Vec<(u64, u64)>,
    created: HashSet<u32>,
    unseen: u64,
    is_exceeded: bool,
}

pub(crate) fn run(options: &Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let (children, seconds) = match is_quick {
        true => (&[20][..], 12),
        false => (&[2500, 3000, 6000, 10_000][..], 600),
    };
    let children = match options.children.is_empty() {
        true => children,
        false => &options.children,
    };
    let seconds = options.seconds.unwrap_or(seconds);
    println!(
        "`pscan watch --json`, default settings, {seconds} s each; probes live {} ms\n",
        LIFE.as_millis()
    );
    println!(
        "| idle children | interval after scan 2, ms | longest, ms | CPU in the first minute | CPU in \
         all | probes seen | unseen at most | over the budget |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for &children in children {
        measure(children, Duration::from_secs(seconds))?;
    }
    Ok(())
}

fn measure(children: usize, time: Duration) -> Result<(), Box<dyn Error>> {
    let _children = Children::idle(children)?;
    let mut pscan = Command::new(env!("CARGO_BIN_EXE_pscan"))
        .args(["watch", "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let begun = Instant::now();
    let printed = Arc::new(Mutex::new(Printed::default()));
    let output = pscan.stdout.take().ok_or("pscan has no output")?;
    let reader = thread::spawn({
        let printed = Arc::clone(&printed);
        move || read(output, &printed)
    });
    let outcome = probe(&mut pscan, begun, time);
    // It does not matter if it has ended before.
    let _ = pscan.kill();
    let _ = pscan.wait();
    reader.join().map_err(|_| "a panic")?;
    let (probes, first_minute, all) = outcome?;
    let printed = printed.lock().unwrap_or_else(PoisonError::into_inner);
    let after_scan_2 = printed.intervals.iter().rev().find(|(seq, _)| *seq <= 2);
    let longest = printed.intervals.iter().map(|(_, ms)| *ms).max();
    let seen = probes.iter().filter(|pid| printed.created.contains(pid));
    println!(
        "| {children} | {} | {} | {first_minute:.2} % | {all:.2} % | {} of {} | {} | {} |",
        after_scan_2.map_or(1000, |(_, ms)| *ms),
        longest.unwrap_or(1000),
        seen.count(),
        probes.len(),
        printed.unseen,
        if printed.is_exceeded { "yes" } else { "no" },
    );
    Ok(())
}

/// Starts probes until the time is over. Return their pids, and the CPU shares of the first minute and of all.
fn probe(
    pscan: &mut Child,
    begun: Instant,
    time: Duration,
) -> Result<(Vec<u32>, f64, f64), Box<dyn Error>> {
    let spawner = Spawner::new()?;
    let share = || {
        let used_ms = proc::cpu_ms(pscan.id()).ok_or("no CPU time in its stat")?;
        Ok::<f64, Box<dyn Error>>(used_ms as f64 / begun.elapsed().as_secs_f64() / 10.0)
    };
    let mut probes = Vec::new();
    let mut first_minute = None;
    // The first scan reports what is there before; probes come after it.
    thread::sleep(Duration::from_secs(3));
    while begun.elapsed() + LIFE < time {
        let mut child = spawner.start()?;
        probes.push(child.id());
        thread::sleep(LIFE);
        child.kill()?;
        child.wait()?;
        thread::sleep((BETWEEN_PROBES - LIFE).min(time.saturating_sub(begun.elapsed())));
        if first_minute.is_none() && begun.elapsed() >= Duration::from_secs(60) {
            first_minute = Some(share()?);
        }
    }
    let all = share()?;
    if let Some(status) = pscan.try_wait()? {
        return Err(format!("pscan watch ended early: {status}").into());
    }
    Ok((probes, first_minute.unwrap_or(all), all))
}

fn read(output: impl Read, printed: &Mutex<Printed>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        let Ok(line) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        let mut printed = printed.lock().unwrap_or_else(PoisonError::into_inner);
        let number = |name: &str| line[name].as_u64();
        match line["event"].as_str() {
            Some("interval_changed") => {
                let change = number("seq").zip(number("to_ms"));
                printed.intervals.extend(change);
            }
            Some("budget_changed") => printed.is_exceeded |= line["exceeded"] == true,
            Some("unseen") => printed.unseen += number("unseen_at_most").unwrap_or_default(),
            Some("created") => {
                let pid = line["process"]["pid"].as_u64();
                let pid = pid.and_then(|pid| u32::try_from(pid).ok());
                printed.created.extend(pid);
            }
            _ => {}
        }
    }
}
