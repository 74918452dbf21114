//! Defines the command line for clap.

mod aliases;
mod durations;
mod numbers;
mod schedule;
mod secrets;
mod tips;
mod usage;
pub(crate) mod word_reader;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{
    ArgAction, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand, ValueHint,
};
use clap_complete::Shell;

use self::durations::sample;
use self::numbers::{at_least_one, speed};
pub(crate) use self::schedule::{Live, Schedule};
use self::secrets::Secrets;
use crate::cli::format::color::Color;
use crate::cli::format::intervals::Terms;
use crate::cli::format::printer::{Printer, Style};
use crate::cli::select::{Filter, Kind, Sort};

const EXAMPLES: &str = "\
Exit status: 0 done, 1 failed or no process matches, 2 wrong usage.
More: pscan COMMAND --help, pscan man | man -l -

Examples:
  pscan --top 10 --sort rss            list the ten largest in memory
  pscan --tree --name '^(sshd|bash)$'  show these below their parents
  pscan --json | jq '.processes[].name'
  pscan watch --events created,exited  print births and exits
  pscan record host.ndjson --for 1m    record; then pscan replay host.ndjson";

/// The subcommands, each with a manual page.
const SUBCOMMANDS: [&str; 5] = ["watch", "record", "replay", "completions", "man"];

/// Report which processes run, start and exit, and what each uses.
///
/// Without a command, pscan lists all processes once, the busiest first. Unknown values are `-`.
#[derive(Debug, Parser)]
#[command(
    name = "pscan",
    version,
    after_help = EXAMPLES,
    // For options that conflict, clap would print a usage line with one of them alone.
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
    // There is one form of help; the manual page has the details.
    #[arg(short, long, action = ArgAction::HelpShort, global = true)]
    help: Option<bool>,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    // The list of fields has the orders.
    #[arg(
        long,
        value_name = "BY",
        help = Sort::help(),
        long_help = Sort::long_help(),
        value_parser = Sort::parser(),
        hide_possible_values = true
    )]
    pub(crate) sort: Option<Sort>,
    /// Reverse the order
    #[arg(short, long)]
    pub(crate) reverse: bool,
    /// Print only the first N processes
    #[arg(short = 'n', long, value_name = "N", value_parser = at_least_one)]
    pub(crate) top: Option<u64>,
    /// Print children below their parents, with all ancestors
    ///
    /// Children of one parent are in order of pid, unless --sort is given.
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) tree: bool,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Print one JSON object, in order of pid by default
    ///
    /// With --top the default order is cpu.
    #[arg(long)]
    pub(crate) json: bool,
    /// Measure CPU use for this time; 0: no CPU use
    ///
    /// pscan takes two samples, this far apart, at most 60s. With 0 pscan takes one sample, so CPU
    /// use is unknown.
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = sample)]
    pub(crate) sample: Duration,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
    #[command(flatten)]
    pub(crate) live: Live,
    #[command(flatten)]
    pub(crate) color: Color,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Sub {
    /// Print births, exits and changes of processes until Ctrl-C
    ///
    /// Text has births, exits, and changes of name, command line, parent and status; on a terminal
    /// a summary follows. JSON has all changes, and begins with an `existing` event for each
    /// process. --events selects kinds of events for both; text then has changes of CPU use and
    /// memory too, and so it has with --pid. Narrow terminals get fewer columns, and on less than 36
    /// columns the signs = + ~ - for existing, created, updated, exited.
    ///
    /// With --pid it ends when the processes that had these pids at the start have exited. A later
    /// process with the same pid is not watched.
    ///
    /// The summary counts a process from when it first matches the filters until it exits, even if
    /// it no longer matches. Processes that were there before and begin to match are not births,
    /// and have a count of their own.
    ///
    /// A slow reader loses events, and then receives a `resync` event with the number of lost
    /// batches, and an `existing` event for each process.
    Watch(Watch),
    /// Record scans to a file, for `replay`, until Ctrl-C
    ///
    /// Each scan is written as soon as it ends, so the scans before a crash can be replayed.
    /// Secrets in command lines are redacted unless --no-redact is given.
    Record(Record),
    /// Print the events of a recording, like `watch`
    ///
    /// It replays as fast as it can, unless --speed is given.
    Replay(Replay),
    /// Print a completion script for a shell
    #[command(
        after_help = "Example:\n  pscan completions bash > ~/.local/share/bash-completion/completions/pscan"
    )]
    Completions {
        /// Shell that runs the script
        shell: Shell,
    },
    /// Print a manual page in roff
    #[command(after_help = "Example:\n  pscan man watch | man -l -")]
    Man {
        /// Command to describe: watch, record, replay, completions or man; default: pscan itself
        #[arg(value_parser = SUBCOMMANDS, hide_possible_values = true)]
        command: Option<String>,
    },
}

