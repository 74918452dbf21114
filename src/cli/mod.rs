//! What `pscan` does: picks the subcommand, and turns its outcome into an exit status.

mod args;
mod cells;
mod escape;
mod events;
mod json;
mod list;
mod live;
mod record;
mod replay;
mod stats;
mod table;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use process_scanner::{Error, ErrorClass, Result};

use self::args::{Cli, Sub};

/// Runs the command line of this process.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    log_to_stderr();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &Error) -> ExitCode {
    // There is nobody left to tell if even this cannot be written.
    let _ = writeln!(io::stderr(), "pscan: {}", told(error));
    ExitCode::FAILURE
}

fn run(cli: Cli) -> Result<()> {
    match cli.sub {
        None => list::run(&cli.list),
        Some(Sub::Watch(watch)) => live::run_live(&watch),
        Some(Sub::Record(record)) => record::run(&record),
        Some(Sub::Replay(replay)) => replay::run(&replay),
    }
}

/// Answers `--help` and `--version`, and a command line that is wrong.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return match printed(error.print()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error),
        };
    }
    // It quotes the arguments, and they need not be harmless. Its own colours go with that.
    let text = error.render().to_string();
    for line in text.lines() {
        let _ = writeln!(io::stderr(), "{}", escape::escape(line));
    }
    ExitCode::from(2)
}

/// An error on one line, with what to do about it.
fn told(error: &Error) -> String {
    let mut text = escape::escape(&error.full_message()).into_owned();
    if let Some(advice) = error.advice() {
        text.push_str(&format!(" ({advice})"));
    }
    text
}

/// The error with the file that it is about.
fn in_file(file: &str, error: Error) -> Error {
    let advice = error.advice();
    let told = Error::new(error.class(), file).with_source(error);
    match advice {
        Some(advice) => told.with_advice(advice),
        None => told,
    }
}

/// What a write to standard output comes to: a reader that went away has seen what it wanted.
fn printed(outcome: io::Result<()>) -> Result<()> {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::new(
            ErrorClass::Output,
            "cannot write to standard output",
        )
        .with_source(error)),
        _ => Ok(()),
    }
}

fn log_to_stderr() {
    let env = env_logger::Env::default().default_filter_or("off");
    env_logger::Builder::from_env(env)
        .format(|out, record| {
            // What is logged quotes names and messages from outside.
            let text = record.args().to_string();
            writeln!(
                out,
                "{} {} {}: {}",
                out.timestamp_millis(),
                record.level(),
                record.target(),
                escape::escape(&text)
            )
        })
        .init();
}
