//! Sorts processes.

use std::cmp::Ordering;
use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command};
use process_scanner::{Collect, FIELDS, Field, ProcessInfo, Unit};

use super::field_names;

/// An order of processes: the name of a usual order, or of a field in JSON.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sort(&'static str);

/// Usual orders, as help lists them.
const USUAL: [&str; 5] = ["cpu", "rss", "pid", "name", "age"];

impl Sort {
    pub(crate) const CPU: Self = Self("cpu");
    pub(crate) const PID: Self = Self("pid");
    /// By the number of processes: an order of groups alone.
    pub(crate) const PROCESSES: Self = Self("processes");

    /// Returns all orders: the usual ones, then those by any other field.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = USUAL.map(Self).to_vec();
        for sort in FIELDS.iter().map(Self::by) {
            if !all.contains(&sort) {
                all.push(sort);
            }
        }
        all
    }

    /// Returns the order by a field.
    fn by(field: &'static Field) -> Self {
        let usual = field.order.map(|order| Self(order.name));
        // The second field of a usual order has an order of its own.
        let usual = usual.filter(|sort| {
            let first = sort.field();
            first.is_some_and(|first| first.name == field.name)
        });
        usual.unwrap_or(Self(field.name))
    }

    /// Finds the order by a field with this name or alias.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Field::called(name).map(Self::by)
    }

    /// Returns whether the largest value comes first.
    pub(crate) fn is_descending(self) -> bool {
        let fields = self.fields();
        fields
            .first()
            .is_some_and(|&(_, is_descending)| is_descending)
    }

    /// Returns the help of `--sort`.
    pub(crate) fn help() -> String {
        let [default, others @ ..] = USUAL;
        let others = others.join(", ");
        format!("Sort by {default} (default), {others}, any column")
    }

    /// Returns the text on `--sort` in the manual page.
    pub(crate) fn long_help() -> String {
        format!(
            "{}\n\nA column is named as in --columns, and shown. The busiest, largest and oldest \
             processes come first. By another column, the largest amounts come first; texts, names \
             of states and ids ascend. Unknown values come last. The default is pid with --tree, \
             and with --json unless --top is given. --by has a further order, processes.",
            Self::help()
        )
    }

    /// Returns the fields to compare, in turn, and whether the largest value comes first.
    fn fields(self) -> Vec<(&'static Field, bool)> {
        let usual = FIELDS.iter().filter_map(|field| {
            let order = field.order.filter(|order| order.name == self.0)?;
            Some((field, order.is_descending))
        });
        let usual: Vec<_> = usual.collect();
        if !usual.is_empty() {
            return usual;
        }
        let field = Field::named(self.0);
        let fallback = field.and_then(|field| Some(field.fallback?.field()));
        let fields = field.into_iter().chain(fallback);
        fields
            .map(|field| (field, is_descending(field.unit)))
            .collect()
    }

    /// Returns the first field to compare.
    pub(crate) fn field(self) -> Option<&'static Field> {
        self.fields().first().map(|&(field, _)| field)
    }

    /// Returns the group of fields that it needs.
    pub(crate) fn collect(self) -> Collect {
        let group = self.field().and_then(|field| field.collect);
        group.and_then(Collect::named).unwrap_or(Collect::NONE)
    }

    /// Sorts processes; unknown values come last, in reverse too.
    pub(crate) fn sort(self, processes: &mut [&ProcessInfo], is_reverse: bool) {
        let fields = self.fields();
        processes.sort_by(|a, b| {
            let mut orders = fields
                .iter()
                .map(|&(field, is_descending)| compare(field, a, b, is_descending != is_reverse));
            let first = orders.find(|order| order.is_ne());
            first.unwrap_or_else(|| a.pid.cmp(&b.pid))
        });
    }
}

/// Returns whether the largest value comes first: it is an amount, not an id or a text.
fn is_descending(unit: Unit) -> bool {
    unit.is_measure() || matches!(unit, Unit::Integer | Unit::Flag)
}

/// Parses the name of an order or of a column.
#[derive(Debug, Clone)]
pub(crate) struct SortParser;