/// Options for printed events.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Print JSON, one event per line
    #[arg(long)]
    pub(crate) json: bool,
    /// Print only these events, separated by commas: existing, created, updated, exited
    ///
    /// Failed scans, lost batches, and changes of the interval, the budget and the breaker are
    /// always printed; with --json, unseen births too.
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
    /// Builds the printer for these options.
    ///
    /// `filter`: the filter of these options, adapted to the host. `terms`: for events of this host.
    pub(crate) fn printer(&self, filter: Filter, terms: Option<Terms>) -> Printer {
        let style = Style {
            json: self.json,
            color: self.color,
            terms,
        };
        Printer::new(style, self.events.clone(), filter)
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pscan watch --events created,exited --name '^(cc|rustc)$' --for 1m
  pscan watch --json | jq 'select(.event == \"exited\") | .process.name'
  pscan watch --stats --interval 200ms --cpu-budget 2")]
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
    /// Recording to write; `-` is standard output
    ///
    /// A file that is not empty is refused without --force, and one that another pscan records to
    /// in any case. Only its owner can read a new file; an existing one keeps its mode. Pipes and
    /// devices such as /dev/null can be written too.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Replace what the file contains
    #[arg(long)]
    pub(crate) force: bool,
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
    /// Recording to read; `-` is standard input
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Replay N times as fast as recorded, 0.001 to 1000000; default: as fast as possible
    #[arg(long, value_name = "N", value_parser = speed)]
    pub(crate) speed: Option<f64>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Parses a command line; an error has tips on what was probably meant.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let args: Vec<OsString> = args.into_iter().collect();
    parse_alone(&args).map_err(|mut error| {
        let words = args.iter().skip(1);
        let words: Vec<_> = words
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let mut program = definition();
        program.build();
        tips::add(&mut error, &program, &words);
        error
    })
}

fn parse_alone(args: &[OsString]) -> Result<Cli, clap::Error> {
    let mut parser = aliases::add(definition());
    let matches = parser.try_get_matches_from_mut(args)?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut parser))?;
    if let Some(sample) = aliases::sample(&matches) {
        cli.list.sample = sample;
    }
    let schedule = match &mut cli.sub {
        Some(Sub::Watch(watch)) => Some(&mut watch.schedule),
        Some(Sub::Record(record)) => Some(&mut record.schedule),
        _ => None,
    };
    let conflict = schedule.and_then(|schedule| {
        if let Some(interval) = aliases::interval(&matches) {
            schedule.interval = interval;
        }
        schedule.conflict()
    });
    match conflict {
        Some(conflict) => {
            let name = matches.subcommand_name().unwrap_or_default();
            let command = parser.find_subcommand_mut(name);
            let command = command.expect("BUG: the parser accepts existing subcommands alone");
            Err(command.error(ErrorKind::ValueValidation, conflict))
        }
        None => Ok(cli),
    }
}

/// Builds the definition of the command line.
///
/// The parser, the completions and the manual pages come from it.
pub(crate) fn definition() -> Command {
    Cli::command().mut_subcommands(|command| {
        let usage = usage::of(&command);
        let command = command.override_usage(usage);
        match command.get_name() {
            // With any number of values, `--pid 1 FILE` would take FILE for a pid.
            "replay" => command.mut_arg("pid", |pid| pid.num_args(1)),
            _ => command,
        }
    })
}

