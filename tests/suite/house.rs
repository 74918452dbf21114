//! The sources keep the order that `docs/design.md` describes, and every name in the documents exists.

mod acceptance;
mod circles;
mod code;
mod commands;
mod docs;
mod imports;
mod lexer;
mod made_up;
mod manifest;
mod reader;
mod rooms;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use self::acceptance::wrong_rows;
use self::circles::circles;
use self::docs::Known;
use self::imports::{Imports, Sources, files_of};
use self::lexer::{Token, tokens};
use self::manifest::targets;
use self::rooms::{unused_imports, wrong_imports, wrong_rooms};
use self::text::{doc_comments, hash_comments, script};

/// The top level of the repository.
const TOP: &[&str] = &[
    ".ci",
    ".github",
    ".gitignore",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "benches",
    "clippy.toml",
    "deny.toml",
    "docs",
    "examples",
    "fixtures",
    "justfile",
    "src",
    "tests",
];

/// The top level of `src`.
const SRC: &[&str] = &[
    "cli",
    "config.rs",
    "consumers",
    "dispatch",
    "filter",
    "groups",
    "json",
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

/// The systems that sources can be for. A condition of another system switches code off everywhere.
const SYSTEMS: &[&str] = &["freebsd", "linux", "macos", "windows"];

/// Returns the paths of all files that git does not ignore; `None` if there is only a part of the repository.
fn files() -> Option<BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !root.join("src").is_dir() || !root.join("benches").is_dir() {
        eprintln!("skipped: the repository is incomplete");
        return None;
    }
    let ignored = text(".gitignore");
    let mut files = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let below = path.strip_prefix(root).unwrap();
            let below = below.to_str().unwrap().replace('\\', "/");
            if below == ".git" || ignored.lines().any(|pattern| is_ignored(&below, pattern)) {
                continue;
            }
            match path.is_dir() {
                true => folders.push(path),
                false => drop(files.insert(below)),
            }
        }
    }
    Some(files)
}

/// Returns whether a line of `.gitignore` matches: a name or `*` and an ending, after `/` only at the top.
fn is_ignored(path: &str, pattern: &str) -> bool {
    let name = match pattern.strip_prefix('/') {
        Some(_) => path,
        None => path.rsplit('/').next().unwrap_or(path),
    };
    let pattern = pattern.trim_matches('/');
    match pattern.strip_prefix('*') {
        Some(end) => name.ends_with(end) && !name.contains('/'),
        None => name == pattern,
    }
}

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn sources(files: &BTreeSet<String>) -> Sources {
    let sources = files.iter().filter(|file| file.ends_with(".rs"));
    sources.map(|file| (file.clone(), text(file))).collect()
}

/// Returns the root files of the targets below these folders.
fn roots(files: &BTreeSet<String>, folders: &[&str]) -> Vec<String> {
    let paths = targets(&text("Cargo.toml"), files).into_iter();
    paths
        .map(|target| target.path)
        .filter(|path| folders.iter().any(|folder| path.starts_with(folder)))
        .collect()
}

#[test]
fn the_repository_has_exactly_this_top_level() {
    let Some(files) = files() else { return };
    let top: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| file.split('/').next())
        .collect();
    assert_eq!(top.into_iter().collect::<Vec<_>>(), TOP);
}

#[test]
fn src_has_exactly_these_rooms() {
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
            assert!(files.contains(&hub), "{hub} is missing");
            let beside = format!("src/{folder}.rs");
            assert!(!files.contains(&beside), "{beside} is beside its folder");
        }
    }
}

#[test]
fn the_design_lists_the_rooms_in_order() {
    let Some(_) = files() else { return };
    let wrong = wrong_rooms(&text("docs/design.md"));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn rooms_import_only_what_the_architecture_allows() {
    let Some(files) = files() else { return };
    let imports = Imports::of(&sources(&files), &["src/lib.rs", "src/main.rs"]);
    let wrong = [wrong_imports(&imports), unused_imports(&imports)].concat();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let Some(files) = files() else { return };
    let roots = roots(&files, &["src/", "benches/", "examples/"]);
    let roots: Vec<&str> = roots.iter().map(String::as_str).collect();
    let circles = circles(&Imports::of(&sources(&files), &roots));
    assert!(circles.is_empty(), "\n{}", circles.join("\n"));
}

#[test]
fn every_source_belongs_to_a_target() {
    let Some(files) = files() else { return };
    let sources = sources(&files);
    let mut reached = BTreeSet::new();
    for root in roots(&files, &[""]) {
        reached.extend(files_of(&sources, &root));
    }
    // The reader of sources skips modules for tests.
    let is_of_test = |file: &str| {
        let (folder, name) = file.rsplit_once('/').unwrap();
        let declared = format!("#[cfg(test)]\nmod {};", name.trim_end_matches(".rs"));
        let hub = sources.get(&format!("{folder}/mod.rs"));
        hub.is_some_and(|hub| hub.contains(&declared))
    };
    let lost: Vec<&str> = sources
        .keys()
        .map(String::as_str)
        .filter(|file| !reached.contains(*file) && !is_of_test(file))
        .collect();
    assert!(lost.is_empty(), "no target contains\n{}", lost.join("\n"));
}

#[test]
fn every_target_os_is_supported() {
    let Some(files) = files() else { return };
    for (file, source) in sources(&files) {
        for condition in tokens(&source).windows(3) {
            if let [Token::Name(name), Token::Sign('='), Token::Text(system)] = condition
                && name == "target_os"
            {
                assert!(SYSTEMS.contains(&&**system), "{file}: {system}");
            }
        }
    }
}

#[test]
fn no_file_of_the_command_has_the_name_of_one_of_the_library() {
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
fn the_page_of_acceptance_has_exactly_the_promises_that_are_measured() {
    let Some(_) = files() else { return };
    let wrong = wrong_rows(&text("docs/acceptance.md"));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_name_in_the_docs_exists() {
    let Some(files) = files() else { return };
    let sources = sources(&files);
    let known = Known::of(files, &sources, &text("Cargo.toml"), &text("justfile"));
    let mut missing = Vec::new();
    for file in &known.files {
        let document = match file.rsplit_once('.') {
            _ if file.starts_with(".ci/") || file.starts_with(".github/") => script(&text(file)),
            _ if file == "justfile" => script(&text(file)),
            _ if file == "Cargo.toml" => hash_comments(&text(file)),
            Some((start, "md")) if start.starts_with("docs/") || !start.contains('/') => text(file),
            Some((start, "rs")) if start.starts_with("src/") => doc_comments(&sources[file]),
            _ => continue,
        };
        missing.extend(known.missing(file, &document));
    }
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}
