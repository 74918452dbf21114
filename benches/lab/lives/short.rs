//! Short lives, each compared with the truth.

use std::error::Error;
use std::time::{Duration, Instant};

use super::accuracy::Accuracy;
use super::seen::Seen;
use super::shooter::{Shots, shoot};
use super::table::Table;
use super::watcher::{Setting, Watcher};

/// What one scanner has reported of the lives.
pub(crate) struct Reported {
    pub(crate) setting: Setting,
    /// Why it does not listen though it should.
    pub(crate) why: Option<String>,
    pub(crate) accuracy: Accuracy,
    pub(crate) seen: Seen,
    used_ns: u64,
    elapsed: Duration,
}

/// Starts the processes while these scanners run beside each other, and prints what each has reported.
pub(super) fn run(title: &str, shots: Shots, settings: Vec<Setting>) -> Result<(), Box<dyn Error>> {
    let (mut table, mut changes, mut outcome) = (Table::default(), Vec::new(), Ok(()));
    for reported in measure(shots, settings)? {
        let name = &reported.setting.name;
        table.add(name, reported.rows());
        let later = reported.seen.hearings.iter();
        changes.extend(later.map(|change| format!("{name}: {}", change.text)));
        for difference in &reported.accuracy.differences {
            eprintln!("{name}: {difference}");
        }
        let (accuracy, seen) = (&reported.accuracy, &reported.seen);
        let checked = accuracy.check(seen, reported.setting.listens);
        outcome = outcome.and(checked.map_err(|error| format!("{name}: {error}")));
    }
    table.print(&format!("{} {title}", shots.lives));
    changes.iter().for_each(|change| println!("\n{change}"));
    Ok(outcome?)
}

/// Starts the processes while these scanners run beside each other.
pub(crate) fn measure(
    shots: Shots,
    settings: Vec<Setting>,
) -> Result<Vec<Reported>, Box<dyn Error>> {
    let mut watchers = Vec::new();
    for setting in settings {
        watchers.push(Watcher::start(setting)?);
    }
    let pids: Vec<u32> = watchers.iter().map(Watcher::pid).collect();
    let (mut before_ns, begun) = (Vec::new(), Instant::now());
    for watcher in &mut watchers {
        before_ns.push(watcher.cpu_ns()?);
    }
    let lives = shoot(shots)?;
    let mut used_ns = Vec::new();
    let elapsed = begun.elapsed();
    for (watcher, before_ns) in watchers.iter_mut().zip(before_ns) {
        used_ns.push(watcher.cpu_ns()? - before_ns);
    }
    let mut reports = Vec::new();
    for (watcher, used_ns) in watchers.into_iter().zip(used_ns) {
        let (setting, why) = (watcher.setting.clone(), watcher.why.clone());
        let seen = watcher.end()?;
        reports.push(Reported {
            accuracy: Accuracy::new(&lives, &seen, setting.listens, std::process::id(), &pids),
            setting,
            why,
            seen,
            used_ns,
            elapsed,
        });
    }
    Ok(reports)
}

impl Reported {
    fn rows(&self) -> Vec<(&'static str, String)> {
        let Self { accuracy, seen, .. } = self;
        let cpu_us = self.used_ns as f64 / 1e3;
        let share = cpu_us / self.elapsed.as_secs_f64() / 1e4;
        let unseen = seen.unseen.map_or("-".into(), |unseen| unseen.to_string());
        let mut rows = accuracy.rows();
        rows.extend([
            ("unseen at most, of the whole host", unseen),
            (
                "CPU time a life, us",
                format!("{:.0}", cpu_us / accuracy.lives as f64),
            ),
            ("CPU, % of one core", format!("{share:.2}")),
            (
                "batches; of scans",
                format!("{}; {}", seen.batches, seen.scans_ns.len()),
            ),
        ]);
        rows
    }
}
