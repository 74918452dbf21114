//! Where the kernel does not report births and exits, the source only scans, and reports why.

use std::process::Command;
use std::time::Instant;

use process_scanner::{Collect, Config, LinuxSource, Listen, ListenOptions, Source, live_source};

use super::{Ears, PATIENCE};
use crate::linux::is_root;

/// The reason where `/proc` is that of the host.
const FOREIGN: &str = "of another pid namespace";

/// Set for a child in namespaces of its own.
const INSIDE: &str = "PSCAN_TEST_LISTEN_INSIDE";

const NAME: &str = "linux::lives::places::in_a_namespace_of_its_own_it_polls_and_reports_why";

#[test]
fn in_a_namespace_of_its_own_it_polls_and_reports_why() {
    if let Ok(reason) = std::env::var(INSIDE) {
        return inside(&reason);
    }
    if !is_root() {
        eprintln!("SKIPPED: namespaces need root");
        return;
    }
    if Ears::open(ListenOptions::default()).is_none() {
        return;
    }
    for (options, reason) in [
        (&["--net"][..], "network namespace"),
        (&["--pid", "--fork", "--mount-proc"], "pid namespace"),
        (&["--pid", "--fork"], FOREIGN),
        (&["--user", "--map-root-user"], "user namespace"),
        (
            &["--time", "--boottime", "1000", "--fork"],
            "time namespace",
        ),
    ] {
        let output = Command::new("unshare")
            .args(options)
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture", "--test-threads=1"])
            .env(INSIDE, reason)
            .output();
        let Ok(output) = output else {
            eprintln!("SKIPPED: a {reason} needs unshare(1)");
            continue;
        };
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        if stderr.starts_with("unshare:") {
            eprintln!("SKIPPED: a {reason}: {stderr}");
            continue;
        }
        assert!(
            output.status.success() && stdout.contains("1 passed"),
            "{stdout}{stderr}"
        );
    }
}

fn inside(reason: &str) {
    let began = Instant::now();
    let source = LinuxSource::new(Collect::default()).unwrap();
    let mut source = source.listening(ListenOptions::default());
    let took = began.elapsed();
    // The kernel's answer may take 0.5 s. The rest is for a busy host.
    assert!(took < PATIENCE, "{took:?}");
    let info = source.info();
    assert!(!info.hears_lives);
    let why = info.not_listening.unwrap();
    assert!(why.contains(reason), "{why}");
    // Exits are heard by pidfd, unless the pids are those of other processes here.
    assert!(!info.hears_exits || reason != FOREIGN);
    if reports_exits() && reason != FOREIGN {
        assert!(info.hears_exits);
    }
    assert_eq!(source.bell().is_some(), info.hears_exits);
    let mut rows = 0;
    source.scan(&mut |_| rows += 1).unwrap();
    assert!(rows > 0);
}

/// Returns whether this kernel reports exit statuses by pidfd, by its version.
fn reports_exits() -> bool {
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy().into_owned();
    let mut numbers = release
        .split(['.', '-'])
        .map(|number| number.parse().unwrap_or(0));
    let version: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version >= (6, 15)
}

#[test]
fn the_setting_decides_whether_the_live_source_listens() {
    let mut config = Config::default();
    config.listen = Listen::Off;
    let off = live_source(&config).unwrap().info();
    assert!(!off.hears_lives && !off.hears_exits && off.not_listening.is_none());
    config.listen = Listen::Auto;
    let auto = live_source(&config).unwrap().info();
    assert_eq!(auto.hears_lives, auto.not_listening.is_none());
}

#[test]
fn a_listener_stops_promptly_when_its_source_is_dropped() {
    let Some(ears) = Ears::open(ListenOptions::default()) else {
        return;
    };
    let threads = || {
        let names = std::fs::read_dir("/proc/self/task").unwrap().map(|task| {
            std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap_or_default()
        });
        names.filter(|name| name.starts_with("pscan-")).count()
    };
    assert!(threads() >= 2);
    let began = Instant::now();
    drop(ears);
    assert!(began.elapsed() < PATIENCE);
}
