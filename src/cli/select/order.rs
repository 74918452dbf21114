//! Sorts processes.

use std::cmp::Ordering;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use process_scanner::{FIELDS, Field, Order, ProcessInfo};

/// An order of processes, named as on the command line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sort(&'static str);

/// Orders that help lists first; others follow like the fields.
const FIRST: [&str; 5] = ["cpu", "rss", "pid", "name", "age"];

impl Sort {
    pub(crate) const CPU: Self = Self("cpu");
    pub(crate) const PID: Self = Self("pid");

    /// Returns all orders.
    pub(crate) fn all() -> Vec<Self> {
        let orders = FIELDS.iter().filter_map(|field| field.order);
        let mut all: Vec<Self> = Vec::new();
        for sort in orders.map(|order| Self(order.name)) {
            if !all.contains(&sort) {
                all.push(sort);
            }
        }
        let place = |sort: &Self| FIRST.iter().position(|first| *first == sort.0);
        all.sort_by_key(|sort| place(sort).unwrap_or(FIRST.len()));
        all
    }

    /// Returns a parser of names of orders.
    pub(crate) fn parser() -> impl TypedValueParser<Value = Self> {
        let values = Self::all().into_iter().map(|sort| {
            let help = sort.fields().find_map(|(_, order)| order.help);
            PossibleValue::new(sort.0).help(help)
        });
        PossibleValuesParser::new(values).map(|name| {
            let mut all = Self::all().into_iter();
            all.find(|sort| sort.0 == name)
                .expect("BUG: the parser accepts existing orders alone")
        })
    }

    /// Returns the help of `--sort`.
    pub(crate) fn help() -> String {
        let names: Vec<_> = Self::all().iter().map(|sort| sort.0).collect();
        let (last, others) = names.split_last().expect("BUG: there are orders");
        let by_default = Self::CPU.0;
        format!(
            "Sort by {} or {last}; default: {by_default}",
            others.join(", ")
        )
    }

    /// Returns the text on `--sort` in the manual page.
    pub(crate) fn long_help() -> String {
        format!(
            "{}\n\nThe busiest, largest and oldest processes come first; unknown values come last. The default \
             is pid with --tree, and with --json unless --top is given.",
            Self::help()
        )
    }

    /// Returns the fields to compare, in turn, and how.
    fn fields(self) -> impl Iterator<Item = (&'static Field, Order)> {
        let all = FIELDS
            .iter()
            .filter_map(|field| Some((field, field.order?)));
        all.filter(move |(_, order)| order.name == self.0)
    }

    /// Returns the first field to compare.
    pub(crate) fn field(self) -> Option<&'static Field> {
        self.fields().next().map(|(field, _)| field)
    }

    /// Sorts processes; unknown values come last, in reverse too.
    pub(crate) fn sort(self, processes: &mut [&ProcessInfo], is_reverse: bool) {
        let fields: Vec<_> = self.fields().collect();
        processes.sort_by(|a, b| {
            let mut orders = fields
                .iter()
                .map(|&(field, order)| compare(field, a, b, order.is_descending != is_reverse));
            let first = orders.find(|order| order.is_ne());
            first.unwrap_or_else(|| a.pid.cmp(&b.pid))
        });
    }
}

/// Compares known values, and puts unknown ones last.
fn compare(field: &Field, a: &ProcessInfo, b: &ProcessInfo, is_descending: bool) -> Ordering {
    let (a, b) = (field.value(a), field.value(b));
    match (a.is_unknown(), b.is_unknown()) {
        (false, false) => {
            let order = a.compare(b).unwrap_or(Ordering::Equal);
            if is_descending {
                order.reverse()
            } else {
                order
            }
        }
        (a, b) => a.cmp(&b),
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::ProcessKey;

    use super::*;

    fn process(pid: u32) -> ProcessInfo {
        ProcessInfo::unknown(ProcessKey {
            pid,
            start_time_ms: None,
        })
    }

    fn sorted(by: Sort, processes: &[ProcessInfo], is_reverse: bool) -> Vec<u32> {
        let mut processes: Vec<_> = processes.iter().collect();
        by.sort(&mut processes, is_reverse);
        processes.iter().map(|process| process.pid).collect()
    }

    #[test]
    fn names_of_orders_are_stable_and_in_help() {
        let names: Vec<_> = Sort::all().iter().map(|sort| sort.0).collect();
        assert!(names.starts_with(&FIRST), "{names:?}");
        let (help, first) = (Sort::help(), "Sort by cpu, rss, pid, name");
        assert!(help.starts_with(first) && help.ends_with("; default: cpu"));
        for sort in Sort::all() {
            let parser = Sort::parser();
            let values = parser.possible_values();
            let mut values = values.expect("the parser lists them");
            assert!(values.any(|value| value.get_name() == sort.0), "{sort:?}");
        }
    }

    #[test]
    fn each_order_can_be_reversed_and_unknown_values_come_last() {
        let [mut a, mut b, c] = [process(1), process(2), process(3)];
        (a.cpu_percent, b.cpu_percent) = (Some(0.0), Some(120.5));
        (a.resources.rss_bytes, b.resources.rss_bytes) = (Some(10), Some(20));
        (a.name, b.name) = (Some("zsh".into()), Some("Bash".into()));
        (a.start_time_ms, b.start_time_ms) = (Some(2000), Some(1000));
        let processes = [c, a, b];
        for (by, forth, back) in [
            (Sort::CPU, [2, 1, 3], [1, 2, 3]),
            (Sort("rss"), [2, 1, 3], [1, 2, 3]),
            (Sort::PID, [1, 2, 3], [3, 2, 1]),
            (Sort("name"), [2, 1, 3], [1, 2, 3]),
            (Sort("age"), [2, 1, 3], [1, 2, 3]),
        ] {
            assert_eq!(sorted(by, &processes, false), forth, "{by:?}");
            assert_eq!(sorted(by, &processes, true), back, "{by:?} reversed");
        }
    }

    #[test]
    fn equal_cpu_use_is_sorted_by_cpu_time() {
        let [mut a, mut b, c] = [process(1), process(2), process(3)];
        (a.cpu_time_ms, b.cpu_time_ms) = (Some(10.0), Some(20.0));
        assert_eq!(sorted(Sort::CPU, &[c, a, b], false), [2, 1, 3]);
    }
}
