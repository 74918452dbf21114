//! Collects the names in sources that documents can refer to.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::Sources;
use super::lexer::{Token, tokens};

/// Names in the sources of the crate.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Functions with their modules, such as `table::index::get`, without the crate.
    pub(super) functions: BTreeSet<String>,
    /// Types that the library declares.
    types: BTreeSet<String>,
    /// Methods, variants, fields and associated constants of each type.
    pub(super) members: BTreeMap<String, BTreeSet<String>>,
    /// All names, including those in strings.
    pub(super) words: BTreeSet<String>,
}

/// Members that a derive or the standard library adds.
const DERIVED: &[&str] = &["clone", "default", "from", "into", "to_string"];

impl Names {
    pub(super) fn of(sources: &Sources) -> Self {
        let mut names = Self::default();
        for (file, source) in sources {
            let tokens = tokens(source);
            names.add_functions(&modules(file), &tokens);
            names.add_members(
                &tokens,
                file.starts_with("src/") && !file.starts_with("src/cli/"),
            );
            for token in tokens {
                match token {
                    Token::Name(word) => drop(names.words.insert(word)),
                    // The strings of these tests are names that do not exist.
                    Token::Text(text) if !file.starts_with("tests/suite/house/") => {
                        let words = text.split(|letter: char| !is_of_word(letter));
                        names.words.extend(words.map(str::to_owned));
                    }
                    _ => {}
                }
            }
        }
        names
    }

    /// Returns whether a type has the member, or is of another crate that our sources use.
    pub(super) fn has_member(&self, of: &str, member: &str) -> bool {
        match self.types.contains(of) {
            true => self.members[of].contains(member) || DERIVED.contains(&member),
            false => self.words.contains(of),
        }
    }

    /// Returns whether a filter of `cargo test` selects a function.
    pub(super) fn has_test(&self, filter: &str) -> bool {
        self.functions.iter().any(|path| path.contains(filter))
    }

    fn add_functions(&mut self, modules: &str, tokens: &[Token]) {
        for pair in tokens.windows(2) {
            if let [Token::Name(word), Token::Name(name)] = pair
                && word == "fn"
            {
                for inside in ["", "tests::"] {
                    self.functions.insert(format!("{modules}{inside}{name}"));
                }
            }
        }
    }

    fn add_members(&mut self, tokens: &[Token], is_library: bool) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            let Token::Name(word) = token else { continue };
            let is_item = at < 2
                || matches!(tokens[at - 2], Token::Sign('}' | ';' | ']' | ')' | '{'))
                || matches!(&tokens[at - 2], Token::Name(word) if word == "pub" || word == "unsafe");
            if !is_item || !matches!(&**word, "impl" | "trait" | "enum" | "struct") {
                continue;
            }
            let Some((name, body)) = header(&tokens[at..]) else {
                continue;
            };
            if is_library && word != "impl" {
                self.types.insert(name.clone());
            }
            let members = self.members.entry(name).or_default();
            match body {
                Some(start) => add_body(&tokens[at + start..], word, members),
                None => continue,
            }
        }
    }
}

/// Returns the type that an item is about, and where its body begins, if it has one.
fn header(tokens: &[Token]) -> Option<(String, Option<usize>)> {
    let mut name = None;
    let mut depth = 0;
    let mut is_done = false;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('<' | '(' | '[') => depth += 1,
            // The arrow of a function's type.
            Token::Sign('>') if matches!(tokens[at.saturating_sub(1)], Token::Sign('-')) => {}
            Token::Sign('>' | ')' | ']') => depth -= 1,
            Token::Sign('{') if depth == 0 => return Some((name?, Some(at + 1))),
            Token::Sign(';') if depth == 0 => return Some((name?, None)),
            Token::Sign(':') if depth == 0 => is_done = true,
            Token::Name(word) if depth == 0 && !is_done => match &**word {
                "for" => name = None,
                "where" => is_done = true,
                word => name = Some(word.to_owned()),
            },
            _ => {}
        }
    }
    None
}

fn add_body(tokens: &[Token], item: &str, members: &mut BTreeSet<String>) {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('{' | '(' | '[') => depth += 1,
            Token::Sign('}' | ')' | ']') if depth == 0 => return,
            Token::Sign('}' | ')' | ']') => depth -= 1,
            Token::Name(name) if depth == 0 => {
                let before = at.checked_sub(1).map(|at| &tokens[at]);
                let is_member = match (item, before) {
                    ("enum", None | Some(Token::Sign(',' | ']'))) => true,
                    ("struct", _) => tokens.get(at + 1) == Some(&Token::Sign(':')),
                    (_, Some(Token::Name(word))) => {
                        matches!(&**word, "fn" | "const" | "type") && name != "fn"
                    }
                    _ => false,
                };
                if is_member {
                    members.insert(name.clone());
                }
            }
            _ => {}
        }
    }
}

/// Returns the modules of a file with `::` after each: `stuck::stopping::` for `tests/suite/stuck/stopping.rs`.
fn modules(file: &str) -> String {
    let below = ["src/", "tests/suite/", "benches/", "examples/"]
        .iter()
        .find_map(|folder| file.strip_prefix(folder));
    let path = below.unwrap_or(file).trim_end_matches(".rs");
    let path = path.strip_suffix("mod").unwrap_or(path);
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts
        .filter(|part| !matches!(*part, "lib" | "main"))
        .map(|part| format!("{part}::"))
        .collect()
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[test]
fn functions_and_members_are_collected() {
    let source = "pub struct Plain { pub size: u8, list: Vec<u8> }\n\
        impl<T: Fn() -> u8> Plain<T> where T: Copy { pub const MAX: u8 = 1; pub(crate) fn grow() { fn deep() {} } }\n\
        impl fmt::Display for Plain { fn fmt() { let Inner = 1; } }\n\
        enum Kind { #[serde(x)] One, Two(u8), Three { part: u8 } }\n\
        pub trait Named: Sized { type Name; const fn name(); }\n\
        pub struct Unit; static TEXT: &str = \"json_name\";\n";
    let sources = [("src/house/rooms.rs".to_owned(), source.to_owned())];
    let names = Names::of(&sources.into());
    let members =
        |of: &str| -> Vec<&str> { names.members[of].iter().map(|name| &**name).collect() };
    assert_eq!(members("Plain"), ["MAX", "fmt", "grow", "list", "size"]);
    assert_eq!(members("Kind"), ["One", "Three", "Two"]);
    assert_eq!(members("Named"), ["Name", "name"]);
    assert_eq!(members("Unit"), [""; 0]);
    assert!(names.has_test("rooms::gr") && names.has_test("house::rooms::tests::fmt"));
    assert!(!names.has_test("rooms::name_"));
    assert!(names.has_member("Unit", "default") && !names.has_member("Unit", "new"));
    assert!(names.words.contains("json_name"));
}
