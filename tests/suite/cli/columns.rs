//! The columns of the table: `--columns`, and those that `--sort` adds.

use process_scanner::{FIELDS, Field};
use serde_json::Value;

use super::{has_control, run, stdout_of, text};

fn headings(args: &[&str]) -> Vec<String> {
    let table = stdout_of(&[args, &["--sample", "0"]].concat());
    assert!(!has_control(&table));
    let headings = table.lines().nth(1).unwrap().split_whitespace();
    headings.map(str::to_owned).collect()
}

/// Returns the message of a command line that must be wrong usage.
fn refusal(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    text(&output.stderr).to_owned()
}

#[test]
fn every_field_can_be_a_column_and_an_order_by_each_of_its_names() {
    let own = std::process::id().to_string();
    for field in FIELDS {
        // The memory map is only read of the processes of --pid.
        let pid = ["--pid", &own];
        let args = [&["-o", field.name][..], &pid].concat();
        assert_eq!(headings(&args), [field.heading], "{}", field.name);
        let name = field.aliases.last().unwrap_or(&field.name);
        let args = [&["-o", "command", "--sort", name][..], &pid].concat();
        let expected = match field.name {
            "command" => vec!["COMMAND"],
            _ => vec![field.heading, "COMMAND"],
        };
        assert_eq!(headings(&args), expected, "{name}");
    }
}

#[test]
fn columns_have_the_given_order_and_a_plus_adds_to_the_usual_ones() {
    let chosen = ["NAME", "PID", "USER"];
    assert_eq!(headings(&["-o", "name,pid", "--columns=user"]), chosen);
    let usual = ["PID", "CPU%", "RSS", "TIME", "AGE", "STATUS", "USER"];
    let added = [&usual[..], &["THREADS", "UNIT", "NAME", "COMMAND"]].concat();
    assert_eq!(headings(&["-o", "+threads,unit"]), added);
    assert_eq!(headings(&["-o", "+threads,+pid,+unit"]), added);
    let tree = headings(&["--tree", "-o", "pid,threads"]);
    assert_eq!(tree, ["PID", "THREADS", "COMMAND"]);
}

#[test]
fn the_list_of_columns_has_all_names() {
    let list = stdout_of(&["-o", "help"]);
    let lines: Vec<_> = list.lines().collect();
    assert_eq!(lines.len(), FIELDS.len());
    for (line, field) in lines.iter().zip(FIELDS) {
        let names = [&[field.name], field.aliases].concat().join(", ");
        assert!(
            line.starts_with(&names) && line.ends_with(field.about),
            "{line}"
        );
    }
    assert_eq!(stdout_of(&["--columns", "+pid,help", "--json"]), list);
}

#[test]
fn what_cannot_be_a_column_is_refused_with_the_way_out() {
    for (args, expected) in [
        (
            &["-o", "pid,colour"][..],
            "invalid value 'colour' for '--columns <LIST>'",
        ),
        (
            &["-o", "pid", "--json"],
            "for fields of JSON, use --collect",
        ),
        (
            &["-o", "pid,+threads"],
            "before the first name: -o +threads,unit",
        ),
        (&["-o", "+pss"], "the column pss needs --pid"),
        (&["--sort", "pss"], "the column pss needs --pid"),
        (
            &["watch", "-o", "pid"],
            "'-o' is an option of 'pscan' without a command",
        ),
    ] {
        let refusal = refusal(args);
        assert!(refusal.contains(expected), "{args:?}: {refusal}");
        assert!(!refusal.contains("possible values"), "{refusal}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn users_are_those_of_json_and_orders_collect_their_field() {
    let own = std::process::id().to_string();
    let json = stdout_of(&["--json", "--sample", "0", "--pid", &own, "--sort", "nice"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let process = &json["processes"][0];
    assert!(process["nice"].is_i64(), "{process}");
    let user = match process["user_name"].as_str() {
        Some(name) => process_scanner::escape(name).into_owned(),
        None => process["user_id"].to_string(),
    };
    let table = stdout_of(&["-o", "user,uid", "--sample", "0", "--pid", &own]);
    let cells: Vec<_> = table.lines().nth(2).unwrap().split_whitespace().collect();
    assert_eq!(cells, [user, process["user_id"].to_string()]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_list_is_sorted_by_any_field() {
    let list = ["--json", "--sample", "0", "--sort", "threads"];
    let json: Value = serde_json::from_str(&stdout_of(&list)).unwrap();
    let processes = json["processes"].as_array().unwrap();
    let threads = processes.iter().map(|process| process["threads"].as_u64());
    let threads: Vec<_> = threads.collect();
    assert!(threads.is_sorted_by(|a, b| a >= b), "{threads:?}");
    assert_eq!(Field::called("threads").unwrap().heading, "THREADS");
}
