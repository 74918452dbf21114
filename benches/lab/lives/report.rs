//! Compares what was reported with the truth.

use std::collections::HashMap;
use std::error::Error;

use super::seen::{Exited, Seen};
use super::shooter::Fired;
use crate::statistics::quantile;

/// How many of the processes were reported, and how well.
#[derive(Debug, Default)]
pub(crate) struct Report {
    lives: usize,
    births: usize,
    exits: usize,
    statuses: usize,
    wrong_statuses: usize,
    keys: usize,
    commands: usize,
    wrong_commands: usize,
    times: usize,
    late_ms: Vec<f64>,
}

impl Report {
    pub(crate) fn new(fired: &[Fired], seen: &Seen, boot_ms: u64) -> Self {
        let mut report = Self {
            lives: fired.len(),
            ..Self::default()
        };
        let mut created: HashMap<u32, Vec<Option<u64>>> = HashMap::new();
        for (pid, start_time_ms, _) in &seen.created {
            created.entry(*pid).or_default().push(*start_time_ms);
        }
        let mut exited: HashMap<u32, Vec<&Exited>> = HashMap::new();
        for exit in &seen.exited {
            exited.entry(exit.pid).or_default().push(exit);
        }
        for life in fired {
            let start_ms = life.start_ms.map(|start_ms| boot_ms + start_ms);
            // Two lives of one pid are seconds apart, and a start time is off by a tick at most.
            let is_it = |start: &Option<u64>| {
                let apart = start
                    .zip(start_ms)
                    .map(|(start, truth)| start.abs_diff(truth));
                apart.is_some_and(|apart_ms| apart_ms < 500)
            };
            let births = created.get(&life.pid);
            report.births += usize::from(births.is_some_and(|births| births.iter().any(is_it)));
            let exits = exited.get(&life.pid).into_iter().flatten();
            let Some(exit) = exits.copied().find(|exit| is_it(&exit.start_time_ms)) else {
                continue;
            };
            report.exits += 1;
            report.statuses += usize::from(exit.code == Some(life.code));
            report.wrong_statuses += usize::from(exit.code.is_some_and(|code| code != life.code));
            report.keys += usize::from(exit.start_time_ms == start_ms);
            if let Some(command) = &exit.command {
                let is_right = command.ends_with(&life.args);
                report.commands += usize::from(is_right);
                report.wrong_commands += usize::from(!is_right);
            }
            let [least, most] = life.lived.map(|lived| lived.as_secs_f64() * 1e3);
            report.times +=
                usize::from(exit.lived_ms.is_some_and(|lived_ms| {
                    (least - 1.0..most + 1.0).contains(&(lived_ms as f64))
                }));
            report.late_ms.extend(exit.late_ms);
        }
        report
    }

    pub(crate) fn print(&self, seen: &Seen) {
        let share =
            |count: usize| format!("{:.2} %", count as f64 / self.lives.max(1) as f64 * 100.0);
        let late_ms = |at| quantile(self.late_ms.clone(), at);
        println!("| of {} lives | |", self.lives);
        println!("|---|---|");
        println!("| births | {} |", share(self.births));
        println!("| exits | {} |", share(self.exits));
        println!(
            "| exit status right; wrong | {}; {} |",
            share(self.statuses),
            self.wrong_statuses
        );
        println!("| key right | {} |", share(self.keys));
        println!(
            "| command line right; wrong | {}; {} |",
            share(self.commands),
            self.wrong_commands
        );
        println!("| `lived_ms` right to 1 ms | {} |", share(self.times));
        println!(
            "| from the end to the consumer: median, 99th percentile, most | {:.1}, {:.1}, {:.1} ms |",
            late_ms(0.5),
            late_ms(0.99),
            late_ms(1.0)
        );
        let unseen = seen.unseen.map_or("-".into(), |unseen| unseen.to_string());
        println!("| unseen at most, of the whole host | {unseen} |");
        println!(
            "| CPU time of scanner and scans a life | {:.0} µs, in {} batches |",
            seen.cpu_us as f64 / self.lives.max(1) as f64,
            seen.batches
        );
        for change in &seen.hearings {
            println!("\n{change}");
        }
    }

    /// Returns an error if something reported is wrong, or is missing while nothing was declared missing.
    pub(crate) fn check(&self, seen: &Seen) -> Result<(), Box<dyn Error>> {
        if self.wrong_statuses + self.wrong_commands > 0 {
            return Err("an exit status or a command line was that of another process".into());
        }
        let missing = (self.lives - self.births) as u64;
        if seen.unseen.is_some_and(|unseen| unseen < missing) {
            return Err("fewer unseen births were reported than there were".into());
        }
        Ok(())
    }
}
