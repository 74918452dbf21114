//! Finds names in documents that do not exist: files, targets, features, recipes, experiments, tests and code.

use std::collections::{BTreeMap, BTreeSet};

use super::code::Names;
use super::commands::{self, Kind};
use super::imports::Sources;
use super::manifest;
use super::text::{code, links};

/// The names that documents can use.
#[derive(Debug)]
pub(super) struct Known {
    /// All files, by path relative to the folder of the crate.
    pub(super) files: BTreeSet<String>,
    /// Names in commands, except tests.
    named: BTreeMap<Kind, BTreeSet<String>>,
    code: Names,
}

/// First names of paths that are not of this crate, or stand for any name.
const FOREIGN: &[&str] = &["core", "dir", "file", "folder", "std"];

/// Words of other programs, such as settings and metrics.
const OTHERS: &[&str] = &[
    "memory_limiter",
    "node_textfile_mtime_seconds",
    "process_lines",
    "prometheus_tsdb_head_series",
    "remote_write",
    "sample_limit",
    "scrape_configs",
    "target_info",
];

/// The start of a path relative to the folder of the crate.
const TOP: &[&str] = &[
    "src/",
    "tests/",
    "docs/",
    "benches/",
    "fixtures/",
    "examples/",
    ".ci/",
];

impl Known {
    pub(super) fn of(
        files: BTreeSet<String>,
        sources: &Sources,
        manifest: &str,
        justfile: &str,
    ) -> Self {
        let code = Names::of(sources);
        let targets = manifest::targets(manifest, &files);
        let of_kind = |kind: &str| -> BTreeSet<String> {
            let targets = targets.iter().filter(|target| target.kind == kind);
            targets.map(|target| target.name.clone()).collect()
        };
        let recipes = justfile
            .lines()
            .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
            .filter_map(|line| line.split([' ', ':']).next());
        let experiments = code.members.get("Experiment").into_iter().flatten();
        let named = [
            (Kind::Bench, of_kind("bench")),
            (Kind::Example, of_kind("example")),
            (Kind::TestTarget, of_kind("test")),
            (Kind::Feature, manifest::features(manifest)),
            (Kind::Recipe, recipes.map(str::to_owned).collect()),
            (
                Kind::Experiment,
                experiments.map(|name| kebab(name)).collect(),
            ),
        ];
        Self {
            files,
            named: named.into(),
            code,
        }
    }

    /// Returns the names in a document that do not exist.
    pub(super) fn missing(&self, document: &str, text: &str) -> Vec<String> {
        let is_source = document.ends_with(".rs");
        let mut missing = BTreeSet::new();
        // A link in a source can be a path in code, which rustdoc checks.
        for link in links(text).into_iter().filter(|_| !is_source) {
            let path = below(document, link);
            if !self.has_file(&path) {
                missing.insert(format!("links {path}"));
            }
        }
        for code in code(text) {
            for word in code.split_whitespace() {
                let marks = [',', ';', ':', '(', ')', '"', '\''];
                let word = word.trim_matches(marks).trim_end_matches('.');
                if is_path(word) && !self.has_file(word) && !self.has_end(word) {
                    missing.insert(format!("names {word}"));
                }
            }
            for (kind, name) in commands::names(code) {
                let exists = match kind {
                    Kind::Test => self.code.has_test(name),
                    kind => self.named[&kind].contains(name),
                };
                if !exists {
                    missing.insert(format!("names the {kind:?} {name}"));
                }
            }
            for path in paths_in_code(code) {
                if !self.has_code(&path, is_source) {
                    missing.insert(format!("names {}", path.join("::")));
                }
            }
        }
        let missing = missing.into_iter();
        missing.map(|what| format!("{document} {what}")).collect()
    }

    /// Returns whether a member of a type, or a module or function by its path, exists.
    fn has_code(&self, path: &[&str], is_source: bool) -> bool {
        match path {
            [word] => {
                is_source
                    || self.code.words.contains(*word)
                    || self.has_stem(word)
                    || OTHERS.contains(word)
            }
            [.., of, member] if of.starts_with(char::is_uppercase) => {
                self.code.has_member(of, member)
            }
            [first, ..] if is_source || FOREIGN.contains(first) => true,
            _ => {
                let path = path.join("::");
                let mut functions = self.code.functions.iter();
                !commands::is_name(&path) || functions.any(|function| function.starts_with(&path))
            }
        }
    }

    /// Returns whether a file or folder exists.
    fn has_file(&self, path: &str) -> bool {
        let path = path.split('#').next().unwrap_or_default();
        let path = path.trim_end_matches('/');
        self.files.iter().any(|file| match path.split_once('*') {
            Some((start, end)) => file.starts_with(start) && file.ends_with(end),
            None => file
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        })
    }

    /// Returns whether a file has the name, without its extension.
    fn has_stem(&self, name: &str) -> bool {
        let names = self
            .files
            .iter()
            .filter_map(|file| file.split('/').next_back());
        names
            .filter_map(|file| file.split('.').next())
            .any(|stem| stem == name)
    }

