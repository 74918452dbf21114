//! Decides to which group a process belongs by itself.

use super::group::GroupId;
use super::group_by::GroupBy;
use super::rule::Rule;
use crate::model::{Changes, Collect, ProcessInfo};

/// How processes are grouped.
#[derive(Debug)]
pub(super) enum Grouping {
    Value(GroupBy),
    /// By the first rule that matches; without one by the value, if there is one.
    Rules(Vec<Rule>, Option<GroupBy>),
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
            Self::Rules(rules, otherwise) => {
                let of_value = otherwise.map_or(Collect::NONE, GroupBy::collect);
                rules
                    .iter()
                    .fold(of_value, |all, rule| all | rule.collect())
            }
        }
    }

    /// Returns whether children can join the group of their parent.
    pub(super) fn takes_children(&self) -> bool {
        match self {
            Self::Value(_) => false,
            Self::Rules(rules, _) => rules.iter().any(Rule::has_children),
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
            Self::Rules(rules, _) => rules.iter().find_map(|rule| {
                Some(Wanted {
                    id: rule.group(process)?,
                    takes_children: rule.has_children(),
                })
            }),
        }
    }

    /// Returns the group of a process that no rule matches, and that joins no parent.
    pub(super) fn otherwise(&self, process: &ProcessInfo) -> GroupId {
        match self {
            Self::Rules(_, Some(by)) => by.group(process),
            Self::Value(_) | Self::Rules(_, None) => GroupId::Other,
        }
    }
}
