//! Text with all families, for tests.

use std::collections::BTreeSet;

use process_scanner::{GroupsReport, Metrics};

use super::made_processes::process;
use super::measured::Measured;
use super::metrics_text::text;
use super::otlp_counts::Sent;
use super::serving::{Reload, ServerCounts};
use super::text_format::Format;

/// The code that names families.
const SOURCES: [&str; 3] = [
    include_str!("group_families.rs"),
    include_str!("own_families.rs"),
    include_str!("scan_families.rs"),
];

/// Returns the names of all families, whether they have samples or not.
pub(crate) fn family_names() -> BTreeSet<&'static str> {
    let texts = SOURCES.iter().flat_map(|source| source.split('"'));
    let is_name = |text: &&str| {
        let begins = text.starts_with("pscan_") || text.starts_with("process_");
        begins
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    texts.filter(is_name).collect()
}

/// Returns text in which a server has requests, clients and a reload.
pub(crate) fn full_text(report: &GroupsReport, metrics: &Metrics, sent: &Sent) -> String {
    let served = ServerCounts {
        requests: [(200, 1)].into(),
        closed_connections: 2,
        event_clients: 3,
        reload: Some(Reload {
            at_ms: 4000,
            is_good: true,
        }),
        otlp: Some(sent.clone()),
    };
    let mut own = process(1, "pscan", Some(5.0));
    own.resources.rss_bytes = Some(6);
    let measured = Measured {
        groups: report,
        metrics,
        served: &served,
        own: Some(&own),
    };
    text(&measured, Format::Prometheus)
}
