//! The architecture: which room may import which.

use std::collections::BTreeSet;

use super::imports::Imports;

/// The rooms of the library from the bottom to the top, each with the rooms that it may import. A room is a folder
/// or a file below `src`.
const LIBRARY: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("redact", &["model"]),
    ("config", &["model", "redact"]),
    ("metrics", &["model"]),
    ("filter", &["model"]),
    ("json", &["model"]),
    ("source", &["model", "config", "metrics"]),
    ("recording", &["model", "redact", "source"]),
    ("table", &["model", "redact", "config", "source"]),
    ("dispatch", &["model", "config", "metrics", "filter"]),
    (
        "scanner",
        &["model", "config", "metrics", "source", "table", "dispatch"],
    ),
    ("consumers", &["model", "dispatch"]),
    ("groups", &["model", "filter", "dispatch", "consumers"]),
    (
        "lib",
        &[
            "model",
            "redact",
            "config",
            "metrics",
            "filter",
            "json",
            "source",
            "recording",
            "table",
            "dispatch",
            "scanner",
            "consumers",
            "groups",
        ],
    ),
];

/// The rooms of the command. It uses the library as any other crate does, by `process_scanner::…`.
const COMMAND: &[(&str, &[&str])] = &[
    ("cli/select", &[]),
    ("cli/terminal", &[]),
    ("cli/outcome", &["cli/terminal"]),
    ("cli/signals", &[]),
    ("cli/allocator", &[]),
    ("cli/launch", &["cli/outcome"]),
    ("cli/settings", &["cli/outcome"]),
    ("cli/exposition", &["cli/outcome"]),
    ("cli/profile", &[]),
    (
        "cli/format",
        &[
            "cli/select",
            "cli/terminal",
            "cli/outcome",
            "cli/signals",
            "cli/profile",
        ],
    ),
    ("cli/history", &["cli/select"]),
    (
        "cli/top",
        &["cli/select", "cli/terminal", "cli/outcome", "cli/format"],
    ),
    (
        "cli/html_report",
        &["cli/select", "cli/format", "cli/history"],
    ),
    ("cli/perfetto", &["cli/select", "cli/format", "cli/history"]),
    ("cli/tables", &["cli/select", "cli/history"]),
    (
        "cli/otlp",
        &[
            "cli/outcome",
            "cli/settings",
            "cli/exposition",
            "cli/format",
            "cli/history",
        ],
    ),
    (
        "cli/server",
        &["cli/select", "cli/settings", "cli/exposition", "cli/format"],
    ),
    ("cli/args", &["cli/select", "cli/settings", "cli/format"]),
    (
        "cli/commands",
        &[
            "cli/select",
            "cli/terminal",
            "cli/outcome",
            "cli/signals",
            "cli/launch",
            "cli/profile",
            "cli/format",
            "cli/history",
            "cli/top",
            "cli/html_report",
            "cli/perfetto",
            "cli/tables",
            "cli/settings",
            "cli/exposition",
            "cli/otlp",
            "cli/server",
            "cli/args",
        ],
    ),
    (
        "cli/mod",
        &[
            "cli/terminal",
            "cli/outcome",
            "cli/allocator",
            "cli/args",
            "cli/commands",
        ],
    ),
    ("main", &["cli/mod"]),
];

/// Rooms that re-export the ones below them: re-exports are no imports.
const HUBS: &[&str] = &["lib"];

/// Reports imports that the architecture forbids, and files outside its rooms.
pub(super) fn wrong_imports(imports: &Imports) -> Vec<String> {
    let mut wrong = Vec::new();
    for (file, others) in &imports.0 {
        let Some((room, allowed)) = room(file) else {
            wrong.push(format!("{file} is in no room"));
            continue;
        };
        for (other, names) in others {
            let other_room = self::room(other).map(|(name, _)| name);
            let is_allowed =
                other_room.is_some_and(|other| other == room || allowed.contains(&other));
            if !is_allowed {
                let names: Vec<&str> = names.iter().map(|name| &**name).collect();
                let names = names.join("`, `");
                wrong.push(format!(
                    "{room} may not import {}: {file} imports `{names}` of {other}",
                    other_room.unwrap_or("a file in no room")
                ));
            }
        }
    }
    wrong
}

