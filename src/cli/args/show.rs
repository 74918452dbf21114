//! The subcommand that shows all about processes.

use clap::Args;

use super::sampling::Sampling;
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
    #[command(flatten)]
    pub(crate) sampling: Sampling,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
    #[command(flatten)]
    pub(crate) live: Live,
    #[command(flatten)]
    pub(crate) color: Color,
}
