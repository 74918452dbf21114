//! The lines of the table, in order.

use std::collections::HashSet;

use process_scanner::{GroupBy, GroupId, ProcessInfo, ProcessKey};

use super::collapsed::Collapsed;
use super::seen::Seen;
use crate::cli::format::group_sums;
use crate::cli::format::group_table::GroupLine;
use crate::cli::format::tree::{self, Line};
use crate::cli::select::{GroupOrder, Sort};

/// How the lines are chosen and sorted.
#[derive(Debug, Clone)]
pub(super) struct Arrangement {
    /// `None`: by CPU use, and by pid in a tree.
    pub(super) sort: Option<Sort>,
    pub(super) is_reverse: bool,
    pub(super) is_tree: bool,
    /// Groups instead of processes.
    pub(super) by: Option<GroupBy>,
    /// The processes of one group alone.
    pub(super) inside: Option<(GroupBy, GroupId)>,
    pub(super) collapsed: Collapsed,
}

impl Arrangement {
    /// Returns whether the lines are a tree of processes.
    pub(super) fn has_tree(&self) -> bool {
        self.is_tree && self.by.is_none()
    }

    /// Returns whether a process belongs to the group whose processes are listed, if there is one.
    pub(super) fn has(&self, process: &ProcessInfo) -> bool {
        let inside = self.inside.as_ref();
        inside.is_none_or(|(by, group)| by.group_of(process) == *group)
    }

    /// Returns the order of processes.
    pub(super) fn order(&self) -> Sort {
        let by_default = if self.is_tree { Sort::PID } else { Sort::CPU };
        let sort = self.sort.filter(|sort| *sort != Sort::PROCESSES);
        sort.unwrap_or(by_default)
    }

    /// Returns the order of groups.
    pub(super) fn group_order(&self, by: GroupBy) -> GroupOrder {
        GroupOrder::of(self.sort, by)
    }
}

/// What a line is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Id {
    Process(ProcessKey),
    Group(GroupId),
}

/// A line of a process.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: ProcessKey,
    branch: String,
    is_context: bool,
}

impl Entry {
    /// Returns the line of the process as it is now; `None` if it has exited since.
    pub(super) fn line<'a>(&self, seen: &'a Seen) -> Option<Line<'a>> {
        Some(Line {
            branch: self.branch.clone(),
            is_context: self.is_context,
            ..Line::flat(seen.snapshot.get(self.key)?)
        })
    }
}

/// All lines of the table, in order.
#[derive(Debug)]
pub(super) enum Listed {
    Processes(Vec<Entry>),
    Groups(Vec<GroupLine>),
}

impl Default for Listed {
    fn default() -> Self {
        Self::Processes(Vec::new())
    }
}

impl Listed {
    /// Lists what is selected. `width`: that of lines.
    pub(super) fn of(seen: &Seen, arranged: &Arrangement, width: usize) -> Self {
        let chosen = seen.selected().filter(|process| arranged.has(process));
        let mut chosen: Vec<_> = chosen.collect();
        if let Some(by) = arranged.by {
            let mut groups = group_sums::sums(chosen.into_iter(), by);
            group_sums::sort(&mut groups, arranged.group_order(by), arranged.is_reverse);
            return Self::Groups(groups);
        }
        if arranged.is_tree {
            return Self::Processes(tree_entries(seen, &chosen, arranged, width));
        }
        arranged.order().sort(&mut chosen, arranged.is_reverse);
        let entries = chosen.into_iter().map(|process| Entry {
            key: process.key(),
            branch: String::new(),
            is_context: false,
        });
        Self::Processes(entries.collect())
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Processes(entries) => entries.len(),
            Self::Groups(groups) => groups.len(),
        }
    }

    /// Returns what the line at a place is of.
    pub(super) fn id(&self, place: usize) -> Option<Id> {
        match self {
            Self::Processes(entries) => Some(Id::Process(entries.get(place)?.key)),
            Self::Groups(groups) => Some(Id::Group(groups.get(place)?.id.clone())),
        }
    }

    /// Returns the key of the process at a place.
    pub(super) fn key(&self, place: usize) -> Option<ProcessKey> {
        match self {
            Self::Processes(entries) => Some(entries.get(place)?.key),
            Self::Groups(_) => None,
        }
    }

    /// Finds a line. `guess`: where it was.
    pub(super) fn position(&self, id: &Id, guess: usize) -> Option<usize> {
        if self.id(guess).as_ref() == Some(id) {
            return Some(guess);
        }
        match (self, id) {
            (Self::Processes(entries), Id::Process(key)) => {
                entries.iter().position(|entry| entry.key == *key)
            }
            (Self::Groups(groups), Id::Group(id)) => {
                groups.iter().position(|group| group.id == *id)
            }
            _ => None,
        }
    }
}

fn tree_entries(
    seen: &Seen,
    chosen: &[&ProcessInfo],
    arranged: &Arrangement,
    width: usize,
) -> Vec<Entry> {
    let mut all: Vec<_> = seen.snapshot.iter().collect();
    arranged.order().sort(&mut all, arranged.is_reverse);
    let chosen: HashSet<u32> = chosen.iter().map(|process| process.pid).collect();
    let lines = tree::grow(&seen.snapshot, &all, &chosen, Some(width));
    let mut entries = Vec::with_capacity(lines.len());
    let mut lines = lines.into_iter().peekable();
    while let Some(line) = lines.next() {
        let key = line.process.key();
        let mut hidden = 0;
        if arranged.collapsed.has(key) {
            while lines.next_if(|below| below.depth > line.depth).is_some() {
                hidden += 1;
            }
        }
        let mut branch = line.branch;
        if hidden > 0 {
            branch.push_str(&format!("+{hidden} "));
        }
        entries.push(Entry {
            key,
            branch,
            is_context: line.is_context,
        });
    }
    entries
}
