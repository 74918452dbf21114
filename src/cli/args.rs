//! The command line as clap reads it.

mod schedule;

use std::path::PathBuf;

use clap::{ArgAction, Args, Command, CommandFactory, Parser, Subcommand, value_parser};
use clap_complete::Shell;

pub(super) use self::schedule::{Live, Schedule};
use super::color::Color;
use super::events::Kind;
use super::filter::Filter;
use super::order::Sort;
use super::secrets::Secrets;

const EXAMPLES: &str = "\
Exit status: 0 done, 1 failed or nothing matches, 2 wrong usage.
More: pscan COMMAND --help, pscan man | man -l -

Examples:
  pscan --top 10 --sort rss            the ten largest in memory
  pscan --tree --name '^(sshd|bash)$'  these, and whose children they are
  pscan --json | jq '.processes[].name'
  pscan watch --events created,exited  births and deaths as they come
  pscan record host.ndjson --for 1m    for `pscan replay host.ndjson`";

/// Those that have a manual page.
const SUBCOMMANDS: [&str; 5] = ["watch", "record", "replay", "completions", "man"];

/// Tells which processes run here, which are born, which die and what each uses.
///
/// Without a command: all processes once, the busiest first. `-` is what could not be known.
#[derive(Debug, Parser)]
#[command(
    name = "pscan",
    version,
    after_help = EXAMPLES,
    // Of options that do not go together, clap would name one, as if it were all there is.
    override_usage = "pscan [OPTIONS]\n       pscan <COMMAND>",
    args_conflicts_with_subcommands = true,
    disable_help_flag = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) sub: Option<Sub>,
    #[command(flatten)]
    pub(super) list: List,
    /// Print help
    // One form of help: what is said in more words stands in the manual page.
    #[arg(short, long, action = ArgAction::HelpShort, global = true)]
    help: Option<bool>,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Order by cpu, rss, pid, name or age; by cpu if left out
    #[arg(long, value_name = "BY", value_enum, hide_possible_values = true)]
    pub(super) sort: Option<Sort>,
    /// Turn the order round
    #[arg(short, long)]
    pub(super) reverse: bool,
    /// Only the first N in that order
    #[arg(short = 'n', long, value_name = "N", value_parser = at_least_one)]
    pub(super) top: Option<u64>,
    /// Children below their parents, by pid; with ancestors
    #[arg(short, long, conflicts_with = "json")]
    pub(super) tree: bool,
    #[command(flatten)]
    pub(super) filter: Filter,
    /// Print one JSON object; by pid unless --sort or --top
    #[arg(long)]
    pub(super) json: bool,
    /// Time between the samples; 0: no CPU use
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = value_parser!(u64).range(0..=60_000))]
    pub(super) sample_ms: u64,
    #[command(flatten)]
    pub(super) secrets: Secrets,
    #[command(flatten)]
    pub(super) live: Live,
    #[command(flatten)]
    pub(super) color: Color,
}

#[derive(Debug, Subcommand)]
pub(super) enum Sub {
    /// Print what happens to processes as it happens, until Ctrl-C
    ///
    /// For people: births, deaths, and changes of name, command, parent and status; on a terminal
    /// with a summary at the end. With --json, or as --events says, all changes and first of all an
    /// `existing` event for each process there is.
    ///
    /// A reader that is too slow loses events; it is told so by a `resync` event, and then told the
    /// state anew by `existing` events.
    Watch(Watch),
    /// Write down what the scans see, for `replay`, until Ctrl-C
    ///
    /// Each scan is written as soon as it is made, so that whatever ends the recording, the scans
    /// so far can be replayed. Secrets in command lines are not written unless asked for.
    Record(Record),
    /// Print what `watch` would have printed when FILE was recorded
    ///
    /// It goes as fast as it can, unless it is given a speed.
    Replay(Replay),
    /// Print a completion script for a shell
    #[command(
        after_help = "Example:\n  pscan completions bash > ~/.local/share/bash-completion/completions/pscan"
    )]
    Completions {
        /// The shell that is to complete
        shell: Shell,
    },
    /// Print a manual page, in roff
    #[command(after_help = "Example:\n  pscan man watch | man -l -")]
    Man {
        /// The command that it is about: watch, record, replay, completions or man; the program as
        /// a whole if left out
        #[arg(value_parser = SUBCOMMANDS, hide_possible_values = true)]
        command: Option<String>,
    },
}

