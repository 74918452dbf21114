//! Experiments with the scanner on this host, and the programs that draw the pictures in `docs/`.
//!
//! `cargo bench --bench lab -- --help` lists them.

// An experiment prints its figures.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod acceptance;
#[cfg(target_os = "linux")]
mod budget;
#[cfg(target_os = "linux")]
mod build_cost;
#[cfg(target_os = "linux")]
mod chart;
mod contenders;
mod crowd;
#[cfg(target_os = "linux")]
mod csv;
#[cfg(target_os = "linux")]
mod delays;
#[cfg(target_os = "linux")]
mod exit_cpu;
#[cfg(target_os = "linux")]
mod fields;
#[cfg(target_os = "linux")]
mod first;
mod host;
#[cfg(target_os = "linux")]
mod listening;
mod live;
#[cfg(target_os = "linux")]
mod lives;
mod measure;
#[cfg(target_os = "linux")]
mod peers;
#[cfg(target_os = "linux")]
mod picture;
#[cfg(target_os = "linux")]
#[path = "../../tests/suite/pseudoterminal.rs"]
mod pseudoterminal;
#[cfg(target_os = "linux")]
mod scale;
#[cfg(target_os = "linux")]
mod shares;
mod short_lived;
mod sizes;
mod soak;
mod statistics;
#[cfg(target_os = "linux")]
mod steps;
#[cfg(target_os = "linux")]
mod study;

use std::env;
use std::error::Error;

use clap::{CommandFactory, Parser, Subcommand};

use self::crowd::{births, child, turnover, workers};

/// Experiments with the scanner on this host. Times are for a full run, without --quick.
#[derive(Debug, Parser)]
#[command(name = "lab", bin_name = "lab", disable_help_subcommand = true)]
struct Lab {
    #[command(subcommand)]
    experiment: Option<Experiment>,

    /// Run for seconds only, to prove that the experiment works
    #[arg(long, global = true)]
    quick: bool,

    /// Ignored: cargo passes it to every bench
    #[arg(long, global = true, hide = true)]
    bench: bool,

    /// Means --quick: cargo passes it to test a bench
    #[arg(long, global = true, hide = true)]
    test: bool,
}

#[derive(Debug, Subcommand)]
enum Experiment {
    /// Measure all that docs/acceptance.md promises, and compare it with the limits (10 minutes)
    Acceptance(acceptance::Options),
    /// Compare a scan with the bare sysinfo refresh under it (1 minute)
    Live(live::Options),
    /// Compare scans, `ps` and `pscan watch` at 1000, 3000 and 10,000 processes (1 hour)
    Host(host::Options),
    /// Compare `pscan` with `top`, htop, atop and others, each as a whole program (20 minutes)
    #[cfg(target_os = "linux")]
    Peers(peers::Options),
    /// Measure from outside whether `pscan watch` keeps its budget, by the number of processes (40 minutes)
    #[cfg(target_os = "linux")]
    Budget(budget::Options),
    /// Measure first scans, and a crowd of births in one scan (2 minutes)
    #[cfg(target_os = "linux")]
    First(first::Options),
    /// Measure what the optional fields cost, in turns with scans without them (2 minutes)
    #[cfg(target_os = "linux")]
    Fields(fields::Options),
    /// Divide the time from a scan's end to its consumer into waits for a CPU and the rest (3 minutes)
    #[cfg(target_os = "linux")]
    Delays(delays::Options),
    /// Compare scans with and without the kernel's events (1 minute)
    #[cfg(target_os = "linux")]
    Listening(listening::Options),
    /// Compare the reported CPU shares with the true ones (4 minutes)
    #[cfg(target_os = "linux")]
    Shares(shares::Options),
    /// Count the short-lived processes that each interval shows (1 minute)
    ShortLived(short_lived::Options),
    /// Check what is reported of processes that live for milliseconds (15 minutes)
    #[cfg(target_os = "linux")]
    Lives(lives::Options),
    /// Measure what listening costs at each step, and in a storm of births (15 minutes)
    #[cfg(target_os = "linux")]
    Steps(steps::Options),
    /// Compare the reported CPU time of short lives with the `rusage` of their parent (4 minutes)
    #[cfg(target_os = "linux")]
    ExitCpu(exit_cpu::Options),
    /// Measure how much `pscan run` slows a build, in turns with the build alone (5 minutes)
    #[cfg(target_os = "linux")]
    BuildCost(build_cost::Options),
    /// Fork for an hour and check every batch against the truth (1 hour)
    Soak(soak::Options),
    /// Measure accuracy and cost at intervals from 100 ms to 15 s (11 minutes)
    #[cfg(target_os = "linux")]
    Study(study::Options),
    /// Draw docs/benchmarks/study.svg from the figures of `study` (1 second)
    #[cfg(target_os = "linux")]
    StudyPlot,
    /// Measure the cost of a scan at 1000 to 20,000 processes (10 minutes)
    #[cfg(target_os = "linux")]
    Scale(scale::Options),
    /// Draw docs/benchmarks/scale.svg from the figures of `scale` (1 second)
    #[cfg(target_os = "linux")]
    ScalePlot,
    /// Draw docs/pscan.svg, the picture in the README, from a real run (10 seconds)
    #[cfg(target_os = "linux")]
    Picture,
}

