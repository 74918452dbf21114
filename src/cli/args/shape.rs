//! Options for a table of processes, of a list and of a replay at one moment.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use process_scanner::{Filter, GroupBy};

use super::columns::ColumnChoice;
use super::numbers::at_least_one;
use crate::cli::format::color::Color;
use crate::cli::select::{FilterArgs, GroupOrder, Sort, SortParser};

/// The order of processes, or of groups.
#[derive(Debug, Clone, Args)]
pub(crate) struct Order {
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
}

/// Which columns and lines a table has, and in which order.
#[derive(Debug, Clone, Args)]
pub(crate) struct Shape {
    #[command(flatten)]
    pub(crate) order: Order,
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
    /// List groups by name, user, container, unit or executable
    ///
    /// Each line has the sums of a group. A sum that lacks the values of some processes has a ≥.
    /// --sort takes cpu, rss, threads, age, processes, and name or WHAT.
    #[arg(
        long,
        value_name = "WHAT",
        value_parser = group_by(),
        hide_possible_values = true,
        conflicts_with_all = ["tree", "quiet", "columns"]
    )]
    pub(crate) by: Option<GroupBy>,
    #[command(flatten)]
    pub(crate) columns: ColumnChoice,
    /// Print pids alone, one per line
    #[arg(short, long, conflicts_with_all = ["json", "tree", "columns"])]
    pub(crate) quiet: bool,
}

pub(super) fn group_by() -> impl TypedValueParser<Value = GroupBy> {
    let names = GroupBy::ALL.iter().map(|by| by.as_str());
    PossibleValuesParser::new(names)
        .map(|name| GroupBy::named(&name).expect("BUG: the parser accepts existing values alone"))
}

impl Shape {
    /// The names of these options, for the parser.
    pub(super) const IDS: [&str; 7] = ["sort", "reverse", "top", "tree", "by", "columns", "quiet"];

    /// Returns what is wrong with the options together, and what to do.
    ///
    /// `pids`: the processes whose proportional memory is read; `None`: it was read already.
    pub(super) fn conflict(&self, is_json: bool, pids: Option<&[u32]>) -> Option<String> {
        let by = GroupOrder::conflict(self.order.sort, self.by);
        by.or_else(|| self.columns.conflict(self.order.sort, is_json, pids))
    }
}

/// A table that the user requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) shape: &'a Shape,
    pub(crate) names: &'a [String],
    pub(crate) filter: &'a FilterArgs,
    pub(crate) is_json: bool,
    pub(crate) color: Color,
}

impl Request<'_> {
    /// Returns the filter on a host where pscan has this pid; `None` if it is not scanned.
    pub(crate) fn filter_on_host_with(&self, own_pid: Option<u32>) -> Filter {
        self.filter.on_host_with_names(own_pid, self.names)
    }

    /// Returns what selects processes, as on the command line.
    pub(crate) fn conditions(&self) -> String {
        let names = self.names.iter().map(|name| format!("'{name}'"));
        let options = self.filter.to_string();
        let given = names.chain((!options.is_empty()).then_some(options));
        given.collect::<Vec<_>>().join(" ")
    }
}
