//! Options of the list of processes.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use process_scanner::{Filter, GroupBy};

use super::collected::Collected;
use super::columns::ColumnChoice;
use super::numbers::at_least_one;
use super::sampling::Sampling;
use super::schedule::Live;
use super::secrets::Secrets;
use crate::cli::format::color::Color;
use crate::cli::select::{FilterArgs, GroupOrder, Sort, SortParser, some_text};

#[derive(Debug, Args)]
pub(crate) struct List {
    /// List processes with NAME in their name or command line
    ///
    /// NAME is plain text; case is ignored unless NAME has capitals. Of several, one must be there.
    /// pscan itself is not listed; the command that started it, such as sudo or timeout, can match.
    /// After `--`, a NAME can be that of a command.
    #[arg(value_name = "NAME", value_parser = some_text)]
    pub(crate) names: Vec<String>,
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
    /// List groups by name, user, container, unit or executable
    ///
    /// Each line has the sums of a group. A sum that lacks the values of some processes has a ≥.
    /// --sort takes cpu, rss, threads, age, processes, and name or WHAT.
    #[arg(
        long,
        value_name = "WHAT",
        value_parser = group_by(),
        hide_possible_values = true,
        conflicts_with_all = ["tree", "quiet", "columns", "collect"]
    )]
    pub(crate) by: Option<GroupBy>,
    #[command(flatten)]
    pub(crate) columns: ColumnChoice,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Print pids alone, one per line
    #[arg(short, long, conflicts_with_all = ["json", "tree", "columns"])]
    pub(crate) quiet: bool,
    /// Print one JSON object, in order of pid by default
    ///
    /// With --top the default order is cpu.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) sampling: Sampling,
    #[command(flatten)]
    pub(crate) collected: Collected,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
    #[command(flatten)]
    pub(crate) live: Live,
    #[command(flatten)]
    pub(crate) color: Color,
}

fn group_by() -> impl TypedValueParser<Value = GroupBy> {
    let names = GroupBy::ALL.iter().map(|by| by.as_str());
    PossibleValuesParser::new(names)
        .map(|name| GroupBy::named(&name).expect("BUG: the parser accepts existing values alone"))
}

impl List {
    /// Returns the filter on a host where pscan has this pid; `None` if it is not scanned.
    pub(crate) fn filter_on_host_with(&self, own_pid: Option<u32>) -> Filter {
        let filter = self.filter.on_host_with(own_pid);
        let names = self.names.iter().map(String::as_str);
        names.fold(filter, Filter::with_text)
    }

    /// Returns what selects processes, as on the command line.
    pub(crate) fn conditions(&self) -> String {
        let names = self.names.iter().map(|name| format!("'{name}'"));
        let options = self.filter.to_string();
        let given = names.chain((!options.is_empty()).then_some(options));
        given.collect::<Vec<_>>().join(" ")
    }

    /// Returns what is wrong with the options together, and what to do.
    pub(super) fn conflict(&self) -> Option<String> {
        match (self.by, self.sort) {
            (Some(by), Some(sort)) if GroupOrder::named(sort, by).is_none() => {
                return Some(format!(
                    "groups can be sorted by {}; for processes, leave out --by",
                    GroupOrder::NAMES
                ));
            }
            (None, Some(Sort::PROCESSES)) => {
                return Some("'processes' is an order of groups; add --by WHAT".into());
            }
            _ => {}
        }
        let pids = self.filter.pids();
        let columns = self.columns.conflict(self.sort, self.json, pids);
        columns.or_else(|| self.collected.conflict(self.json, pids))
    }
}
