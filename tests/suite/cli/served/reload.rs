//! SIGHUP: what changes, what stays, and what needs a restart.

use std::fs;

use rustix::process::Signal;

use super::{Server, sample};

const BIRTHS: &str = "pscan_group_births_total";

#[test]
fn groups_change_and_counters_stay() {
    let mut server = Server::start("").scanned();
    let before = server.metrics_with("pscan_group_processes{group=\"pscan\"");
    let cpu = "pscan_group_cpu_seconds_total{group=\"pscan\",kind=\"named\"}";
    let used = sample(&before, cpu);
    server.reload("[[group]]\nlabel = \"the scanner\"\nname = \"^pscan$\"\n");
    assert!(server.message("reloaded").ends_with("changed group"));
    let after = server.metrics_with("pscan_group_processes{group=\"the scanner\"");
    // The process has moved, and what it used stays.
    assert_eq!(
        sample(
            &after,
            "pscan_group_processes{group=\"pscan\",kind=\"named\"}"
        ),
        Some(0.0)
    );
    assert!(sample(&after, cpu) >= used);
    assert!(after.contains(&format!("{BIRTHS}{{group=\"other\",kind=\"other\"}}")));
    let count = |text: &str| sample(text, "pscan_scan_events_total{kind=\"existing\"}");
    assert!(count(&after) >= count(&before));
}

#[test]
fn a_broken_file_changes_nothing() {
    let mut server = Server::start("[serve]\nprocesses = true\n").scanned();
    for (text, reason) in [
        ("[serve]\nprocessess = false\n", "line 2"),
        ("[serve\n", "line 1"),
        ("[[group]]\nlabel = \"{nothing}\"\n", "{name}"),
        ("[scan]\ninterval_ms = 1\n", "interval_ms"),
        ("[serve]\ntoken_file = \"/does/not/exist\"\n", "token"),
    ] {
        server.reload(text);
        server.message(reason);
        server.message("the settings stay as they were");
        assert_eq!(server.get("/processes").status, 200);
    }
    fs::remove_file(server.settings()).unwrap();
    server.send(Signal::HUP);
    server.message("the settings stay as they were");
    server.reload("");
    assert!(
        server
            .message("reloaded")
            .ends_with("changed serve.processes")
    );
    assert_eq!(server.get("/processes").status, 404);
}

#[test]
fn settings_that_need_a_restart_are_named() {
    let mut server = Server::start("").scanned();
    let changed =
        "[scan]\ninterval_ms = 1234\nmax_text_bytes = 100\n[serve]\nmax_connections = 9\n";
    fs::write(server.settings(), changed).unwrap();
    for _ in 0..2 {
        server.send(Signal::HUP);
        let message = server.message("need a restart");
        assert!(
            message.ends_with("scan.max_text_bytes, serve.max_connections"),
            "{message}"
        );
    }
    let text = server.metrics_with("pscan_scan_interval_asked_seconds 1.234");
    assert!(sample(&text, "pscan_scan_total{result=\"good\"}") >= Some(1.0));
}

#[test]
fn a_reload_leaves_no_open_address_without_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "0123456789abcdef").unwrap();
    let open = format!("[serve]\ntoken_file = {token:?}\n");
    let mut server = Server::start_with(&open, &["--listen", "0.0.0.0:0"]);
    server.reload("");
    assert!(server.message("other hosts can reach").contains("0.0.0.0"));
    assert_eq!(server.get("/metrics").status, 401);
}

#[test]
fn groups_change_back_and_forth() {
    let mut server = Server::start("[groups]\nby = \"unit\"\n").scanned();
    for by in ["name", "unit", "name"] {
        server.reload(&format!("[groups]\nby = \"{by}\"\n"));
        assert!(server.message("reloaded").ends_with("changed groups.by"));
    }
    server.metrics_with("pscan_group_processes{group=\"pscan\"");
    let text = server.metrics_with("pscan_serve_reload_successful 1");
    assert!(sample(&text, "pscan_serve_reload_timestamp_seconds") > Some(1.7e9));
}

#[test]
fn another_token_holds_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "0123456789abcdef").unwrap();
    let mut server = Server::start(&format!("[serve]\ntoken_file = {token:?}\n"));
    fs::write(&token, "fedcba9876543210").unwrap();
    server.send(Signal::HUP);
    assert!(server.message("reloaded").ends_with("changed the token"));
    let open = |token: &str| {
        let header = format!("Authorization: Bearer {token}");
        super::request(
            &server.address,
            "GET /metrics",
            &["Host: localhost", &header],
        )
        .status
    };
    assert_eq!(open("0123456789abcdef"), 401);
    assert_eq!(open("fedcba9876543210"), 200);
}

#[test]
fn new_groups_that_need_other_fields_need_a_restart() {
    let mut server = Server::start("").scanned();
    server.reload("[groups]\nby = \"unit\"\n");
    let message = server.message("which is not collected");
    assert!(message.contains("restart pscan"), "{message}");
    server.metrics_with("pscan_group_processes{group=\"pscan\"");
}
