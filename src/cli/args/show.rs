//! The subcommand that shows all about processes.

use std::time::Duration;

use clap::Args;

use super::durations::sample;
use super::schedule::Live;
use super::secrets::Secrets;
use crate::cli::format::color::Color;
use crate::cli::select::pid_or;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pscan show 4711
  pscan 4711                           the same
  pscan show 4711 --json | jq '.parents[].name'")]
pub(crate) struct Show {
    /// Processes to show
    #[arg(value_name = "PID", required = true, value_delimiter = ',', value_parser = pid_or("to find processes by name, use 'pscan NAME'"))]
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
