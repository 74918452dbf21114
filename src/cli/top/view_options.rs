//! How a view begins.

use process_scanner::{Collect, Filter, GroupBy};

use crate::cli::format::intervals::Terms;
use crate::cli::format::table_columns::Layout;
use crate::cli::format::times::Zone;
use crate::cli::select::{Columns, Sort};

/// What the options of the command request, and what is known of the source.
#[derive(Debug, Clone)]
pub(crate) struct TopOptions {
    pub(crate) columns: Columns,
    /// `None`: by CPU use, and by pid in a tree.
    pub(crate) sort: Option<Sort>,
    pub(crate) is_reverse: bool,
    /// The processes to show; keys can restrict it further.
    pub(crate) filter: Filter,
    /// The filter selects by parents.
    pub(crate) has_family: bool,
    pub(crate) is_tree: bool,
    /// Groups instead of processes.
    pub(crate) by: Option<GroupBy>,
    /// Without colours, marks are bold, reversed or characters.
    pub(crate) has_color: bool,
    /// Without Unicode, curves, branches and rules are ASCII.
    pub(crate) has_unicode: bool,
    /// What the source reads.
    pub(crate) collects: Collect,
    /// The requested interval and budget; `None` for a recording.
    pub(crate) terms: Option<Terms>,
    /// The time zone of printed times: the local one, or UTC for a recording.
    pub(crate) zone: Zone,
    /// Whether it is a recording, which can be paused and moved.
    pub(crate) is_replay: bool,
}

impl TopOptions {
    /// Returns the groups of fields that the view shows at any width.
    pub(crate) fn collect(&self) -> Collect {
        let layout = Layout {
            width: None,
            is_tree: self.is_tree,
            sort: self.sort,
            columns: &self.columns,
            now_ms: 0,
        };
        let groups = self.by.map_or(Collect::NONE, |by| by.collect());
        layout.collect() | groups | Collect::CPU | Collect::MEMORY | Collect::THREADS
    }
}
