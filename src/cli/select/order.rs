//! In which order processes are listed.

use std::cmp::Ordering;

use clap::ValueEnum;
use process_scanner::ProcessInfo;

/// What the order goes by.
#[derive(Debug, Clone, Copy, PartialEq, Default, ValueEnum)]
pub(crate) enum Sort {
    /// The busiest first.
    #[default]
    Cpu,
    /// The largest first.
    Rss,
    Pid,
    Name,
    /// The oldest first.
    Age,
}

impl Sort {
    /// Puts processes into this order, or the other way round; in both, what is unknown comes last.
    pub(crate) fn sort(self, processes: &mut [&ProcessInfo], is_reverse: bool) {
        processes.sort_by(|a, b| {
            self.compare(a, b, is_reverse)
                .then_with(|| a.pid.cmp(&b.pid))
        });
    }

    fn compare(self, a: &ProcessInfo, b: &ProcessInfo, is_reverse: bool) -> Ordering {
        let turn = |order: Ordering| if is_reverse { order.reverse() } else { order };
        let largest = |a: Option<f64>, b: Option<f64>| known(a, b, |a, b| turn(b.total_cmp(&a)));
        match self {
            // Where use is the same or unknown, whoever used more so far is the busier one.
            Self::Cpu => largest(a.cpu_percent.map(f64::from), b.cpu_percent.map(f64::from))
                .then_with(|| largest(a.cpu_time_ms, b.cpu_time_ms)),
            Self::Rss => known(a.rss_bytes, b.rss_bytes, |a, b| turn(b.cmp(&a))),
            Self::Pid => turn(a.pid.cmp(&b.pid)),
            Self::Name => known(a.name.as_deref(), b.name.as_deref(), |a, b| {
                let order = a.to_lowercase().cmp(&b.to_lowercase());
                turn(order.then_with(|| a.cmp(b)))
            }),
            Self::Age => known(a.start_time_ms, b.start_time_ms, |a, b| turn(a.cmp(&b))),
        }
    }
}

/// Compares what is known, and puts the unknown last.
fn known<T>(a: Option<T>, b: Option<T>, compare: impl Fn(T, T) -> Ordering) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => compare(a, b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
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
    fn each_order_has_its_way_round_and_the_unknown_last() {
        let [mut a, mut b, c] = [process(1), process(2), process(3)];
        (a.cpu_percent, b.cpu_percent) = (Some(0.0), Some(120.5));
        (a.rss_bytes, b.rss_bytes) = (Some(10), Some(20));
        (a.name, b.name) = (Some("zsh".into()), Some("Bash".into()));
        (a.start_time_ms, b.start_time_ms) = (Some(2000), Some(1000));
        let processes = [c, a, b];
        for (by, forth, back) in [
            (Sort::Cpu, [2, 1, 3], [1, 2, 3]),
            (Sort::Rss, [2, 1, 3], [1, 2, 3]),
            (Sort::Pid, [1, 2, 3], [3, 2, 1]),
            (Sort::Name, [2, 1, 3], [1, 2, 3]),
            (Sort::Age, [2, 1, 3], [1, 2, 3]),
        ] {
            assert_eq!(sorted(by, &processes, false), forth, "{by:?}");
            assert_eq!(sorted(by, &processes, true), back, "{by:?} reversed");
        }
    }

    #[test]
    fn where_use_is_the_same_whoever_used_more_so_far_is_busier() {
        let [mut a, mut b, c] = [process(1), process(2), process(3)];
        (a.cpu_time_ms, b.cpu_time_ms) = (Some(10.0), Some(20.0));
        assert_eq!(sorted(Sort::Cpu, &[c, a, b], false), [2, 1, 3]);
    }
}