    /// Returns whether the path of a file or folder ends with this one, unless this one starts at the top.
    fn has_end(&self, path: &str) -> bool {
        let is_whole = TOP.iter().any(|top| path.starts_with(top));
        let (end, inside) = (
            format!("/{path}"),
            format!("/{}/", path.trim_end_matches('/')),
        );
        !is_whole
            && self.files.iter().any(|file| {
                let file = format!("/{file}");
                file.ends_with(&end) || file.contains(&inside)
            })
    }
}

/// Returns the path of a link in a document, relative to the folder of the crate.
fn below(document: &str, mut link: &str) -> String {
    let mut folder = document.rsplit_once('/').map_or("", |(folder, _)| folder);
    while let Some(rest) = link.strip_prefix("../") {
        link = rest;
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
    match folder {
        "" => link.to_owned(),
        folder => format!("{folder}/{link}"),
    }
}

/// Returns whether a word of code looks like a path of this crate.
fn is_path(word: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-*".contains(letter);
    let is_short = word.ends_with(".rs") || word.ends_with('/') && word.len() > 2;
    word.chars().all(is_plain)
        && !word.starts_with(['/', '-'])
        && !word.starts_with("target/")
        && (TOP.iter().any(|top| word.starts_with(top)) || is_short)
}

/// Returns the paths `a::b` in a line of code, and the code itself if it is one name with `_`.
fn paths_in_code(code: &str) -> Vec<Vec<&str>> {
    let is_of_path = |letter: char| letter.is_ascii_alphanumeric() || "_:".contains(letter);
    let words = code.split(|letter| !is_of_path(letter));
    let paths = words.map(|word| word.trim_matches(':').split("::").collect::<Vec<_>>());
    let is_name = |path: &Vec<&str>| {
        path.iter()
            .all(|name| !name.is_empty() && !name.contains(':'))
    };
    let is_alone = code.contains('_') && commands::is_name(code);
    paths
        .filter(|path| is_name(path) && (path.len() > 1 || is_alone))
        .collect()
}

/// Returns the name of a variant on the command line: `short-lived` for `ShortLived`.
fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}

#[test]
fn missing_names_are_found_in_links_code_and_commands() {
    use super::text;

    let files = [
        "src/table/pass.rs",
        "docs/design.md",
        ".ci/run",
        "fixtures/one_scan.ndjson",
        "tests/suite/main.rs",
    ];
    let sources = [
        (
            "src/table/pass.rs",
            "pub struct Pass; impl Pass { fn go() {} } const NAME: &str = \"start_ms\"; use std::fmt::Debug;",
        ),
        ("tests/suite/stuck.rs", "fn it_works() {}"),
        ("benches/lab/main.rs", "enum Experiment { ShortLived }"),
    ];
    let known = Known::of(
        files.into_iter().map(str::to_owned).collect(),
        &sources
            .map(|(file, text)| (file.into(), text.into()))
            .into(),
        "[features]\ncli = []\n[[bench]]\nname = \"live\"\n[[test]]\nname = \"suite\"\n",
        "# All.\ncheck:\n    run\nbench name *args:\n",
    );
    let good = "`src/table/pass.rs`, `table/pass.rs`, `pass.rs`, `src/table/`, `fixtures/*.ndjson`, `/proc/1`\n\
                [it](docs/design.md#why) [out](https://example.org/x) `one_scan` `start_ms` `file::test`\n\
                ```sh\njust check\ncargo bench --bench live --features cli\nbash .ci/run # all\n```\n\
                just so, `just bench NAME`, `--bench NAME`, `lab -- short-lived`, `Pass::go(1)`, `Debug::x`\n\
                `cargo test --test suite it_wo`, `stuck::it_works`, `table::pass`, `Pass::default`";
    assert_eq!(known.missing("README.md", good), [""; 0]);
    assert_eq!(known.missing("docs/a.md", "[x](design.md)"), [""; 0]);
    for bad in [
        "`src/table.rs`",
        "`pass/table.rs`",
        "`dispatch/`",
        "`fixtures/*.json`",
        "`bash .ci/ran`",
        "[it](docs/other.md)",
        "[it](design.md)",
        "```\njust so\n```",
        "`cargo bench --bench dead`",
        "`--features cli,more`",
        "`--example none`",
        "`cargo test --test other`",
        "`cargo test it_fails`",
        "`stuck::it_fails`",
        "`lab -- live`",
        "`Pass::stop`",
        "`Password::new`",
        "`two_scans`",
    ] {
        assert_eq!(known.missing("README.md", bad).len(), 1, "{bad}");
    }
    let source = "/// See `docs/none.md`.\n//! And `src/none.rs`.\n// Not `src/this.rs`.\n";
    assert_eq!(
        known.missing("src/a.rs", &text::doc_comments(source)).len(),
        2
    );
    let commands = "# See `docs/none.md`.\nrun:\n    bash .ci/none\n";
    assert_eq!(known.missing("justfile", &text::script(commands)).len(), 2);
}
