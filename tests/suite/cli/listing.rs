//! The list of processes: the table and `--json`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{has_control, stdout_and_pid_of, stdout_of};

fn pids(processes: &[Value]) -> Vec<u64> {
    processes
        .iter()
        .map(|process| process["pid"].as_u64().unwrap())
        .collect()
}

#[cfg(target_os = "linux")]
#[test]
fn the_source_and_its_proc_folder_can_be_chosen() {
    use super::{failure_of, run};

    for args in [
        &["--source", "linux"][..],
        &["--source", "sysinfo"],
        &["--proc", "/proc"],
    ] {
        let args = [args, &["--json", "--sample", "0"]].concat();
        let listing: Value = serde_json::from_str(&stdout_of(&args)).unwrap();
        let processes = listing["processes"].as_array().unwrap();
        let us = processes
            .iter()
            .find(|process| process["pid"] == std::process::id())
            .unwrap();
        let cpu_time_ms = us["cpu_time_ms"].as_f64().unwrap();
        // Only the kernel's CPU clock is finer than a tick.
        let is_fine = cpu_time_ms % 10.0 != 0.0;
        assert_eq!(
            is_fine,
            !args.contains(&"sysinfo"),
            "{args:?}: {cpu_time_ms}"
        );
    }
    let nowhere = failure_of(&run(&["--proc", "/nowhere"])).to_owned();
    assert!(nowhere.contains("cannot open /nowhere: "), "{nowhere}");
    let advice = " (set proc_path or --proc to the folder where proc(5) is mounted)";
    assert!(nowhere.ends_with(advice), "{nowhere}");
    let both = failure_of(&run(&["--source", "sysinfo", "--proc", "/proc"])).to_owned();
    assert!(both.contains("select the source linux"), "{both}");
}

#[test]
fn json_is_one_object_on_one_line_with_every_process() {
    let (out, pid) = stdout_and_pid_of(&["--json", "--sample", "100ms"]);
    assert_eq!(out.matches('\n').count(), 1);
    let listing: Value = serde_json::from_str(&out).unwrap();
    let keys: Vec<_> = listing.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        BTreeSet::from_iter(keys),
        BTreeSet::from(["schema", "taken_at_ms", "interval_ms", "processes"].map(String::from))
    );
    assert_eq!(listing["schema"], 1);
    assert!(listing["taken_at_ms"].as_u64().unwrap() > 1_600_000_000_000);
    assert!(listing["interval_ms"].as_f64().unwrap() >= 100.0);
    let processes = listing["processes"].as_array().unwrap();
    assert!(pids(processes).is_sorted_by(|a, b| a < b));
    for process in processes {
        let keys = process.as_object().unwrap();
        for key in [
            "start_time_ms",
            "parent_pid",
            "name",
            "command",
            "status",
            "cpu_percent",
        ] {
            assert!(keys.contains_key(key), "{process} has no {key}");
        }
    }
    let by_pid = |pid: u32| {
        processes
            .iter()
            .find(|process| process["pid"] == pid)
            .unwrap()
    };
    let itself = by_pid(pid);
    assert!(itself["cpu_percent"].is_number());
    assert!(itself["rss_bytes"].as_u64().unwrap() > 0);
    assert_eq!(itself["parent_pid"], std::process::id());
    assert!(by_pid(std::process::id())["cpu_percent"].is_number());
}

#[test]
fn a_single_sample_has_no_cpu_use() {
    let listing: Value = serde_json::from_str(&stdout_of(&["--json", "--sample", "0"])).unwrap();
    assert_eq!(listing["interval_ms"], Value::Null);
    let processes = listing["processes"].as_array().unwrap();
    assert!(
        processes
            .iter()
            .all(|process| process["cpu_percent"].is_null())
    );

    let table = stdout_of(&["--sample", "0"]);
    let mut lines = table.lines();
    let host = lines.next().unwrap();
    assert!(
        host.contains(" processes, ") && !host.contains("CPU"),
        "{host}"
    );
    let headings: Vec<_> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(
        headings,
        [
            "PID", "CPU%", "RSS", "TIME", "AGE", "STATUS", "USER", "NAME", "COMMAND"
        ]
    );
    for line in lines {
        assert_eq!(line.split_whitespace().nth(1), Some("-"), "{line}");
    }
}

#[test]
fn the_table_lists_the_busiest_processes_first() {
    let table = stdout_of(&["--sample", "50ms"]);
    assert!(!has_control(&table));
    let own = std::process::id().to_string();
    assert!(
        table
            .lines()
            .any(|line| line.split_whitespace().next() == Some(&own))
    );
    let percents: Vec<f64> = table
        .lines()
        .skip(2)
        .filter_map(|line| line.split_whitespace().nth(1).unwrap().parse().ok())
        .collect();
    assert!(percents.is_sorted_by(|a, b| a >= b), "{percents:?}");
}
