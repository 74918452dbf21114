//! Checks of the text.

use std::collections::BTreeSet;
use std::sync::Arc;

use process_scanner::{Batch, Consumer, Event, GroupBy, Groups, Metrics};
use proptest::prelude::*;

use super::made_processes::{process, two_batches};
use super::measured::Measured;
use super::metrics_text::text;
use super::serving::ServerCounts;
use super::text_format::Format;

/// Returns text about groups, as after these batches.
fn written(batches: Vec<Vec<Event>>, format: Format) -> String {
    let mut groups = Groups::by(GroupBy::Name).with_limit(3);
    for (seq, events) in (1..).zip(batches) {
        let batch = Batch::new(seq, 1_700_000_000_000 + 1000 * seq, events);
        groups.on_batch(&Arc::new(batch));
    }
    let measured = Measured {
        groups: &groups.report(),
        metrics: &Metrics::default(),
        served: &ServerCounts::default(),
        own: None,
    };
    text(&measured, format)
}

#[test]
fn groups_are_written_for_prometheus() {
    let text = written(two_batches("db \"x\"\\\n").into(), Format::Prometheus);
    let of_groups: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("pscan_group"))
        .collect();
    insta::with_settings!({snapshot_path => "../../../tests/suite/cli/served", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("metrics_of_groups", of_groups.join("\n"));
    });
    assert!(text.contains("# TYPE pscan_scan_total counter\n"), "{text}");
    assert!(
        text.contains("# TYPE pscan_build_info gauge\npscan_build_info{version=\""),
        "{text}"
    );
    assert!(!text.contains("# UNIT") && !text.contains("# EOF"));
}

#[test]
fn open_metrics_has_units_other_names_of_counters_and_an_end() {
    let text = written(two_batches("db \"x\"\\\n").into(), Format::OpenMetrics);
    for expected in [
        "# TYPE pscan_group_cpu_seconds counter\n# UNIT pscan_group_cpu_seconds seconds\npscan_group_cpu_seconds_total{",
        "# TYPE pscan_build info\npscan_build_info{",
        "# UNIT pscan_group_resident_memory_bytes bytes\n",
        "pscan_scan_duration_seconds_count 0\n",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(text.ends_with("\n# EOF\n"));
    assert_eq!(text.matches("# EOF").count(), 1);
}

#[test]
fn unknown_values_have_no_sample() {
    let text = written(two_batches("db \"x\"\\\n").into(), Format::Prometheus);
    assert!(
        !text.contains("pscan_group_cpu_seconds_total{group=\"db"),
        "{text}"
    );
    for name in [
        "pscan_scan_usage_state",
        "pscan_scan_cpu_seconds_total",
        "pscan_scan_vanished_total",
    ] {
        assert!(!text.contains(name), "{name}: {text}");
    }
}

/// Checks the grammar of the format, and that no sample occurs twice.
fn assert_valid(text: &str) {
    let mut samples = BTreeSet::new();
    let mut families = BTreeSet::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (kind, name) = (words.next(), words.next());
            if kind == Some("TYPE") {
                assert!(families.insert(name), "{line}");
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect(line);
        value.parse::<f64>().expect(line);
        assert!(samples.insert(series), "twice: {line}");
        let name = series.split('{').next().expect(line);
        assert!(
            name.starts_with("pscan_")
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        );
        if let Some(labels) = series
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('{'))
        {
            assert!(labels.ends_with('}'), "{line}");
            // An even number of quotes that no backslash is before.
            let mut quotes = 0;
            let mut bytes = labels.bytes();
            while let Some(byte) = bytes.next() {
                match byte {
                    b'\\' => assert!(matches!(bytes.next(), Some(b'\\' | b'"' | b'n')), "{line}"),
                    b'"' => quotes += 1,
                    _ => {}
                }
            }
            assert_eq!(quotes % 2, 0, "{line}");
        }
        assert!(!line.contains(char::is_control), "{line:?}");
    }
}

proptest! {
    #[test]
    fn any_names_make_valid_text(names in prop::collection::vec("\\PC{0,8}|[\\x00-\\x20\"\\\\{}]{0,6}|[a-b]{150,170}", 1..20)) {
        let mut groups = Groups::by(GroupBy::Name);
        let events = (1..).zip(&names).map(|(pid, name)| Event::Existing(process(pid, name, Some(1.0))));
        groups.on_batch(&Arc::new(Batch::new(1, 1_700_000_000_000, events.collect())));
        let report = groups.report();
        let served = ServerCounts::default();
        let measured = Measured { groups: &report, metrics: &Metrics::default(), served: &served, own: None };
        for format in Format::ALL {
            let text = text(&measured, format);
            assert_valid(text.trim_end_matches("# EOF\n"));
            let series = text.lines().filter(|line| line.starts_with("pscan_group_processes{"));
            prop_assert_eq!(series.count(), report.groups.len());
        }
    }
}

#[test]
fn every_metric_is_in_the_docs_and_no_other() {
    let docs = include_str!("../../../docs/serve.md");
    let sources = [
        include_str!("group_families.rs"),
        include_str!("own_families.rs"),
        include_str!("scan_families.rs"),
    ];
    let names = |text: &'static str, quote: char| {
        let words = text.split(quote).skip(1).step_by(2);
        let ours = words.filter(|word| word.starts_with("pscan_") || word.starts_with("process_"));
        ours.filter_map(|word| word.split('{').next())
            .collect::<BTreeSet<_>>()
    };
    let written: BTreeSet<_> = sources
        .into_iter()
        .flat_map(|text| names(text, '"'))
        .collect();
    let table = docs.lines().filter(|line| line.starts_with("| `p"));
    let documented: BTreeSet<_> = table.flat_map(|line| names(line, '`')).collect();
    assert_eq!(documented, written);
}