#[cfg(test)]
mod tests {
    use process_scanner::Config;

    use super::*;

    #[test]
    fn definition_passes_checks_of_clap() {
        definition().debug_assert();
    }

    #[test]
    fn every_subcommand_has_a_manual_page() {
        let cli = definition();
        let names = cli.get_subcommands().map(Command::get_name);
        assert!(names.eq(SUBCOMMANDS));
    }

    fn parsed(line: &str) -> Result<Cli, clap::Error> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn schedule(line: &str) -> Schedule {
        match parsed(line).expect(line).sub {
            Some(Sub::Watch(watch)) => watch.schedule,
            Some(Sub::Record(record)) => record.schedule,
            sub => panic!("{line}: {sub:?}"),
        }
    }

    #[test]
    fn limits_equal_those_of_the_library() {
        for (given, is_fine) in [
            (49, false),
            (50, true),
            (3_600_000, true),
            (3_600_001, false),
        ] {
            let mut config = Config::default();
            config.interval_ms = given;
            assert_eq!(config.validate().is_ok(), is_fine, "{given}");
            for line in [
                "pscan watch --interval-ms N",
                "pscan watch --interval Nms",
                "pscan watch --interval 50ms --max-interval Nms",
            ] {
                let line = line.replace('N', &given.to_string());
                assert_eq!(parsed(&line).is_ok(), is_fine, "{line}");
            }
        }
        let defaults = schedule("pscan watch").config();
        let mut expected = Config::default();
        expected.budget_covers_callbacks = true;
        assert_eq!(defaults, expected);
        assert_eq!(defaults.cpu_budget_percent, Some(0.75));
    }

    #[test]
    fn aliases_take_milliseconds_and_are_hidden() {
        for line in [
            "pscan watch --interval-ms 200",
            "pscan record x --interval-ms 200",
        ] {
            assert_eq!(schedule(line).config().interval_ms, 200);
            let both = format!("{line} --interval 200ms");
            let error = parsed(&both).expect_err(&both);
            assert_eq!(error.kind(), ErrorKind::ArgumentConflict);
        }
        let list = parsed("pscan --sample-ms 0").expect("an alias").list;
        assert_eq!(list.sample, Duration::ZERO);
        parsed("pscan --sample-ms 0 --sample 0").expect_err("both are given");
        let mut parser = aliases::add(definition());
        parser.clone().debug_assert();
        let mut help = parser.render_long_help().to_string();
        for sub in parser.get_subcommands_mut() {
            help.push_str(&sub.render_long_help().to_string());
        }
        assert!(help.contains("--sample ") && help.contains("--interval "));
        assert!(!help.contains("-ms"), "{help}");
    }

    #[test]
    fn the_longest_interval_is_no_shorter_than_the_interval() {
        let config = schedule("pscan watch --interval 2s --max-interval 10s").config();
        assert_eq!(config.max_interval_ms, Some(10_000));
        config.validate().expect("it is longer");
        assert!(
            schedule("pscan watch --max-interval 1s")
                .conflict()
                .is_none()
        );
        for line in [
            "pscan watch --max-interval 500ms",
            "pscan record x --interval-ms 2000 --max-interval 1s",
        ] {
            let error = parsed(line).expect_err(line);
            assert_eq!(error.kind(), ErrorKind::ValueValidation);
            let text = error.to_string();
            assert!(text.contains("is shorter than the interval of"), "{text}");
        }
    }

    #[test]
    fn help_fits_45_lines_of_80_columns() {
        let help = definition().term_width(80).render_help().to_string();
        let lines: Vec<_> = help.lines().collect();
        assert!(lines.len() <= 45, "{} lines:\n{help}", lines.len());
        assert!(lines.iter().all(|line| line.len() <= 80), "{help}");
    }
}
