//! Options of the list of processes.

use std::time::Duration;

use clap::Args;

use super::collected::Collected;
use super::columns::ColumnChoice;
use super::durations::sample;
use super::numbers::at_least_one;
use super::schedule::Live;
use super::secrets::Secrets;
use crate::cli::format::color::Color;
use crate::cli::select::{Filter, Sort, SortParser};

#[derive(Debug, Args)]
pub(crate) struct List {
    // The list of fields has the orders.
    #[arg(
        long,
        value_name = "BY",
        help = Sort::help(),
        long_help = Sort::long_help(),
        value_parser = SortParser,
        hide_possible_values = true
    )]
    pub(crate) sort: Option<Sort>,
    /// Reverse the order
    #[arg(short, long)]
    pub(crate) reverse: bool,
    /// Print only the first N processes
    #[arg(
        short = 'n',
        long,
        value_name = "N",
        value_parser = at_least_one,
        allow_negative_numbers = true
    )]
    pub(crate) top: Option<u64>,
    /// Print children below their parents, with all ancestors
    ///
    /// Children of one parent are in order of pid, unless --sort is given.
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) tree: bool,
    #[command(flatten)]
    pub(crate) columns: ColumnChoice,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Print one JSON object, in order of pid by default
    ///
    /// With --top the default order is cpu.
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
    pub(crate) collected: Collected,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
    #[command(flatten)]
    pub(crate) live: Live,
    #[command(flatten)]
    pub(crate) color: Color,
}

impl List {
    /// Returns what is wrong with the options together, and what to do.
    pub(super) fn conflict(&self) -> Option<String> {
        let pids = self.filter.pids();
        let columns = self.columns.conflict(self.sort, self.json, pids);
        columns.or_else(|| self.collected.conflict(self.json, pids))
    }
}
