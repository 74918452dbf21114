//! The resource: the host that everything is about, and the program that reports it.

use std::collections::BTreeMap;

use sysinfo::System;

use super::otlp_messages::{InstrumentationScope, KeyValue, Resource};

/// The conventions that names follow. Those that begin with `pscan` are in none.
pub(super) const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.44.0";

/// Returns the attributes of this host and of pscan, with those of the settings. Unknown values are left out.
pub(super) fn resource(set: &BTreeMap<String, String>) -> Resource {
    let found = [
        ("service.name", Some("pscan".to_owned())),
        (
            "service.version",
            Some(env!("CARGO_PKG_VERSION").to_owned()),
        ),
        ("host.name", System::host_name().ok()),
        ("host.id", machine_id()),
        ("host.arch", arch().map(str::to_owned)),
        ("os.type", Some(os().to_owned())),
    ];
    let found = found
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    let mut attributes: BTreeMap<String, String> = found.collect();
    attributes.extend(set.clone());
    attributes.retain(|_, value| !value.is_empty());
    // Receivers in the style of Prometheus distinguish hosts by it alone: it is their label `instance`.
    if !set.contains_key(INSTANCE) {
        let id = attributes.get("host.id").or(attributes.get("host.name"));
        if let Some(id) = id.cloned() {
            attributes.insert(INSTANCE.to_owned(), id);
        }
    }
    let attributes = attributes.iter();
    Resource {
        attributes: attributes
            .map(|(key, value)| KeyValue::new(key, value.as_str()))
            .collect(),
    }
}

/// It must differ between hosts, and stay when pscan restarts, or counters would begin as other series.
const INSTANCE: &str = "service.instance.id";

/// Returns what has made the data.
pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "pscan".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Reads the id of the host: machine-id(5). OpenTelemetry's `host.id` is that on Linux.
fn machine_id() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let text = std::fs::read_to_string("/etc/machine-id").ok()?;
    let id = text.trim();
    // It is `uninitialized` while a system starts for the first time.
    let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| id.to_owned())
}

/// Returns OpenTelemetry's name of the architecture.
fn arch() -> Option<&'static str> {
    match std::env::consts::ARCH {
        "x86_64" => Some("amd64"),
        "aarch64" => Some("arm64"),
        "x86" => Some("x86"),
        _ => None,
    }
}

/// Returns OpenTelemetry's name of the system.
fn os() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::otlp_messages::Any;
    use super::*;

    fn attributes(set: &[(&str, &str)]) -> BTreeMap<String, String> {
        let set = set.iter();
        let set = set.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let attributes = resource(&set.collect()).attributes.into_iter();
        let texts = attributes.map(|attribute| {
            let value = attribute.value.and_then(|value| value.value);
            let Some(Any::Text(text)) = value else {
                panic!("{} is no text", attribute.key);
            };
            (attribute.key, text)
        });
        texts.collect()
    }

    #[test]
    fn the_host_has_a_name_and_pscan_a_version() {
        let found = attributes(&[]);
        for key in ["service.name", "service.version", "host.name", "os.type"] {
            assert!(found.contains_key(key), "{found:?}");
        }
        assert!(found.values().all(|value| !value.is_empty()), "{found:?}");
        let id = found.get("host.id").or(found.get("host.name"));
        assert_eq!(found.get(INSTANCE), id);
    }

    #[test]
    fn the_settings_replace_add_and_leave_out() {
        let found = attributes(&[
            ("host.name", "node1"),
            ("host.id", ""),
            ("k8s.node.name", "node1"),
        ]);
        assert_eq!(found["host.name"], "node1");
        assert_eq!(found["k8s.node.name"], "node1");
        assert_eq!(found.get("host.id"), None);
        assert_eq!(found[INSTANCE], "node1");
        assert_eq!(attributes(&[("host.id", "7")])[INSTANCE], "7");
        assert_eq!(attributes(&[(INSTANCE, "a")])[INSTANCE], "a");
        assert_eq!(attributes(&[(INSTANCE, "")]).get(INSTANCE), None);
    }
}
