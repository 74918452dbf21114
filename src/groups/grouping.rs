//! Decides to which group a process belongs by itself.

use super::group::GroupId;
use super::group_by::GroupBy;
use super::rule::Rule;
use crate::model::{Changes, Collect, ProcessInfo};

/// How processes are grouped.
#[derive(Debug)]
pub(super) enum Grouping {
    Value(GroupBy),
    Rules(Vec<Rule>),
}

/// The group that a process belongs to by itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) id: GroupId,
    /// Its children join it, unless they belong to a group by themselves.
    pub(super) takes_children: bool,
}

impl Grouping {
    /// Returns what a source must collect, as far as that is known.
    pub(super) fn collect(&self) -> Collect {
        match self {
            Self::Value(by) => by.collect(),
            Self::Rules(rules) => rules
                .iter()
                .fold(Collect::NONE, |all, rule| all | rule.collect()),
        }
    }

    /// Returns whether children can join the group of their parent.
    pub(super) fn takes_children(&self) -> bool {
        match self {
            Self::Value(_) => false,
            Self::Rules(rules) => rules.iter().any(Rule::has_children),
        }
    }

    /// Returns whether changes of a process can move it to another group.
    pub(super) fn depends_on(changed: Changes) -> bool {
        GroupBy::CHANGES
            .iter()
            .any(|change| changed.contains(*change))
    }

    /// Returns the group of a process; `None` if no rule matches it.
    pub(super) fn wanted(&self, process: &ProcessInfo) -> Option<Wanted> {
        if process.kernel_thread == Some(true) {
            return Some(Wanted {
                id: GroupId::Kernel,
                takes_children: false,
            });
        }
        match self {
            Self::Value(by) => Some(Wanted {
                id: by.group(process),
                takes_children: false,
            }),
            Self::Rules(rules) => rules.iter().find_map(|rule| {
                Some(Wanted {
                    id: rule.group(process)?,
                    takes_children: rule.has_children(),
                })
            }),
        }
    }
}
