//! Checks of the data points, as a receiver decodes them.

use std::sync::Arc;

use process_scanner::{Batch, Consumer, Event, GroupBy, Groups, Metrics};
use prost::Message;

use super::data_points::{count, metrics};
use super::otlp_messages::{
    Any, CUMULATIVE, Data, ExportMetricsServiceRequest, Metric, Number, NumberDataPoint,
    ResourceMetrics, ScopeMetrics,
};
use super::starts::Starts;
use crate::cli::exposition::{self, Sent, process};

struct Feed {
    groups: Groups,
    seq: u64,
}

impl Feed {
    fn new() -> Self {
        let groups = Groups::by(GroupBy::Name);
        Self { groups, seq: 0 }
    }

    fn batch(&mut self, events: Vec<Event>) {
        self.seq += 1;
        let batch = Batch::new(self.seq, 1_700_000_000_000 + 1000 * self.seq, events);
        self.groups.on_batch(&Arc::new(batch));
    }

    /// Returns the metrics after a request was encoded and decoded.
    fn metrics(&self, starts: &mut Starts, now: u64) -> Vec<Metric> {
        let metrics = metrics(
            &self.groups.report(),
            &Metrics::default(),
            &Sent::default(),
            starts,
            now,
        );
        let scope_metrics = vec![ScopeMetrics {
            scope: None,
            metrics,
            schema_url: String::new(),
        }];
        let request = ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                resource: None,
                scope_metrics,
                schema_url: String::new(),
            }],
        };
        let bytes = request.encode_to_vec();
        let decoded = ExportMetricsServiceRequest::decode(&*bytes).expect("a request");
        assert_eq!(decoded, request);
        let mut resources = decoded.resource_metrics;
        resources.remove(0).scope_metrics.remove(0).metrics
    }
}

/// Returns the points of a metric with their attributes, as text.
fn points(metrics: &[Metric], name: &str) -> Vec<(String, NumberDataPoint)> {
    let metric = metrics.iter().find(|metric| metric.name == name);
    let points = match metric.and_then(|metric| metric.data.clone()) {
        Some(Data::Gauge(gauge)) => gauge.data_points,
        Some(Data::Sum(sum)) => {
            assert_eq!(sum.aggregation_temporality, CUMULATIVE);
            sum.data_points
        }
        None => Vec::new(),
    };
    let text = |point: &NumberDataPoint| {
        let attributes = point.attributes.iter().map(|attribute| {
            let value = attribute.value.clone().and_then(|value| value.value);
            match value {
                Some(Any::Text(text)) => format!("{}={text}", attribute.key),
                other => panic!("{other:?} is no text"),
            }
        });
        attributes.collect::<Vec<_>>().join(" ")
    };
    points
        .into_iter()
        .map(|point| (text(&point), point))
        .collect()
}

fn value(metrics: &[Metric], name: &str, attributes: &str) -> Option<Number> {
    let points = points(metrics, name);
    let mut found = points.into_iter().filter(|(text, _)| text == attributes);
    let value = found.next()?.1.value;
    assert!(found.next().is_none(), "twice: {name} {attributes}");
    value
}

fn two_batches() -> Feed {
    let mut feed = Feed::new();
    let [mut first, second] = exposition::two_batches("db");
    first.push(Event::Existing(process(5, "odd", None)));
    feed.batch(first);
    feed.batch(second);
    feed
}

#[test]
fn groups_have_the_values_of_the_report() {
    let found = two_batches().metrics(&mut Starts::new(5), 9);
    let web = "pscan.group=web pscan.group.kind=named";
    let db = "pscan.group=db pscan.group.kind=named";
    for (name, attributes, expected) in [
        ("process.cpu.time", web, Number::Real(0.7505)),
        ("process.memory.usage", web, Number::Whole(4096)),
        ("process.thread.count", web, Number::Whole(3)),
        ("pscan.group.processes", web, Number::Whole(1)),
        ("pscan.group.processes", db, Number::Whole(0)),
        ("pscan.group.births", web, Number::Whole(0)),
        ("pscan.group.exits_unmeasured", db, Number::Whole(1)),
    ] {
        assert_eq!(
            value(&found, name, attributes),
            Some(expected),
            "{name} {attributes}"
        );
    }
    let failed = format!("{db} pscan.exit.outcome=failed");
    let ok = format!("{db} pscan.exit.outcome=ok");
    assert_eq!(
        value(&found, "pscan.group.exits", &failed),
        Some(Number::Whole(1))
    );
    assert_eq!(
        value(&found, "pscan.group.exits", &ok),
        Some(Number::Whole(0))
    );
    let all: usize = found
        .iter()
        .map(|metric| points(&found, &metric.name).len())
        .sum();
    assert_eq!(count(&found), all as u64);
}

