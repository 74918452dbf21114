//! The figures of a report equal a fold of the lines of `replay --json`.

use std::collections::BTreeMap;
use std::fs;

use process_scanner::{GroupBy, GroupId, ProcessInfo, escape};
use proptest::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

use super::{data_of, fixture};
use crate::cli::{json_lines, run};

/// A process, as the lines have it.
struct Life {
    is_birth: bool,
    program: GroupId,
    /// CPU time that is counted, or does not count; `None`: nothing is known.
    counted_ms: Option<f64>,
    used_ms: Option<f64>,
}

#[derive(Debug, Default, PartialEq)]
struct Program {
    started: u64,
    exits: u64,
    failed: u64,
    /// Exits with a known outcome.
    known: u64,
    running: u64,
}

/// What the lines add up to.
#[derive(Default)]
struct Fold {
    living: BTreeMap<(u64, Option<u64>), Life>,
    lives: u64,
    births: u64,
    exits: BTreeMap<&'static str, u64>,
    /// Processes that lived when a recording ended, and that the next one does not have.
    left: u64,
    /// When this recording began.
    began_ms: u64,
    programs: BTreeMap<String, Program>,
    used_ms: Option<f64>,
    /// A birth without a start time: whether all its CPU time counts is not in a line.
    is_cpu_doubtful: bool,
}

impl Fold {
    fn of(lines: &[Value]) -> Self {
        let first = lines.first();
        let mut fold = Self {
            began_ms: first.map_or(0, |line| line["at_ms"].as_u64().unwrap()),
            ..Self::default()
        };
        for (place, line) in lines.iter().enumerate() {
            if line["event"] == "resync" {
                fold.begin_next(line, &lines[place..]);
            } else if line["process"].is_object() {
                fold.take(line);
            }
        }
        for life in std::mem::take(&mut fold.living).into_values() {
            fold.program(&life).running += 1;
            fold.add_cpu(&life);
            fold.lives += 1;
        }
        fold
    }

    /// Begins the next recording, which lists all its processes. `lines`: those from here on.
    fn begin_next(&mut self, resync: &Value, lines: &[Value]) {
        self.began_ms = resync["at_ms"].as_u64().unwrap();
        let listed = lines.iter().take_while(|line| line["seq"] == resync["seq"]);
        let listed: Vec<_> = listed.map(|line| key_of(&line["process"])).collect();
        for (key, mut life) in std::mem::take(&mut self.living) {
            if key.1.is_some() && listed.contains(&key) {
                // What it used in between is in no recording.
                life.counted_ms = None;
                self.living.insert(key, life);
            } else {
                self.left += 1;
                self.program(&life).running += 1;
                self.add_cpu(&life);
                self.lives += 1;
            }
        }
    }

    fn take(&mut self, line: &Value) {
        let process: ProcessInfo = serde_json::from_value(line["process"].clone()).unwrap();
        let key = key_of(&line["process"]);
        let began_ms = self.began_ms;
        let is_birth = line["event"] == "created";
        self.births += u64::from(is_birth);
        self.is_cpu_doubtful |= is_birth && process.start_time_ms.is_none();
        let is_born = is_birth && process.start_time_ms.is_some_and(|ms| ms >= began_ms);
        let life = self.living.entry(key).or_insert_with(|| Life {
            is_birth,
            program: GroupId::Unknown,
            counted_ms: is_born.then_some(0.0),
            used_ms: None,
        });
        match GroupBy::Name.group_of(&process) {
            GroupId::Unknown => {}
            known => life.program = known,
        }
        life.read(process.cpu_time_ms);
        life.read(line["usage"]["cpu_time_ns"].as_f64().map(|ns| ns / 1e6));
        if line["event"] != "exited" {
            return;
        }
        let life = self.living.remove(&key).unwrap();
        let exit = &line["exit"];
        let outcome = match exit {
            _ if line["likely_oom"] == true => "out_of_memory",
            exit if exit["code"] == 0 => "ok",
            exit if exit["signal"].is_u64() => "signal",
            exit if exit["code"].is_u64() => "failed",
            _ => "unknown",
        };
        *self.exits.entry(outcome).or_default() += 1;
        self.lives += 1;
        let program = self.program(&life);
        program.exits += 1;
        program.failed += u64::from(!matches!(outcome, "ok" | "unknown"));
        program.known += u64::from(outcome != "unknown");
        self.add_cpu(&life);
    }

    fn program(&mut self, life: &Life) -> &mut Program {
        let name = match &life.program {
            GroupId::Named(name) => format!("named {}", escape(name)),
            GroupId::Kernel => "kernel".into(),
            _ => "none".into(),
        };
        let program = self.programs.entry(name).or_default();
        program.started += u64::from(life.is_birth);
        program
    }

    fn add_cpu(&mut self, life: &Life) {
        if let Some(ms) = life.used_ms {
            self.used_ms = Some(self.used_ms.unwrap_or(0.0) + ms);
        }
    }
}

impl Life {
    fn read(&mut self, cpu_ms: Option<f64>) {
        let Some(now_ms) = cpu_ms else { return };
        let before_ms = self.counted_ms.unwrap_or(now_ms);
        self.used_ms = Some(self.used_ms.unwrap_or(0.0) + (now_ms - before_ms).max(0.0));
        self.counted_ms = Some(before_ms.max(now_ms));
    }
}

