//! Compares what was reported of each process with the truth.

use std::collections::HashMap;
use std::error::Error;

use super::seen::{Exited, Seen};
use super::shooter::Life;
use crate::statistics::{median, quantile};

/// The unit of start times in `stat`.
const TICK_MS: u64 = 10;

/// A birth that the kernel dates later is still the same, up to so many ticks.
const LATE_TICKS: u64 = 100;

/// How many of the processes were reported, and how well.
#[derive(Debug, Default)]
pub(crate) struct Accuracy {
    pub(crate) lives: usize,
    pub(crate) births: usize,
    pub(crate) exits: usize,
    /// Births and exits of children that did not exist.
    false_events: usize,
    statuses: [usize; 2],
    keys: usize,
    commands: [usize; 2],
    false_ooms: usize,
    /// How far `lived_ms` and the end are outside of what is known of them.
    lived_off_ms: Vec<f64>,
    /// How exactly the truth is known.
    lived_range_ms: Vec<f64>,
    end_off_ms: Vec<f64>,
    birth_late_ms: Vec<f64>,
    exit_late_ms: Vec<f64>,
    /// What differs from the truth, for people.
    pub(super) differences: Vec<String>,
}

impl Accuracy {
    /// `parent` has started the processes, and also the `others`.
    pub(super) fn new(
        lives: &[Life],
        seen: &Seen,
        listens: bool,
        parent: u32,
        others: &[u32],
    ) -> Self {
        let mut accuracy = Self {
            lives: lives.len(),
            ..Self::default()
        };
        let is_ours =
            |pid, of: Option<u32>| !others.contains(&pid) && of.is_none_or(|of| of == parent);
        let births = seen
            .births
            .iter()
            .filter(|birth| is_ours(birth.pid, birth.parent));
        let births = Matched::new(lives, births, |birth| Report {
            pid: birth.pid,
            start_ms: birth.start_ms,
            command: None,
        });
        let exits = seen
            .exits
            .iter()
            .filter(|exit| is_ours(exit.pid, exit.parent));
        // A scanner that misses lives reports another one of several in a tick. One that hears has an order.
        let exits = Matched::new(lives, exits, |exit| Report {
            pid: exit.pid,
            start_ms: exit.start_ms,
            command: exit.command.as_deref().filter(|_| !listens),
        });
        let false_births = births
            .rest
            .iter()
            .filter(|birth| birth.parent == Some(parent));
        let false_exits = exits.rest.iter().filter(|exit| exit.parent == Some(parent));
        accuracy.false_events = false_births.count() + false_exits.count();
        for (index, life) in lives.iter().enumerate() {
            if let Some(birth) = births.of.get(&index) {
                accuracy.births += 1;
                let late_ns = birth.at_ns.saturating_sub(life.born_ns[0]);
                accuracy.birth_late_ms.push(late_ns as f64 / 1e6);
            }
            if let Some(exit) = exits.of.get(&index) {
                accuracy.judge(life, exit, listens);
            }
        }
        accuracy
    }

    fn judge(&mut self, life: &Life, exit: &Exited, listens: bool) {
        self.exits += 1;
        if let Some(status) = exit.status {
            let is_wrong = (status.code, status.signal, status.core_dumped) != life.end();
            self.statuses[usize::from(is_wrong)] += 1;
            if is_wrong {
                self.differences
                    .push(format!("wrong status: {life:?} {exit:?}"));
            }
        }
        if exit.status.is_none() && listens {
            self.differences
                .push(format!("without status: {life:?} {exit:?}"));
        }
        self.keys += usize::from(
            exit.start_ms
                .is_some_and(|ms| tick(ms) == tick(life.start_ms)),
        );
        if let Some(command) = &exit.command {
            let is_wrong = !command.ends_with(&life.args);
            self.commands[usize::from(is_wrong)] += 1;
            if is_wrong {
                self.differences.push(format!("wrong: {life:?} {exit:?}"));
            }
        }
        // The kernel has killed none of them for lack of memory.
        self.false_ooms += usize::from(exit.likely_oom == Some(true));
        let ms = |ns: u64| ns as f64 / 1e6;
        let [least, most] = [
            life.ended_ns[0].saturating_sub(life.born_ns[1]),
            life.ended_ns[1] - life.born_ns[0],
        ];
        self.lived_range_ms.push(ms(most - least));
        let lived_ms = exit.lived_ms.filter(|_| exit.ended_ms.is_some());
        self.lived_off_ms
            .extend(lived_ms.map(|lived_ms| outside(lived_ms, ms(least), ms(most))));
        let [first, last] = life.ended_ns;
        self.end_off_ms.extend(
            exit.ended_ms
                .map(|end_ms| outside(end_ms, ms(first), ms(last))),
        );
        let late_ns = exit.at_ns.saturating_sub(life.ended_ns[0]);
        self.exit_late_ms.push(late_ns as f64 / 1e6);
    }

