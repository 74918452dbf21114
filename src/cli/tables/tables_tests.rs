//! Reads tables again.

use std::collections::{BTreeMap, HashMap};

use process_scanner::{Batch, CommandLine, Event, ProcessInfo, ProcessKey};
use proptest::prelude::*;

use super::csv_tables::{CsvTables, TABLES};
use crate::cli::history::{LifeFold, TimeAxis, batches, steps};

type Rows = Vec<HashMap<String, String>>;

/// Returns the rows of each table.
fn written(batches: &[Batch]) -> BTreeMap<&'static str, Rows> {
    let mut files = [const { Vec::<u8>::new() }; 3];
    let (mut axis, mut fold) = (TimeAxis::default(), LifeFold::default());
    let mut tables = CsvTables::new(files.each_mut()).unwrap();
    for batch in batches {
        let at_ms = axis.of(batch);
        let taken = fold.take(batch, at_ms);
        tables.take(batch, at_ms, &taken, &fold).unwrap();
    }
    tables.finish(&fold).unwrap();
    drop(tables);
    let rows = files.iter().map(|file| {
        let mut reader = csv::Reader::from_reader(&file[..]);
        reader.deserialize().map(Result::unwrap).collect()
    });
    TABLES.into_iter().zip(rows).collect()
}

proptest! {
    #[test]
    fn tables_count_what_the_events_have(steps in steps()) {
        let batches = batches(&steps);
        let tables = written(&batches);
        let events = || batches.iter().flat_map(|batch| &batch.events);
        let is_failure = |event: &&Event| match event {
            Event::Exited { exit, .. } => exit.is_some_and(|status| !status.is_success()),
            _ => false,
        };
        let lives = &tables["lives.csv"];
        let of = |column: &str, value: &str| lives.iter().filter(|row| row[column] == value).count();
        let failures = events().filter(is_failure).count();
        prop_assert_eq!(of("outcome", "failed") + of("outcome", "signal"), failures);
        prop_assert_eq!(tables["scans.csv"].len(), batches.len());
        let births = events().filter(|event| matches!(event, Event::Created(_))).count();
        prop_assert_eq!(of("born", "true"), births);
        let sum = |column: &str| {
            let cells = tables["scans.csv"].iter().map(|row| row[column].parse::<usize>().unwrap_or(0));
            cells.sum::<usize>()
        };
        // Failures are unknown where no exit of the batch has a status.
        for (batch, row) in batches.iter().zip(&tables["scans.csv"]) {
            let exits = batch.events.iter().filter_map(Event::exit);
            let statuses: Vec<_> = exits.map(|exit| exit.status).collect();
            let is_unknown = !statuses.is_empty() && statuses.iter().all(Option::is_none);
            prop_assert_eq!(row["failed"].is_empty(), is_unknown);
        }
        let exits = events().filter(|event| matches!(event, Event::Exited { .. })).count();
        prop_assert_eq!((sum("created"), sum("exited"), sum("failed")), (births, exits, failures));
        // Each life has a row, and each sample is one of a life.
        let ids: Vec<&str> = lives.iter().map(|row| &*row["life"]).collect();
        for sample in &tables["samples.csv"] {
            prop_assert!(ids.contains(&&*sample["life"]));
        }
        for row in lives {
            prop_assert!(row["parent_life"].is_empty() || ids.contains(&&*row["parent_life"]));
            let programs: Vec<String> = serde_json::from_str(&row["programs"]).unwrap();
            prop_assert!(!programs.is_empty());
        }
    }
}

#[test]
fn hostile_texts_are_one_cell_and_no_formula() {
    let key = ProcessKey {
        pid: 7,
        start_time_ms: None,
    };
    let mut process = ProcessInfo::unknown(key);
    process.name = Some("=1+1,\"\r\n".into());
    let args = ["=HYPERLINK(\"http://x\")", "", "a\u{1b}[2J\n", "é"];
    let command: CommandLine = args.iter().collect();
    process.command = Some(command);
    let batch = Batch::new(1, 1_700_000_000_000, vec![Event::Existing(process)]);
    let tables = written(&[batch]);
    let [life] = &tables["lives.csv"][..] else {
        panic!("there is one life");
    };
    assert_eq!(life["name"], "'=1+1,\"\r'\n");
    let read: Vec<String> = serde_json::from_str(&life["command"]).unwrap();
    assert_eq!(read, args);
    assert!(!life["command"].contains(process_scanner::is_control));
    assert_eq!((&*life["start_time_ms"], &*life["cpu_percent"]), ("", ""));
}
