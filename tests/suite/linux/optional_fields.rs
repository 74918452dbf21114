//! The optional fields of all kinds of processes, compared with `/proc` and ps(1).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use assert_cmd::cargo::cargo_bin;
use serde_json::Value;
use tempfile::TempDir;

use super::crowd::{Crowd, Member, crowd};
use crate::faults::users::NOBODY;
use crate::support::await_some;

/// Returns the optional fields of a process, from the files of `/proc`.
fn true_fields(pid: u32) -> Option<BTreeMap<&'static str, Value>> {
    let process = procfs::process::Process::new(pid.cast_signed()).ok()?;
    let mut stat = process.stat().ok()?;
    let mut folder = format!("/proc/{pid}");
    // The first thread of a living process can have ended.
    if stat.state == 'Z' && stat.num_threads > 1 {
        let mut threads = process.tasks().ok()?.flatten();
        let living = threads.find_map(|thread| {
            let stat = thread.stat().ok()?;
            (stat.state != 'Z').then_some((thread.tid, stat))
        });
        let (thread, of_thread) = living?;
        (stat.state, stat.vsize) = (of_thread.state, of_thread.vsize);
        folder = format!("/proc/{pid}/task/{thread}");
    }
    let path = |name: &str| format!("{folder}/{name}");
    let read = |name: &str| fs::read_to_string(path(name)).ok();
    let status = read("status")?;
    let line = |content: &str, name: &str| -> Option<String> {
        let line = content.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next().map(str::to_owned)
    };
    let number = |content: &str, name: &str| line(content, name)?.parse::<u64>().ok();
    let kb = |name: &str| number(&status, name).map(|kb| kb * 1024);
    let is_zombie = stat.state == 'Z';
    let is_kernel_thread = stat.flags & 0x20_0000 != 0;
    let none_is_0 = |bytes: Option<u64>| match is_kernel_thread || is_zombie {
        true => Some(0),
        false => bytes,
    };
    let euid = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let euid: u64 = euid.split_whitespace().nth(1)?.parse().ok()?;
    let pid_or_null = |pid: i32| (pid > 0).then_some(pid);
    // The rest is that of the whole process, but for switches, which are those of the first thread.
    let first = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let io = fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
    let cgroups = read("cgroup")?;
    let v2 = cgroups.lines().find_map(|line| line.strip_prefix("0::"));
    let exe = fs::read_link(path("exe")).ok();
    let fds = fs::metadata(path("fd")).map(|folder| folder.size()).ok();
    let mut fields = BTreeMap::new();
    let mut put = |name: &'static str, value: Value| fields.insert(name, value);
    put("user_id", euid.into());
    put("threads", stat.num_threads.into());
    put("virtual_bytes", stat.vsize.into());
    put("cpu_user_ms", (stat.utime as f64 * 10.0).into());
    put("cpu_system_ms", (stat.stime as f64 * 10.0).into());
    put("minor_faults", stat.minflt.into());
    put("major_faults", stat.majflt.into());
    put("nice", stat.nice.into());
    put("session_id", pid_or_null(stat.session).into());
    put("process_group_id", pid_or_null(stat.pgrp).into());
    put("open_files", fds.into());
    put(
        "voluntary_switches",
        number(&first, "voluntary_ctxt_switches:").into(),
    );
    put(
        "involuntary_switches",
        number(&first, "nonvoluntary_ctxt_switches:").into(),
    );
    put("swap_bytes", none_is_0(kb("VmSwap:")).into());
    put("read_bytes", number(&io, "read_bytes:").into());
    put("written_bytes", number(&io, "write_bytes:").into());
    if !is_zombie {
        put("peak_rss_bytes", none_is_0(kb("VmHWM:")).into());
        put(
            "executable",
            exe.map(|exe| exe.to_string_lossy().into_owned()).into(),
        );
    }
    // Which hierarchy counts is tested with made-up files.
    if let Some(v2) = v2.filter(|path| *path != "/") {
        put("cgroup", v2.into());
    }
    Some(fields)
}

