//! Compare the CPU shares that a scanner reports with the true ones.

pub(crate) mod burner;
mod reading;
pub(crate) mod stopped;

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use process_scanner::Scanner;

use self::burner::Burner;
use self::reading::{INTERVAL, reported, scanner};
use crate::crowd::children::Children;
use crate::measure::scan::scan;
use crate::statistics::quantile;

/// How far the median may be from the true share.
const MEDIAN_LIMIT: f64 = 0.05;

/// How far each reading may be, on a quiet machine.
const READING_LIMIT: f64 = 0.15;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Numbers of idle children [default: 1000 4000 8000, with --quick 20]
    children: Vec<usize>,
}

pub(crate) fn run(options: &Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let (children, scans, crowd) = match is_quick {
        true => (&[20][..], 4, 20),
        false => (&[1000, 4000, 8000][..], 40, 2000),
    };
    let children = match options.children.is_empty() {
        true => children,
        false => &options.children,
    };
    println!("Reported / true CPU share.\n");
    println!("| process | readings | median | least | most | aim |");
    println!("|---|---|---|---|---|---|");
    for &children in children {
        first_and_last(children, scans)?;
    }
    while_a_crowd_appears(crowd, scans)?;
    newborns(crowd, scans)?;
    print(
        "of one core, scanner stopped at random",
        stopped::ratios(scans)?,
    );
    Ok(())
}

fn print(what: &str, ratios: Vec<f64>) {
    let [median, least, most] = [0.5, 0.0, 1.0].map(|share| quantile(ratios.clone(), share));
    let readings = ratios.len();
    let is_within = |ratio: f64, limit: f64| (ratio - 1.0).abs() <= limit;
    let is_met = is_within(median, MEDIAN_LIMIT)
        && is_within(least, READING_LIMIT)
        && is_within(most, READING_LIMIT);
    let verdict = if is_met { "met" } else { "missed" };
    println!("| {what} | {readings} | {median:.3} | {least:.3} | {most:.3} | {verdict} |");
}

/// Compares a burner over the time between two scans.
struct Compared<'b> {
    burner: &'b Burner,
    before: (Instant, f64),
    ratios: Vec<f64>,
}

impl<'b> Compared<'b> {
    fn new(burner: &'b Burner) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            burner,
            before: burner.used()?,
            ratios: Vec::new(),
        })
    }

    fn compare(&mut self, scanner: &Scanner) -> Result<(), Box<dyn Error>> {
        let now = self.burner.used()?;
        let true_percent =
            (now.1 - self.before.1) / (now.0 - self.before.0).as_secs_f64() / 10_000.0;
        if let Some(reported) = reported(scanner, self.burner.pid()) {
            self.ratios.push(reported / true_percent);
        }
        self.before = now;
        Ok(())
    }
}

/// The first and the last pid among idle processes.
fn first_and_last(children: usize, scans: usize) -> Result<(), Box<dyn Error>> {
    let first = Burner::start(40)?;
    let _children = Children::idle(children)?;
    let last = Burner::start(40)?;
    let mut scanner = scanner()?;
    scan(&mut scanner)?;
    let mut compared = [Compared::new(&first)?, Compared::new(&last)?];
    for number in 0..scans + 2 {
        thread::sleep(INTERVAL);
        scan(&mut scanner)?;
        for compared in &mut compared {
            compared.compare(&scanner)?;
            if number < 2 {
                // The first scans read everything.
                compared.ratios.clear();
            }
        }
    }
    let [first, last] = compared.map(|compared| compared.ratios);
    print(&format!("first pid, 40 %, among {children}"), first);
    print(&format!("last pid, 40 %, among {children}"), last);
    Ok(())
}

/// A steady process while many others start.
fn while_a_crowd_appears(crowd: usize, scans: usize) -> Result<(), Box<dyn Error>> {
    let burner = Burner::start(40)?;
    let mut scanner = scanner()?;
    scan(&mut scanner)?;
    let mut compared = Compared::new(&burner)?;
    let mut crowds = Vec::new();
    for _ in 0..scans / 4 {
        for grows in [true, false, false, false] {
            match grows {
                true => crowds.push(Children::idle(crowd)?),
                false => crowds.clear(),
            }
            thread::sleep(INTERVAL);
            scan(&mut scanner)?;
            compared.compare(&scanner)?;
        }
    }
    print(
        &format!("steady 40 %, while {crowd} appear and exit"),
        compared.ratios,
    );
    Ok(())
}

/// Processes seen for the first time that are older than 200 ms, in a crowd of others.
fn newborns(crowd: usize, scans: usize) -> Result<(), Box<dyn Error>> {
    let mut scanner = scanner()?;
    scan(&mut scanner)?;
    let mut ratios = Vec::new();
    for _ in 0..scans / 2 {
        let crowd = Children::idle(crowd / 4)?;
        let burner = Burner::start(100)?;
        thread::sleep(Duration::from_millis(fastrand::u64(200..450)));
        let (_, used_us) = burner.used()?;
        let true_percent = used_us / burner.age().as_secs_f64() / 10_000.0;
        scan(&mut scanner)?;
        if let Some(reported) = reported(&scanner, burner.pid()) {
            ratios.push(reported / true_percent);
        }
        drop((burner, crowd));
        scan(&mut scanner)?;
    }
    print("newborn older than 200 ms, whole core, in a crowd", ratios);
    Ok(())
}
