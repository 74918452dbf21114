//! `pscan --by`: lists groups of processes once.

use std::cmp::Ordering;
use std::io::{self, BufWriter, Write};
use std::time::Duration;

use process_scanner::{
    Collect, Config, ConsumerOptions, Field, Group, GroupBy, Groups, Listen, Result, Scanner,
    Source, live_source,
};

use super::samples;
use crate::cli::args::List;
use crate::cli::format::group_table::{GroupLine, GroupListing, write_table};
use crate::cli::format::json;
use crate::cli::outcome::{Done, printed};
use crate::cli::terminal;

/// Version of the JSON object.
///
/// A change that can break a reader raises it.
const SCHEMA: u32 = 1;

pub(crate) fn run(args: &List, by: GroupBy) -> Result<Done> {
    let groups = Groups::by(by).with_limit(usize::MAX);
    let mut config = Config::default();
    config.listen = Listen::Off;
    args.live.configure(&mut config);
    args.secrets.configure(&mut config);
    config.collect = Collect::CPU | Collect::MEMORY | Collect::THREADS | groups.collect();
    config.collect |= args.filter_on_host_with(None).collect();
    let source = live_source(&config)?;
    let filter = args.filter_on_host_with(source.info().own_pid);
    let mut scanner = Scanner::builder().config(config).source(source).build()?;
    let options = ConsumerOptions::default().with_filter(filter);
    scanner.consumers().register(options, groups.clone())?;
    let (snapshot, last) = samples::take(&mut scanner, args.sample)?;
    // Returns when the groups have received both scans.
    scanner.finish();
    let over = last.interval_ms.map(|ms| Duration::from_secs_f64(ms / 1e3));
    let over = over.filter(|_| !args.sample.is_zero());
    let living = groups.report().groups.into_iter();
    let living = living.filter(|group| group.processes > 0);
    let mut lines: Vec<_> = living.map(|group| line(&group, over)).collect();
    sort(
        &mut lines,
        args.sort.and_then(|sort| sort.field()),
        args.reverse,
    );
    let top = args.top.and_then(|top| usize::try_from(top).ok());
    lines.truncate(top.unwrap_or(usize::MAX));
    let mut out = BufWriter::new(args.color.stdout().lock());
    let outcome = match args.json {
        true => {
            let listing = GroupListing {
                schema: SCHEMA,
                by: by.as_str(),
                taken_at_ms: last.taken_at_ms,
                interval_ms: over.and(last.interval_ms),
                groups: &lines,
            };
            json::write_line(&mut io::stdout().lock(), &listing)
        }
        false if lines.is_empty() => Ok(()),
        false => {
            let width = terminal::line_width();
            write_table(&mut out, by, &lines, last.taken_at_ms, width)
        }
    };
    printed(outcome.and_then(|()| out.flush()))?;
    // Of a made-up tree there may be no process at all.
    Ok(match lines.is_empty() && !snapshot.is_empty() {
        true => Done::Nothing(format!("no process matches {}", args.conditions())),
        false => Done::All,
    })
}

/// `over`: the time in which the CPU time was used; `None`: it was not measured.
fn line(group: &Group, over: Option<Duration>) -> GroupLine {
    let used_s = group.counters.cpu_seconds;
    GroupLine {
        id: group.id.clone(),
        processes: group.processes,
        threads: group.threads.known,
        threads_unknown: group.threads.unknown,
        cpu_percent: over.and_then(|over| Some(used_s? / over.as_secs_f64() * 100.0)),
        rss_bytes: group.rss_bytes.known,
        rss_unknown: group.rss_bytes.unknown,
        oldest_start_ms: group.oldest_start_ms,
    }
}

/// Sorts groups: amounts descend, names ascend; unknown values come last, in reverse too.
///
/// Equal ones, and those without an order of their own, are in order of memory.
fn sort(lines: &mut [GroupLine], by: Option<&Field>, is_reverse: bool) {
    let by = by.map_or("cpu_percent", |field| field.name);
    let number = |line: &GroupLine| -> Option<f64> {
        match by {
            "rss_bytes" => line.rss_bytes.map(|bytes| bytes as f64),
            "threads" => line.threads.map(|threads| threads as f64),
            // The oldest first.
            "start_time_ms" => line.oldest_start_ms.map(|ms| -(ms as f64)),
            _ => line.cpu_percent,
        }
    };
    let in_order = |order: Ordering| if is_reverse { order.reverse() } else { order };
    lines.sort_by(|a, b| {
        let first = match (by, number(a), number(b)) {
            ("name", ..) => in_order(a.id.name().cmp(b.id.name())),
            (_, Some(a), Some(b)) => in_order(b.total_cmp(&a)),
            (_, a, b) => a.is_none().cmp(&b.is_none()),
        };
        first
            .then(b.rss_bytes.cmp(&a.rss_bytes))
            .then_with(|| a.id.cmp(&b.id))
    });
}

#[cfg(test)]
mod tests {
    use process_scanner::GroupId;

    use super::*;

    fn made(name: &str, cpu_percent: Option<f64>, rss_bytes: u64) -> GroupLine {
        GroupLine {
            id: GroupId::Named(name.into()),
            processes: 1,
            threads: None,
            threads_unknown: 1,
            cpu_percent,
            rss_bytes: Some(rss_bytes),
            rss_unknown: 0,
            oldest_start_ms: Some(rss_bytes),
        }
    }

    #[test]
    fn unknown_values_come_last_and_equal_ones_in_order_of_memory() {
        let all = [
            made("a", Some(1.0), 5),
            made("d", None, 9),
            made("c", Some(1.0), 7),
            made("b", Some(3.0), 1),
        ];
        for (by, forth, back) in [
            ("cpu_percent", "bcad", "cabd"),
            ("rss_bytes", "dcab", "bacd"),
            ("name", "abcd", "dcba"),
            ("start_time_ms", "bacd", "dcab"),
            // Nothing is known of them.
            ("threads", "dcab", "dcab"),
        ] {
            for (is_reverse, expected) in [(false, forth), (true, back)] {
                let mut lines = all.clone();
                sort(&mut lines, Field::named(by), is_reverse);
                let names: String = lines.iter().map(|line| line.id.name()).collect();
                assert_eq!(names, expected, "{by} {is_reverse}");
            }
        }
    }
}
