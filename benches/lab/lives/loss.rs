//! Lost events: are they declared, are they counted, and is all heard again afterwards?

use std::error::Error;
use std::thread;
use std::time::Duration;

use process_scanner::Hearing;

use super::burst::Shape;
use super::clock::now_ns;
use super::foreign::Foreign;
use super::seen::Seen;
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
pub(super) struct Case {
    pub(super) setting: Setting,
    pub(super) shape: Shape,
    pub(super) trouble: Trouble,
}

/// Runs each case, and prints them beside each other.
pub(super) fn run(cases: Vec<Case>) -> Result<(), Box<dyn Error>> {
    let (mut table, mut outcome, mut changes) = (Table::default(), Ok(()), Vec::new());
    for case in cases {
        let name = case.setting.name.clone();
        let (rows, seen, problem) = measure(case)?;
        table.add(&name, rows);
        let texts = seen.hearings.iter().map(|change| &change.text);
        changes.extend(texts.map(|text| format!("{name}: {text}")));
        outcome = outcome.and(problem.map_or(Ok(()), |problem| Err(format!("{name}: {problem}"))));
    }
    table.print("lost events");
    changes.iter().for_each(|change| println!("\n{change}"));
    Ok(outcome?)
}

type Measured = (Vec<(&'static str, String)>, Seen, Option<&'static str>);

fn measure(case: Case) -> Result<Measured, Box<dyn Error>> {
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
    let missing = storm.len() - heard.births;
    let false_events = heard.false_events + heard_after.false_events + false_exits;
    let wrong = heard.wrong_statuses + heard_after.wrong_statuses;
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
    let unseen = seen.unseen;
    let problem = if false_events + wrong > 0 {
        Some("a birth, exit or status was reported that did not happen")
    } else if unseen.is_some_and(|unseen| unseen < missing as u64) {
        Some("fewer unseen births were reported than there were")
    } else if missing > 0 && declared.is_none() {
        Some("a loss was not declared")
    } else if is_complete
        && last.is_none_or(|change| change.at_ns < after_ns)
        && heard_after.statuses < after.len()
    {
        Some("a birth, exit or status is missing after it was complete again")
    } else if !is_complete {
        Some("it was not complete again")
    } else {
        None
    };
    let or_dash = |value: Option<String>| value.unwrap_or("-".into());
    let rows = vec![
        (
            "births; not reported",
            format!("{}; {missing}", storm.len()),
        ),
        (
            "unseen at most, of the whole host",
            or_dash(unseen.map(|unseen| unseen.to_string())),
        ),
        (
            "exit status right; wrong",
            format!("{}; {wrong}", heard.statuses),
        ),
        ("false births and exits", false_events.to_string()),
        (
            "scans before the loss was declared",
            or_dash(scans_until.map(|scans| scans.to_string())),
        ),
        (
            "complete again after, s",
            or_dash(complete_s.map(|complete_s| format!("{complete_s:.2}"))),
        ),
        (
            "afterwards: births; reported; statuses right",
            format!(
                "{}; {}; {}",
                after.len(),
                heard_after.births,
                heard_after.statuses
            ),
        ),
    ];
    Ok((rows, seen, problem))
}