/// Reports imports that the architecture allows and no file needs.
pub(super) fn unused_imports(imports: &Imports) -> Vec<String> {
    let name_of = |file: &str| room(file).map(|(name, _)| name);
    let used: BTreeSet<_> = imports
        .0
        .iter()
        .flat_map(|(file, others)| others.keys().map(|other| (name_of(file), name_of(other))))
        .collect();
    let rooms = LIBRARY.iter().chain(COMMAND);
    rooms
        .filter(|(room, _)| !HUBS.contains(room))
        .flat_map(|(room, allowed)| allowed.iter().map(move |other| (*room, *other)))
        .filter(|(room, other)| !used.contains(&(Some(room), Some(other))))
        .map(|(room, other)| format!("no file of {room} imports {other}"))
        .collect()
}

/// Reports where the rooms and their order in `docs/design.md` differ from the ones here.
pub(super) fn wrong_rooms(design: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let rows = design.lines().skip_while(|line| *line != "| room | job |");
    let rows: Vec<Vec<&str>> = rows
        .skip(2)
        .map_while(|line| line.strip_prefix('|')?.split('|').next())
        .map(names)
        .collect();
    let listed = |rooms: &[(&'static str, &[&str])]| -> Vec<&str> {
        let names = rooms.iter().map(|(room, _)| *room);
        names.map(|room| room.trim_start_matches("cli/")).collect()
    };
    if rows.concat() != listed(LIBRARY) {
        wrong.push(format!("the table lists {:?}", rows.concat()));
    }
    for (room, allowed) in LIBRARY {
        let row = rows.iter().find(|row| row.contains(room));
        for other in row
            .into_iter()
            .flatten()
            .filter(|name| allowed.contains(name))
        {
            wrong.push(format!("{room} may import {other}, which is in its row"));
        }
    }
    let start = "The command, in `src/cli`, has the same order:";
    let command = design.split(start).nth(1).unwrap_or_default();
    let command = names(command.split("\n\n").next().unwrap_or_default());
    if command != listed(COMMAND) {
        wrong.push(format!("the command's rooms are {command:?}"));
    }
    wrong
}

/// Returns the rooms between backticks.
fn names(text: &str) -> Vec<&str> {
    let names = text.split('`').skip(1).step_by(2);
    names.map(|name| name.trim_end_matches(".rs")).collect()
}

fn room(file: &str) -> Option<(&'static str, &'static [&'static str])> {
    let path = file.strip_prefix("src/")?;
    let rooms = LIBRARY.iter().chain(COMMAND);
    rooms.copied().find(|(room, _)| {
        path.strip_prefix(room)
            .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    })
}

#[test]
fn rooms_are_in_order_of_their_imports() {
    for rooms in [LIBRARY, COMMAND] {
        for (index, (room, allowed)) in rooms.iter().enumerate() {
            for other in *allowed {
                let is_below = rooms[..index].iter().any(|(below, _)| below == other);
                assert!(is_below, "{other} is not before {room}");
            }
        }
    }
}

#[test]
fn an_import_of_a_later_room_is_reported() {
    let imports = |from: &str, to: &str| {
        let names = [(to.to_owned(), ["crate::x".to_owned()].into())];
        Imports([(from.to_owned(), names.into())].into())
    };
    for (from, to) in [
        ("src/model/batch.rs", "src/config.rs"),
        ("src/table/mod.rs", "src/recording/reader.rs"),
        ("src/recording/reader.rs", "src/table/mod.rs"),
        ("src/consumers/top.rs", "src/scanner/mod.rs"),
        ("src/dispatch/mod.rs", "src/lib.rs"),
        ("src/cli/select/filter.rs", "src/cli/format/cells.rs"),
        ("src/cli/format/cells.rs", "src/main.rs"),
        ("src/cli/format/cells.rs", "src/model/batch.rs"),
        ("src/elsewhere.rs", "src/model/batch.rs"),
    ] {
        assert_eq!(wrong_imports(&imports(from, to)).len(), 1, "{from} {to}");
    }
    for (from, to) in [
        ("src/lib.rs", "src/config.rs"),
        ("src/redact/line.rs", "src/redact/mark.rs"),
        ("src/cli/mod.rs", "src/cli/commands/list.rs"),
    ] {
        assert_eq!(wrong_imports(&imports(from, to)), [""; 0], "{from} {to}");
    }
}
