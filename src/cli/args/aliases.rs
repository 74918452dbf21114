//! Options in plain milliseconds, for command lines that already have them.
//!
//! They are known to the parser alone, not to the help, the completions and the manual pages.

use std::ops::RangeInclusive;
use std::time::Duration;

use clap::{Arg, ArgMatches, Command, value_parser};

const INTERVAL_MS: &str = "interval-ms";
const SAMPLE_MS: &str = "sample-ms";

/// Adds the aliases to the definition of the command line.
pub(super) fn add(command: Command) -> Command {
    let interval = || alias(INTERVAL_MS, "interval", 50..=3_600_000);
    command
        .arg(alias(SAMPLE_MS, "sample", 0..=60_000))
        .mut_subcommand("top", |top| top.arg(interval().conflicts_with("replay")))
        .mut_subcommand("watch", |watch| watch.arg(interval()))
        .mut_subcommand("record", |record| record.arg(interval()))
}

fn alias(name: &'static str, of: &'static str, range: RangeInclusive<u64>) -> Arg {
    Arg::new(name)
        .long(name)
        .hide(true)
        .conflicts_with(of)
        .value_name("N")
        .value_parser(value_parser!(u64).range(range))
}

/// Returns the sample of its alias.
pub(super) fn sample(matches: &ArgMatches) -> Option<Duration> {
    given(matches, SAMPLE_MS)
}

/// Returns the interval of its alias.
pub(super) fn interval(matches: &ArgMatches) -> Option<Duration> {
    let (_, matches) = matches.subcommand()?;
    given(matches, INTERVAL_MS)
}

fn given(matches: &ArgMatches, name: &str) -> Option<Duration> {
    // Not every subcommand has an interval.
    let ms = matches.try_get_one::<u64>(name).ok().flatten();
    ms.copied().map(Duration::from_millis)
}
