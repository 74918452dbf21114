//! The architecture: which room may import which.

use super::imports::Imports;

/// The rooms of the library from the bottom to the top, each with the rooms that it may import. A room is a folder
/// or a file below `src`.
const LIBRARY: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("redact", &["model"]),
    ("config", &["model", "redact"]),
    ("metrics", &["model", "config"]),
    ("source", &["model", "config", "metrics"]),
    ("recording", &["model", "redact", "source"]),
    ("table", &["model", "redact", "config", "source"]),
    ("dispatch", &["model", "config", "metrics"]),
    (
        "scanner",
        &["model", "config", "metrics", "source", "table", "dispatch"],
    ),
    ("consumers", &["model", "metrics", "dispatch"]),
    (
        "lib",
        &[
            "model",
            "redact",
            "config",
            "metrics",
            "source",
            "recording",
            "table",
            "dispatch",
            "scanner",
            "consumers",
        ],
    ),
];

/// The rooms of the command. It uses the library as any other crate does, by `process_scanner::…`.
const COMMAND: &[(&str, &[&str])] = &[
    ("cli/select", &[]),
    ("cli/outcome", &[]),
    ("cli/signals", &[]),
    ("cli/format", &["cli/select", "cli/outcome", "cli/signals"]),
    ("cli/args", &["cli/select", "cli/format"]),
    (
        "cli/commands",
        &[
            "cli/select",
            "cli/outcome",
            "cli/signals",
            "cli/format",
            "cli/args",
        ],
    ),
    (
        "cli/mod",
        &[
            "cli/select",
            "cli/outcome",
            "cli/signals",
            "cli/format",
            "cli/args",
            "cli/commands",
        ],
    ),
    ("main", &["cli/mod"]),
];

/// Imports that the architecture does not have, and files that are in none of its rooms.
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
                    other_room.unwrap_or("what is in no room")
                ));
            }
        }
    }
    wrong
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
fn no_room_may_import_one_above_it() {
    for rooms in [LIBRARY, COMMAND] {
        for (index, (room, allowed)) in rooms.iter().enumerate() {
            for other in *allowed {
                let is_below = rooms[..index].iter().any(|(below, _)| below == other);
                assert!(is_below, "{other} is not below {room}");
            }
        }
    }
}

#[test]
fn an_import_of_a_room_above_is_wrong() {
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
