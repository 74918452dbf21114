//! Options in plain milliseconds, for command lines that already have them.
//!
//! They are known to the parser alone, not to the help, the completions and the manual pages.

use std::time::Duration;

use clap::{Arg, ArgMatches, Command, value_parser};

use super::{Cli, Sub};

const INTERVAL_MS: &str = "interval-ms";
const SAMPLE_MS: &str = "sample-ms";

/// Adds the aliases to the definition of the command line.
pub(super) fn add(command: Command) -> Command {
    let interval = || alias(INTERVAL_MS, "interval", 50..=3_600_000);
    command
        .arg(alias(SAMPLE_MS, "sample", 0..=60_000))
        .mut_subcommand("watch", |watch| watch.arg(interval()))
        .mut_subcommand("record", |record| record.arg(interval()))
}

fn alias(name: &'static str, of: &'static str, range: std::ops::RangeInclusive<u64>) -> Arg {
    Arg::new(name)
        .long(name)
        .hide(true)
        .conflicts_with(of)
        .value_name("N")
        .value_parser(value_parser!(u64).range(range))
}

/// Replaces the times of the options by those of their aliases.
pub(super) fn apply(matches: &ArgMatches, cli: &mut Cli) {
    let given = |matches: &ArgMatches, name| {
        let ms = matches.get_one::<u64>(name).copied();
        ms.map(Duration::from_millis)
    };
    if let Some(sample) = given(matches, SAMPLE_MS) {
        cli.list.sample = sample;
    }
    let (Some((_, matches)), Some(sub)) = (matches.subcommand(), &mut cli.sub) else {
        return;
    };
    let schedule = match sub {
        Sub::Watch(watch) => &mut watch.schedule,
        Sub::Record(record) => &mut record.schedule,
        _ => return,
    };
    if let Some(interval) = given(matches, INTERVAL_MS) {
        schedule.interval = interval;
    }
}
