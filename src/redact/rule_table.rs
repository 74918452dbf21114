//! The rules that are built in and those of the user, found by a program's name; and a first look at a line.

use std::sync::OnceLock;

use ahash::AHashMap;

use super::names;
use super::rule::{self, Rule};
use super::shapes;

/// Three bytes that something can begin with, five bits of each, so that capitals are as small letters: a bit for
/// each three.
#[derive(Debug)]
struct Grams(Box<[u64; 512]>);

impl Default for Grams {
    fn default() -> Self {
        Self(Box::new([0; 512]))
    }
}

impl Grams {
    /// Of a shorter one the rest may be anything.
    fn add(&mut self, start: &[u8]) {
        let of = |at: usize| match start.get(at) {
            Some(&byte) => byte & 31..(byte & 31) + 1,
            None => 0..32,
        };
        for second in of(1) {
            for third in of(2) {
                let gram = [start[0], second, third].iter().fold(0, next_gram);
                self.0[gram / 64] |= 1 << (gram % 64);
            }
        }
    }

    fn has_gram(&self, gram: usize) -> bool {
        self.0[gram / 64] & 1 << (gram % 64) != 0
    }

    /// What is shorter than three bytes may be the beginning of one of them, as if zeros followed.
    fn has(&self, text: &[u8]) -> bool {
        let bytes = [0, 1, 2].map(|at| text.get(at).copied().unwrap_or_default());
        self.has_gram(bytes.iter().fold(0, next_gram))
    }
}

fn next_gram(gram: usize, byte: &u8) -> usize {
    (gram << 5 | usize::from(byte & 31)) & 0x7fff
}

/// What else a secret can begin with, and is neither a name nor a shape.
const OTHERS: [&[u8]; 8] = [
    b"-user",
    b"-p ",
    b"-p\0",
    b"-p=",
    b"sig=",
    b"Sig=",
    b"ignature=",
    b"<<<",
];

/// How a secret or its name can begin.
fn first_grams() -> &'static Grams {
    static GRAMS: OnceLock<Grams> = OnceLock::new();
    GRAMS.get_or_init(|| {
        let mut grams = Grams::default();
        let stems = names::STEMS.split_whitespace().map(str::as_bytes);
        for start in stems.chain(OTHERS).chain(shapes::starts()) {
            grams.add(start);
        }
        grams
    })
}

/// Whether a secret can be in a command line. The line is read once; most end here.
pub(super) fn may_have_secret(line: &[u8], tables: Tables<'_>) -> bool {
    let grams = first_grams();
    let mut gram = 0;
    let mut has_colon = false;
    // Where a name of a program can begin.
    let mut start = 0;
    for (at, &byte) in line.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'-' | b'.' => {}
            b':' => has_colon = true,
            b'@' if has_colon => return true,
            b'|' => return true,
            b'/' | b'\\' => start = at + 1,
            b'\0' | b' ' | b'\t' | b'\n' | b'\r' | b';' | b'&' | b'(' | b')' | b'`' | b'"'
            | b'\'' | b'=' | b'{' | b'[' | b'$' => {
                if tables.may_redact(&line[start..at]) {
                    return true;
                }
                start = at + 1;
            }
            _ => {}
        }
        gram = next_gram(gram, &byte);
        if at > 1 && grams.has_gram(gram) && is_telling(line, at - 2) {
            return true;
        }
    }
    line.len() > 1 && is_telling(line, line.len() - 2) || tables.may_redact(&line[start..])
}

/// Whether a secret or its name may begin at `at`.
fn is_telling(line: &[u8], at: usize) -> bool {
    let rest = &line[at..];
    names::starts_with_stem(rest)
        || shapes::may_start(line, at)
        || OTHERS.iter().any(|other| rest.starts_with(other))
}

/// Rules by program.
#[derive(Debug, Default)]
pub(super) struct Table {
    rules: Vec<Rule>,
    names: AHashMap<Box<[u8]>, Vec<u16>>,
    /// Of programs whose names begin so.
    starts: Vec<(Box<[u8]>, u16)>,
    beginnings: Grams,
}

