//! Measure what listening costs at each step, and what a storm of births does to the budget.

mod listener;
mod storm;

use std::error::Error;
use std::time::Duration;

use process_scanner::ListenStep;

pub(crate) use self::listener::{LISTEN, listen};
use self::listener::{Listener, Reading};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Seconds of the storm [default: 600, with --quick 3]
    #[arg(long)]
    seconds: Option<u64>,

    /// Births in each second of the storm
    #[arg(long, default_value_t = 5000)]
    rate: u32,

    /// Start processes, not threads
    #[arg(long)]
    processes: bool,

    /// What to run [default: both]
    #[arg(value_enum)]
    part: Option<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// What a life costs at each step (3 minutes)
    Lives,
    /// A storm of births with the default budget (14 minutes)
    Storm,
}

pub(crate) fn run(options: &Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    if options.part != Some(Part::Storm) {
        lives(is_quick)?;
    }
    match options.part {
        Some(Part::Lives) => Ok(()),
        _ => storm(options, is_quick),
    }
}

/// Prints what a life costs at each step: three rounds, in turn.
fn lives(is_quick: bool) -> Result<(), Box<dyn Error>> {
    let (rounds, time) = match is_quick {
        true => (1, Duration::from_secs(1)),
        false => (3, Duration::from_secs(5)),
    };
    println!("\n## A life at each step\n");
    println!("| step | lives a second | µs of CPU a life, in each round |");
    println!("|---|---|---|");
    for rate in [50, 500] {
        let mut costs = vec![Vec::new(); ListenStep::ALL.len()];
        for _ in 0..rounds {
            for (step, costs) in ListenStep::ALL.into_iter().zip(&mut costs) {
                let mut listener = Listener::start(step.as_str())?;
                let before = listener.read()?;
                let lives = storm::processes(rate, time)?;
                let after = listener.read()?;
                let spent_us = (after.cpu_ns - before.cpu_ns) as f64 / 1e3;
                costs.push(format!("{:.1}", spent_us / f64::from(lives)));
            }
        }
        for (step, costs) in ListenStep::ALL.into_iter().zip(&costs) {
            println!("| `{step}` | {rate} | {} |", costs.join(", "));
        }
    }
    Ok(())
}

/// Prints the CPU share of a scanner with the default budget before, in and after a storm.
fn storm(options: &Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let pick = |full, quick| Duration::from_secs(if is_quick { quick } else { full });
    let time = options.seconds.map_or(pick(600, 3), Duration::from_secs);
    let (start, what): (fn(_, _) -> _, _) = match options.processes {
        true => (storm::processes, "processes"),
        false => (storm::threads, "threads"),
    };
    println!("\n## A storm of {} {what} a second\n", options.rate);
    let mut listener = Listener::start("budget")?;
    let wait = |time| {
        std::thread::sleep(time);
        Ok::<u32, std::io::Error>(0)
    };
    let mut parts = vec![("before", listener.read()?)];
    wait(pick(30, 1))?;
    parts.push(("storm", listener.read()?));
    let started = start(options.rate, time)?;
    parts.push(("after", listener.read()?));
    wait(pick(180, 1))?;
    let last = listener.read()?;
    println!("| part | seconds | CPU, % of a core | births missed at most |");
    println!("|---|---|---|---|");
    let ends = parts.iter().skip(1).map(|(_, reading)| *reading);
    for ((part, from), to) in parts.iter().zip(ends.chain([last])) {
        print_part(part, *from, to);
    }
    print_part("all", parts[0].1, last);
    println!("\n{started} {what} were started.\n");
    listener
        .changes()
        .iter()
        .for_each(|change| println!("{change}"));
    Ok(())
}

fn print_part(part: &str, from: Reading, to: Reading) {
    let seconds = (to.at - from.at).as_secs_f64();
    let percent = (to.cpu_ns - from.cpu_ns) as f64 / 1e7 / seconds;
    let missed = to.missed - from.missed;
    println!("| {part} | {seconds:.0} | {percent:.3} | {missed} |");
}
