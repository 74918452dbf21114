//! Runs the subcommand and turns its outcome into an exit status.

mod allocator;
mod args;
mod commands;
#[cfg(feature = "serve")]
mod exposition;
mod format;
#[cfg_attr(
    not(feature = "export"),
    allow(dead_code, unused_imports, reason = "`export` uses all of it")
)]
mod history;
mod html_report;
mod launch;
#[cfg(feature = "serve")]
mod otlp;
mod outcome;
#[cfg(feature = "export")]
mod perfetto;
mod profile;
mod select;
#[cfg(feature = "serve")]
mod server;
#[cfg(feature = "serve")]
mod settings;
mod signals;
#[cfg(feature = "export")]
mod tables;
mod terminal;
mod top;

use std::env;
use std::io::Write as _;
use std::process::ExitCode;

use process_scanner::{Result, escape};

use self::args::{Cli, Sub};
#[cfg(feature = "export")]
use self::commands::export;
#[cfg(feature = "serve")]
use self::commands::serve;
use self::commands::{
    by_group, completions, list, pages, record, replay, report, run_command, show,
    top as top_command, watch,
};
use self::outcome::{Done, RUN_FAILED, fail, printed, remark, write_to_stderr};
use self::terminal::LogOutput;

/// Runs the command line of this process.
pub(crate) fn main() -> ExitCode {
    allocator::set_up();
    let args: Vec<_> = env::args_os().collect();
    if args.get(1).is_some_and(|arg| arg == completions::CALL) {
        let outcome = completions::complete(&args[2..]);
        return outcome.map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS);
    }
    let is_run = args.get(1).is_some_and(|arg| arg == "run");
    let cli = match args::parse(args) {
        Ok(cli) => cli,
        Err(error) => return print_parse_error(&error, if is_run { RUN_FAILED } else { 2 }),
    };
    log_to_stderr();
    match run(cli) {
        Ok(Done::All) => ExitCode::SUCCESS,
        Ok(Done::Nothing(why)) => {
            remark(&why);
            ExitCode::FAILURE
        }
        Ok(Done::Status(status)) => exit_with(status),
        Err(error) => fail(&error),
    }
}

/// Returns an exit status; ends the process if it is one that only Windows has.
fn exit_with(status: i32) -> ExitCode {
    match u8::try_from(status) {
        Ok(status) => ExitCode::from(status),
        Err(_) => std::process::exit(status),
    }
}

fn run(cli: Cli) -> Result<Done> {
    match cli.sub {
        None => match cli.list.shape.by {
            Some(by) => by_group::run(&cli.list, by),
            None => list::run(&cli.list),
        },
        Some(Sub::Show(show)) => show::run(&show),
        Some(Sub::Top(top)) => top_command::run(&top),
        Some(Sub::Watch(watch)) => watch::run(&watch),
        Some(Sub::Run(run)) => Ok(run_command::run(&run)),
        Some(Sub::Record(record)) => record::run(&record).map(|()| Done::All),
        Some(Sub::Replay(replay)) => replay::run(replay),
        Some(Sub::Report(report)) => report::run(report).map(|()| Done::All),
        #[cfg(feature = "export")]
        Some(Sub::Export(export)) => export::run(export).map(|()| Done::All),
        #[cfg(feature = "serve")]
        Some(Sub::Serve(serve)) => serve::run(&serve).map(|()| Done::All),
        Some(Sub::Completions { shell }) => completions::run(shell).map(|()| Done::All),
        Some(Sub::Man { command }) => pages::man(command.as_deref()).map(|()| Done::All),
    }
}

/// Prints help, the version, or what is wrong with the arguments.
///
/// `status`: exit status for wrong usage.
fn print_parse_error(error: &clap::Error, status: u8) -> ExitCode {
    if !error.use_stderr() {
        return match printed(error.print()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error),
        };
    }
    // The text quotes arguments, which may contain control characters. Escaping removes clap's colours too.
    let text = error.render().to_string();
    for line in text.lines() {
        write_to_stderr(&escape(line));
    }
    ExitCode::from(status)
}

fn log_to_stderr() {
    let settings = env_logger::Env::default().default_filter_or("off");
    env_logger::Builder::from_env(settings)
        .target(env_logger::Target::Pipe(Box::new(LogOutput)))
        .format(|out, record| {
            // Log messages quote names and errors, which may contain control characters.
            let text = record.args().to_string();
            writeln!(
                out,
                "{} {} {}: {}",
                out.timestamp_millis(),
                record.level(),
                record.target(),
                escape(&text)
            )
        })
        .init();
}