/// What a child of an experiment does, by its first argument.
const ROLES: &[child::Role] = &[
    (child::WAIT, |_| child::wait()),
    (births::END, |_| Ok(())),
    #[cfg(target_os = "linux")]
    (exit_cpu::USE, exit_cpu::use_cpu),
    #[cfg(target_os = "linux")]
    (lives::LIVE, lives::live),
    #[cfg(target_os = "linux")]
    (lives::WATCH, lives::watch),
    (turnover::GIVE_BIRTH, turnover::give_birth),
    (workers::WORK, |_| workers::work()),
    #[cfg(target_os = "linux")]
    (shares::burner::BURN, shares::burner::burn),
    #[cfg(target_os = "linux")]
    (shares::stopped::SCAN_SHARE, shares::stopped::scan_share),
    #[cfg(target_os = "linux")]
    (steps::LISTEN, steps::listen),
    #[cfg(target_os = "linux")]
    (study::worker::WORK_IN_BURSTS, study::worker::work),
];

fn main() -> Result<(), Box<dyn Error>> {
    #[cfg(target_os = "linux")]
    if let Ok(part) = env::var(picture::actors::PART) {
        return picture::actors::play(&part);
    }
    // Without clap, which would make each of ten thousand children larger.
    if let Some(ended) = child::play_role(env::args().skip(1), ROLES) {
        return Ok(ended?);
    }
    let lab = Lab::parse();
    let is_quick = lab.quick || lab.test;
    let Some(experiment) = lab.experiment else {
        return Ok(Lab::command().print_help()?);
    };
    match experiment {
        Experiment::Acceptance(options) => acceptance::run(&options, is_quick),
        Experiment::Live(options) => live::run(&options, is_quick),
        Experiment::Host(options) => host::run(options, is_quick),
        #[cfg(target_os = "linux")]
        Experiment::Peers(options) => peers::run(options, is_quick),
        #[cfg(target_os = "linux")]
        Experiment::Budget(options) => budget::run(&options, is_quick),
        #[cfg(target_os = "linux")]
        Experiment::First(options) => first::run(&options, is_quick),
        #[cfg(target_os = "linux")]
        Experiment::Fields(options) => fields::run(&options, is_quick),
        #[cfg(target_os = "linux")]
        Experiment::Delays(options) => delays::run(&options, is_quick),
        #[cfg(target_os = "linux")]
        Experiment::Listening(options) => listening::run(&options, is_quick),
        #[cfg(target_os = "linux")]
        Experiment::Shares(options) => shares::run(&options, is_quick),
        Experiment::ShortLived(options) => short_lived::run(&options, is_quick),
        #[cfg(target_os = "linux")]
        Experiment::Lives(options) => lives::run(&options, is_quick),
        #[cfg(target_os = "linux")]
        Experiment::Steps(options) => steps::run(&options, is_quick),
        #[cfg(target_os = "linux")]
        Experiment::ExitCpu(options) => exit_cpu::run(&options, is_quick),
        #[cfg(target_os = "linux")]
        Experiment::BuildCost(options) => build_cost::run(&options, is_quick),
        Experiment::Soak(options) => soak::run(&options, is_quick),
        #[cfg(target_os = "linux")]
        Experiment::Study(options) => study::run(&options, is_quick),
        #[cfg(target_os = "linux")]
        Experiment::StudyPlot => study::plot::draw(),
        #[cfg(target_os = "linux")]
        Experiment::Scale(options) => scale::run(options, is_quick),
        #[cfg(target_os = "linux")]
        Experiment::ScalePlot => scale::plot::draw(),
        #[cfg(target_os = "linux")]
        Experiment::Picture => picture::draw(),
    }
}
