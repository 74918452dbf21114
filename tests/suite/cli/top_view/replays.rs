//! `pscan top --replay`.

use super::*;

#[test]
fn a_recording_plays_to_its_end_and_back() {
    let recording = eventful();
    let mut top = Running::start(&["top", "--replay", &recording.arg(), "--speed", "0.001"]);
    // At the begin there are two processes.
    top.wait_for("begin", |screen| {
        let text = screen.text();
        text.contains("init") && text.contains("2 processes") && !text.contains("make")
    });
    top.press("E");
    top.wait_for("end", |screen| {
        let text = screen.text();
        text.contains("make") && text.contains("2 processes") && text.contains("22:13:24")
    });
    // Back to the scan with three of them, and to the begin.
    top.press(",,");
    top.wait_for_text("3 processes");
    top.press("B");
    top.wait_for("begin", |screen| !screen.text().contains("make"));
    top.press(".");
    top.wait_for_text("3 processes");
    top.press("q");
    assert_eq!(top.end().0.code(), Some(0));
}

#[test]
fn a_replay_begins_at_a_time() {
    let recording = eventful();
    let arg = recording.arg();
    let mut top = Running::start(&["top", "--replay", &arg, "--at", "22:13:22Z"]);
    top.wait_for_text("3 processes");
    top.press("q");
    assert_eq!(top.end().0.code(), Some(0));
    let mut top = Running::start(&["top", "--replay", &arg, "--at", "2030-01-01T00:00Z"]);
    top.wait_for_text("ends before --at");
    top.press("q");
    assert_eq!(top.end().0.code(), Some(0));
    let early = Running::start(&["top", "--replay", &arg, "--at", "1999-01-01T00:00Z"]);
    assert_failed_before_the_screen(early, "is before the recording");
}

#[test]
fn a_replay_can_hide_arguments() {
    let recording = record(1, |_, world| {
        let mut init = Made::new("init", 1_600_000_000_000);
        init.args.push(b"--argument".to_vec());
        world.add(1, init);
    });
    let arg = recording.arg();
    for (option, is_hidden) in [(None, false), (Some("--strip-args"), true)] {
        let mut args = vec!["top", "--replay", &arg];
        args.extend(option);
        let mut top = Running::start(&args);
        top.wait_for_text("1 process,");
        top.wait_for_text(" init");
        assert_eq!(top.screen.text().contains("--argument"), !is_hidden);
        // The details have the whole command line.
        top.press("\r");
        top.wait_for_text("command ");
        top.press("qq");
        top.wait_for("end", |screen| !screen.is_alternate);
        let text = String::from_utf8_lossy(&top.screen.bytes);
        assert_eq!(text.contains("--argument"), !is_hidden, "{text:?}");
        assert_eq!(top.end().0.code(), Some(0));
    }
}

#[test]
fn a_recording_that_is_cut_is_displayed_until_there() {
    let recording = eventful();
    let len = std::fs::read(recording.path()).unwrap().len();
    recording.cut_to(len - 20);
    let mut top = Running::start(&["top", "--replay", &recording.arg()]);
    top.press("E");
    top.wait_for("reason", |screen| screen.text().contains("made.ndjson: "));
    top.press("q");
    assert_eq!(top.end().0.code(), Some(0));
    std::fs::write(recording.path(), "no recording\n").unwrap();
    let none = Running::start(&["top", "--replay", &recording.arg()]);
    assert_failed_before_the_screen(none, "made.ndjson: ");
    let pipe = Running::start(&["top", "--replay", "/dev/null"]);
    assert_failed_before_the_screen(pipe, "/dev/null is no file");
}
