//! The subcommand that shows all about processes.

use std::time::Duration;

use clap::Args;

use super::durations::sample;
use super::schedule::Live;
use super::secrets::Secrets;
use crate::cli::format::color::Color;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pscan show 4711
  pscan 4711                           the same
  pscan show 4711 --json | jq '.parents[].name'")]
pub(crate) struct Show {
    /// Processes to show
    #[arg(value_name = "PID", required = true, value_delimiter = ',', value_parser = pid)]
    pub(crate) pid: Vec<u32>,
    /// Print one JSON object per process, with its parents and children
    #[arg(long)]
    pub(crate) json: bool,
    /// Measure CPU use for TIME; 0: not
    ///
    /// pscan takes two samples, this far apart, at most 60s. With 0 pscan takes one sample, so CPU
    /// use is unknown.
    #[arg(
        long,
        value_name = "TIME",
        default_value = "500ms",
        value_parser = sample,
        allow_hyphen_values = true
    )]
    pub(crate) sample: Duration,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
    #[command(flatten)]
    pub(crate) live: Live,
    #[command(flatten)]
    pub(crate) color: Color,
}

fn pid(text: &str) -> Result<u32, String> {
    let advice = "must be a process id, a whole number of at most 4294967295; to find processes by \
                  name, use 'pscan NAME'";
    text.parse().map_err(|_| advice.into())
}