    /// Returns the figures, by their names.
    pub(super) fn rows(&self) -> Vec<(&'static str, String)> {
        let share = |count| format!("{:.2} %", count as f64 / self.lives.max(1) as f64 * 100.0);
        let of = |[right, wrong]: [usize; 2]| format!("{}; {wrong}", share(right));
        let off = |off_ms: &[f64]| match off_ms {
            [] => "-".into(),
            off_ms => {
                let within = off_ms.iter().filter(|off_ms| **off_ms <= 1.0).count();
                let most = quantile(off_ms.to_vec(), 1.0);
                let middle = median(off_ms.to_vec());
                format!("{}; {middle:.1}, {most:.1}", share(within))
            }
        };
        let late = |late_ms: &[f64]| match late_ms {
            [] => "-".into(),
            late_ms => [0.5, 0.99, 1.0]
                .map(|at| format!("{:.1}", quantile(late_ms.to_vec(), at)))
                .join(", "),
        };
        vec![
            ("births reported", share(self.births)),
            ("exits reported", share(self.exits)),
            ("false births and exits", self.false_events.to_string()),
            ("key right", share(self.keys)),
            ("exit status right; wrong", of(self.statuses)),
            ("command line right; wrong", of(self.commands)),
            (
                "`lived_ms` within 1 ms of the limits; error: median, largest, ms",
                off(&self.lived_off_ms),
            ),
            (
                "limits of `lived_ms`, median, ms apart",
                match self.lived_range_ms.is_empty() {
                    true => "-".into(),
                    false => format!("{:.1}", median(self.lived_range_ms.clone())),
                },
            ),
            (
                "`ended_at_ms` within 1 ms of the limits; error: median, largest, ms",
                off(&self.end_off_ms),
            ),
            (
                "birth to consumer: median, 99th percentile, longest, ms",
                late(&self.birth_late_ms),
            ),
            (
                "end to consumer: median, 99th percentile, longest, ms",
                late(&self.exit_late_ms),
            ),
        ]
    }

    /// Returns how many reports are of no life, or have values of another one.
    pub(crate) fn wrong(&self, listens: bool) -> usize {
        // Without events a scan may read a process between its fork and its exec, and not again.
        let commands = if listens { self.commands[1] } else { 0 };
        self.false_events + self.statuses[1] + self.false_ooms + commands
    }

    /// Returns an error if something is wrong, or is missing while the scanner listened.
    pub(super) fn check(&self, seen: &Seen, listens: bool) -> Result<(), Box<dyn Error>> {
        if self.wrong(listens) > 0 {
            return Err(
                "a birth, exit, status or command line was reported that did not happen".into(),
            );
        }
        let missing = (self.lives - self.births) as u64;
        if seen.unseen.is_some_and(|unseen| unseen < missing) {
            return Err("fewer unseen births were reported than there were".into());
        }
        let is_complete = !seen.has_loss() && seen.lost_batches == 0;
        if listens && is_complete && (missing > 0 || self.exits < self.lives) {
            return Err("a birth or an exit is missing, and no loss was declared".into());
        }
        Ok(())
    }
}

/// What a report is matched by.
struct Report<'r> {
    pid: u32,
    start_ms: Option<u64>,
    command: Option<&'r str>,
}

/// The reports that belong to lives, by their index.
struct Matched<'r, R> {
    of: HashMap<usize, &'r R>,
    /// Reports without a life.
    rest: Vec<&'r R>,
}

impl<'r, R> Matched<'r, R> {
    /// The lives of a pid and tick are reported in their order.
    fn new(
        lives: &[Life],
        reports: impl Iterator<Item = &'r R>,
        key: impl Fn(&'r R) -> Report<'r>,
    ) -> Self {
        let mut by_pid: HashMap<u32, Vec<usize>> = HashMap::new();
        for (index, life) in lives.iter().enumerate() {
            by_pid.entry(life.pid).or_default().push(index);
        }
        for of_pid in by_pid.values_mut() {
            of_pid.sort_by_key(|&index| lives[index].born_ns[0]);
        }
        let mut matched = Self {
            of: HashMap::new(),
            rest: reports.collect(),
        };
        // Of two lives in neighbouring ticks, each has its own report.
        for (late_ticks, by_command) in [(0, true), (0, false), (LATE_TICKS, false)] {
            for report in std::mem::take(&mut matched.rest) {
                let Report {
                    pid,
                    start_ms,
                    command,
                } = key(report);
                let is_it = |index: &&usize| {
                    let life = &lives[**index];
                    let late = start_ms.and_then(|ms| tick(ms).checked_sub(tick(life.start_ms)));
                    let suits = command.is_some_and(|command| command.ends_with(&life.args));
                    !matched.of.contains_key(index)
                        && late.is_some_and(|late| late <= late_ticks)
                        && (suits || !by_command)
                };
                match by_pid
                    .get(&pid)
                    .and_then(|of_pid| of_pid.iter().find(is_it))
                {
                    Some(&index) => drop(matched.of.insert(index, report)),
                    None => matched.rest.push(report),
                }
            }
        }
        matched
    }
}

fn tick(ms: u64) -> u64 {
    ms / TICK_MS
}

/// Returns how far a number of whole milliseconds is outside of the limits.
fn outside(ms: u64, least: f64, most: f64) -> f64 {
    let (from, to) = (ms as f64, ms as f64 + 1.0);
    (least - to).max(from - most).max(0.0)
}
