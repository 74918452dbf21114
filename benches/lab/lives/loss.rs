//! Lost events: are they declared, are they counted, and is all heard again afterwards?

use std::error::Error;
use std::thread;
use std::time::Duration;

use process_scanner::Hearing;

use super::burst::Shape;
use super::clock::now_ns;
use super::foreign::Foreign;
use super::shells::Heard;
use super::table::Table;
use super::watcher::{Setting, Watcher};
use crate::crowd::children::Children;

/// Children that live all the time, so that an exit of one is false.
const STAYING: usize = 50;

/// Forks after the trouble, all of which must be heard.
const AFTER: Shape = Shape::Paced {
    per_second: 100,
    time: Duration::from_secs(3),
};

/// What happens while processes are started.
#[derive(Debug, Clone, Copy)]
pub(super) enum Trouble {
    /// More than the buffer holds.
    Nothing,
    /// The scanner is stopped again and again for this time, and runs for as long in between.
    Stopped { time: Duration, times: u32 },
    /// Another program sends IGNORE again and again, so many times a second.
    Foreign(u32),
}

/// One run.
pub(crate) struct Case {
    pub(super) setting: Setting,
    pub(super) shape: Shape,
    pub(super) trouble: Trouble,
}

/// Runs each case, and prints them beside each other.
pub(super) fn run(cases: Vec<Case>) -> Result<(), Box<dyn Error>> {
    let (mut table, mut outcome, mut changes) = (Table::default(), Ok(()), Vec::new());
    for case in cases {
        let name = case.setting.name.clone();
        let lost = measure(case)?;
        table.add(&name, lost.rows());
        changes.extend(lost.changes.iter().map(|text| format!("{name}: {text}")));
        let checked = lost.problem().map_or(Ok(()), Err);
        outcome = outcome.and(checked.map_err(|problem| format!("{name}: {problem}")));
    }
    table.print("lost events");
    changes.iter().for_each(|change| println!("\n{change}"));
    Ok(outcome?)
}

/// What was lost and declared.
pub(crate) struct Lost {
    pub(crate) births: usize,
    /// Births that were not reported.
    pub(crate) missing: usize,
    /// How many births were declared as missed; `None` if that is unknown.
    pub(crate) unseen: Option<u64>,
    statuses: usize,
    wrong_statuses: usize,
    false_events: usize,
    is_declared: bool,
    scans_until_declared: Option<usize>,
    is_complete: bool,
    complete_s: Option<f64>,
    /// Births after the trouble, and whether it was complete during all of them.
    pub(crate) births_after: usize,
    was_complete_after: bool,
    heard_after: Heard,
    changes: Vec<String>,
}

/// Runs a case.
pub(crate) fn measure(case: Case) -> Result<Lost, Box<dyn Error>> {
    let scan = Duration::from_millis(case.setting.interval_ms);
    let staying = Children::idle(STAYING)?;
    let watcher = Watcher::start(case.setting)?;
    let storm = thread::spawn(move || case.shape.run().map_err(|error| error.to_string()));
    thread::sleep(Duration::from_millis(500));
    let mut since_ns = now_ns();
    match case.trouble {
        Trouble::Nothing => {}
        Trouble::Stopped { time, times } => {
            for turn in 0..times {
                thread::sleep(if turn == 0 { Duration::ZERO } else { time });
                watcher.stop_for(time)?;
                if turn == 0 {
                    // It cannot declare anything before.
                    since_ns = now_ns();
                }
            }
        }
        Trouble::Foreign(per_second) => {
            let foreign = Foreign::start(per_second)?;
            while !storm.is_finished() {
                thread::sleep(Duration::from_millis(10));
            }
            foreign.end()?;
        }
    }
    let storm = storm.join().map_err(|_| "a panic")??;
    // It listens again with a scan, and is complete after the next one.
    thread::sleep(scan * 4);
    let after_ns = now_ns();
    let after = AFTER.run()?;
    let over_ns = now_ns();
    thread::sleep(scan);
    let seen = watcher.end()?;
    let false_exits = {
        let pids: Vec<u32> = staying.pids().collect();
        let exits = seen.exits.iter().filter(|exit| pids.contains(&exit.pid));
        exits.count()
    };
    drop(staying);

    let (heard, heard_after) = (storm.judge(&seen), after.judge(&seen));
    let declared = seen.losses().next();
    let scans_until = declared.map(|declared| {
        let before = |at_ns: &&u64| (since_ns..declared.at_ns).contains(*at_ns);
        seen.scans_ns.iter().filter(before).count()
    });
    let last = seen
        .hearings
        .iter()
        .rev()
        .find(|change| change.at_ns < over_ns);
    let is_complete = last.is_none_or(|change| change.to == Hearing::Complete);
    let complete_s = last.zip(declared).filter(|_| is_complete);
    let complete_s =
        complete_s.map(|(last, first)| last.at_ns.saturating_sub(first.at_ns) as f64 / 1e9);
    Ok(Lost {
        births: storm.len(),
        missing: storm.len() - heard.births,
        unseen: seen.unseen,
        statuses: heard.statuses,
        wrong_statuses: heard.wrong_statuses + heard_after.wrong_statuses,
        false_events: heard.false_events + heard_after.false_events + false_exits,
        is_declared: declared.is_some(),
        scans_until_declared: scans_until,
        is_complete,
        complete_s,
        births_after: after.len(),
        was_complete_after: is_complete && last.is_none_or(|change| change.at_ns < after_ns),
        heard_after,
        changes: seen
            .hearings
            .iter()
            .map(|change| change.text.clone())
            .collect(),
    })
}

impl Lost {
    /// Returns how many births were neither reported nor counted in a declared loss.
    pub(crate) fn uncounted(&self) -> u64 {
        let counted = self.unseen.filter(|_| self.is_declared).unwrap_or(0);
        (self.missing as u64).saturating_sub(counted)
    }

    /// Returns how many processes of those after the trouble have no birth or no right status.
    pub(crate) fn missing_after(&self) -> usize {
        self.births_after - self.heard_after.statuses.min(self.heard_after.births)
    }

    pub(crate) fn problem(&self) -> Option<&'static str> {
        if self.false_events + self.wrong_statuses > 0 {
            Some("a birth, exit or status was reported that did not happen")
        } else if self
            .unseen
            .is_some_and(|unseen| unseen < self.missing as u64)
        {
            Some("fewer unseen births were reported than there were")
        } else if self.missing > 0 && !self.is_declared {
            Some("a loss was not declared")
        } else if self.was_complete_after && self.missing_after() > 0 {
            Some("a birth, exit or status is missing after it was complete again")
        } else if !self.is_complete {
            Some("it was not complete again")
        } else {
            None
        }
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let or_dash = |value: Option<String>| value.unwrap_or("-".into());
        vec![
            (
                "births; not reported",
                format!("{}; {}", self.births, self.missing),
            ),
            (
                "unseen at most, of the whole host",
                or_dash(self.unseen.map(|unseen| unseen.to_string())),
            ),
            (
                "exit status right; wrong",
                format!("{}; {}", self.statuses, self.wrong_statuses),
            ),
            ("false births and exits", self.false_events.to_string()),
            (
                "scans before the loss was declared",
                or_dash(self.scans_until_declared.map(|scans| scans.to_string())),
            ),
            (
                "complete again after, s",
                or_dash(self.complete_s.map(|seconds| format!("{seconds:.2}"))),
            ),
            (
                "afterwards: births; reported; statuses right",
                format!(
                    "{}; {}; {}",
                    self.births_after, self.heard_after.births, self.heard_after.statuses
                ),
            ),
        ]
    }
}
