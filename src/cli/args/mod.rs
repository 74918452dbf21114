//! The command line as clap reads it.

mod numbers;
mod schedule;
mod secrets;

use std::path::PathBuf;

use clap::{ArgAction, Args, Command, CommandFactory, Parser, Subcommand, value_parser};
use clap_complete::Shell;

use self::numbers::{at_least_one, speed};
pub(crate) use self::schedule::{Live, Schedule};
use self::secrets::Secrets;
use crate::cli::format::color::Color;
use crate::cli::format::printer::{Printer, Style};
use crate::cli::select::{Filter, Kind, Sort};

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
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) sub: Option<Sub>,
    #[command(flatten)]
    pub(crate) list: List,
    /// Print help
    // One form of help: what is said in more words stands in the manual page.
    #[arg(short, long, action = ArgAction::HelpShort, global = true)]
    help: Option<bool>,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    // The orders that the fields have.
    #[arg(
        long,
        value_name = "BY",
        help = Sort::help(),
        value_parser = Sort::parser(),
        hide_possible_values = true
    )]
    pub(crate) sort: Option<Sort>,
    /// Turn the order round
    #[arg(short, long)]
    pub(crate) reverse: bool,
    /// Only the first N in that order
    #[arg(short = 'n', long, value_name = "N", value_parser = at_least_one)]
    pub(crate) top: Option<u64>,
    /// Children below their parents, by pid; with ancestors
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) tree: bool,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Print one JSON object; by pid unless --sort or --top
    #[arg(long)]
    pub(crate) json: bool,
    /// Time between the samples; 0: no CPU use
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = value_parser!(u64).range(0..=60_000))]
    pub(crate) sample_ms: u64,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
    #[command(flatten)]
    pub(crate) live: Live,
    #[command(flatten)]
    pub(crate) color: Color,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Sub {
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
pub(crate) struct Output {
    /// Print JSON, one event on each line
    #[arg(long)]
    pub(crate) json: bool,
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
    pub(crate) events: Option<Vec<Kind>>,
    #[command(flatten)]
    pub(crate) filter: Filter,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
    #[command(flatten)]
    pub(crate) color: Color,
}

impl Output {
    /// What prints it. `filter`: its own, as it is for this host. `is_live`: what is told happens now and
    /// here.
    pub(crate) fn printer(&self, filter: Filter, is_live: bool) -> Printer {
        let style = Style {
            json: self.json,
            color: self.color,
            is_live,
        };
        Printer::new(style, self.events.clone(), filter)
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pscan watch --events created,exited --name '^(cc|rustc)$' --for 1m
  pscan watch --json | jq 'select(.event == \"exited\") | .process.name'
  pscan watch --stats --interval-ms 200 --cpu-budget 2")]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) schedule: Schedule,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pscan record host.ndjson --for 10m
  pscan record - --scans 60 | zstd > host.ndjson.zst")]
pub(crate) struct Record {
    /// The recording to write, replacing what is there; `-` is standard output
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
    #[command(flatten)]
    pub(crate) schedule: Schedule,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pscan replay host.ndjson --events exited --name '^make$'
  pscan replay host.ndjson --speed 10
  zstd -dc host.ndjson.zst | pscan replay - --json")]
pub(crate) struct Replay {
    /// The recording to read; `-` is standard input
    pub(crate) file: PathBuf,
    /// So many times as fast as it was recorded, 0.001 to 1000000; as fast as it can if left out
    #[arg(long, value_name = "N", value_parser = speed)]
    pub(crate) speed: Option<f64>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// The command line's definition, for all that is made of it.
pub(crate) fn definition() -> Command {
    // Its FILE could not stand after `--pid 1` if that took as many as there are.
    Cli::command().mut_subcommands(|command| match command.get_name() {
        "replay" => command.mut_arg("pid", |pid| pid.num_args(1)),
        _ => command,
    })
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
    fn help_fits_a_screen_of_80_columns() {
        let help = definition().term_width(80).render_help().to_string();
        let lines: Vec<_> = help.lines().collect();
        assert!(lines.len() <= 45, "{} lines:\n{help}", lines.len());
        assert!(lines.iter().all(|line| line.len() <= 80), "{help}");
    }
}
