//! The program: its subcommands, and its options without one.

use clap::{ArgAction, Command, CommandFactory, Parser};

use super::listing::List;
use super::schedule::Pace;
use super::shape::Shape;
use super::subcommands::Sub;
use super::usage;

const EXAMPLES: &str = "\
Exit status: 0 done, 1 failed or no process matches, 2 wrong usage.
More: pscan COMMAND --help, pscan man | man -l -

Examples:
  pscan nginx                          list what has nginx in its name or command
  pscan --top 10 --sort rss            list the ten largest in memory
  pscan --tree --name '^(sshd|bash)$'  show these below their parents
  pscan --json | jq '.processes[].name'
  pscan watch --events created,exited  print births and exits
  pscan record host.ndjson --for 1m    record; then pscan replay host.ndjson";

/// Report which processes run, start and exit, and what each uses.
///
/// Without a command, pscan lists all processes once, the busiest first. Unknown values are `-`.
#[derive(Debug, Parser)]
#[command(
    name = "pscan",
    version,
    after_help = EXAMPLES,
    // For options that conflict, clap would print a usage line with one of them alone.
    override_usage = "pscan [OPTIONS] [NAME]...\n       pscan <COMMAND>",
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

/// Builds the definition of the command line.
///
/// The parser, the completions and the manual pages come from it.
pub(crate) fn definition() -> Command {
    // A list alone has both.
    let program = Cli::command().mut_arg("by", |by| by.conflicts_with("collect"));
    program.mut_subcommands(|command| {
        let usage = usage::of(&command);
        let command = command.override_usage(usage);
        match command.get_name() {
            // With any number of values, `--pid 1 FILE` would take FILE for a pid.
            "replay" => {
                let command = command.mut_arg("pid", |pid| pid.num_args(1));
                // Events have no table.
                let ids = Shape::IDS.into_iter();
                ids.fold(command, |command, id| {
                    command.mut_arg(id, |arg| arg.requires("at"))
                })
            }
            "top" => {
                let command = command.mut_arg("cpu_budget", |arg| arg.default_value("5"));
                // A recording was scanned already.
                let ids = Pace::IDS.into_iter();
                ids.fold(command, |command, id| {
                    command.mut_arg(id, |arg| arg.conflicts_with("replay"))
                })
            }
            _ => command,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::subcommands::SUBCOMMANDS;
    use super::*;

    #[test]
    fn definition_passes_checks_of_clap() {
        definition().debug_assert();
    }

    #[test]
    fn every_subcommand_has_a_manual_page() {
        let cli = definition();
        let names = cli.get_subcommands().map(Command::get_name);
        assert!(names.eq(SUBCOMMANDS.iter().copied()));
    }

    #[test]
    fn help_fits_64_lines_of_80_columns() {
        let help = definition().term_width(80).render_help().to_string();
        let lines: Vec<_> = help.lines().collect();
        assert!(lines.len() <= 64, "{} lines:\n{help}", lines.len());
        assert!(lines.iter().all(|line| line.len() <= 80), "{help}");
    }
}
