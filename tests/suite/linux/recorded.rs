//! A `/proc` of another kernel: a recorded tree.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use process_scanner::{Event, Source};

use super::fake::Fake;
use super::{about, known, scan};

/// `btime` of the trees, in seconds since the Unix epoch.
const BOOT_S: u64 = 1_700_000_000;

fn write_stat(fake: &Fake, stat: &str) {
    fs::write(fake.path().join("stat"), stat).unwrap();
}

#[test]
fn start_times_of_a_recorded_tree_use_its_own_boot() {
    let fake = Fake::new();
    write_stat(&fake, &format!("cpu 1\nbtime {BOOT_S}\nprocesses 42\n"));
    fake.add(42, "x", 1234);
    let mut scanner = fake.scanner();
    scan(&mut scanner);
    let process = known(&scanner, 42);
    assert_eq!(process.start_time_ms, Some(BOOT_S * 1000 + 12_340));
    // A reuse is an exit and a birth in one scan.
    fake.write(42, "y", 1235, 0);
    let batch = scan(&mut scanner);
    let [Event::Exited { .. }, Event::Created(new)] = about(&batch, 42)[..] else {
        panic!("{:?}", batch.events);
    };
    assert_eq!(new.start_time_ms, Some(BOOT_S * 1000 + 12_350));
}

#[test]
fn without_a_boot_time_start_times_are_unknown_and_a_reuse_is_an_exit_and_then_a_birth() {
    let fake = Fake::new();
    write_stat(&fake, "cpu 1\nprocesses 42\n");
    fake.add(1, "x", 5);
    fake.add(42, "x", 1234);
    let mut scanner = fake.scanner();
    scan(&mut scanner);
    assert_eq!(known(&scanner, 42).start_time_ms, None);
    for _ in 0..40 {
        let batch = scan(&mut scanner);
        assert!(batch.events.iter().all(|event| event.kind() == "updated"));
    }
    fake.write(42, "y", 1235, 0);
    let kinds = |batch: &process_scanner::Batch| -> Vec<&str> {
        about(batch, 42).iter().map(|event| event.kind()).collect()
    };
    assert_eq!(kinds(&scan(&mut scanner)), ["exited"]);
    assert_eq!(kinds(&scan(&mut scanner)), ["created"]);
    assert_eq!(known(&scanner, 42).name.as_deref(), Some("y"));
}

#[test]
fn the_table_of_a_recorded_tree_has_no_totals_of_this_host() {
    let fake = Fake::new();
    write_stat(&fake, &format!("cpu 1\nbtime {BOOT_S}\nprocesses 42\n"));
    fake.add(42, "x", 1234);
    assert!(!fake.source().info().is_live);
    let mut pscan = Command::new(env!("CARGO_BIN_EXE_pscan"));
    let output = pscan
        .args(["--sample", "0"])
        .arg("--proc")
        .arg(fake.path())
        .output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().next(), Some("1 process, 0 running"), "{text}");
    // Those of this host are printed.
    let output = pscan_of_this_host();
    assert!(output.contains(" · memory "), "{output}");
}

fn pscan_of_this_host() -> String {
    let mut pscan = Command::new(env!("CARGO_BIN_EXE_pscan"));
    let output = pscan.args(["--sample", "0"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_tree_of_this_boot_has_this_kernels_start_times() {
    let fake = Fake::new();
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    let own_ticks: u64 = after_name
        .split_whitespace()
        .nth(19)
        .unwrap()
        .parse()
        .unwrap();
    fake.add(42, "x", own_ticks);
    let random = fake.path().join("sys/kernel/random");
    fs::create_dir_all(&random).unwrap();
    fs::copy("/proc/sys/kernel/random/boot_id", random.join("boot_id")).unwrap();
    let mut scanner = fake.scanner();
    scan(&mut scanner);
    let there_ms = known(&scanner, 42).start_time_ms.unwrap();
    let mut here = super::scanner();
    scan(&mut here);
    let here_ms = known(&here, std::process::id()).start_time_ms.unwrap();
    // The moment of boot is computed anew for each source, to 10 ms.
    assert!(here_ms.abs_diff(there_ms) <= 10, "{here_ms} {there_ms}");
}

#[test]
fn the_process_that_recorded_a_tree_is_not_the_scanner() {
    let own = std::process::id();
    if own == 1 {
        return eprintln!("SKIPPED: a tree without process 1 hides processes");
    }
    let fake = Fake::new();
    fake.add(1, "x", 5);
    fake.add(own, "x", 5);
    fake.write(own, "x", 5, 12);
    fs::write(fake.folder(own).join("status"), format!("NSpid:\t{own}\n")).unwrap();
    symlink(own.to_string(), fake.path().join("self")).unwrap();
    assert_eq!(fake.source().info().own_pid, None);
    let mut scanner = fake.scanner();
    scan(&mut scanner);
    // From `stat`, and not from the clock of the process that has this pid here.
    assert_eq!(known(&scanner, own).cpu_time_ms, Some(120.0));
    // It need not stay in the tree.
    fs::remove_dir_all(fake.folder(own)).unwrap();
    let batch = scan(&mut scanner);
    assert!(
        about(&batch, own)
            .iter()
            .any(|event| event.kind() == "exited")
    );
    // The tree is read anew, although its link names a process that it lacks.
    let mut scanner = fake.scanner();
    scan(&mut scanner);
    assert_eq!(scanner.processes().count(), 1);
}

#[test]
fn two_lives_with_one_start_tick_have_two_keys_after_a_scan_that_saw_neither() {
    let fake = Fake::new();
    fake.add(1, "x", 5);
    let mut scanner = fake.scanner();
    scan(&mut scanner);
    let mut keys = Vec::new();
    for _ in 0..5 {
        fake.add(42, "x", 1234);
        scan(&mut scanner);
        keys.push(known(&scanner, 42).key());
        fs::remove_dir_all(fake.folder(42)).unwrap();
        let batch = scan(&mut scanner);
        assert!(matches!(about(&batch, 42)[..], [Event::Exited { .. }]));
    }
    let ms_within_tick: Vec<u64> = keys
        .iter()
        .map(|key| key.start_time_ms.unwrap() % 10)
        .collect();
    assert_eq!(ms_within_tick, [0, 1, 2, 3, 4]);
}
