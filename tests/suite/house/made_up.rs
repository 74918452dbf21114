//! Tests the resolver of imports on made-up sources.

use super::circles::circles;
use super::imports::{Imports, Sources};
use super::lexer::{Token, tokens};

fn imports(files: &[(&str, &str)]) -> Imports {
    let files = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    Imports::of(&files.collect::<Sources>(), &["src/lib.rs"])
}

/// Returns the imports as `a.rs > b.rs: name name`, without `src/`.
fn listed(files: &[(&str, &str)]) -> Vec<String> {
    let Imports(imports) = imports(files);
    let short = |file: &str| file.trim_start_matches("src/").to_owned();
    let mut lines = Vec::new();
    for (from, others) in imports {
        for (to, names) in others {
            let names: Vec<String> = names.into_iter().collect();
            lines.push(format!(
                "{} > {}: {}",
                short(&from),
                short(&to),
                names.join(" ")
            ));
        }
    }
    lines
}

#[test]
fn a_circle_through_a_re_export_is_reported() {
    let circles = circles(&imports(&[
        ("src/lib.rs", "mod room; pub use crate::room::Door;"),
        (
            "src/room/mod.rs",
            "mod door; mod wall; pub use self::door::Door; pub(crate) use self::wall::*;",
        ),
        (
            "src/room/door.rs",
            "use super::Wall; pub struct Door(Wall);",
        ),
        (
            "src/room/wall.rs",
            "pub(crate) struct Wall; fn of(door: &crate::Door) {}",
        ),
    ]));
    assert_eq!(
        circles,
        ["a circle of 2 files:\n  \
          src/room/door.rs imports `super::Wall` of src/room/wall.rs\n  \
          src/room/wall.rs imports `crate::Door` of src/room/door.rs"]
    );
}

#[test]
fn a_parent_and_its_child_can_be_a_circle() {
    let circles = circles(&imports(&[
        ("src/lib.rs", "mod room;"),
        (
            "src/room/mod.rs",
            "mod door; use self::door::open; const WIDE: u8 = 1; fn go() { open() }",
        ),
        (
            "src/room/door.rs",
            "pub(super) fn open() -> u8 { super::WIDE }",
        ),
    ]));
    assert_eq!(circles.len(), 1, "{circles:?}");
}

#[test]
fn a_circle_of_three_files_is_reported_once() {
    let of = |last: &str| {
        circles(&imports(&[
            ("src/lib.rs", "mod a; mod b; mod c; use a::A; use c::C;"),
            ("src/a.rs", "use crate::b::B; pub struct A;"),
            ("src/b.rs", "use crate::c::C; pub struct B;"),
            ("src/c.rs", last),
        ]))
    };
    assert_eq!(of("pub struct C;"), [""; 0]);
    let found = of("pub struct C; impl From<crate::a::A> for C {}");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("a circle of 3 files"), "{found:?}");
}

#[test]
fn super_super_and_nested_braces_are_followed() {
    let files = [
        ("src/lib.rs", "mod a; mod b; mod c;"),
        (
            "src/a.rs",
            "pub mod deep { pub struct D; } pub struct A; pub enum E { One }",
        ),
        ("src/b.rs", "pub fn b() {}"),
        ("src/c/mod.rs", "mod inner;"),
        (
            "src/c/inner.rs",
            "use super::super::a::{self, A as Other, deep::{D, *}, E::{self, One}}; \
             use std::{fmt, io::{self as input}}; fn f() { crate::b::b(); a::A; fmt::x() }",
        ),
    ];
    assert_eq!(
        listed(&files),
        [
            "c/inner.rs > a.rs: a::A super::super::a::A super::super::a::E \
             super::super::a::E::One super::super::a::deep::D",
            "c/inner.rs > b.rs: crate::b::b"
        ]
    );
}

