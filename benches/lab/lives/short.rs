//! Short lives, each compared with the truth.

use std::error::Error;
use std::time::Instant;

use super::accuracy::Accuracy;
use super::shooter::{Shots, shoot};
use super::table::Table;
use super::watcher::{Setting, Watcher};

/// Starts the processes while these scanners run beside each other, and prints what each has reported.
pub(super) fn run(title: &str, shots: Shots, settings: Vec<Setting>) -> Result<(), Box<dyn Error>> {
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
    let (mut table, mut outcome) = (Table::default(), Ok(()));
    let mut used_ns = Vec::new();
    let elapsed = begun.elapsed();
    for (watcher, before_ns) in watchers.iter_mut().zip(before_ns) {
        used_ns.push(watcher.cpu_ns()? - before_ns);
    }
    let mut changes = Vec::new();
    for (watcher, used_ns) in watchers.into_iter().zip(used_ns) {
        let setting = watcher.setting.clone();
        let seen = watcher.end()?;
        let accuracy = Accuracy::new(&lives, &seen, setting.listens, std::process::id(), &pids);
        let mut rows = accuracy.rows();
        let cpu_us = used_ns as f64 / 1e3;
        let share = cpu_us / elapsed.as_secs_f64() / 1e4;
        let unseen = seen.unseen.map_or("-".into(), |unseen| unseen.to_string());
        rows.extend([
            ("unseen at most, of the whole host", unseen),
            (
                "CPU time a life, us",
                format!("{:.0}", cpu_us / lives.len() as f64),
            ),
            ("CPU, % of one core", format!("{share:.2}")),
            (
                "batches; of scans",
                format!("{}; {}", seen.batches, seen.scans_ns.len()),
            ),
        ]);
        table.add(&setting.name, rows);
        let later = seen.hearings.iter();
        changes.extend(later.map(|change| format!("{}: {}", setting.name, change.text)));
        for difference in &accuracy.differences {
            eprintln!("{}: {difference}", setting.name);
        }
        let checked = accuracy.check(&seen, setting.listens);
        outcome = outcome.and(checked.map_err(|error| format!("{}: {error}", setting.name)));
    }
    table.print(&format!("{} {title}", lives.len()));
    changes.iter().for_each(|change| println!("\n{change}"));
    Ok(outcome?)
}
