//! In which order processes are listed.

use std::cmp::Ordering;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use process_scanner::{FIELDS, Field, Order, ProcessInfo};

/// An order of the fields, by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sort(&'static str);

/// Those that come first where all are listed; the others come as the fields have them.
const FIRST: [&str; 5] = ["cpu", "rss", "pid", "name", "age"];

impl Sort {
    pub(crate) const CPU: Self = Self("cpu");
    pub(crate) const PID: Self = Self("pid");

    /// All orders that there are.
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

    /// Takes one by its name.
    pub(crate) fn parser() -> impl TypedValueParser<Value = Self> {
        let values = Self::all().into_iter().map(|sort| {
            let help = sort.fields().find_map(|(_, order)| order.help);
            PossibleValue::new(sort.0).help(help)
        });
        PossibleValuesParser::new(values).map(|name| {
            let mut all = Self::all().into_iter();
            all.find(|sort| sort.0 == name)
                .expect("BUG: no other name is possible")
        })
    }

    /// What `--sort` does, with the names that it takes.
    pub(crate) fn help() -> String {
        let names: Vec<_> = Self::all().iter().map(|sort| sort.0).collect();
        let (last, others) = names.split_last().expect("BUG: there are orders");
        let by_default = Self::CPU.0;
        format!(
            "Order by {} or {last}; by {by_default} if left out",
            others.join(", ")
        )
    }

    /// The fields that are compared, one after the other.
    fn fields(self) -> impl Iterator<Item = (&'static Field, Order)> {
        let all = FIELDS
            .iter()
            .filter_map(|field| Some((field, field.order?)));
        all.filter(move |(_, order)| order.name == self.0)
    }

    /// The field that it goes by first.
    pub(crate) fn field(self) -> Option<&'static Field> {
        self.fields().next().map(|(field, _)| field)
    }

    /// Puts processes into this order, or the other way round; in both, what is unknown comes last.
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

/// Compares what is known, and puts the unknown last.
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
    fn the_names_of_orders_are_as_they_have_been() {
        let names: Vec<_> = Sort::all().iter().map(|sort| sort.0).collect();
        assert!(names.starts_with(&FIRST), "{names:?}");
        let (help, first) = (Sort::help(), "Order by cpu, rss, pid, name");
        assert!(help.starts_with(first) && help.ends_with("; by cpu if left out"));
        for sort in Sort::all() {
            let parser = Sort::parser();
            let values = parser.possible_values();
            let mut values = values.expect("it lists them");
            assert!(values.any(|value| value.get_name() == sort.0), "{sort:?}");
        }
    }

    #[test]
    fn each_order_has_its_way_round_and_the_unknown_last() {
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
    fn where_use_is_the_same_whoever_used_more_so_far_is_busier() {
        let [mut a, mut b, c] = [process(1), process(2), process(3)];
        (a.cpu_time_ms, b.cpu_time_ms) = (Some(10.0), Some(20.0));
        assert_eq!(sorted(Sort::CPU, &[c, a, b], false), [2, 1, 3]);
    }
}