/// Returns pid and start time.
fn key_of(process: &Value) -> (u64, Option<u64>) {
    let pid = process["pid"].as_u64().unwrap_or(0);
    (pid, process["start_time_ms"].as_u64())
}

fn sum(series: &Value) -> u64 {
    let values = series.as_array().unwrap().iter();
    values.map(|value| value.as_u64().unwrap()).sum()
}

/// Compares the report of recordings with a fold of their lines.
fn assert_counts_equal(files: &[&str]) {
    let file = files.join(" ");
    // Several recordings have remarks.
    let output = |args: &[&str]| {
        let output = run(&[args, files].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let lines = json_lines(&output(&["replay", "--json"]));
    let report = data_of(&output(&["report", "-o", "-"]));
    let fold = Fold::of(&lines);
    let totals = &report["totals"];
    assert_eq!(totals["births"], fold.births, "{file}");
    assert_eq!(totals["exits"], fold.exits.values().sum::<u64>(), "{file}");
    for outcome in ["ok", "failed", "signal", "out_of_memory", "unknown"] {
        let expected = fold.exits.get(outcome).copied().unwrap_or(0);
        assert_eq!(totals["outcomes"][outcome], expected, "{file} {outcome}");
        assert_eq!(sum(&report["exits"][outcome]), expected, "{file} {outcome}");
    }
    assert_eq!(sum(&report["births"]), fold.births, "{file}");
    let failures = ["failed", "signal", "out_of_memory"].map(|outcome| fold.exits.get(outcome));
    let failures: u64 = failures.into_iter().flatten().sum();
    let has_known = totals["outcomes"]["unknown"] != totals["exits"] || totals["exits"] == 0;
    let failures = has_known.then_some(failures);
    assert_eq!(totals["failures"], serde_json::json!(failures), "{file}");
    assert_eq!(report["lives_total"], fold.lives, "{file}");
    let running: u64 = fold.programs.values().map(|program| program.running).sum();
    assert_eq!(totals["processes_at_end"], running - fold.left, "{file}");
    assert_eq!(report["programs_left_out"], 0, "{file}");
    let programs = report["programs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|program| {
            let name = match program["kind"].as_str().unwrap() {
                "named" => format!("named {}", program["name"].as_str().unwrap()),
                kind => kind.to_owned(),
            };
            let count = |field: &str| program[field].as_u64().unwrap();
            let counts = ["started", "exits", "running"].map(count);
            (name, (counts, program["failed"].as_u64()))
        });
    let expected = fold.programs.into_iter().map(|(name, program)| {
        let has_known = program.exits == 0 || program.known > 0;
        let failed = has_known.then_some(program.failed);
        let counts = [program.started, program.exits, program.running];
        (name, (counts, failed))
    });
    assert_eq!(
        programs.collect::<BTreeMap<_, _>>(),
        expected.collect(),
        "{file}"
    );
    let near = |ms: Option<f64>, expected: Option<f64>| match (ms, expected) {
        (Some(ms), Some(expected)) => (ms - expected).abs() < 0.01,
        (ms, expected) => ms == expected,
    };
    if !fold.is_cpu_doubtful {
        let cpu_ms = totals["cpu_ms"].as_f64();
        assert!(
            near(cpu_ms, fold.used_ms),
            "{file}: {cpu_ms:?} {:?}",
            fold.used_ms
        );
    }
}

#[test]
fn figures_equal_those_of_the_lines() {
    let folder = fixture("").trim_end_matches(".ndjson").to_owned();
    let mut files = 0;
    for folder in [folder.clone(), format!("{folder}version-1/")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|found| found == "ndjson") {
                assert_counts_equal(&[path.to_str().unwrap()]);
                files += 1;
            }
        }
    }
    assert!(files > 50);
}

/// Returns a recording that was made so much later.
fn later(recording: &[u8], ms: u64) -> String {
    let lines = std::str::from_utf8(recording).unwrap().lines();
    let moved = lines.map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        for kind in ["scan", "heard"] {
            for clock in ["wall_ms", "start_clock_ms"] {
                if let Some(at_ms) = line[kind].get_mut(clock).filter(|at_ms| at_ms.is_u64()) {
                    *at_ms = (at_ms.as_u64().unwrap() + ms).into();
                }
            }
        }
        line.to_string() + "\n"
    });
    moved.collect()
}

proptest! {
    // Each case runs the command twice.
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn figures_of_any_recording_equal_those_of_the_lines(
        (recording, _) in crate::recordings::lives::recordings(),
    ) {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("any.ndjson");
        fs::write(&path, recording).unwrap();
        assert_counts_equal(&[path.to_str().unwrap()]);
    }

    #[test]
    fn figures_of_several_recordings_equal_those_of_the_lines(
        (first, _) in crate::recordings::lives::recordings(),
        (second, _) in crate::recordings::lives::recordings(),
        // Overlapping, with the same processes, or later.
        later_ms in prop_oneof![Just(0_u64), Just(500), Just(3_600_000)],
    ) {
        let dir = TempDir::new().unwrap();
        let paths = ["first.ndjson", "second.ndjson"].map(|name| dir.path().join(name));
        fs::write(&paths[0], first).unwrap();
        fs::write(&paths[1], later(&second, later_ms)).unwrap();
        assert_counts_equal(&[paths[0].to_str().unwrap(), paths[1].to_str().unwrap()]);
    }
}
