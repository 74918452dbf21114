//! Whether what documents name is there: files, benches, examples, features and recipes.

use std::collections::BTreeSet;

/// What documents may name.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// All files, by path from the folder of the crate on.
    pub(super) files: BTreeSet<String>,
    pub(super) benches: BTreeSet<String>,
    pub(super) examples: BTreeSet<String>,
    pub(super) features: BTreeSet<String>,
    pub(super) recipes: BTreeSet<String>,
}

/// A path that begins so is one from the folder of the crate on.
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
    /// Reads the names of benches, examples and features from the manifest, and those of recipes from the
    /// justfile.
    pub(super) fn of(files: BTreeSet<String>, manifest: &str, justfile: &str) -> Self {
        let mut known = Self::default();
        let mut section = "";
        for line in manifest.lines() {
            if line.starts_with('[') {
                section = line.trim_matches(['[', ']']);
            } else if let Some((key, value)) = line.split_once('=') {
                match (section, key.trim()) {
                    ("bench", "name") => {
                        known.benches.insert(value.trim().trim_matches('"').into());
                    }
                    ("features", key) => {
                        known.features.insert(key.into());
                    }
                    _ => {}
                }
            }
        }
        let examples = files
            .iter()
            .filter_map(|file| file.strip_prefix("examples/")?.strip_suffix(".rs"));
        known.examples = examples.map(str::to_owned).collect();
        let recipes = justfile
            .lines()
            .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
            .filter_map(|line| line.split([' ', ':']).next());
        known.recipes = recipes.map(str::to_owned).collect();
        known.files = files;
        known
    }

    /// What a document names and is not there.
    pub(super) fn missing(&self, document: &str, text: &str) -> Vec<String> {
        let mut missing = BTreeSet::new();
        for link in links(text) {
            let path = match document.rsplit_once('/') {
                Some((folder, _)) if !document.ends_with(".rs") => match link.strip_prefix("../") {
                    Some(link) => link.to_owned(),
                    None => format!("{folder}/{link}"),
                },
                _ => link.to_owned(),
            };
            // In a source a link can be a path in code.
            if !document.ends_with(".rs") && !self.is_there(&path) {
                missing.insert(format!("{document} links {path}"));
            }
        }
        for code in code(text) {
            let words: Vec<&str> = code.split_whitespace().collect();
            for (index, word) in words.iter().enumerate() {
                let next = words.get(index + 1).copied().unwrap_or_default();
                let (kind, names) = match *word {
                    "--bench" => ("bench", &self.benches),
                    "--example" => ("example", &self.examples),
                    "--features" => ("feature", &self.features),
                    "just" if index == 0 => ("recipe", &self.recipes),
                    word => {
                        let marks = [',', ';', ':', '(', ')', '"', '\''];
                        let word = word.trim_matches(marks).trim_end_matches('.');
                        if is_path(word) && !self.is_there(word) && !self.is_end(word) {
                            missing.insert(format!("{document} names {word}"));
                        }
                        continue;
                    }
                };
                for name in next.split(',').filter(|name| is_plain(name)) {
                    if !names.contains(name) {
                        missing.insert(format!("{document} names the {kind} {name}"));
                    }
                }
            }
        }
        missing.into_iter().collect()
    }

    /// Whether a file or folder is there.
    fn is_there(&self, path: &str) -> bool {
        let path = path.split('#').next().unwrap_or_default();
        let path = path.trim_end_matches('/');
        self.files.iter().any(|file| match path.split_once('*') {
            Some((start, end)) => file.starts_with(start) && file.ends_with(end),
            None => file
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        })
    }

    /// Whether the path of a file or folder ends so. A path that begins at the top is not short for another.
    fn is_end(&self, path: &str) -> bool {
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

/// Whether a word of code is meant for a path of this crate.
fn is_path(word: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-*".contains(letter);
    let is_short = word.ends_with(".rs") || word.ends_with('/') && word.len() > 2;
    word.chars().all(is_plain)
        && !word.starts_with(['/', '-'])
        && (TOP.iter().any(|top| word.starts_with(top)) || is_short)
}

/// Whether it is a name and no placeholder.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || "_-".contains(letter))
}

/// The parts of a text that are code: those between backticks, and blocks line by line.
fn code(text: &str) -> Vec<&str> {
    let mut code = Vec::new();
    let mut is_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if is_block {
            code.push(line);
        } else {
            code.extend(line.split('`').skip(1).step_by(2));
        }
    }
    code
}

/// What a text links of this crate.
fn links(text: &str) -> Vec<&str> {
    let targets = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .collect()
}

/// The documentation in a source.
pub(super) fn doc_comments(source: &str) -> String {
    let lines = source.lines().filter_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("///").or(line.strip_prefix("//!"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The comments of a manifest or justfile, as code: there are no backticks in them.
pub(super) fn hash_comments(text: &str) -> String {
    let comments = text.lines().filter_map(|line| line.strip_prefix('#'));
    let comments: Vec<&str> = comments.collect();
    format!("```\n{}\n```", comments.join("\n"))
}

#[test]
fn what_is_missing_is_found_in_links_code_and_commands() {
    let files = [
        "src/table/pass.rs",
        "docs/design.md",
        ".ci/run",
        "fixtures/a.ndjson",
    ];
    let known = Known::of(
        files.into_iter().map(str::to_owned).collect(),
        "[features]\ncli = []\n[[bench]]\nname = \"live\"\n",
        "# All.\ncheck:\n    run\nbench name *args:\n",
    );
    let good = "`src/table/pass.rs`, `table/pass.rs`, `pass.rs`, `src/table/`, `fixtures/*.ndjson`, `/proc/1`\n\
                [it](docs/design.md#why) [out](https://example.org/x)\n\
                ```sh\njust check\ncargo bench --bench live --features cli\nbash .ci/run # all\n```\n\
                just so, `just bench NAME`, `--bench NAME`";
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
    ] {
        assert_eq!(known.missing("README.md", bad).len(), 1, "{bad}");
    }
    let source = "/// See `docs/none.md`.\n//! And `src/none.rs`.\n// Not `src/this.rs`.\n";
    assert_eq!(known.missing("src/a.rs", &doc_comments(source)).len(), 2);
}
