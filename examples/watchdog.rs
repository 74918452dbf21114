//! A watchdog: reports a process that has exited, or that used at least so much CPU over some time.
//!
//! `cargo run --example watchdog -- NAME [PERCENT] [SECONDS]` watches the processes with this name, a
//! regular expression, until Ctrl-C. Without arguments it watches a busy child of its own, and ends.

// Examples print.
#![allow(clippy::print_stdout)]

use std::collections::HashSet;
use std::error::Error;
use std::io::{copy, sink, stdin};
use std::process::{self, Child, Command, Stdio};
use std::time::Duration;
use std::{env, hint, thread};

use process_scanner::{
    Config, Consumer, ConsumerOptions, Event, Filter, ProcessInfo, Scanner, Snapshot, TopN, Usage,
    escape,
};

const CHILD: &str = "--child";

/// Uses a core until its input ends.
fn run_as_child() -> Result<(), Box<dyn Error>> {
    thread::spawn(|| {
        loop {
            hint::spin_loop();
        }
    });
    copy(&mut stdin(), &mut sink())?;
    process::exit(3);
}

fn start_child() -> Result<Child, Box<dyn Error>> {
    let mut command = Command::new(env::current_exe()?);
    Ok(command.arg(CHILD).stdin(Stdio::piped()).spawn()?)
}

/// Formats pid and name. A name can contain anything, so it is escaped for the terminal.
fn label(process: &ProcessInfo) -> String {
    let name = process.full_name().unwrap_or("?");
    format!("{} {}", process.pid, escape(name))
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let number = |at: usize, usual: f64| args.get(at).map_or(Ok(usual), |text| text.parse());
    let mut config = Config::default();
    let (filter, percent, seconds, mut child) = match args.first().map(String::as_str) {
        Some(CHILD) => return run_as_child(),
        Some(name) => {
            let filter = Filter::new().with_name(name)?;
            (filter, number(1, 80.0)?, number(2, 30.0)?, None)
        }
        None => {
            config.interval_ms = 100;
            let child = start_child()?;
            (Filter::new().with_pid(child.id()), 5.0, 0.3, Some(child))
        }
    };
    let scanner = Scanner::builder().config(config).start()?;
    let options = ConsumerOptions::default().with_filter(filter);
    let batches = scanner.consumers().subscribe(options);
    let mut cpu = TopN::busiest(0, Duration::try_from_secs_f64(seconds)?);
    let (mut watched, mut busy) = (Snapshot::new(), HashSet::new());
    for batch in &batches {
        cpu.on_batch(&batch);
        let mut dead = Vec::new();
        // It also reports the exits of lost batches.
        watched.apply_with(&batch, |event| {
            if let Event::Exited { process, exit, .. } = event {
                dead.push((process, exit));
            }
        });
        for (process, exit) in &dead {
            let exit = exit.map_or("exit status unknown".into(), |exit| exit.to_string());
            println!("dead: {}, {exit}", label(process));
        }
        if child.is_some() && !dead.is_empty() {
            break;
        }
        for process in &watched {
            match cpu.usage_over_window(process.key()) {
                Some(Usage::CpuPercent(used)) if used >= percent => {
                    if busy.insert(process.key()) {
                        println!("busy: {}, {used:.0} % for {seconds} s", label(process));
                        // Its input ends, and so does the child.
                        child.as_mut().map(Child::wait).transpose()?;
                    }
                }
                _ => _ = busy.remove(&process.key()),
            }
        }
    }
    Ok(scanner.stop()?)
}