/// Returns the processes as pscan lists them with all fields, as this user.
fn listed(program: &Path, user: Option<u32>, source: &str) -> BTreeMap<u32, Value> {
    let mut command = Command::new(program);
    // Others may have executables that look like secrets, and `/proc` has them as they are.
    command.args(["--json", "--no-redact", "--collect", "all"]);
    command.args(["--source", source]);
    command
        .current_dir("/")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let listing: Value = serde_json::from_slice(&output.stdout).unwrap();
    let processes = listing["processes"].as_array().unwrap().iter();
    let by_pid = |process: &Value| {
        let mut process = process.clone();
        // A failed test must not print the secrets of others.
        process.as_object_mut().unwrap().remove("command");
        (process["pid"].as_u64().unwrap() as u32, process)
    };
    processes.map(by_pid).collect()
}

/// Fields that a user without rights may not read of others.
const PRIVILEGED: [&str; 3] = ["executable", "read_bytes", "written_bytes"];

fn compare_with_proc(program: &Path, user: Option<u32>, crowd: &Crowd) {
    let pids = || fs::read_dir("/proc").unwrap().flatten();
    let pids = || pids().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let truths = || -> HashMap<u32, _> {
        pids()
            .filter_map(|pid| Some((pid, true_fields(pid)?)))
            .collect()
    };
    let mut seen = HashSet::new();
    let mut denied = HashSet::new();
    // The kernel can take memory of an idle process too, or count a fault of it.
    await_some("an idle moment of each", || {
        let before = truths();
        let processes = listed(program, user, "linux");
        let after = truths();
        for (pid, process) in &processes {
            let (Some(before), Some(after)) = (before.get(pid), after.get(pid)) else {
                continue;
            };
            // What runs meanwhile cannot be compared, such as this process.
            if before != after || *pid == std::process::id() {
                continue;
            }
            seen.insert(*pid);
            for (name, expected) in before {
                let value = &process[*name];
                let may_be_denied = user.is_some() && PRIVILEGED.contains(name);
                if may_be_denied && value.is_null() && !expected.is_null() {
                    denied.insert(*pid);
                    continue;
                }
                assert_eq!(value, expected, "{name} of {pid} as {user:?}: {process}");
            }
        }
        for own in &crowd.members {
            let process = &processes[&own.pid];
            let container = Value::from(own.container.clone());
            assert_eq!(process["container_id"], container, "{process}");
        }
        let mut own = crowd.members.iter();
        own.all(|own| seen.contains(&own.pid)).then_some(())
    });
    for own in &crowd.members {
        let may_read = user.is_none() || own.kind == "another user's";
        assert!(!may_read || !denied.contains(&own.pid), "{}", own.kind);
    }
    // Those of root are there in any case.
    assert_eq!(denied.is_empty(), user.is_none());
}

/// Copies pscan to a folder that all users may enter.
///
/// By cp(1): a child that another test forks at this moment would hold the file open for writing,
/// and such a file cannot be executed (ETXTBSY, execve(2)).
fn pscan_for_all() -> (TempDir, PathBuf) {
    let folder = tempfile::Builder::new()
        .prefix("pscan-test")
        .tempdir_in("/tmp")
        .unwrap();
    fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let program = folder.path().join("pscan");
    let copied = Command::new("cp")
        .arg(cargo_bin!("pscan"))
        .arg(&program)
        .status();
    assert!(copied.unwrap().success());
    (folder, program)
}

/// Returns what ps(1) prints of each process; `None` without ps.
fn ps(user: Option<u32>, columns: &str) -> Option<HashMap<u32, Vec<String>>> {
    let mut command = Command::new("ps");
    command.args(["-eo", columns]).current_dir("/");
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let rows = text.lines().skip(1).filter_map(|line| {
        let mut words = line.split_whitespace().map(str::to_owned);
        Some((words.next()?.parse().ok()?, words.collect()))
    });
    output.status.success().then(|| rows.collect())
}

