//! Prints the busiest groups of processes in the text format of Prometheus.
//!
//! `cargo run --example top_groups -- [name|user|container|unit|executable]`

// Examples print.
#![allow(clippy::print_stdout)]

use std::env;
use std::error::Error;
use std::fmt::Display;

use process_scanner::{Config, ConsumerOptions, Group, GroupBy, Groups, Scanner, escape};

fn main() -> Result<(), Box<dyn Error>> {
    let by = env::args().nth(1).unwrap_or_else(|| "name".into());
    let allowed = "name, user, container, unit or executable";
    let by = GroupBy::named(&by).ok_or_else(|| format!("{by:?} is not {allowed}"))?;
    let groups = Groups::by(by);

    let mut config = Config::default();
    config.interval_ms = 200;
    config.collect |= groups.collect();
    let scanner = Scanner::builder().config(config).start()?;
    let consumers = scanner.consumers();
    consumers.register(ConsumerOptions::default(), groups.clone())?;
    // An agent does not need the batches: it reads the report when its metrics are requested.
    let batches = consumers.subscribe(ConsumerOptions::default());
    let scans = batches.iter().filter(|batch| batch.of_scan);
    let received = scans.take(3).count();
    scanner.stop()?;

    let mut busiest = groups.report().groups;
    let cpu = |group: &Group| group.counters.cpu_seconds.unwrap_or(0.0);
    busiest.sort_by(|one, other| cpu(other).total_cmp(&cpu(one)));
    busiest.truncate(10);
    print!("{}", prometheus(&busiest));
    if received < 3 {
        return Err(format!("the scanner ended after {received} of 3 scans").into());
    }
    Ok(())
}

/// Values of one metric of a group, each with its further labels.
type Values = Vec<(String, String)>;

/// Formats groups as Prometheus text.
fn prometheus(groups: &[Group]) -> String {
    let mut text = String::new();
    let mut metric = |name: &str, kind: &str, values: fn(&Group) -> Values| {
        text.push_str(&format!("# TYPE {name} {kind}\n"));
        for group in groups {
            let (label, of_kind) = (label(group.id.name()), group.id.kind());
            for (more, value) in values(group) {
                let labels = format!("group=\"{label}\",kind=\"{of_kind}\"{more}");
                text.push_str(&format!("{name}{{{labels}}} {value}\n"));
            }
        }
    };
    metric("pscan_group_cpu_seconds_total", "counter", |group| {
        one(group.counters.cpu_seconds)
    });
    metric("pscan_group_births_total", "counter", |group| {
        one(Some(group.counters.births))
    });
    metric("pscan_group_exits_total", "counter", |group| {
        let exits = group.counters.exits.by_outcome().into_iter();
        exits
            .map(|(outcome, count)| (format!(",outcome=\"{outcome}\""), count.to_string()))
            .collect()
    });
    metric("pscan_group_processes", "gauge", |group| {
        one(Some(group.processes))
    });
    metric("pscan_group_resident_memory_bytes", "gauge", |group| {
        one(group.rss_bytes.known)
    });
    metric("pscan_group_threads", "gauge", |group| {
        one(group.threads.known)
    });
    metric("pscan_group_oldest_start_time_seconds", "gauge", |group| {
        one(group.oldest_start_ms.map(|ms| ms as f64 / 1000.0))
    });
    text
}

/// Returns one value without further labels; an unknown value has no line.
fn one(value: Option<impl Display>) -> Values {
    let value = value.map(|value| (String::new(), value.to_string()));
    value.into_iter().collect()
}

/// Escapes a label. Other programs choose names, so control characters become visible too.
fn label(name: &str) -> String {
    let visible = escape(name).replace('\\', "\\\\");
    visible.replace('"', "\\\"")
}
