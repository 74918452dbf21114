//! The interval of `watch`, and `--stats`.

#[cfg(target_os = "linux")]
use super::failure_of;
use super::{json_lines, pscan, scans_in, text};

#[test]
fn watch_slows_down_to_its_budget_and_reports_it() {
    if cfg!(windows) {
        eprintln!("skipped: one short scan may take no tick of the CPU clock here");
        return;
    }
    // Batches between scans would count too. A source that does not report first reads apart counts
    // all as settled: on a host of few processes, most of them new, the rest is next to nothing.
    let args = [
        "watch",
        "--poll-only",
        "--source",
        "sysinfo",
        "--interval",
        "50ms",
        "--cpu-budget",
        "0.01",
    ];
    // Nothing is known of the second scan before the first. A longer interval would let it wait for minutes.
    let ends = ["--max-interval", "100ms", "--scans", "2", "--stats"];
    let output = pscan(&args).args(ends).arg("--json").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let lines = json_lines(text(&output.stdout));
    let only = |event: &str| {
        let mut found = lines.iter().filter(|line| line["event"] == event);
        let line = found.next().unwrap();
        assert!(found.next().is_none(), "{lines:?}");
        line
    };
    let slower = only("interval_changed");
    assert_eq!(
        (&slower["from_ms"], &slower["to_ms"]),
        (&50.into(), &100.into())
    );
    let reason = slower["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("a scan costs ") && reason.contains("ms, budget 0.01 %"),
        "{reason}"
    );
    let exceeded = only("budget_changed");
    assert_eq!(exceeded["exceeded"], true);
    let reason = exceeded["reason"].as_str().unwrap();
    // On a busy host the first scan alone can use ten minutes' budget, 60 ms.
    let of_the_rate = reason.contains("the budget is 0.01 %");
    let of_the_credit = reason.contains("more than 0.01 % of one core (60ms)");
    assert!(of_the_rate || of_the_credit, "{reason}");
    assert!(lines.iter().all(|line| {
        let reason = line["reason"].as_str().unwrap_or_default();
        !reason.contains("--")
    }));
    let stats = &json_lines(text(&output.stderr))[..];
    let [stats] = stats else {
        panic!("{stats:?}");
    };
    assert_eq!(stats["scans_total"]["good"], 2);
    assert_eq!(stats["interval_ms"], slower["to_ms"]);
    assert_eq!(stats["interval_asked_ms"], 50);
    assert_eq!(stats["budget_exceeded_total"], 1);
    assert_eq!(stats["consumers"][0]["name"], "output");
    assert_eq!(stats["consumers"][0]["delivered_total"], 2);

    let output = pscan(&args).args(ends).output().unwrap();
    let out = text(&output.stdout);
    for line in [
        "Z scanning every 100ms, not every 50ms, for the budget of 0.01 % of a core (--max",
        "Z over the budget: ",
    ] {
        assert!(out.contains(line), "{out}");
    }
    let stats = text(&output.stderr);
    assert!(
        stats.starts_with("scans          2 good, 0 failed"),
        "{stats}"
    );
    assert!(
        stats.contains(" requested 50ms, changed 1 times\nbudget         exceeded 1 times\n"),
        "{stats}"
    );
    assert!(
        stats.contains("\nto output      2 delivered, 0 lost"),
        "{stats}"
    );
    assert!(stats.lines().all(|line| line.len() <= 80), "{stats}");
}

#[test]
fn record_prints_statistics_too() {
    let args = ["record", "-", "--scans", "1", "--stats"];
    let output = pscan(&args).output().unwrap();
    assert!(text(&output.stderr).starts_with("scans          1 good"));
    assert_eq!(scans_in(text(&output.stdout)), 1);
}

#[cfg(unix)]
#[test]
fn sigusr1_prints_the_statistics_of_a_running_watch() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    let mut child = pscan(&["watch", "--json", "--stats"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut stats = BufReader::new(child.stderr.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    let kill = |signal: &str| {
        let id = child.id().to_string();
        let killed = Command::new("kill")
            .args([signal, id.as_str()])
            .status()
            .unwrap();
        assert!(killed.success());
    };
    for _ in 0..2 {
        kill("-USR1");
        let mut line = String::new();
        stats.read_line(&mut line).unwrap();
        assert!(json_lines(&line)[0]["scans_total"]["good"].as_u64() >= Some(1));
    }
    kill("-TERM");
    // The output must be read: `watch` waits until it can write.
    out.read_to_string(&mut String::new()).unwrap();
    let mut last = String::new();
    stats.read_to_string(&mut last).unwrap();
    assert_eq!(json_lines(&last).len(), 1);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Starts `watch` with too few descriptors for any scan. How many it needs to start depends on the
/// system.
#[cfg(target_os = "linux")]
#[test]
fn failed_scans_count_as_scans() {
    use std::process::Command;

    use super::without_settings;

    // The source `sysinfo` needs fewer descriptors.
    let watch = "watch --source sysinfo --json --scans 3 --interval 50ms --cpu-budget off";
    let all_failed = (3..=8).any(|descriptors| {
        let output = without_settings(&mut Command::new("sh"))
            .args([
                "-c",
                &format!("ulimit -n {descriptors}; exec \"$0\" {watch}"),
            ])
            .arg(assert_cmd::cargo::cargo_bin!("pscan"))
            .output()
            .unwrap();
        if output.status.code() == Some(1) {
            let stderr = text(&output.stderr);
            assert!(
                !stderr.contains("ended by itself"),
                "{descriptors}: {stderr}"
            );
        }
        let failed: Vec<_> = json_lines(text(&output.stdout))
            .into_iter()
            .filter(|line| line["event"] == "scan_failed")
            .map(|line| line["seq"].as_u64())
            .collect();
        failed == [Some(1), Some(2), Some(3)] && failure_of(&output).contains("Too many open files")
    });
    assert!(all_failed);
}
