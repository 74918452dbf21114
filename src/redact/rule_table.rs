//! The rules that are built in, and those of the user, found by a program's name.

use std::sync::OnceLock;

use ahash::AHashMap;

use super::rule::{self, Rule, Step, Target};

/// Rules by program.
#[derive(Debug, Default)]
pub(super) struct Table {
    rules: Vec<Rule>,
    names: AHashMap<Box<[u8]>, Vec<u16>>,
    /// Of programs whose names begin so.
    starts: AHashMap<u8, Vec<Start>>,
    /// How names begin: a bit for each three letters.
    beginnings: Vec<u64>,
}

/// How a name begins, and which rule it has.
type Start = (Box<[u8]>, u16);

/// What comes with this program.
const TEXTS: [&str; 3] = [
    include_str!("rules_data.txt"),
    include_str!("rules_hosts.txt"),
    include_str!("rules_tools.txt"),
];

impl Table {
    pub(super) fn new(rules: Vec<Rule>) -> Self {
        let mut table = Self {
            beginnings: vec![0; 1 << 10],
            ..Self::default()
        };
        for (at, rule) in rules.iter().enumerate() {
            let at = u16::try_from(at).expect("BUG: more rules than numbers for them");
            for program in &rule.programs {
                let name = program.trim_end_matches('*').as_bytes();
                // A version may follow a short name.
                let letters = [2, 3].map(|at| match name.get(at) {
                    Some(&byte) => letter(byte)..letter(byte) + 1,
                    None => 0..32,
                });
                for third in letters[0].clone() {
                    for fourth in letters[1].clone() {
                        let second = name.get(1).copied().unwrap_or_default();
                        let at = beginning(name[0], second, third, fourth);
                        table.beginnings[at / 64] |= 1 << (at % 64);
                    }
                }
                match program.strip_suffix('*') {
                    Some(start) => {
                        let alike = table.starts.entry(start.as_bytes()[0]).or_default();
                        alike.push((start.as_bytes().into(), at));
                    }
                    None => table
                        .names
                        .entry(program.as_bytes().into())
                        .or_default()
                        .push(at),
                }
            }
        }
        table.rules = rules;
        table
    }

    pub(super) fn built_in() -> &'static Self {
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
}

/// The tables that hold for a command line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tables<'t> {
    pub(super) own: Option<&'t Table>,
}

/// A letter in five bits, the same for small letters and capitals.
fn letter(byte: u8) -> usize {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => usize::from(byte & 0x1f),
        _ => 0,
    }
}

fn beginning(first: u8, second: u8, third: usize, fourth: usize) -> usize {
    let letters = letter(first) << 10 | letter(second) << 5 | third;
    (letters * 37 + fourth) & 0xffff
}

/// No name of a program that is known is longer.
const LONGEST: usize = 40;