/// What is printed of what happens.
#[derive(Debug, Args)]
pub(super) struct Output {
    /// Print JSON, one event on each line
    #[arg(long)]
    pub(super) json: bool,
    /// Only these events: existing, created, updated, exited, with commas between
    ///
    /// What is of the watch itself, such as a failed scan or a loss, is told in any case.
    #[arg(
        long,
        value_name = "KINDS",
        value_enum,
        value_delimiter = ',',
        hide_possible_values = true
    )]
    pub(super) events: Option<Vec<Kind>>,
    #[command(flatten)]
    pub(super) filter: Filter,
    #[command(flatten)]
    pub(super) secrets: Secrets,
    #[command(flatten)]
    pub(super) color: Color,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pscan watch --events created,exited --name '^(cc|rustc)$' --for 1m
  pscan watch --json | jq 'select(.event == \"exited\") | .process.name'
  pscan watch --stats --interval-ms 200 --cpu-budget 2")]
pub(super) struct Watch {
    #[command(flatten)]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) schedule: Schedule,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pscan record host.ndjson --for 10m
  pscan record - --scans 60 | zstd > host.ndjson.zst")]
pub(super) struct Record {
    /// The recording to write, replacing what is there; `-` is standard output
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) secrets: Secrets,
    #[command(flatten)]
    pub(super) schedule: Schedule,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pscan replay host.ndjson --events exited --name '^make$'
  pscan replay host.ndjson --speed 10
  zstd -dc host.ndjson.zst | pscan replay - --json")]
pub(super) struct Replay {
    /// The recording to read; `-` is standard input
    pub(super) file: PathBuf,
    /// So many times as fast as it was recorded, 0.001 to 1000000; as fast as it can if left out
    #[arg(long, value_name = "N", value_parser = speed)]
    pub(super) speed: Option<f64>,
    #[command(flatten)]
    pub(super) output: Output,
}

/// The command line's definition, for all that is made of it.
pub(super) fn definition() -> Command {
    // Its FILE could not stand after `--pid 1` if that took as many as there are.
    Cli::command().mut_subcommands(|command| match command.get_name() {
        "replay" => command.mut_arg("pid", |pid| pid.num_args(1)),
        _ => command,
    })
}

fn at_least_one(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("it has to be a whole number of at least 1".into()),
    }
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (0.001..=1e6).contains(&speed) => Ok(speed),
        _ => Err("it has to be a number from 0.001 to 1000000".into()),
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::Config;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        definition().debug_assert();
    }

    #[test]
    fn every_subcommand_has_a_manual_page() {
        let cli = definition();
        let names = cli.get_subcommands().map(Command::get_name);
        assert!(names.eq(SUBCOMMANDS));
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
        let watch = Cli::try_parse_from(["pscan", "watch"]).expect("it is fine");
        let Some(Sub::Watch(watch)) = watch.sub else {
            panic!("{watch:?}");
        };
        let default = Config::default().cpu_budget_percent;
        assert_eq!(
            (watch.schedule.cpu_budget.0, default),
            (default, Some(0.75))
        );
    }

    #[test]
    fn a_speed_is_a_number_that_time_can_be_divided_by() {
        assert_eq!(speed("0.5"), Ok(0.5));
        for given in ["0", "-1", "NaN", "inf", "1e300", "fast", ""] {
            speed(given).expect_err(given);
        }
    }

    #[test]
    fn help_fits_a_screen_of_80_columns() {
        let help = definition().term_width(80).render_help().to_string();
        let lines: Vec<_> = help.lines().collect();
        assert!(lines.len() <= 45, "{} lines:\n{help}", lines.len());
        assert!(lines.iter().all(|line| line.len() <= 80), "{help}");
    }
}
