//! The resource: the host that everything is about, and the program that reports it.

use sysinfo::System;

use super::otlp_messages::{InstrumentationScope, KeyValue, Resource};

/// Returns the attributes of this host and of pscan. What is unknown is left out.
pub(super) fn resource() -> Resource {
    let known = [
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
    let attributes = known
        .into_iter()
        .filter_map(|(key, value)| Some(KeyValue::new(key, value?.as_str())));
    Resource {
        attributes: attributes.collect(),
    }
}

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
    use super::*;

    #[test]
    fn the_host_has_a_name_and_pscan_a_version() {
        let resource = resource();
        let keys: Vec<_> = resource
            .attributes
            .iter()
            .map(|attribute| attribute.key.as_str())
            .collect();
        for key in ["service.name", "service.version", "host.name", "os.type"] {
            assert!(keys.contains(&key), "{keys:?}");
        }
        for attribute in resource.attributes {
            assert_ne!(attribute, KeyValue::new(&attribute.key, ""));
        }
    }
}
