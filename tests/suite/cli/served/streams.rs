//! `/events`: births and exits as they happen.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Server, connect, copied, sample};

/// Opens a stream, and returns its events from now on.
fn events(server: &Server, query: &str) -> impl Iterator<Item = Value> + use<> {
    let mut stream = connect(&server.address);
    write!(
        stream,
        "GET /events?{query} HTTP/1.0\r\nHost: localhost\r\n\r\n"
    )
    .unwrap();
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    // The head is sent when the stream has begun.
    assert!(lines.any(|line| line.is_empty()), "the head has no end");
    lines.filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
}

#[test]
fn births_and_exits_come_as_lines_of_watch() {
    let server = Server::start("[serve]\nevents = true\n[scan]\ninterval_ms = 100\n").scanned();
    let folder = tempfile::tempdir().unwrap();
    let program = copied("/bin/sh", folder.path(), "made_for_events");
    let mut all = events(&server, "");
    // The stream begins with all processes.
    assert_eq!(all.next().unwrap()["event"], "existing");
    let mut chosen = events(
        &server,
        "events=created,updated,exited&name=%5Emade_for_events%24",
    );
    let mut child = Command::new(program)
        .args(["-c", "read line"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let is_of_child = |event: &Value| event["process"]["pid"] == child.id();
    let born = chosen.find(is_of_child).unwrap();
    assert_eq!(born["event"], "created");
    all.find(is_of_child).unwrap();
    drop(child.stdin.take());
    child.wait().unwrap();
    let pid = child.id();
    let exit = chosen.find(|event| event["event"] == "exited").unwrap();
    assert_eq!(exit["process"]["pid"], pid);
}

#[test]
fn streams_have_a_limit_and_leave_with_their_clients() {
    let server = Server::start("[serve]\nevents = true\nmax_event_clients = 2\n").scanned();
    let mut streams: Vec<_> = (0..2).map(|_| events(&server, "")).collect();
    for stream in &mut streams {
        stream.next().unwrap();
    }
    let refused = server.get("/events");
    assert_eq!(refused.status, 503);
    assert!(
        refused.body.contains("max_event_clients"),
        "{}",
        refused.body
    );
    drop(streams);
    // The server finds out when it writes, at the latest with the next events.
    loop {
        Command::new("true").status().unwrap();
        let mut stream = events(&server, "");
        if stream.next().is_some() {
            break;
        }
    }
    let text = server.get("/metrics").body;
    assert_eq!(sample(&text, "pscan_scan_consumer_panics_total"), Some(0.0));
}

#[test]
fn a_server_ends_although_a_client_reads_nothing() {
    let server = Server::start("[serve]\nevents = true\n").scanned();
    let mut stream = connect(&server.address);
    write!(stream, "GET /events HTTP/1.0\r\n\r\n").unwrap();
    let mut first = [0];
    std::io::Read::read_exact(&mut stream, &mut first).unwrap();
    let (status, rest) = server.end(rustix::process::Signal::TERM);
    assert_eq!((status, rest.as_str()), (Some(0), ""));
}

#[test]
fn streams_end_when_they_are_switched_off() {
    let settings = "[serve]\nevents = true\n";
    let mut server = Server::start(settings).scanned();
    let mut stream = events(&server, "");
    stream.next().unwrap();
    server.reload("");
    server.message("changed serve.events");
    stream.for_each(drop);
    assert_eq!(server.get("/events").status, 404);
}