#[test]
fn paths_count_in_code_but_not_in_comments_and_strings() {
    let files = [
        ("src/lib.rs", "mod a; mod b;"),
        (
            "src/a.rs",
            "pub struct Event; impl Event { pub fn kind() {} }",
        ),
        (
            "src/b.rs",
            r##"/// crate::a::Event
                /* crate::a::Event /* :: */ crate::a::Event */
                fn text<'a>() -> char { "\" crate::a::Event"; r#"" crate::a::Event"#; '"' }
                fn code() { let _ = crate::a::Event::kind; x.a::<u8>(); }"##,
        ),
    ];
    assert_eq!(listed(&files), ["b.rs > a.rs: crate::a::Event::kind"]);
}

#[test]
fn imports_of_tests_do_not_count() {
    let files = [
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a.rs", "pub struct A;"),
        (
            "src/b.rs",
            "#[cfg(test)] use crate::a::A; #[cfg(test)] #[allow(x)] mod tests { use crate::a::A; \
             mod more { fn f() { crate::a::A } } } #[cfg(test)] pub(crate) fn a() { crate::a::A }",
        ),
    ];
    assert_eq!(listed(&files), [""; 0]);
}

#[test]
fn a_hub_imports_the_names_in_its_code_but_not_its_re_exports() {
    let files = |code: &'static str| {
        listed(&[
            ("src/lib.rs", "mod room;"),
            ("src/room/mod.rs", code),
            ("src/room/door.rs", "pub fn open() {} pub fn shut() {}"),
        ])
    };
    assert_eq!(
        files("mod door; pub use self::door::{open, shut};"),
        [""; 0]
    );
    assert_eq!(
        files("mod door; pub use self::door::{open, shut}; fn go() { open() }"),
        ["room/mod.rs > room/door.rs: open"]
    );
    assert_eq!(
        files("mod door; use self::door::*; fn go() { shut() }"),
        ["room/mod.rs > room/door.rs: shut"]
    );
}

#[test]
fn a_function_can_have_the_name_of_a_module() {
    let files = [
        (
            "src/lib.rs",
            "mod a; mod measure; use measure::Cost; fn measure() {}",
        ),
        ("src/a.rs", "use crate::measure::Cost;"),
        ("src/measure.rs", "pub struct Cost;"),
    ];
    assert_eq!(
        listed(&files),
        [
            "a.rs > measure.rs: crate::measure::Cost",
            "lib.rs > measure.rs: measure::Cost"
        ]
    );
}

#[test]
fn modules_with_one_name_and_modules_elsewhere_are_followed() {
    let files = [
        (
            "src/lib.rs",
            "mod one; mod two; mod other; #[path = \"far/away.rs\"] mod near;",
        ),
        ("src/one.rs", "pub fn now() {}"),
        ("src/two.rs", "pub fn now() {}"),
        (
            "src/other.rs",
            "#[cfg(unix)] use crate::one as platform; #[cfg(not(unix))] use crate::two as platform; \
             mod inside { fn f() { super::platform::now(); crate::near::far() } }",
        ),
        (
            "src/far/away.rs",
            "pub fn far() { beside::x() } mod beside;",
        ),
        ("src/far/beside.rs", "pub fn x() {}"),
    ];
    assert_eq!(
        listed(&files),
        [
            "far/away.rs > far/beside.rs: beside::x",
            "other.rs > far/away.rs: crate::near::far",
            "other.rs > one.rs: super::platform::now",
            "other.rs > two.rs: super::platform::now"
        ]
    );
}

#[test]
fn the_lexer_distinguishes_all_kinds_of_token() {
    let source = r###"b'\'' 'x' '\u{e9}' 'l: br##"a"# b"## c"d\"" r#fn 1_u8 e"###;
    let name = |name: &str| Token::Name(name.into());
    let text = |text: &str| Token::Text(text.into());
    assert_eq!(
        tokens(source),
        [
            Token::Sign(':'),
            text("a\"# b"),
            text("d\\\""),
            name("fn"),
            name("e")
        ]
    );
}
