//! Options for printed events, of `watch` and `replay`.

use clap::Args;

use super::secrets::Secrets;
use crate::cli::format::chosen_events::Chosen;
use crate::cli::format::color::Color;
use crate::cli::format::intervals::Terms;
use crate::cli::format::printer::{Printer, Style};
use crate::cli::select::{FilterArgs, Kind};

/// Options for printed events.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Print JSON, one event per line
    #[arg(long)]
    pub(crate) json: bool,
    /// Print only these events, separated by commas: existing, created, updated, exited
    ///
    /// Also printed, whatever is chosen: failed scans, lost batches, and changes of the interval,
    /// the budget, the breaker and what is heard of the kernel; with --json, unseen births too.
    #[arg(
        long,
        value_name = "KINDS",
        value_enum,
        value_delimiter = ',',
        hide_possible_values = true
    )]
    pub(crate) events: Option<Vec<Kind>>,
    /// Print only exits by a signal or with another exit code than 0
    ///
    /// Exits with an unknown status are not printed: scans alone do not report it.
    #[arg(long, conflicts_with = "events")]
    pub(crate) failed: bool,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
    #[command(flatten)]
    pub(crate) color: Color,
}

impl Output {
    /// Builds the printer for these options.
    ///
    /// `own_pid`: that of pscan, if it is scanned. `terms`: for events of this host.
    pub(crate) fn printer(&self, own_pid: Option<u32>, terms: Option<Terms>) -> Printer {
        let style = Style {
            json: self.json,
            color: self.color,
            terms,
        };
        let chosen = Chosen {
            kinds: self.events.clone(),
            is_failed: self.failed,
        };
        Printer::new(style, chosen, &self.filter, own_pid)
    }
}
