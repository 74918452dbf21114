//! The summary of `watch` and `replay`, and the first lines of a replay.

use super::terminal::{on_terminal, plain};
use super::{Recording, record};
use crate::support::Made;

const DAY_MS: u64 = 86_400_000;

fn summary_of(recording: &Recording, filter: &[&str]) -> Vec<String> {
    let file = recording.arg();
    let out = plain(&on_terminal(
        80,
        &[&["replay", &file], filter].concat(),
        &[],
    ));
    let lines = out.lines().skip_while(|line| !line.starts_with("watched "));
    lines.map(String::from).collect()
}

/// Records shells that become `make` by an `exec`: one born before its first scan, one later.
fn execs() -> Recording {
    record(4, |scan, world| {
        let rename = |pid, name: &str, cpu_ms: u64| {
            world.edit(|state| {
                let made = state.processes.get_mut(&pid).unwrap();
                made.name = name.into();
                made.cpu_time_ns = Some(cpu_ms * 1_000_000);
            });
        };
        match scan {
            1 => {
                world.add(1, Made::new("init", 1_600_000_000_000));
                world.add(2, Made::new("sh", 1_600_000_000_000));
            }
            2 => world.add(7, Made::new("sh", 1_700_000_001_500)),
            3 => {
                rename(2, "make", 10);
                rename(7, "make", 2500);
            }
            _ => world.edit(|state| {
                state.processes.remove(&7);
            }),
        }
    })
}

#[test]
fn the_summary_has_the_names_after_an_exec() {
    assert_eq!(
        summary_of(&execs(), &[]),
        [
            "watched        3.0s: 1 birth, 1 exit",
            "shortest lived 7 make, at most 2.5s",
            "busiest        7 make, 2.5s CPU",
        ]
    );
}

#[test]
fn a_process_that_begins_or_ceases_to_match_is_counted_to_its_exit() {
    assert_eq!(
        summary_of(&execs(), &["--name", "make"])[0],
        "watched        3.0s: 1 birth, 1 began to match, 1 exit"
    );
    assert_eq!(
        summary_of(&execs(), &["--name", "sh"])[..2],
        [
            "watched        3.0s: 1 birth, 1 exit",
            "shortest lived 7 make, at most 2.5s",
        ]
    );
}

#[test]
fn a_replay_shows_the_date_first_and_where_it_changes() {
    let recording = record(4, |scan, world| {
        world.edit(|state| state.step_ms = DAY_MS / 2);
        match scan {
            1 => world.add(1, Made::new("init", 1_600_000_000_000)),
            2 => world.add(7, Made::new("sh", 1_700_000_000_000)),
            4 => world.add(8, Made::new("sh", 1_700_000_000_000)),
            _ => {}
        }
    });
    let file = recording.arg();
    let out = plain(&on_terminal(80, &["replay", &file], &[]));
    let begins: Vec<_> = out.lines().map(|line| line[..14].trim_end()).collect();
    assert_eq!(
        begins,
        [
            "2023-11-15 UTC",
            "22:13:20.000 c",
            "2023-11-16 UTC",
            "22:13:20.000 c",
            "watched",
        ],
        "{out}"
    );
    // Without events the date is there too.
    let quiet = ["replay", &file, "--events", "exited"];
    let out = plain(&on_terminal(80, &quiet, &[]));
    assert!(out.starts_with("2023-11-15 UTC\nwatched "), "{out}");
}

#[test]
fn a_replay_on_a_terminal_begins_with_the_host() {
    let recording = record(1, |_, world| {
        world.add(1, Made::new("init", 1_600_000_000_000));
    });
    let text = std::fs::read_to_string(recording.path()).unwrap();
    let host = r#""own_pid":null,"host":{"name":"web\u001b1","cpus":8}"#;
    let text = text.replacen(r#""own_pid":null"#, host, 1);
    std::fs::write(recording.path(), text).unwrap();
    let out = plain(&on_terminal(80, &["replay", &recording.arg()], &[]));
    assert!(
        out.starts_with("recorded on web\\x1b1: 8 CPUs\n2023-11-14 UTC\n"),
        "{out}"
    );
    // Text for programs and JSON have events alone.
    for more in [&[][..], &["--json"]] {
        let out = super::stdout_of(&[&["replay", &recording.arg()], more].concat());
        assert!(!out.contains("web"), "{out}");
    }
}
