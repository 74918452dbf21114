//! The targets and features of `Cargo.toml`.

use std::collections::BTreeSet;

/// Something that Cargo builds from a file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// `lib`, `bin`, `bench`, `example` or `test`.
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) path: String,
}

/// The kinds of target, each with the folder where Cargo looks for them.
const KINDS: [(&str, &str); 5] = [
    ("lib", "src"),
    ("bin", "src/bin"),
    ("bench", "benches"),
    ("example", "examples"),
    ("test", "tests"),
];

/// Returns the targets that the manifest lists, and those that Cargo finds by their place.
pub(super) fn targets(manifest: &str, files: &BTreeSet<String>) -> Vec<Target> {
    let mut targets = listed(manifest, files);
    let usual = [("lib", "src/lib.rs"), ("bin", "src/main.rs")];
    let usual = usual.map(|(kind, path)| (kind, "", path.to_owned()));
    let found = KINDS[1..].iter().flat_map(|(kind, folder)| {
        let below = files.iter().filter_map(move |file| {
            let name = file.strip_prefix(folder)?.strip_prefix('/')?;
            let name = name.strip_suffix(".rs")?;
            let name = name.strip_suffix("/main").unwrap_or(name);
            (!name.contains('/')).then_some((*kind, name, file.clone()))
        });
        below.collect::<Vec<_>>()
    });
    for (kind, name, path) in usual.into_iter().chain(found) {
        let is_new = targets.iter().all(|target| target.path != path);
        if is_new && files.contains(&path) {
            let name = name.to_owned();
            targets.push(Target { kind, name, path });
        }
    }
    targets
}

fn listed(manifest: &str, files: &BTreeSet<String>) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    let mut is_target = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            let section = line.trim_matches(['[', ']']);
            let kind = KINDS.iter().find(|(kind, _)| *kind == section);
            is_target = kind.is_some();
            targets.extend(kind.map(|(kind, _)| Target {
                kind,
                name: String::new(),
                path: String::new(),
            }));
        } else if is_target
            && let Some((key, value)) = line.split_once('=')
            && let Some(target) = targets.last_mut()
        {
            let value = value.trim().trim_matches('"');
            match key.trim() {
                "name" => target.name = value.into(),
                "path" => target.path = value.into(),
                _ => {}
            }
        }
    }
    for target in &mut targets {
        if target.path.is_empty() {
            target.path = usual_path(target, files);
        }
    }
    targets
}

/// Returns the path that Cargo assumes for a target without one.
fn usual_path(target: &Target, files: &BTreeSet<String>) -> String {
    if target.kind == "lib" {
        return "src/lib.rs".into();
    }
    let folder = KINDS.iter().find(|(kind, _)| *kind == target.kind);
    let (_, folder) = folder.expect("BUG: a target has a known kind");
    let in_folder = format!("{folder}/{}/main.rs", target.name);
    match files.contains(&in_folder) {
        true => in_folder,
        false => format!("{folder}/{}.rs", target.name),
    }
}

/// Returns the names of the features.
pub(super) fn features(manifest: &str) -> BTreeSet<String> {
    let lines = manifest.lines().skip_while(|line| *line != "[features]");
    let section = lines.skip(1).take_while(|line| !line.starts_with('['));
    section
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[test]
fn targets_are_listed_or_found() {
    let files = [
        "src/lib.rs",
        "src/main.rs",
        "src/bin/more.rs",
        "benches/one.rs",
        "benches/lab/main.rs",
        "benches/lab/part.rs",
        "benches/two/main.rs",
        "examples/agent.rs",
        "tests/far/away.rs",
    ];
    let files = files.into_iter().map(str::to_owned).collect();
    let manifest = "[package]\nname = \"x\"\n[features]\ncli = [\n    \"dep:clap\",\n]\nbench = []\n\
                    [[bin]]\nname = \"x\"\npath = \"src/main.rs\"\n[[bench]]\nname = \"lab\"\n\
                    [[test]]\nname = \"all\"\npath = \"tests/far/away.rs\"\n[dependencies]\nname = \"1\"\n";
    let targets = targets(manifest, &files);
    let shown: Vec<_> = targets
        .iter()
        .map(|target| format!("{} {} {}", target.kind, target.name, target.path))
        .collect();
    assert_eq!(
        shown,
        [
            "bin x src/main.rs",
            "bench lab benches/lab/main.rs",
            "test all tests/far/away.rs",
            "lib  src/lib.rs",
            "bin more src/bin/more.rs",
            "bench one benches/one.rs",
            "bench two benches/two/main.rs",
            "example agent examples/agent.rs",
        ]
    );
    assert!(features(manifest).iter().eq(["bench", "cli"]));
}
