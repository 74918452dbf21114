//! Orders of groups.

use process_scanner::GroupBy;

use super::order::Sort;

/// An order of groups of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupOrder {
    Processes,
    Threads,
    Cpu,
    Rss,
    /// The oldest process of each.
    Age,
    Name,
}

impl GroupOrder {
    /// All orders, as the columns of the table have them.
    pub(crate) const ALL: [Self; 6] = [
        Self::Processes,
        Self::Threads,
        Self::Cpu,
        Self::Rss,
        Self::Age,
        Self::Name,
    ];

    /// What `--sort` takes with `--by`, for messages.
    pub(crate) const NAMES: &'static str = "cpu, rss, threads, age, processes or name";

    /// Returns the order of groups by `by`; `None` if groups have no such value.
    pub(crate) fn named(sort: Sort, by: GroupBy) -> Option<Self> {
        if sort == Sort::PROCESSES {
            return Some(Self::Processes);
        }
        match sort.field()?.name {
            "cpu_percent" => Some(Self::Cpu),
            "rss_bytes" => Some(Self::Rss),
            "threads" => Some(Self::Threads),
            "start_time_ms" => Some(Self::Age),
            "name" => Some(Self::Name),
            field => (field == field_of(by)).then_some(Self::Name),
        }
    }

    /// Returns the order of groups by `by` that `--sort` requests, by default that of CPU use.
    pub(crate) fn of(sort: Option<Sort>, by: GroupBy) -> Self {
        let order = sort.and_then(|sort| Self::named(sort, by));
        order.unwrap_or(Self::Cpu)
    }

    /// Returns the order that `--sort` names.
    pub(crate) fn sort(self) -> Sort {
        let field = match self {
            Self::Processes => return Sort::PROCESSES,
            Self::Threads => "threads",
            Self::Cpu => "cpu_percent",
            Self::Rss => "rss_bytes",
            Self::Age => "start_time_ms",
            Self::Name => "name",
        };
        Sort::named(field).expect("BUG: groups are sorted by fields")
    }

    /// Returns what is wrong with `--sort` and `--by` together, and what to do.
    pub(crate) fn conflict(sort: Option<Sort>, by: Option<GroupBy>) -> Option<String> {
        match (by, sort) {
            (Some(by), Some(sort)) if Self::named(sort, by).is_none() => Some(format!(
                "groups can be sorted by {}; for processes, leave out --by",
                Self::NAMES
            )),
            (None, Some(Sort::PROCESSES)) => {
                Some("'processes' is an order of groups; add --by WHAT".into())
            }
            _ => None,
        }
    }
}

/// Returns the field that groups have their names from.
fn field_of(by: GroupBy) -> &'static str {
    match by {
        GroupBy::User => "user_name",
        GroupBy::Container => "container_id",
        GroupBy::Unit => "systemd_unit",
        GroupBy::Executable => "executable",
        _ => "name",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_sorted_by_what_they_were_grouped_by() {
        for (name, by) in [
            ("user", GroupBy::User),
            ("container", GroupBy::Container),
            ("unit", GroupBy::Unit),
            ("exe", GroupBy::Executable),
        ] {
            let sort = Sort::named(name).expect(name);
            assert_eq!(GroupOrder::named(sort, by), Some(GroupOrder::Name));
            assert_eq!(GroupOrder::named(sort, GroupBy::Name), None, "{name}");
        }
        for by in GroupBy::ALL {
            let order = |sort| GroupOrder::named(sort, *by);
            assert_eq!(order(Sort::PROCESSES), Some(GroupOrder::Processes));
            assert_eq!(order(Sort::CPU), Some(GroupOrder::Cpu));
            assert_eq!(order(Sort::PID), None);
            for known in GroupOrder::ALL {
                assert_eq!(order(known.sort()), Some(known));
            }
        }
    }
}
