//! Options of `pscan top`.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use process_scanner::{Filter, GroupBy};

use super::columns::ColumnChoice;
use super::moments::moment;
use super::numbers::speed;
use super::schedule::Pace;
use super::secrets::Secrets;
use super::shape::{Order, group_by};
use crate::cli::format::color::Color;
use crate::cli::select::{FilterArgs, GroupOrder, Moment, some_text};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pscan top                            `h` lists the keys, `q` ends it
  pscan top nginx --tree
  pscan top --sort rss -o +threads,unit
  pscan top --interval 500ms --cpu-budget off
  pscan top --replay host.ndjson.gz --at 14:03

Keys and panes: docs/top.md")]
pub(crate) struct Top {
    /// Display processes with NAME in their name or command line
    ///
    /// NAME is plain text; case is ignored unless NAME has capitals. Of several, one must be there.
    #[arg(value_name = "NAME", value_parser = some_text)]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) order: Order,
    /// Display children below their parents, with all ancestors
    #[arg(short, long)]
    pub(crate) tree: bool,
    /// Display groups by name, user, container, unit or executable
    #[arg(
        long,
        value_name = "WHAT",
        value_parser = group_by(),
        hide_possible_values = true,
        conflicts_with_all = ["tree", "columns"]
    )]
    pub(crate) by: Option<GroupBy>,
    #[command(flatten)]
    pub(crate) columns: ColumnChoice,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Display a recording instead of this host
    ///
    /// FILE can be compressed, and a name without a file stands for the files that `record --rotate`
    /// wrote under that name. Repeat --replay for more files. Standard input is no FILE, because going
    /// back reads it again.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) replay: Vec<PathBuf>,
    /// Begin the replay at TIME, paused: 14:03, 2026-11-26T14:03:00Z or -10m
    ///
    /// TIME is as that of `pscan replay --at`.
    #[arg(
        long,
        value_name = "TIME",
        value_parser = moment,
        allow_hyphen_values = true,
        requires = "replay"
    )]
    pub(crate) at: Option<Moment>,
    /// Replay N times as fast as recorded, 0.001 to 1000000
    #[arg(
        long,
        value_name = "N",
        default_value = "1",
        value_parser = speed,
        allow_negative_numbers = true,
        requires = "replay"
    )]
    pub(crate) speed: f64,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
    #[command(flatten)]
    pub(crate) pace: Pace,
    #[command(flatten)]
    pub(crate) color: Color,
}

impl Top {
    /// Returns the filter on a host where pscan has this pid; `None` if it is not scanned.
    pub(crate) fn filter_on_host_with(&self, own_pid: Option<u32>) -> Filter {
        self.filter.on_host_with_names(own_pid, &self.names)
    }

    /// Returns what is wrong with the options together, and what to do.
    pub(super) fn conflict(&self) -> Option<String> {
        if self.replay.iter().any(|file| file.as_os_str() == "-") {
            let conflict = "--replay needs a file, because going back reads it again; \
                            for standard input, use 'pscan replay -'";
            return Some(conflict.into());
        }
        let by = GroupOrder::conflict(self.order.sort, self.by);
        by.or_else(|| self.columns.conflict(self.order.sort, false, self.pids()))
    }

    /// Returns the processes whose proportional memory is read; `None`: it was read already.
    fn pids(&self) -> Option<&[u32]> {
        self.replay.is_empty().then(|| self.filter.pids())
    }
}
