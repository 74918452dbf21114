//! The page for people: state, groups, links.

use minijinja::{Environment, UndefinedBehavior, Value, context};
use process_scanner::{Group, escape};

use super::readiness::not_ready;
use super::site::{Site, SiteRules};
use crate::cli::format::cells;

pub(super) const KIND: &str = "text/html; charset=utf-8";

/// The style of the page, which its policy allows from this server alone.
pub(super) const STYLE: &str = include_str!("page.css");

/// Groups in the table: those with the most memory.
const MAX_ROWS: usize = 200;

/// Returns the paths that are served, each with what it has.
pub(super) fn paths(rules: &SiteRules) -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        (true, "/metrics", "metrics for Prometheus"),
        (true, "/healthz", "whether pscan runs"),
        (true, "/readyz", "whether its values are current"),
        (
            rules.has_events,
            "/events",
            "births, exits and changes as they happen",
        ),
        (rules.has_processes, "/processes", "all processes as JSON"),
    ]
    .into_iter()
    .filter(|(is_served, ..)| *is_served)
    .map(|(_, path, text)| (path, text))
}

/// Returns the page. Names of groups are escaped.
pub(super) fn html(site: &Site, rules: &SiteRules) -> String {
    let published = &site.published;
    let report = published.groups().report();
    let metrics = published.metrics();
    let mut groups: Vec<&Group> = report.groups.iter().collect();
    groups.sort_by_key(|group| std::cmp::Reverse((group.rss_bytes.known, group.processes)));
    let left_out = groups.len().saturating_sub(MAX_ROWS);
    groups.truncate(MAX_ROWS);
    let rows: Vec<Value> = groups.into_iter().map(row).collect();
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // The ending of the name turns on the escaping of HTML.
    environment
        .add_template("page.html", include_str!("page.html"))
        .expect("BUG: the template is wrong");
    let not_ready = not_ready(&published.freshness());
    let page = environment.get_template("page.html").and_then(|page| {
        page.render(context! {
            version => env!("CARGO_PKG_VERSION"),
            not_ready,
            processes => metrics.processes,
            births => metrics.events_total.created,
            exits => metrics.events_total.exited,
            scans => metrics.scans_total.good,
            failed_scans => metrics.scans_total.failed,
            interval => cells::duration(metrics.interval_ms),
            hearing => metrics.hearing.as_str(),
            not_listening => metrics.not_listening,
            paths => paths(rules).collect::<Vec<_>>(),
            rows,
            left_out,
        })
    });
    page.expect("BUG: the template is wrong")
}

/// Returns the cells of a group by name.
fn row(group: &Group) -> Value {
    const UNKNOWN: &str = "–";
    let counters = &group.counters;
    let kind = group.id.kind();
    let cpu = counters
        .cpu_seconds
        .map_or_else(|| UNKNOWN.into(), |seconds| format!("{seconds:.2} s"));
    let memory = group.rss_bytes.known;
    let memory = memory.map_or_else(|| UNKNOWN.into(), cells::bytes);
    let texts = [
        ("name", escape(group.id.name()).into_owned()),
        ("kind", if kind == "named" { "" } else { kind }.into()),
        ("cpu", cpu),
        ("memory", memory),
    ];
    let exits = counters.exits.by_outcome();
    let counts = [("processes", group.processes), ("births", counters.births)];
    let counts = counts.into_iter().chain(exits);
    let texts = texts.map(|(name, text)| (name, Value::from(text)));
    Value::from_pairs(
        texts
            .into_iter()
            .chain(counts.map(|(name, count)| (name, Value::from(count)))),
    )
}