/// Returns the row of ps(1) for a process; where ps has nothing to compare, as in `expected`.
fn row_of(process: &Value, expected: &[String]) -> Vec<String> {
    let text = |name: &str, none: &str| match &process[name] {
        Value::Null => none.to_owned(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let kb = process["virtual_bytes"].as_u64().map(|bytes| bytes / 1024);
    let is_zombie_in_ps = expected[3] == "0" && process["kernel_thread"] == false;
    vec![
        text("user_id", "?"),
        // ps prints the id of a user without a name.
        text("user_name", &expected[0]),
        text("threads", "0"),
        match is_zombie_in_ps {
            // Its first thread has ended, and that is all that ps looks at.
            true => "0".into(),
            false => kb.unwrap_or_default().to_string(),
        },
        match expected[4].as_str() {
            // A real-time process has no nice value in ps.
            "-" => "-".into(),
            _ => text("nice", "0"),
        },
        text("session_id", "0"),
        text("process_group_id", "0"),
        text("tty", "?"),
    ]
}

fn compare_with_ps(program: &Path, user: Option<u32>, crowd: &Crowd) {
    const COLUMNS: &str = "pid,euid,euser:32,nlwp,vsz,ni,sess,pgid,tty";
    let (Some(before), processes, Some(after)) = (
        ps(user, COLUMNS),
        listed(program, user, "linux"),
        ps(user, COLUMNS),
    ) else {
        return eprintln!("SKIPPED: there is no ps(1)");
    };
    for (pid, process) in &processes {
        let row = before.get(pid).filter(|row| after.get(pid) == Some(row));
        let is_own = || crowd.members.iter().any(|own| own.pid == *pid);
        match row {
            // What runs meanwhile cannot be compared, such as this process.
            Some(expected) if process["cpu_percent"] == 0.0 => {
                assert_eq!(row_of(process, expected), expected[..], "{process}");
            }
            _ => assert!(row.is_some() || !is_own(), "{process}"),
        }
    }
}

#[test]
fn optional_fields_are_those_of_proc_and_ps_as_root_and_as_another_user() {
    let is_root = rustix::process::geteuid().is_root();
    let (folder, program) = pscan_for_all();
    // Over 300 processes in all.
    let crowd = crowd(folder.path(), is_root, 24);
    compare_with_proc(&program, None, &crowd);
    compare_with_ps(&program, None, &crowd);
    if !is_root {
        return eprintln!("SKIPPED: another user, which needs root");
    }
    compare_with_proc(&program, Some(NOBODY), &crowd);
    compare_with_ps(&program, Some(NOBODY), &crowd);
}

#[test]
fn sysinfo_reports_the_optional_fields_that_it_has() {
    const REPORTED: [&str; 5] = [
        "user_id",
        "virtual_bytes",
        "executable",
        "open_files",
        "threads",
    ];
    let folder = tempfile::tempdir().unwrap();
    let crowd = crowd(folder.path(), false, 3);
    // sysinfo looks at the first thread alone.
    let has_first = |own: &&Member| own.kind != "without its first thread";
    let pids = || {
        crowd
            .members
            .iter()
            .filter(has_first)
            .map(|member| member.pid)
    };
    let truths = || -> Vec<_> { pids().map(true_fields).collect() };
    let before = truths();
    let processes = listed(Path::new(cargo_bin!("pscan")), None, "sysinfo");
    let linux = listed(Path::new(cargo_bin!("pscan")), None, "linux");
    let after = truths();
    let mut compared = 0;
    for (pid, (before, after)) in pids().zip(before.iter().zip(&after)) {
        let (Some(expected), true) = (before, before == after) else {
            continue;
        };
        let process = &processes[&pid];
        for name in REPORTED {
            // A zombie has lost its program.
            let expected = expected.get(name).unwrap_or(&Value::Null);
            assert_eq!(&process[name], expected, "{name}: {process}");
        }
        // It has 0 where it may not read, so 0 is unknown.
        for name in ["read_bytes", "written_bytes"] {
            assert!(process[name].is_null() || process[name] == expected[name]);
        }
        assert!(process["cgroup"].is_null());
        assert_eq!(process["user_name"], linux[&pid]["user_name"], "{process}");
        compared += 1;
    }
    assert!(compared > 0);
}

#[test]
fn users_have_no_names_where_the_user_database_is_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let passwd = folder.path().join("passwd");
    fs::write(&passwd, "other:x:0:0::/:/bin/sh\n").unwrap();
    let has_mark = Path::new("/.dockerenv").exists() || Path::new("/run/.containerenv").exists();
    if fs::metadata("/proc/1/root/etc/passwd").is_err() && !has_mark {
        return eprintln!("SKIPPED: without rights, only a container shows that it is one");
    }
    // As in a container that has the pids of its host.
    let script = r#"mount --bind "$0" /etc/passwd && exec "$@""#;
    let pid = std::process::id().to_string();
    for source in ["linux", "sysinfo"] {
        let output = Command::new("unshare")
            .args(["--mount", "sh", "-c", script])
            .arg(&passwd)
            .arg(cargo_bin!("pscan"))
            .args([
                "--json",
                "--collect",
                "user",
                "--pid",
                &pid,
                "--source",
                source,
            ])
            .output();
        let Some(output) = output.ok().filter(|output| output.status.success()) else {
            return eprintln!("SKIPPED: a mount namespace needs root and unshare(1)");
        };
        let listing: Value = serde_json::from_slice(&output.stdout).unwrap();
        let process = &listing["processes"][0];
        assert_eq!(process["user_id"], rustix::process::geteuid().as_raw());
        assert!(process["user_name"].is_null(), "{source}: {process}");
    }
}

#[test]
fn users_that_a_user_namespace_lacks_are_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let crowd = crowd(folder.path(), false, 3);
    for source in ["linux", "sysinfo"] {
        let output = Command::new("unshare")
            .arg("--user")
            .arg(cargo_bin!("pscan"))
            .args(["--json", "--collect", "user", "--source", source])
            .output();
        let Some(output) = output.ok().filter(|output| output.status.success()) else {
            return eprintln!("SKIPPED: a user namespace needs unshare(1)");
        };
        let listing: Value = serde_json::from_slice(&output.stdout).unwrap();
        let processes = listing["processes"].as_array().unwrap();
        assert!(processes.len() >= crowd.members.len());
        for process in processes {
            // The kernel has the same number for all of them, that of `nobody`.
            assert!(process["user_id"].is_null(), "{source}: {process}");
            assert!(process["user_name"].is_null(), "{source}: {process}");
        }
    }
}

