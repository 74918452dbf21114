//! How many processes are watched where pidfds report exits: by descriptors and CPU time.

use std::fs;
use std::process::{Child, Command};

use process_scanner::{Collect, ExitStatus, LinuxSource, ListenOptions, Source};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::exits::{ended, source, without_connector};
use super::{Ears, sh};
use crate::faults::own_next_pid;
use crate::linux::is_root;

const LIMITED: &str = "linux::lives::exit_limits::with_few_descriptors_the_youngest_are_watched";

/// Set for a child with a low limit of descriptors.
const ROLE: &str = "PSCAN_TEST_FEW_DESCRIPTORS";

#[test]
fn with_few_descriptors_the_youngest_are_watched() {
    if std::env::var(ROLE).is_ok() {
        return watch_the_youngest();
    }
    if !is_root() {
        eprintln!("SKIPPED: namespaces need root");
        return;
    }
    // With its own pids, so that no other process is watched, and its own limit.
    let output = Command::new("unshare")
        .args(["--net", "--pid", "--fork", "--mount-proc"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", LIMITED, "--nocapture", "--test-threads=1"])
        .env(ROLE, "1")
        .output();
    let Ok(output) = output else {
        eprintln!("SKIPPED: namespaces need unshare(1)");
        return;
    };
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && stdout.contains("1 passed"),
        "{stdout}{stderr}"
    );
    for line in stderr.lines().filter(|line| line.starts_with("SKIPPED")) {
        eprintln!("{line}");
    }
}

fn watch_the_youngest() {
    const SOFT: u64 = 90;
    let hard = getrlimit(Resource::Nofile).maximum;
    let low = Rlimit {
        current: Some(SOFT),
        maximum: hard,
    };
    setrlimit(Resource::Nofile, low).unwrap();
    let Some(source) = source(ListenOptions::default()) else {
        return;
    };
    assert_eq!(getrlimit(Resource::Nofile).current, Some(SOFT));
    let mut ears = Ears::of(source, own_next_pid());
    // They end with the writer, which is this process's alone.
    let (reader, _writer) = std::io::pipe().unwrap();
    let start = || {
        let stdin = reader.try_clone().unwrap();
        Command::new("cat").stdin(stdin).spawn().unwrap()
    };
    let mut children: Vec<Child> = (0..60).map(|_| start()).collect();
    ears.scan();
    // Some ten descriptors are open, and half of the rest stay free.
    let watched = pidfds();
    assert!((30..=45).contains(&watched), "{watched}");
    // These replace older ones.
    children.extend((0..20).map(|_| start()));
    ears.scan();
    assert_eq!(pidfds(), watched);
    for child in &mut children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let killed = Some(ExitStatus::from_wait_status(9));
    for child in &children[children.len() - 20..] {
        ears.until_exits(child.id(), 1);
    }
    let heard = children
        .iter()
        .filter(|child| !ears.exits(child.id()).is_empty());
    let heard: Vec<u32> = heard.map(Child::id).collect();
    assert_eq!(heard.len(), watched);
    assert!(heard.iter().all(|&pid| ears.exits(pid) == [killed]));
    // Scans find the others.
    ears.scan();
    for child in &children {
        assert!(!ears.scanned.contains_key(&child.id()));
    }
    drop(ears);
    assert_eq!(pidfds(), 0);

    let mut options = ListenOptions::default();
    options.raise_descriptor_limit = true;
    let source = LinuxSource::new(Collect::default()).unwrap();
    assert!(source.listening(options).info().hears_exits);
    assert_eq!(getrlimit(Resource::Nofile).current, hard);
}

/// Returns how many pidfds this process has.
fn pidfds() -> usize {
    let files = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let targets = files.filter_map(|file| fs::read_link(file.path()).ok());
    targets
        .filter(|target| target.to_string_lossy().contains("pidfd"))
        .count()
}

#[test]
fn nothing_is_watched_without_cpu_time_for_it_and_scans_find_the_exits() {
    without_connector(|| {
        let mut options = ListenOptions::default();
        options.cpu_percent = Some(0.000_01);
        let Some(source) = source(options) else {
            return;
        };
        let mut ears = Ears::of(source, own_next_pid());
        let mut child = sh("read x; exit 3", "polled");
        ears.scan();
        ended(&mut child);
        ears.scan();
        assert!(ears.exits(child.id()).is_empty());
        assert!(!ears.scanned.contains_key(&child.id()));
    });
}
