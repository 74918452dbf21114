//! Options for times of a recording.

use clap::Args;

use super::durations::before_end;
use crate::cli::select::Moment;

/// Options that choose a part of a recording.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Span {
    /// Begin at TIME, with all processes of that moment: 14:03, 2026-11-26T14:03:00Z or -10m
    ///
    /// 14:03, 14:03:20 or 14:03:20.5 is the first such time in the recording, by the local clock;
    /// with a Z, by that of UTC. A date makes it exact: 2026-11-26T14:03, with Z or an offset such
    /// as +01:00 if it is not local. -10m is 10 minutes before the end. A time outside of the
    /// recording is an error with the times of its begin and its end.
    #[arg(long, value_name = "TIME", value_parser = moment, allow_hyphen_values = true)]
    pub(crate) from: Option<Moment>,
    /// End at TIME
    #[arg(long, value_name = "TIME", value_parser = moment, allow_hyphen_values = true)]
    pub(crate) to: Option<Moment>,
}

/// The option that chooses one moment of a recording.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct At {
    /// Print the table of processes at TIME, with the options of a list
    ///
    /// It is that of the last scan until then, or of what was heard since. --sort, --top, --columns,
    /// --tree, --by and --quiet are as without a command.
    #[arg(
        long,
        value_name = "TIME",
        value_parser = moment,
        allow_hyphen_values = true,
        conflicts_with_all = ["from", "to", "events", "failed", "speed"]
    )]
    pub(crate) at: Option<Moment>,
}

impl Span {
    /// Returns whether a time counts from the end of the recording.
    pub(crate) fn needs_end(&self) -> bool {
        let mut all = [&self.from, &self.to].into_iter().flatten();
        all.any(Moment::is_before_end)
    }
}

/// Parses a time of a recording.
pub(super) fn moment(text: &str) -> Result<Moment, String> {
    match text.strip_prefix('-') {
        Some(time) => before_end(time).map(|time| Moment::before_end(text, time)),
        None => Moment::parse(text).ok_or_else(|| {
            "must be a time such as 14:03, 14:03:20, 2026-11-26T14:03:00Z, or -10m for 10 minutes \
             before the end"
                .into()
        }),
    }
}
