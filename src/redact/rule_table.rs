//! The rules by program, and a first look at a command line.

use std::sync::OnceLock;

use ahash::AHashMap;

use super::names;
use super::rule::{self, Rule};
use super::shapes;
use super::text::{is_blank, is_quote, run};
use super::values::is_one_of;

/// The first three bytes of programs, and those of names and shapes: two bits for each three, with five bits of each
/// byte.
#[derive(Debug, Default, PartialEq)]
struct Grams(Vec<u64>);

const NAME: u64 = 1;
const PROGRAM: u64 = 2;

impl Grams {
    /// Adds how something begins. If it is shorter, any bytes may follow.
    fn add(&mut self, start: &[u8], kind: u64) {
        let start = &start[..start.len().min(3)];
        let free = 5 * (3 - start.len());
        let first = start.iter().fold(0, next_gram) << free;
        for gram in first..first + (1 << free) {
            self.0[gram / 32] |= kind << (gram % 32 * 2);
        }
    }

    fn kinds(&self, gram: usize) -> u64 {
        self.0[gram / 32] >> (gram % 32 * 2) & (NAME | PROGRAM)
    }
}

fn next_gram(gram: usize, byte: &u8) -> usize {
    (gram << 5 | usize::from(byte & 31)) & 0x7fff
}

/// How secrets begin that have neither a name nor a shape.
#[rustfmt::skip]
const OTHERS: [&[u8]; 8] = [b"-user", b"-p ", b"-p\0", b"-p=", b"sig=", b"Sig=", b"ignature=", b"<<<"];

/// Returns whether a secret can be in a command line. Most lines end here.
pub(super) fn may_have_secret(line: &[u8], tables: Tables<'_>) -> bool {
    let (own, built_in) = (tables.own, Table::built_in());
    let byte_at = |at: usize| line.get(at).unwrap_or(&0);
    let mut gram = next_gram(next_gram(0, byte_at(0)), byte_at(1));
    let mut has_colon = false;
    for (at, byte) in line.iter().enumerate() {
        gram = next_gram(gram, byte_at(at + 2));
        let kinds = built_in.grams.kinds(gram) | own.map_or(0, |own| own.grams.kinds(gram));
        has_colon |= *byte == b':';
        if *byte == b'|'
            || *byte == b'@' && has_colon
            || kinds & NAME != 0 && may_start(line, at)
            || kinds & PROGRAM != 0 && tables.reveals_secrets(line, at)
        {
            return true;
        }
    }
    false
}

/// Returns whether a secret or its name may begin at `at`.
fn may_start(line: &[u8], at: usize) -> bool {
    let mut others = OTHERS.iter();
    names::starts_with_stem(&line[at..])
        || shapes::may_start(line, at)
        || others.any(|other| line[at] == other[0] && line[at..].starts_with(other))
}

/// Rules by program.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Table {
    rules: Vec<Rule>,
    names: AHashMap<Box<[u8]>, Vec<u16>>,
    /// The rules of programs whose names begin so, by the first byte.
    starts: [Vec<(Box<[u8]>, u16)>; 32],
    grams: Grams,
}

/// The rules that are built in.
const TEXT: &str = include_str!("rules.txt");

impl Table {
    pub(super) fn new(rules: Vec<Rule>) -> Self {
        let mut table = Self::default();
        table.grams.0.resize(1024, 0);
        for (at, rule) in rules.iter().enumerate() {
            let at = u16::try_from(at).expect("BUG: more rules than numbers for them");
            for program in &rule.programs {
                let name = program.trim_end_matches('*').as_bytes();
                if rule.reveals_secrets() {
                    table.grams.add(name, PROGRAM);
                }
                match program.ends_with('*') {
                    true => table.starts[usize::from(name[0] & 31)].push((name.into(), at)),
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
            let lines = TEXT
                .lines()
                .filter(|line| !line.is_empty() && !line.starts_with('#'));
            let rules = lines.flat_map(|line| match rule::parse(line) {
                Ok(rules) => rules,
                Err((at, expected)) => panic!("BUG: {line:?}, at byte {at}: {expected}"),
            });
            let mut table = Self::new(rules.collect());
            let starts = names::STEMS.into_iter().chain(OTHERS);
            let starts = starts.chain(shapes::starts());
            starts.for_each(|start| table.grams.add(start, NAME));
            table
        })
    }

    fn of<'t>(&'t self, name: &[u8]) -> impl Iterator<Item = &'t Rule> {
        let named = self.names.get(name).map_or(&[][..], Vec::as_slice);
        let starts = self.starts[usize::from(name[0] & 31)].iter();
        let starting = starts.filter(|(start, _)| name.starts_with(start));
        let all = named.iter().chain(starting.map(|(_, at)| at));
        all.map(|&at| &self.rules[usize::from(at)])
    }
}

/// The rules of the user and those that are built in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tables<'t> {
    pub(super) own: Option<&'t Table>,
}

impl<'t> Tables<'t> {
    fn all(self) -> impl Iterator<Item = &'t Table> {
        self.own.into_iter().chain([Table::built_in()])
    }

    /// Takes the rules of a program, those of the user first, until one is enough.
    pub(super) fn any(self, word: &[u8], mut is_enough: impl FnMut(&'t Rule) -> bool) -> bool {
        let mut buffer = [0; LONGEST];
        let Some((name, plain)) = program(word, &mut buffer) else {
            return false;
        };
        self.all().any(|table| {
            table.of(name).any(&mut is_enough)
                || plain != name && table.of(plain).any(&mut is_enough)
        })
    }

    /// Returns whether a program with secrets begins at `at`.
    fn reveals_secrets(self, line: &[u8], at: usize) -> bool {
        let is_sign = |byte| {
            matches!(
                byte,
                b'/' | b'\\' | b'\0' | b';' | b'&' | b'(' | b')' | b'='
            )
        };
        let is_open = |byte| is_quote(byte) || matches!(byte, b'{' | b'[' | b'$');
        let is_word = |byte| !is_blank(byte) && !is_sign(byte) && !is_open(byte);
        if at > 0 && is_word(line[at - 1]) {
            return false;
        }
        let rest = &line[at..];
        let len = run(rest, is_word);
        // What a slash follows is a folder.
        rest.get(len) != Some(&b'/') && self.any(&rest[..len], Rule::reveals_secrets)
    }
}

/// No known program has a longer name.
const LONGEST: usize = 40;

/// Returns the name of a program in small letters, and the same without its version or ending.
fn program<'n>(word: &[u8], name: &'n mut [u8; LONGEST]) -> Option<(&'n [u8], &'n [u8])> {
    const ENDINGS: &str = "exe sh py cmd bat com js pl vbs";
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
    let dot = name.iter().rposition(|&byte| byte == b'.');
    let ending = dot.filter(|dot| is_one_of(&name[dot + 1..], ENDINGS));
    let is_version = |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    let version = name.iter().rev().take_while(is_version).count();
    let plain = &name[..ending.unwrap_or(name.len() - version)];
    Some((name, if plain.is_empty() { name } else { plain }))
}