/// What comes with this program.
const TEXTS: [&str; 2] = [include_str!("rules.txt"), include_str!("rules_more.txt")];

impl Table {
    pub(super) fn new(rules: Vec<Rule>) -> Self {
        let mut table = Self::default();
        for (at, rule) in rules.iter().enumerate() {
            let at = u16::try_from(at).expect("BUG: more rules than numbers for them");
            for program in &rule.programs {
                let name = program.trim_end_matches('*').as_bytes();
                table.beginnings.add(name);
                match program.ends_with('*') {
                    true => table.starts.push((name.into(), at)),
                    false => table.names.entry(name.into()).or_default().push(at),
                }
            }
        }
        table.rules = rules;
        table
    }

    fn built_in() -> &'static Self {
        static TABLE: OnceLock<Table> = OnceLock::new();
        TABLE.get_or_init(|| {
            let lines = TEXTS.iter().flat_map(|text| text.lines());
            let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
            let rules = lines.flat_map(|line| match rule::parse(line) {
                Ok(rules) => rules,
                Err((at, expected)) => panic!("BUG: {line:?}, at byte {at}: {expected}"),
            });
            Self::new(rules.collect())
        })
    }

    fn of<'t>(&'t self, name: &[u8]) -> impl Iterator<Item = &'t Rule> {
        let named = self.names.get(name).map_or(&[][..], Vec::as_slice).iter();
        let starting = self
            .starts
            .iter()
            .filter(|(start, _)| name.starts_with(start));
        let all = named.copied().chain(starting.map(|(_, at)| *at));
        all.map(|at| &self.rules[usize::from(at)])
    }
}

/// The tables that hold for a command line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tables<'t> {
    pub(super) own: Option<&'t Table>,
}

impl<'t> Tables<'t> {
    fn all(self) -> impl Iterator<Item = &'t Table> {
        self.own.into_iter().chain([Table::built_in()])
    }

    /// Takes the rules of the program that a word names, those of the user first, until one is enough.
    pub(super) fn any(self, word: &[u8], mut is_enough: impl FnMut(&'t Rule) -> bool) -> bool {
        let mut buffer = [0; LONGEST];
        let Some((name, plain)) = program(word, &mut buffer) else {
            return false;
        };
        self.all().any(|table| {
            let is_short = plain != name;
            table.beginnings.has(name)
                && (table.of(name).any(&mut is_enough)
                    || is_short && table.of(plain).any(&mut is_enough))
        })
    }

    /// Whether the program that a word names has secrets, as far as no name shows them.
    fn may_redact(self, word: &[u8]) -> bool {
        let may_be = |table: &Table| table.beginnings.has(word) || word.len() < 3;
        !word.is_empty() && self.all().any(may_be) && self.any(word, Rule::is_telling)
    }
}

/// No name of a program that is known is longer.
const LONGEST: usize = 40;

/// The name of a program in small letters, and the same without its version or ending.
fn program<'n>(word: &[u8], name: &'n mut [u8; LONGEST]) -> Option<(&'n [u8], &'n [u8])> {
    const ENDINGS: &str = ".exe .sh .py .cmd .bat .com .js .pl";
    let base = word.rsplit(|byte| matches!(byte, b'/' | b'\\')).next()?;
    let name = name.get_mut(..base.len())?;
    name.copy_from_slice(base);
    name.make_ascii_lowercase();
    // A title ends in a colon.
    let name = name.strip_suffix(b":").unwrap_or(name);
    let first = name.first()?;
    if !first.is_ascii_alphanumeric() && !matches!(first, b'{' | b'!' | b'_') {
        return None;
    }
    let mut endings = ENDINGS.split(' ');
    let ending = endings.find_map(|ending| name.strip_suffix(ending.as_bytes()));
    let is_version = |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    let version = name.iter().rev().take_while(is_version).count();
    let plain = ending.unwrap_or(&name[..name.len() - version]);
    Some((name, if plain.is_empty() { name } else { plain }))
}
