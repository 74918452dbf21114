//! The command line as clap reads it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use process_scanner::{Config, SourceChoice};

const EXAMPLES: &str = "\
Examples:
  pscan                              what runs here, the busiest first
  pscan --json | jq '.processes[].name'
  pscan watch                        births, changes and deaths as they come
  pscan watch --json --scans 10 --interval-ms 200
  pscan record host.ndjson           write down everything that is seen, until Ctrl-C
  pscan replay host.ndjson --json    what watch would have told then

Exit status: 0 done, 1 a failure (one line on standard error), 2 wrong usage.
Logs go to standard error as RUST_LOG says, for example RUST_LOG=info; none by default.";

/// Tells which processes this host runs, which are born, which die and what each uses.
///
/// Without a command: all processes once, as a table with the busiest first. `-` in it is what
/// could not be known.
#[derive(Debug, Parser)]
#[command(name = "pscan", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) sub: Option<Sub>,
    #[command(flatten)]
    pub(super) list: List,
}

/// Where live processes are read from.
#[derive(Debug, Args)]
pub(super) struct Live {
    /// Read the kernel's own files (linux), or use the crate sysinfo
    #[arg(long, value_name = "NAME", value_enum, default_value = "auto")]
    pub(super) source: Choice,
    /// Read the proc(5) that is mounted at PATH, such as the host's in a container
    #[arg(long, value_name = "PATH")]
    pub(super) proc: Option<PathBuf>,
}

/// The sources by their names.
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
pub(super) enum Choice {
    /// linux where it can be used, else sysinfo
    Auto,
    /// The kernel's own files; on Linux alone
    Linux,
    /// The crate sysinfo
    Sysinfo,
}

impl Live {
    /// Settings with this source.
    pub(super) fn config(&self) -> Config {
        let mut config = Config::default();
        config.source = match self.source {
            Choice::Auto => SourceChoice::Auto,
            Choice::Linux => SourceChoice::Linux,
            Choice::Sysinfo => SourceChoice::Sysinfo,
        };
        config.proc_path.clone_from(&self.proc);
        config
    }
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    pub(super) live: Live,
    /// Print one JSON object on one line, processes in order of pid
    #[arg(long)]
    pub(super) json: bool,
    /// Milliseconds between the two samples that CPU use is reckoned from; 0 takes one sample,
    /// and CPU use is unknown
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = value_parser!(u64).range(0..=60_000))]
    pub(super) sample_ms: u64,
}

#[derive(Debug, Subcommand)]
pub(super) enum Sub {
    /// Print what happens to processes as it happens, until Ctrl-C
    ///
    /// It begins with an `existing` event for each process there is. A reader that is too slow
    /// loses events; it is told so by a `resync` event, and then told the state anew by `existing`
    /// events.
    Watch(Watch),
    /// Write down what the scans see, for `replay`, until Ctrl-C
    ///
    /// Each scan is written as soon as it is made, so that whatever ends the recording, the scans
    /// so far can be replayed.
    Record(Record),
    /// Print what `watch` would have printed when FILE was recorded
    ///
    /// It goes as fast as it can.
    Replay(Replay),
}

#[derive(Debug, Args)]
pub(super) struct Watch {
    /// Print JSON, one event on each line
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) schedule: Schedule,
}

#[derive(Debug, Args)]
pub(super) struct Record {
    /// The recording to write, replacing what is there; `-` is standard output
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) schedule: Schedule,
}

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The recording to read; `-` is standard input
    pub(super) file: PathBuf,
    /// Print JSON, one event on each line
    #[arg(long)]
    pub(super) json: bool,
}

/// When a live source is scanned, and how often.
#[derive(Debug, Args)]
pub(super) struct Schedule {
    #[command(flatten)]
    pub(super) live: Live,
    /// Milliseconds from one scan to the next, 50 to 3600000; more where the CPU budget takes it
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = value_parser!(u64).range(50..=3_600_000))]
    pub(super) interval_ms: u64,
    /// Stop after N scans
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub(super) scans: Option<u64>,
    /// CPU time to use at the most, in percent of one core, 0.01 to 100, or `off`; scans are made
    /// less often where they cost more
    #[arg(long, value_name = "PERCENT", default_value = "0.75", value_parser = cpu_budget)]
    pub(super) cpu_budget: CpuBudget,
    /// Print what the scanner did and what it cost to standard error, at the end and on SIGUSR1
    #[arg(long)]
    pub(super) stats: bool,
}

/// `None`: there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CpuBudget(pub(super) Option<f64>);

fn cpu_budget(text: &str) -> Result<CpuBudget, String> {
    if text == "off" {
        return Ok(CpuBudget(None));
    }
    match text.parse::<f64>() {
        Ok(percent) if (0.01..=100.0).contains(&percent) => Ok(CpuBudget(Some(percent))),
        _ => Err("it has to be a number from 0.01 to 100, or `off`".into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use process_scanner::Config;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_limits_are_those_of_the_library() {
        for (given, is_fine) in [
            (49, false),
            (50, true),
            (3_600_000, true),
            (3_600_001, false),
        ] {
            let mut config = Config::default();
            config.interval_ms = given;
            let given = given.to_string();
            let parsed = Cli::try_parse_from(["pscan", "watch", "--interval-ms", &given]);
            assert_eq!(parsed.is_ok(), is_fine, "{given}");
            assert_eq!(config.validate().is_ok(), is_fine, "{given}");
        }
        for (given, is_fine) in [
            ("0.0099", false),
            ("0.01", true),
            ("100", true),
            ("100.1", false),
            ("NaN", false),
        ] {
            let mut config = Config::default();
            config.cpu_budget_percent = given.parse().ok();
            assert_eq!(cpu_budget(given).is_ok(), is_fine, "{given}");
            assert_eq!(config.validate().is_ok(), is_fine, "{given}");
        }
        let watch = Cli::try_parse_from(["pscan", "watch"]).expect("it is fine");
        let Some(Sub::Watch(watch)) = watch.sub else {
            panic!("{watch:?}");
        };
        let default = Config::default().cpu_budget_percent;
        assert_eq!(
            (watch.schedule.cpu_budget.0, default),
            (default, Some(0.75))
        );
        assert_eq!(cpu_budget("off"), Ok(CpuBudget(None)));
        assert!(cpu_budget("").is_err() && cpu_budget("on").is_err());
    }
}