impl<'t> Tables<'t> {
    /// The rules of the program that a word names, those of the user first.
    pub(super) fn rules(self, word: &[u8]) -> impl Iterator<Item = &'t Rule> {
        let mut buffer = [0; LONGEST];
        let names = program(word, &mut buffer);
        let tables = [self.own, Some(Table::built_in())];
        let mut found: [(Option<&'t Table>, &'t [u16]); 4] = [(None, &[]); 4];
        let mut len = 0;
        let mut starting: [Option<(&'t Table, u16)>; 16] = [None; 16];
        let mut started = 0;
        if let Some((name, plain)) = names {
            for table in tables.into_iter().flatten() {
                for name in [Some(name), plain].into_iter().flatten() {
                    if let Some(rules) = table.names.get(name) {
                        found[len] = (Some(table), rules);
                        len += 1;
                    }
                }
                let starts = name.first().and_then(|&first| table.starts.get(&first));
                for (start, rule) in starts.into_iter().flatten() {
                    if started < starting.len() && name.starts_with(start) {
                        starting[started] = Some((table, *rule));
                        started += 1;
                    }
                }
            }
        }
        let named = found.into_iter().flat_map(|(table, rules)| {
            rules
                .iter()
                .filter_map(move |&at| Some(&table?.rules[usize::from(at)]))
        });
        let starting = starting.into_iter().flatten();
        named.chain(starting.map(|(table, at)| &table.rules[usize::from(at)]))
    }

    /// Whether a name of a program may be known, by its first letters.
    fn may_be_known(self, name: &[u8]) -> bool {
        let [first, ref rest @ ..] = *name else {
            return false;
        };
        let [second, third, fourth] = [0, 1, 2].map(|at| rest.get(at).copied().unwrap_or_default());
        let at = beginning(first, second, letter(third), letter(fourth));
        let has = |table: &Table| table.beginnings[at / 64] & 1 << (at % 64) != 0;
        has(Table::built_in()) || self.own.is_some_and(has)
    }

    /// Whether the program that a word names has secrets, as far as no name shows them.
    pub(super) fn may_redact(self, word: &[u8]) -> bool {
        if !self.may_be_known(word) {
            return false;
        }
        let mut buffer = [0; LONGEST];
        let Some((name, plain)) = program(word, &mut buffer) else {
            return false;
        };
        let tables = [self.own, Some(Table::built_in())];
        tables.into_iter().flatten().any(|table| {
            let is_telling = |at: &u16| table.rules[usize::from(*at)].is_telling();
            let is_named = |name| {
                table
                    .names
                    .get(name)
                    .is_some_and(|rules| rules.iter().any(is_telling))
            };
            let starts = table.starts.get(&name[0]).into_iter().flatten();
            is_named(name)
                || plain.is_some_and(is_named)
                || starts
                    .into_iter()
                    .any(|(start, at)| name.starts_with(start) && is_telling(at))
        })
    }

    pub(super) fn has_rules(self, word: &[u8]) -> bool {
        self.rules(word).next().is_some()
    }
}

/// The name of a program in small letters, and the same without its version or ending, if it has one.
fn program<'n>(word: &[u8], name: &'n mut [u8; LONGEST]) -> Option<(&'n [u8], Option<&'n [u8]>)> {
    const ENDINGS: [&[u8]; 8] = [
        b".exe", b".sh", b".py", b".cmd", b".bat", b".com", b".js", b".pl",
    ];
    let start = word.iter().rposition(|byte| matches!(byte, b'/' | b'\\'));
    let base = &word[start.map_or(0, |at| at + 1)..];
    let name = name.get_mut(..base.len())?;
    name.copy_from_slice(base);
    name.make_ascii_lowercase();
    let name = &*name;
    // A title ends in a colon.
    let name = name.strip_suffix(b":").unwrap_or(name);
    if !name
        .first()
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'{' | b'!' | b'_'))
    {
        return None;
    }
    let ending = ENDINGS.iter().find_map(|ending| name.strip_suffix(*ending));
    let version = name
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    let plain = &name[..name.len() - version.count()];
    let plain = ending.or((plain.len() < name.len() && !plain.is_empty()).then_some(plain));
    Some((name, plain))
}

impl Rule {
    /// Whether it has an option that begins with a slash.
    pub(super) fn has_slashes(&self) -> bool {
        let is_slash = |option: &str| option.starts_with('/');
        let target = match &self.target {
            Target::Option(option, ..) | Target::Shown(option) | Target::Switch(option) => {
                is_slash(option)
            }
            Target::Words | Target::Input(_) => false,
        };
        target
            || self
                .steps
                .iter()
                .any(|step| matches!(step, Step::Option(option) if is_slash(option)))
    }

    fn is_telling(&self) -> bool {
        match &self.target {
            Target::Option(..) => true,
            Target::Words => !self.starts_program(),
            Target::Shown(_) | Target::Switch(_) | Target::Input(_) => false,
        }
    }

    pub(super) fn starts_program(&self) -> bool {
        self.steps.last() == Some(&Step::Program)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lines_are_rules() {
        let mut faults = Vec::new();
        for line in TEXTS.iter().flat_map(|text| text.lines()) {
            if let Err((at, expected)) = rule::parse(line)
                && !line.is_empty()
                && !line.starts_with('#')
            {
                faults.push(format!("{line:?}, at {at}: {expected}"));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
