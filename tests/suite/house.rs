//! The sources and documents keep the order that `docs/design.md` describes: rooms, imports, names, paths.

mod circles;
mod docs;
mod imports;
mod lexer;
mod made_up;
mod reader;
mod rooms;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use self::circles::circles;
use self::docs::{Known, doc_comments, hash_comments};
use self::imports::{Imports, Sources};
use self::rooms::wrong_imports;

/// What is in `src`, and nothing else.
const SRC: &[&str] = &[
    "cli",
    "config.rs",
    "consumers",
    "dispatch",
    "lib.rs",
    "main.rs",
    "metrics",
    "model",
    "recording",
    "redact",
    "scanner",
    "source",
    "table",
];

/// All files of the crate by their path, without those that are built; `None` where the crate is not whole.
fn files() -> Option<BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !root.join("src").is_dir() || !root.join("benches").is_dir() {
        eprintln!("skipped: the sources are not there");
        return None;
    }
    let mut files = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let below = path.strip_prefix(root).unwrap();
            let below = below.to_str().unwrap().replace('\\', "/");
            if path.is_dir() {
                if below != ".git" && below != "target" {
                    folders.push(path);
                }
            } else {
                files.insert(below);
            }
        }
    }
    Some(files)
}

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn sources(files: &BTreeSet<String>) -> Sources {
    let sources = files.iter().filter(|file| file.ends_with(".rs"));
    sources.map(|file| (file.clone(), text(file))).collect()
}

#[test]
fn the_rooms_are_the_ones_there_should_be() {
    let Some(files) = files() else { return };
    let below_src = files.iter().filter_map(|file| file.strip_prefix("src/"));
    let rooms: BTreeSet<&str> = below_src
        .clone()
        .filter_map(|file| file.split('/').next())
        .collect();
    assert_eq!(rooms.into_iter().collect::<Vec<_>>(), SRC);
    for file in below_src {
        if let Some((folder, _)) = file.rsplit_once('/') {
            let hub = format!("src/{folder}/mod.rs");
            assert!(files.contains(&hub), "there is no {hub}");
            let beside = format!("src/{folder}.rs");
            assert!(!files.contains(&beside), "{beside} is beside its folder");
        }
    }
}

#[test]
fn rooms_import_only_rooms_listed_before_them() {
    let Some(files) = files() else { return };
    let imports = Imports::of(&sources(&files), &["src/lib.rs", "src/main.rs"]);
    let wrong = wrong_imports(&imports);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let Some(files) = files() else { return };
    let benches = files.iter().map(|file| &**file).filter(|file| {
        let bench = file.strip_prefix("benches/");
        bench.is_some_and(|bench| !bench.contains('/') && bench.ends_with(".rs"))
    });
    let roots: Vec<&str> = ["src/lib.rs", "src/main.rs"]
        .into_iter()
        .chain(benches)
        .collect();
    let circles = circles(&Imports::of(&sources(&files), &roots));
    assert!(circles.is_empty(), "\n{}", circles.join("\n"));
}

#[test]
fn no_file_of_the_command_is_named_like_one_of_the_library() {
    let Some(files) = files() else { return };
    let mut library = BTreeMap::new();
    let mut command = BTreeMap::new();
    for file in files.iter().filter(|file| file.starts_with("src/")) {
        let (_, name) = file.rsplit_once('/').unwrap();
        if name != "mod.rs" {
            let side = match file.starts_with("src/cli/") {
                true => &mut command,
                false => &mut library,
            };
            side.insert(name, file);
        }
    }
    let both: Vec<String> = command
        .iter()
        .filter_map(|(name, file)| Some(format!("{file} and {}", library.get(name)?)))
        .collect();
    assert!(both.is_empty(), "\n{}", both.join("\n"));
}

#[test]
fn what_documents_name_is_there() {
    let Some(files) = files() else { return };
    let (manifest, justfile) = (text("Cargo.toml"), text("justfile"));
    let known = Known::of(files, &manifest, &justfile);
    let mut missing = Vec::new();
    for file in &known.files {
        let document = match file.rsplit_once('.') {
            Some((start, "md")) if start.starts_with("docs/") || !start.contains('/') => text(file),
            Some((start, "rs")) if start.starts_with("src/") => doc_comments(&text(file)),
            _ => continue,
        };
        missing.extend(known.missing(file, &document));
    }
    missing.extend(known.missing("Cargo.toml", &hash_comments(&manifest)));
    missing.extend(known.missing("justfile", &hash_comments(&justfile)));
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}