impl TypedValueParser for SortParser {
    type Value = Sort;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Sort, clap::Error> {
        let name = field_names::parse(&[Sort::PROCESSES.0], command, arg, value)?;
        if name == Sort::PROCESSES.0 {
            return Ok(Sort::PROCESSES);
        }
        Ok(Sort::named(&name).expect("BUG: the parser accepts names of fields alone"))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let values = Sort::all().into_iter().filter_map(|sort| {
            let field = sort.field()?;
            let usual = field.order.filter(|order| order.name == sort.0);
            let help = usual.and_then(|order| order.help).unwrap_or(field.about);
            Some(field_names::value(sort.0, field, help))
        });
        let processes = PossibleValue::new(Sort::PROCESSES.0).help("Number, with --by");
        Some(Box::new(values.chain([processes])))
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
    use process_scanner::{Detail, ProcessKey, Status, Value};

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

    fn parsed(name: &str) -> Sort {
        let command = Command::new("pscan");
        let parsed = SortParser.parse_ref(&command, None, OsStr::new(name));
        parsed.expect("it is an order")
    }

    #[test]
    fn names_of_orders_are_stable_and_in_help() {
        let names: Vec<_> = Sort::all().iter().map(|sort| sort.0).collect();
        assert!(names.starts_with(&USUAL), "{names:?}");
        // The second field of `cpu` is the only one more.
        assert_eq!(names.len(), FIELDS.len(), "{names:?}");
        assert!(Sort::help().starts_with("Sort by cpu (default), rss, pid, name"));
        let values = SortParser.possible_values();
        let values: Vec<_> = values.expect("the parser lists them").collect();
        assert!(
            names
                .iter()
                .copied()
                .chain(["processes"])
                .eq(values.iter().map(PossibleValue::get_name))
        );
        for field in FIELDS {
            for name in [&[field.name], field.aliases].concat() {
                let first = parsed(name).field().map(|field| field.name);
                assert_eq!(first, Some(field.name), "{name}");
                let is_it = |value: &&PossibleValue| value.matches(name, false);
                assert_eq!(values.iter().filter(is_it).count(), 1, "{name}");
            }
        }
    }

    #[test]
    fn any_field_is_an_order_amounts_descend_and_the_rest_ascends() {
        let [mut a, mut b, c] = [process(1), process(2), process(3)];
        for (detail, of_a, of_b) in [
            (Detail::Threads, Value::Count(7), Value::Count(10)),
            (Detail::Nice, Value::Integer(-5), Value::Integer(0)),
            (Detail::SystemdUnit, Value::Text("b"), Value::Text("A")),
            (Detail::SessionId, Value::Count(9), Value::Count(8)),
        ] {
            a.details.set(detail, of_a);
            b.details.set(detail, of_b);
        }
        (a.cpu_time_ms, b.cpu_time_ms) = (Some(1.0), Some(2.0));
        (a.status, b.status) = (Some(Status::Zombie), Some(Status::Idle));
        let args = |args: &[&str]| Some(args.iter().collect());
        (a.command, b.command) = (args(&["sh", "-c"]), args(&["sh"]));
        (a.kernel_thread, b.kernel_thread) = (Some(false), Some(true));
        let processes = [c, a, b];
        for name in [
            "threads", "nice", "unit", "session", "time", "status", "command", "kernel",
        ] {
            let by = parsed(name);
            assert_eq!(sorted(by, &processes, false), [2, 1, 3], "{name}");
            assert_eq!(sorted(by, &processes, true), [1, 2, 3], "{name} reversed");
        }
    }

    #[test]
    fn users_without_a_name_follow_in_order_of_id() {
        let [mut a, mut b, mut c, mut d, e] = [1, 2, 3, 4, 5].map(process);
        for (process, id) in [(&mut a, 0), (&mut b, 7), (&mut c, 5), (&mut d, 9)] {
            process.details.set(Detail::UserId, Value::Count(id));
        }
        a.details.set(Detail::UserName, Value::Text("root"));
        d.details.set(Detail::UserName, Value::Text("Bob"));
        let processes = [e, a, b, c, d];
        assert_eq!(sorted(parsed("user"), &processes, false), [4, 1, 3, 2, 5]);
        assert_eq!(parsed("user").collect(), Collect::USER);
        assert_eq!(parsed("pid").collect(), Collect::NONE);
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
