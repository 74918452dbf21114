//! Groups of processes.

use super::{failure_of, json_lines, run, stdout_of, text};

fn groups(args: &[&str]) -> Vec<serde_json::Value> {
    let out = stdout_of(&[&["--json"], args].concat());
    let listing = json_lines(&out).pop().unwrap();
    listing["groups"].as_array().unwrap().clone()
}

#[test]
fn the_sums_of_a_group_are_those_of_its_processes() {
    let pid = std::process::id().to_string();
    let of_pid = ["--pid", &pid, "--sample", "0"];
    let name = groups(&[&["--by", "name"], &of_pid[..]].concat());
    let [group] = &name[..] else {
        panic!("{name:?}");
    };
    let file = std::env::current_exe().unwrap();
    let stem = file.file_stem().unwrap().to_str().unwrap();
    assert!(
        stem.starts_with(group["group"].as_str().unwrap()),
        "{group}"
    );
    assert_eq!(
        (&group["kind"], &group["processes"]),
        (&"named".into(), &1.into())
    );
    assert!(group["rss_bytes"].as_u64().unwrap() > 0);
    assert!(group["cpu_percent"].is_null());
    let measured = groups(&["--by", "name", "--pid", &pid, "--sample", "50ms"]);
    assert!(!measured[0]["cpu_percent"].is_null(), "{measured:?}");
}

#[test]
fn groups_are_sorted_cut_and_printed() {
    let all = groups(&["--by", "name", "--sort", "name", "--sample", "0"]);
    let names: Vec<&str> = all
        .iter()
        .map(|group| group["group"].as_str().unwrap())
        .collect();
    assert!(names.is_sorted(), "{names:?}");
    let one = stdout_of(&["--by", "name", "--sample", "0", "-n", "1", "--sort", "rss"]);
    let mut lines = one.lines();
    let headings: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(
        headings,
        ["PROCESSES", "THREADS", "CPU%", "RSS", "OLDEST", "NAME"]
    );
    assert_eq!(lines.count(), 1, "{one}");
    let nobody = run(&["--by", "user", "--pid", "4294967295"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(nobody.stdout.is_empty());
    assert_eq!(
        failure_of(&nobody),
        "pscan: no process matches --pid 4294967295"
    );
}

#[test]
fn options_that_groups_do_not_have_are_refused() {
    for (args, expected) in [
        (&["--by", "colour"][..], "possible values: name, user"),
        (
            &["--by", "user", "--sort", "nice"],
            "groups can be sorted by cpu, rss",
        ),
        (&["--by", "user", "--tree"], "cannot be used with"),
        (&["--by", "user", "-q"], "cannot be used with"),
        (&["--by", "user", "-o", "pid"], "cannot be used with"),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains(expected), "{output:?}");
    }
}

#[test]
fn groups_are_sorted_by_number_and_by_what_they_are_grouped_by() {
    let all = groups(&["--by", "name", "--sort", "processes", "--sample", "0"]);
    let numbers: Vec<_> = all
        .iter()
        .map(|group| group["processes"].as_u64())
        .collect();
    assert!(numbers.is_sorted_by(|a, b| a >= b), "{numbers:?}");
    let own = std::process::id().to_string();
    groups(&[
        "--by", "user", "--sort", "user", "--pid", &own, "--sample", "0",
    ]);
    let output = run(&["--sort", "processes"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let expected = "'processes' is an order of groups; add --by WHAT";
    assert!(text(&output.stderr).contains(expected), "{output:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_user_has_the_processes_that_match_alone() {
    let own = std::process::id().to_string();
    let listing = stdout_of(&["--json", "--pid", &own, "--sample", "0"]);
    let listing = json_lines(&listing).pop().unwrap();
    let process = &listing["processes"][0];
    let user = match process["user_name"].as_str() {
        Some(name) => name.to_owned(),
        None => process["user_id"].to_string(),
    };
    let name = format!("^{}", process["name"].as_str().unwrap());
    let args = ["--by", "user", "--sample", "0", "--name", &name];
    let all = groups(&[&args[..], &["--pid", &own]].concat());
    let [group] = &all[..] else {
        panic!("{all:?}");
    };
    assert_eq!(
        (&group["group"], &group["processes"]),
        (&user.into(), &1.into())
    );
    assert_eq!(
        (&group["cpu_percent"], &group["cpu_unknown"]),
        (&().into(), &1.into())
    );
    assert_eq!(group["rss_unknown"], 0);
    let other = [
        "--by",
        "user",
        "--pid",
        &own,
        "--name",
        "^no process of this name$",
    ];
    assert_eq!(run(&other).status.code(), Some(1));
}

#[cfg(target_os = "linux")]
#[test]
fn groups_fit_the_terminal_and_have_their_name() {
    use super::terminal::{on_terminal, plain};

    for columns in [20, 30, 45, 60, 80] {
        let out = plain(&on_terminal(
            columns,
            &["--by", "name", "--sample", "0"],
            &[],
        ));
        let lines: Vec<_> = out.lines().collect();
        assert!(lines[0].ends_with(" NAME"), "{out}");
        assert!(lines[0].len() + 8 <= columns.into(), "{columns}: {out}");
        let is_fine = |line: &&str| line.chars().count() <= columns.into();
        assert!(lines.iter().all(is_fine), "{columns}: {out}");
        // The prompt has the last line.
        assert!(lines.len() < 30, "{out}");
    }
}
