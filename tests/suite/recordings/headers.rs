//! The header of a recording: the source and its host.

use std::io::Cursor;

use process_scanner::{Collect, HostInfo, Recorder, ReplaySource, Source, SysinfoSource};

use super::{recording, scan, support};

fn header_of(source: impl Source) -> String {
    let written = Recorder::new(source, Vec::new()).unwrap().into_output();
    let header = String::from_utf8(written).unwrap();
    header.strip_suffix('\n').unwrap().to_owned()
}

#[test]
fn a_recording_keeps_the_host_of_its_source() {
    for live in support::live_sources() {
        let source = live.source();
        let host = source.info().host;
        assert!(host.kernel.is_some(), "{}: {host:?}", live.name);
        assert!(host.cpus >= Some(1), "{}: {host:?}", live.name);
        assert!(host.memory_bytes > Some(1 << 20), "{}: {host:?}", live.name);
        let header = header_of(source);
        let played = ReplaySource::new(Cursor::new(header.clone() + "\n")).unwrap();
        assert_eq!(played.info().host, host);
        // A recording of a replay has the same host, not the one that it is replayed on.
        assert_eq!(header_of(played), header);
    }
}

#[test]
fn a_recording_has_the_names_of_what_was_collected() {
    let world = support::World::new();
    let header = header_of(world);
    assert!(!header.contains("collects"), "{header}");
    let collect = Collect::USER | Collect::VIRTUAL_MEMORY;
    let header = header_of(SysinfoSource::new(collect).unwrap());
    let names = r#""collects":["user","virtual_memory"]"#;
    assert!(header.contains(names), "{header}");
    let played = ReplaySource::new(Cursor::new(header + "\n")).unwrap();
    assert_eq!(played.info().collects, collect);
}

#[test]
fn an_unknown_host_is_left_out() {
    let header = header_of(support::World::new());
    assert!(!header.contains("host"), "{header}");
    // Version 1 has none.
    let source = ReplaySource::new(Cursor::new(recording(&[&scan(1, &[7])]))).unwrap();
    assert_eq!(source.info().host, HostInfo::default());
}

#[test]
fn facts_of_a_host_can_be_missing_or_unknown() {
    let header = |host: &str| {
        let header = format!(
            r#"{{"pscan_recording":2,"source":"x","start_time_resolution_ms":1,"own_pid":null,"host":{host}}}"#
        );
        ReplaySource::new(Cursor::new(header + "\n"))
    };
    let host = |text: &str| header(text).unwrap().info().host;
    assert!(host("{}").is_unknown());
    let some = host(r#"{"name":null,"cpus":4,"memory_bytes":null,"added later":[1]}"#);
    let mut expected = HostInfo::default();
    expected.cpus = Some(4);
    assert_eq!(some, expected);
    let error = header(r#"{"cpus":"secret"}"#).unwrap_err().full_message();
    assert!(
        error.contains("not the header") && !error.contains("secret"),
        "{error}"
    );
}
