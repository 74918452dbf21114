//! Ctrl-Z and stop signals.

use super::*;

/// Returns a shell with job control, whose terminal is that of its standard input.
fn shell(script: &str) -> Command {
    let mut command = Command::new("setsid");
    without_settings(&mut command)
        .args(["--ctty", "sh", "-c", script])
        .env("PSCAN", assert_cmd::cargo::cargo_bin!("pscan"));
    command
}

fn has_setsid() -> bool {
    let has_it = Command::new("setsid").arg("--version").output().is_ok();
    if !has_it {
        eprintln!("SKIPPED: there is no setsid");
    }
    has_it
}

#[test]
fn ctrl_z_stops_it_until_fg() {
    if !has_setsid() {
        return;
    }
    let script = "set -m; \"$PSCAN\" top --poll-only --interval 1h; echo it was stopped; \
                  fg >/dev/null; echo it has ended";
    let mut top = Running::start_as(shell(script));
    top.wait_for_text("COMMAND");
    top.press("\x1a");
    top.wait_for("stop", |screen| {
        let text = String::from_utf8_lossy(&screen.bytes);
        let after = text
            .split_once("\x1b[?1049l")
            .map_or("", |(_, after)| after);
        after.contains("it was stopped") && after.contains("\x1b[?1049h")
    });
    top.wait_for_text("COMMAND");
    top.press("q");
    top.wait_for("end", |screen| {
        String::from_utf8_lossy(&screen.bytes).contains("it has ended")
    });
    let (status, _) = top.end();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_stop_signal_gives_the_terminal_back_until_the_process_goes_on() {
    if is_ignored(Signal::TSTP) {
        return eprintln!("skipped: SIGTSTP is ignored here");
    }
    let mut top = Running::start(&LIVE);
    top.wait_for_text("COMMAND");
    top.send(Signal::TSTP);
    top.wait_for("stop", |screen| !screen.is_alternate);
    let stopped = rustix::process::waitpid(Some(top.pid()), rustix::process::WaitOptions::UNTRACED);
    assert!(stopped.unwrap().unwrap().1.stopped());
    assert_eq!(modes(&top.terminal), top.modes);
    top.screen.resize(80, 30);
    top.send(Signal::CONT);
    top.wait_for("screen", |screen| screen.is_alternate);
    top.wait_for_text("COMMAND");
    top.press("q");
    assert_eq!(top.end().0.code(), Some(0));
}

#[test]
fn ctrl_z_does_not_stop_it_where_no_shell_would_continue_it() {
    if !has_setsid() {
        return;
    }
    let mut command = Command::new("setsid");
    without_settings(&mut command)
        .arg("--ctty")
        .arg(assert_cmd::cargo::cargo_bin!("pscan"))
        .args(LIVE);
    let mut top = Running::start_as(command);
    top.wait_for_text("COMMAND");
    top.press("\x1a");
    top.wait_for_text("no shell would continue");
    top.press("q");
    assert_eq!(top.end().0.code(), Some(0));
}
