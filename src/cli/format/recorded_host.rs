//! The line above a replay: the host of the recording.

use process_scanner::{HostInfo, escape};

use super::cells;

/// Formats the facts about a host; `None` if nothing is known.
pub(super) fn recorded_on(host: &HostInfo) -> Option<String> {
    let facts = [
        host.kernel.clone(),
        host.cpus.map(|cpus| match cpus {
            1 => "1 CPU".to_owned(),
            cpus => format!("{cpus} CPUs"),
        }),
        host.memory_bytes
            .map(|bytes| format!("{} of memory", cells::bytes(bytes))),
    ];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    let facts = facts.join(", ");
    let text = match &host.name {
        Some(name) if facts.is_empty() => format!("recorded on {name}"),
        Some(name) => format!("recorded on {name}: {facts}"),
        None if facts.is_empty() => return None,
        None => format!("recorded on {facts}"),
    };
    // A recording can contain anything.
    Some(escape(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_facts_are_left_out() {
        let mut host = HostInfo::default();
        assert_eq!(recorded_on(&host), None);
        host.cpus = Some(1);
        assert_eq!(recorded_on(&host).as_deref(), Some("recorded on 1 CPU"));
        host.name = Some("web1".into());
        host.cpus = Some(8);
        host.kernel = Some("Linux 6.1.0".into());
        host.memory_bytes = Some(16_708_006_912);
        assert_eq!(
            recorded_on(&host).as_deref(),
            Some("recorded on web1: Linux 6.1.0, 8 CPUs, 16.7 GB of memory")
        );
        host = HostInfo::default();
        host.name = Some("web1".into());
        assert_eq!(recorded_on(&host).as_deref(), Some("recorded on web1"));
        host.name = Some("\x1b[2J\n".into());
        assert_eq!(
            recorded_on(&host).as_deref(),
            Some("recorded on \\x1b[2J\\n")
        );
    }
}
