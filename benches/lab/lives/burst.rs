//! Many births at once, and at a high rate.

use std::error::Error;
use std::time::Duration;

use super::shells::{Forks, at_once, paced};
use super::table::Table;
use super::watcher::{Setting, Watcher};

/// A way to start processes.
pub(super) struct Storm {
    pub(super) title: String,
    pub(super) shape: Shape,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    AtOnce(u32),
    Paced { per_second: u32, time: Duration },
}

impl Storm {
    pub(super) fn at_once(count: u32) -> Self {
        Self {
            title: format!("{count} at once"),
            shape: Shape::AtOnce(count),
        }
    }

    pub(super) fn paced(per_second: u32, time: Duration) -> Self {
        Self {
            title: format!("{per_second} forks/s for {} s", time.as_secs_f64()),
            shape: Shape::Paced { per_second, time },
        }
    }
}

impl Shape {
    pub(super) fn run(self) -> Result<Forks, Box<dyn Error>> {
        match self {
            Self::AtOnce(count) => at_once(count),
            Self::Paced { per_second, time } => paced(per_second, time),
        }
    }
}

/// Runs each storm while these scanners run beside each other, and prints what each has reported.
pub(super) fn run(storms: &[Storm], settings: &[Setting]) -> Result<(), Box<dyn Error>> {
    let mut outcome = Ok(());
    for storm in storms {
        let mut watchers = Vec::new();
        for setting in settings {
            watchers.push(Watcher::start(setting.clone())?);
        }
        let mut before_ns = Vec::new();
        for watcher in &mut watchers {
            before_ns.push(watcher.cpu_ns()?);
        }
        let forks = storm.shape.run()?;
        let (mut table, mut changes) = (Table::default(), Vec::new());
        for (mut watcher, before_ns) in watchers.into_iter().zip(before_ns) {
            let used_us = (watcher.cpu_ns()? - before_ns) as f64 / 1e3;
            let Setting { name, listens, .. } = watcher.setting.clone();
            let seen = watcher.end()?;
            let heard = forks.judge(&seen);
            let unseen = seen.unseen.map_or("-".into(), |unseen| unseen.to_string());
            let statuses = format!("{}; {}", heard.statuses, heard.wrong_statuses);
            table.add(
                &name,
                vec![
                    ("births reported", heard.births.to_string()),
                    ("exits reported", heard.exits.to_string()),
                    ("exit status right; wrong", statuses),
                    ("false births and exits", heard.false_events.to_string()),
                    ("unseen at most, of the whole host", unseen),
                    (
                        "CPU time a life, us",
                        format!("{:.0}", used_us / forks.len() as f64),
                    ),
                ],
            );
            let later = seen.hearings.iter();
            changes.extend(later.map(|change| format!("{name}: {}", change.text)));
            let missing = (forks.len() - heard.births) as u64;
            let problem = if heard.false_events + heard.wrong_statuses > 0 {
                Some("a birth, exit or status was reported that did not happen")
            } else if seen.unseen.is_some_and(|unseen| unseen < missing) {
                Some("fewer unseen births were reported than there were")
            } else if listens && !seen.has_loss() && heard.statuses < forks.len() {
                Some("a birth, exit or status is missing, and no loss was declared")
            } else {
                None
            };
            outcome =
                outcome.and(problem.map_or(Ok(()), |problem| Err(format!("{name}: {problem}"))));
        }
        let rate = forks.len() as f64 / forks.took.as_secs_f64();
        table.print(&format!("{}: {} at {rate:.0}/s", storm.title, forks.len()));
        changes.iter().for_each(|change| println!("\n{change}"));
    }
    Ok(outcome?)
}