#[test]
fn unreadable_fields_are_counted_by_name() {
    if !rustix::process::geteuid().is_root() {
        return eprintln!("SKIPPED: another user, which needs root");
    }
    let (_folder, program) = pscan_for_all();
    for source in ["linux", "sysinfo"] {
        let output = Command::new(&program)
            .args(["watch", "--json", "--stats", "--scans", "2"])
            .args(["--interval", "50ms", "--cpu-budget", "off"])
            .args(["--collect", "executable,io,threads", "--source", source])
            .current_dir("/")
            .env("RUST_LOG", "process_scanner=info")
            .uid(NOBODY)
            .gid(NOBODY)
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        // Each group is logged once.
        for group in ["executable", "io"] {
            let text = format!("{group} of some processes cannot be read");
            assert_eq!(stderr.matches(&text).count(), 1, "{source}: {stderr}");
        }
        let stats: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
        let unreadable = stats["unreadable_total"].as_object().unwrap();
        for name in ["executable", "read_bytes", "written_bytes"] {
            assert!(unreadable[name].as_u64().unwrap() > 0, "{source}: {stats}");
        }
        assert!(!unreadable.contains_key("threads"), "{source}: {stats}");
        let sum: u64 = unreadable.values().filter_map(Value::as_u64).sum();
        assert_eq!(stats["unreadable_fields_total"], sum, "{source}");
    }
}

#[test]
fn fields_that_the_source_lacks_are_logged_once() {
    let stderr = |source: &str, collect: &str| {
        let output = Command::new(cargo_bin!("pscan"))
            .args(["--json", "--sample", "10ms", "--source", source])
            .args(["--collect", collect])
            .env("RUST_LOG", "process_scanner=warn")
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let lacking = stderr("sysinfo", "cgroup,user,swap,threads,io");
    let line = "the source sysinfo does not have these fields on this system: cgroup,swap\n";
    assert_eq!(lacking.matches(line).count(), 1, "{lacking}");
    assert_eq!(lacking.lines().count(), 1, "{lacking}");
    assert!(!stderr("sysinfo", "user,threads,io").contains("does not have"));
    assert!(!stderr("linux", "cgroup,swap").contains("does not have"));
}
