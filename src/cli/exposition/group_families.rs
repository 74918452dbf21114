//! Metrics of groups: what they have used, and use now.

use process_scanner::{GroupCounters, GroupsReport};

use super::families::{Families, Number, Type, seconds};
use super::label::label;
use super::labelled::unknown_by_value;

/// Writes the families of groups.
///
/// A group is identified by two labels, its name and its kind, since a program can call itself `other`.
pub(super) fn write(report: &GroupsReport, families: &mut Families) {
    let names: Vec<_> = report
        .groups
        .iter()
        .map(|group| (label(group.id.name()), group.id.kind()))
        .collect();
    let labels: Vec<[(&str, &str); 2]> = names
        .iter()
        .map(|(name, kind)| [("group", &**name), ("kind", *kind)])
        .collect();
    let groups = || labels.iter().zip(&report.groups);

    let mut counters = |name, value: &dyn Fn(&GroupCounters) -> Option<Number>| {
        let mut family = families.family(Type::Counter, name);
        for (labels, group) in groups() {
            family.sample(labels, value(&group.counters));
        }
    };
    counters("pscan_group_cpu_seconds_total", &|counted| {
        counted.cpu_seconds.map(Number::Real)
    });
    counters("pscan_group_births_total", &|counted| {
        Some(counted.births.into())
    });
    counters("pscan_group_exits_unmeasured_total", &|counted| {
        Some(counted.exits_unmeasured.into())
    });

    let mut exits = families.family(Type::Counter, "pscan_group_exits_total");
    for (labels, group) in groups() {
        for (outcome, count) in group.counters.exits.by_outcome() {
            exits.sample(
                &[labels[0], labels[1], ("outcome", outcome)],
                Number::from(count),
            );
        }
    }

    let mut gauge = |name, value: &dyn Fn(&process_scanner::Group) -> Option<Number>| {
        let mut family = families.family(Type::Gauge, name);
        for (labels, group) in groups() {
            family.sample(labels, value(group));
        }
    };
    gauge("pscan_group_processes", &|group| {
        Some(group.processes.into())
    });
    gauge("pscan_group_threads", &|group| {
        group.threads.known.map(Number::Whole)
    });
    gauge("pscan_group_resident_memory_bytes", &|group| {
        group.rss_bytes.known.map(Number::Whole)
    });
    gauge("pscan_group_oldest_start_time_seconds", &|group| {
        group.oldest_start_ms.map(|ms| seconds(ms as f64))
    });

    let mut unknown = families.family(Type::Gauge, "pscan_group_unknown_processes");
    for (labels, group) in groups() {
        for (value, count) in unknown_by_value(group) {
            unknown.sample(
                &[labels[0], labels[1], ("value", value)],
                Number::from(count),
            );
        }
    }

    families
        .family(Type::Gauge, "pscan_groups")
        .sample(&[], Number::from(report.groups.len() as u64));
    families
        .family(Type::Counter, "pscan_groups_folded_total")
        .sample(&[], Number::from(report.without_room));
}
