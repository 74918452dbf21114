//! Measures how much `pscan run` slows a build, in turns with the same build alone.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::statistics::{median, quantile};

/// Programs that are compiled in a build, two at a time.
const PROGRAMS: usize = 24;

/// Functions of each program.
const FUNCTIONS: usize = 150;

/// Compiles all programs, each after a few short commands, as a build does.
const BUILD: &str = r#"cd "$1" && ls p*.rs | xargs -P 2 -I % sh -c '
    test -f %; dirname % > /dev/null; basename % .rs > /dev/null
    rustc -O --crate-type lib --out-dir out % || exit 255'"#;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Builds with `pscan run`, and as many without [default: 12, with --quick 1]
    turns: Option<usize>,
}

pub(crate) fn run(options: &Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let turns = options.turns.unwrap_or(if is_quick { 1 } else { 12 });
    let programs = if is_quick { 2 } else { PROGRAMS };
    let folder = tempfile::TempDir::new()?;
    for number in 0..programs {
        let path = folder.path().join(format!("p{number}.rs"));
        fs::write(path, program())?;
    }
    // Files are in the page cache from here on.
    build(folder.path(), None)?;
    let summary = folder.path().join("summary.json");
    let (mut alone, mut watched) = (Vec::new(), Vec::new());
    let (mut slower, mut own) = (Vec::new(), Vec::new());
    let mut started = 0;
    for turn in 0..turns {
        // The order changes, because a host can become slower during an experiment.
        let mut times = [0.0; 2];
        for index in [turn % 2, 1 - turn % 2] {
            let is_watched = index == 1;
            times[index] = build(folder.path(), is_watched.then_some(&*summary))?;
        }
        let report: serde_json::Value = serde_json::from_str(&fs::read_to_string(&summary)?)?;
        started = report["started"].as_u64().ok_or("no number of processes")?;
        if !report["sampled_every_ms"].is_null() {
            println!("the kernel does not report births here: scans alone");
        }
        // Scans before the start and after the end take a constant time, which no build notices.
        times[1] = report["wall_ms"].as_f64().ok_or("no wall time")?;
        let cpu = report["own_cpu_ms"].as_f64().ok_or("no CPU time")?;
        own.push(cpu / times[1] * 100.0);
        alone.push(times[0]);
        watched.push(times[1]);
        slower.push((times[1] / times[0] - 1.0) * 100.0);
    }
    println!("{turns} builds each of {programs} programs, {started} processes");
    println!("alone: median {:.0} ms", median(alone));
    println!("pscan run: median {:.0} ms", median(watched));
    println!(
        "slower in pairs: median {:.2} %, quartiles {:.2} % and {:.2} %",
        median(slower.clone()),
        quantile(slower.clone(), 0.25),
        quantile(slower, 0.75)
    );
    println!("CPU time of pscan: {:.2} % of one core", median(own));
    Ok(())
}

/// Builds all programs, and returns the milliseconds; `summary`: with `pscan run`.
fn build(folder: &Path, summary: Option<&Path>) -> Result<f64, Box<dyn Error>> {
    let mut command = match summary {
        Some(summary) => {
            let mut pscan = Command::new(env!("CARGO_BIN_EXE_pscan"));
            pscan
                .args(["run", "--json", "--output"])
                .arg(summary)
                .arg("sh");
            pscan
        }
        None => Command::new("sh"),
    };
    command.args(["-c", BUILD, "sh"]).arg(folder);
    let begun = Instant::now();
    let status = command.stdin(Stdio::null()).status()?;
    match status.success() {
        true => Ok(begun.elapsed().as_secs_f64() * 1e3),
        false => Err("the build failed: it needs rustc".into()),
    }
}

/// Returns a program that takes a compiler some 0.2 s.
fn program() -> String {
    let function = |number: usize| {
        format!(
            "pub fn f{number}(text: &str) -> Vec<String> {{ let mut all: Vec<String> = text.split(' ')\
             .map(|word| format!(\"{{word}} {number}\")).collect(); all.sort(); all }}\n"
        )
    };
    (0..FUNCTIONS).map(function).collect()
}
