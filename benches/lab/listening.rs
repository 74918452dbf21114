//! Compare scans that do without most lists of `/proc` with a bare list: one polls, the other hears all births and
//! exits.
//!
//! Idle children; all contenders take turns. Our scans include table, batch, dispatcher, and all threads that
//! listen.

use std::error::Error;
use std::thread;
use std::time::Duration;

use crate::contenders::list_and_clocks::ListAndClocks;
use crate::contenders::ours::Ours;
use crate::contenders::turns;
use crate::crowd::children::Children;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Number of idle children [default: 3000, with --quick 100]
    children: Option<usize>,

    /// Number of rounds [default: 100, with --quick 5]
    #[arg(long)]
    rounds: Option<usize>,
}

/// After this time all children are idle.
const SETTLE: Duration = Duration::from_secs(3);

pub(crate) fn run(options: &Options, is_quick: bool) -> Result<(), Box<dyn Error>> {
    let (children, rounds) = if is_quick { (100, 5) } else { (3000, 100) };
    let rounds = options.rounds.unwrap_or(rounds);
    let _children = Children::idle(options.children.unwrap_or(children))?;
    thread::sleep(SETTLE);
    let compared = turns::compare(
        &mut [
            Box::new(ListAndClocks::new()),
            Box::new(Ours::linux()?),
            Box::new(Ours::listening()?),
        ],
        rounds,
        || Ok(()),
    )?;
    let processes = compared.first().map_or(0.0, |first| first.processes);
    println!("{processes:.0} processes, medians of {rounds} rounds in turns\n");
    println!("| what | us a process | ratio |");
    println!("|---|---|---|");
    for one in &compared {
        let scan_us = one.cpu_us.ok_or("the kernel does not count CPU time")?;
        let ratio = one.cpu_ratio.unwrap_or(f64::NAN);
        println!("| {} | {:.2} | {ratio:.2} |", one.name, scan_us / processes);
    }
    Ok(())
}
