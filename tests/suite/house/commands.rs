//! Finds the names in command lines: targets, features, recipes, experiments and tests.

/// What a name in a command line must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Bench,
    Example,
    TestTarget,
    Feature,
    Recipe,
    /// A subcommand of the lab.
    Experiment,
    /// A filter of `cargo test`.
    Test,
}

/// Options with a value that is no name.
const WITH_VALUE: &[&str] = &[
    "--bin",
    "--color",
    "--jobs",
    "--manifest-path",
    "--package",
    "--profile",
    "--target",
    "--test-threads",
    "-p",
];

/// Returns the names in a line of code.
pub(super) fn names<'l>(line: &'l str) -> Vec<(Kind, &'l str)> {
    let line = line.trim_start_matches(['#', ' ']);
    let words = line.split_whitespace();
    let words: Vec<&str> = words.take_while(|word| !word.starts_with('#')).collect();
    let mut names = Vec::new();
    let mut add = |kind, word: Option<&&'l str>| {
        let parts = word.into_iter().flat_map(|word| word.split(','));
        names.extend(parts.filter(|name| is_name(name)).map(|name| (kind, name)));
    };
    for (index, word) in words.iter().enumerate() {
        if let Some(kind) = option(word) {
            add(kind, words.get(index + 1));
        }
        match words[index..] {
            ["just", "lab", ..] if index == 0 => add(Kind::Experiment, words.get(2)),
            ["just", ..] if index == 0 => add(Kind::Recipe, words.get(1)),
            ["lab", "--", ..] => add(Kind::Experiment, words.get(index + 2)),
            ["cargo", "test", ..] => {
                for filter in filters(&words[index + 2..]) {
                    add(Kind::Test, Some(&filter));
                }
            }
            _ => {}
        }
    }
    names
}

fn option(word: &str) -> Option<Kind> {
    Some(match word {
        "--bench" => Kind::Bench,
        "--example" => Kind::Example,
        "--test" => Kind::TestTarget,
        "--features" => Kind::Feature,
        _ => return None,
    })
}

/// Returns the names that select tests.
fn filters<'w>(arguments: &[&'w str]) -> Vec<&'w str> {
    let mut filters = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match *argument {
            // The arguments after it are for the lab.
            "lab" | "&&" | "|" | "||" | ";" | ">" => break,
            "--bench" if arguments.clone().next() == Some(&"lab") => break,
            option_name if option(option_name).is_some() || WITH_VALUE.contains(&option_name) => {
                arguments.next();
            }
            option_name if option_name.starts_with('-') => {}
            filter => filters.push(filter),
        }
    }
    filters
}

/// Returns whether it is a name and no placeholder.
pub(super) fn is_name(name: &str) -> bool {
    let is_plain = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_-:".contains(letter)
    };
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.chars().all(is_plain)
}

#[test]
fn names_are_found_in_command_lines() {
    for (line, expected) in [
        ("just check", &[(Kind::Recipe, "check")][..]),
        ("just lab live", &[(Kind::Experiment, "live")]),
        ("just lab --help", &[]),
        ("so just run", &[]),
        (
            "- run: X=1 cargo bench --features a,b --bench lab -- live 3000 # all",
            &[
                (Kind::Feature, "a"),
                (Kind::Feature, "b"),
                (Kind::Bench, "lab"),
                (Kind::Experiment, "live"),
            ],
        ),
        (
            "step cargo test --locked --test suite a::b --jobs 2 -- --exact c_d --skip e # f",
            &[
                (Kind::Test, "a::b"),
                (Kind::Test, "c_d"),
                (Kind::Test, "e"),
                (Kind::TestTarget, "suite"),
            ],
        ),
        (
            "# cargo test --bench lab -- live --quick",
            &[(Kind::Bench, "lab"), (Kind::Experiment, "live")],
        ),
        ("cargo test {{args}} NAME && rm x", &[]),
        ("cargo run --example \"$example\"", &[]),
    ] {
        assert_eq!(names(line), expected, "{line}");
    }
}