#[test]
fn unknown_values_have_no_data_point() {
    let found = two_batches().metrics(&mut Starts::new(5), 9);
    let odd = "pscan.group=odd pscan.group.kind=named";
    for name in [
        "process.cpu.time",
        "process.memory.usage",
        "process.thread.count",
    ] {
        assert_eq!(value(&found, name, odd), None, "{name}");
    }
    // There was no scan yet, so that the number of processes is unknown too.
    for name in [
        "pscan.scan.cpu.time",
        "pscan.scan.unseen_births_at_most",
        "pscan.scan.hearing_state",
        "pscan.scan.table_size",
        "system.process.count",
    ] {
        assert_eq!(points(&found, name), [], "{name}");
    }
    // A metric without data points is not there.
    assert!(
        found
            .iter()
            .all(|metric| metric.name != "pscan.scan.cpu.time")
    );
}

#[test]
fn counters_are_monotonic_and_amounts_are_not() {
    let found = two_batches().metrics(&mut Starts::new(5), 9);
    for metric in &found {
        let is_counter = match &metric.data {
            Some(Data::Sum(sum)) => Some(sum.is_monotonic),
            _ => None,
        };
        let expected = match metric.name.as_str() {
            "pscan.group.oldest_start_time"
            | "pscan.scan.interval"
            | "pscan.scan.interval_asked"
            | "pscan.scan.last_timestamp" => None,
            "process.memory.usage"
            | "process.thread.count"
            | "pscan.group.processes"
            | "pscan.group.unknown_processes"
            | "pscan.groups"
            | "pscan.otlp.queue_length"
            | "pscan.scan.breaker_state"
            | "pscan.scan.hearing_state"
            | "pscan.scan.table_size"
            | "system.process.count" => Some(false),
            _ => Some(true),
        };
        assert_eq!(is_counter, expected, "{}", metric.name);
    }
}

#[test]
fn a_group_counts_from_the_last_time_at_which_it_was_not_there() {
    let mut feed = two_batches();
    let mut starts = Starts::new(5);
    let start = |metrics: &[Metric], name: &str| {
        let points = points(metrics, "pscan.group.births");
        let attributes = format!("pscan.group={name} pscan.group.kind=named");
        let mut found = points.into_iter().filter(|(text, _)| *text == attributes);
        let point = found.next().expect("the group").1;
        (point.start_time_unix_nano, point.time_unix_nano)
    };
    let first = feed.metrics(&mut starts, 10);
    assert_eq!(start(&first, "web"), (5, 10));
    feed.batch(vec![Event::Created(process(3, "new", Some(1.0)))]);
    let second = feed.metrics(&mut starts, 20);
    assert_eq!(start(&second, "web"), (5, 20));
    assert_eq!(start(&second, "new"), (10, 20));
    let third = feed.metrics(&mut starts, 30);
    assert_eq!(start(&third, "new"), (10, 30));
    // It has left and come back between two requests.
    let mut other = Feed::new();
    other.batch(vec![]);
    other.batch(vec![Event::Existing(process(4, "new", None))]);
    let fourth = other.metrics(&mut starts, 40);
    assert_eq!(start(&fourth, "new"), (30, 40));
}

#[test]
fn starts_move_with_a_clock_that_is_set_back() {
    let feed = two_batches();
    let mut starts = Starts::new(1000);
    feed.metrics(&mut starts, 1010);
    for now in [200, 210] {
        for metric in feed.metrics(&mut starts, now) {
            for (_, point) in points(std::slice::from_ref(&metric), &metric.name) {
                let is_gauge = matches!(metric.data, Some(Data::Gauge(_)));
                let start = if is_gauge { 0 } else { 190 };
                assert_eq!(point.start_time_unix_nano, start, "{}", metric.name);
                assert_eq!(point.time_unix_nano, now);
            }
        }
    }
}
