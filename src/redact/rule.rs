//! The syntax of rules: where a program has its secrets.
//!
//! `docs/secrets.md` describes it. A rule is parsed once, into what [`Command`](super::command) follows.

use super::values::{Holds, Item};

/// Programs, the words that have to follow, and what it is all for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) programs: Vec<Box<str>>,
    pub(super) steps: Vec<Step>,
    pub(super) target: Target,
}

/// What a word of a command has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// One of these; one that ends in `*` stands for all that begin so.
    Word(Vec<Box<str>>),
    /// An option that stands before words by position.
    Option(Box<str>),
    Any,
    /// Any words, or none.
    Gap,
    Secret(Part),
    /// The same, if no word follows.
    Last,
    /// A name, and the word after it is its value.
    Name,
    /// The program that this one starts.
    Program,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// The steps have the secret.
    Words,
    Option(Box<str>, Form, Part),
    /// The value of the option is none.
    Shown(Box<str>),
    /// The option has no value.
    Switch(Box<str>),
    /// Its input is a secret, or begins with it.
    Input(Part),
}

/// How an option has its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// In the next word, after `=`, or right after a single letter.
    Any,
    Next,
    /// Right after what is written in the rule.
    Attached,
}

/// Which part of a word is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    /// What follows this byte: `user:!`.
    After(u8),
    /// What stands before this byte: `!@host`.
    Before(u8),
    /// The same as Oracle's programs have it; whether it needs the `@`: `user/!`, `user/!@db`.
    Oracle(bool),
    /// The values of items in a list, and what follows a byte in them: `pass=!`, `user=me%!`.
    Items(Vec<Item>),
}

impl Part {
    pub(super) fn holds(&self) -> Holds<'_> {
        match self {
            Self::Whole => Holds::Pass,
            Self::After(byte) => Holds::After(*byte),
            Self::Before(byte) => Holds::Before(*byte),
            Self::Oracle(needs_host) => Holds::Oracle(*needs_host),
            Self::Items(items) => Holds::Items(items),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (before, after) = text.split_once('!')?;
        let separator = before.chars().last();
        let name = &before[..before.len() - separator.map_or(0, char::len_utf8)];
        match (name.split_once('='), separator, after) {
            (None, None, "") => Some(Self::Whole),
            (None, None, _) if after.is_ascii() && after.len() > 1 => {
                Some(Self::Before(after.as_bytes()[0]))
            }
            _ if name.is_empty() => None,
            (None, Some('/'), "" | "@db") => Some(Self::Oracle(!after.is_empty())),
            (None, Some('='), "") => Some(Self::Items(vec![(name.into(), None)])),
            (None, Some(byte @ (':' | '%' | ',')), "") => Some(Self::After(byte as u8)),
            (Some((name, _)), Some(byte @ (':' | '%' | ',' | '/')), "") => {
                Some(Self::Items(vec![(name.into(), Some(byte as u8))]))
            }
            _ => None,
        }
    }
}

impl Rule {
    /// Whether it has an option that begins with a slash.
    pub(super) fn has_slashes(&self) -> bool {
        let target = match &self.target {
            Target::Option(option, ..) | Target::Shown(option) | Target::Switch(option) => option,
            Target::Words | Target::Input(_) => "",
        };
        let is_slash =
            |step: &Step| matches!(step, Step::Option(option) if option.starts_with('/'));
        target.starts_with('/') || self.steps.iter().any(is_slash)
    }

    /// Whether it has a secret that no name and no pipe shows.
    pub(super) fn is_telling(&self) -> bool {
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

type Fault = (usize, &'static str);

const PART: &str =
    "expected `!` alone, after `user:`, `user%`, `user,`, `user/` or `name=`, or before `@host`";
const TARGET: &str = "expected where the secret is: an option such as `-p`, or `!` for a word";

/// Parses one line: programs, and what is known of them, with `;` between one thing and the next.
pub(super) fn parse(line: &str) -> Result<Vec<Rule>, Fault> {
    let (at, names) = words(line)
        .next()
        .ok_or((line.len(), "expected a program"))?;
    let programs: Vec<Box<str>> = names
        .split('|')
        .map(|name| name.to_ascii_lowercase().into())
        .collect();
    if programs
        .iter()
        .any(|name| name.is_empty() || name.starts_with(['-', '*', '!']))
    {
        return Err((
            at,
            "expected the name of a program, or several with `|` between them",
        ));
    }
    let mut rules = Vec::new();
    let mut start = at + names.len();
    for part in line[start..].split(';') {
        for (steps, target) in parse_part(&line[..start + part.len()], start)? {
            let programs = programs.clone();
            rules.push(Rule {
                programs,
                steps,
                target,
            });
        }
        start += part.len() + 1;
    }
    Ok(rules)
}

/// Parses what begins at `start`: one rule for each of its options.
fn parse_part(line: &str, start: usize) -> Result<Vec<(Vec<Step>, Target)>, Fault> {
    let mut words = words(line).skip_while(|(at, _)| *at < start).peekable();
    let kind = words.next_if(|(_, word)| matches!(*word, "not" | "switch" | "stdin"));
    let kind = kind.map_or("", |(_, word)| word);
    let mut steps = Vec::new();
    let mut rules: Vec<(Vec<Step>, Target)> = Vec::new();
    while let Some((at, word)) = words.next() {
        let part = Part::parse(word).ok_or((at, PART));
        let target = match word {
            "*" | "@" | ">" | "..." | "!$" => {
                steps.push(match word {
                    "*" => Step::Any,
                    "@" => Step::Name,
                    ">" => Step::Program,
                    "..." => Step::Gap,
                    _ => Step::Last,
                });
                continue;
            }
            _ if is_option(word) && kind == "not" => Target::Shown(word.into()),
            _ if is_option(word) && kind == "switch" => Target::Switch(word.into()),
            // What stands in one word with its option: `-p!`, `/p:!`, `--password=!`.
            _ if is_option(word) && word.contains('!') => {
                let sign = word
                    .find(['=', ':'])
                    .map(|at| at + 1)
                    .or_else(|| word.find('!'));
                let (option, part) = word.split_at(sign.unwrap_or(word.len()));
                let part = Part::parse(part).ok_or((at, PART))?;
                Target::Option(option.into(), Form::Attached, part)
            }
            _ if is_option(word) && kind.is_empty() && !is_step(words.clone()) => {
                match words.next_if(|(_, next)| next.contains('!') && !is_option(next)) {
                    Some((_, "!")) => Target::Option(word.into(), Form::Next, Part::Whole),
                    Some((at, part)) => {
                        let part = Part::parse(part).ok_or((at, PART))?;
                        Target::Option(word.into(), Form::Any, part)
                    }
                    None => Target::Option(word.into(), Form::Any, Part::Whole),
                }
            }
            _ if is_option(word) => {
                steps.push(Step::Option(word.into()));
                continue;
            }
            _ if word.contains('!') && kind == "stdin" => Target::Input(part?),
            _ if word.contains('!') => match part? {
                // A word with a name, wherever it stands: `userid=me/!`.
                part @ Part::Items(_) => Target::Option("".into(), Form::Any, part),
                part => {
                    steps.push(Step::Secret(part));
                    continue;
                }
            },
            _ => {
                steps.push(Step::Word(word.split('|').map(Into::into).collect()));
                continue;
            }
        };
        rules.push((steps.clone(), target));
    }
    merge_items(&mut rules);
    let has_end = |step: &Step| matches!(step, Step::Secret(_) | Step::Last | Step::Program);
    if kind == "stdin" && rules.is_empty() {
        rules.push((steps, Target::Input(Part::Whole)));
    } else if steps.iter().any(has_end) {
        rules.push((steps, Target::Words));
    }
    match rules.first() {
        None => Err((line.len(), TARGET)),
        Some(_) if rules.iter().any(|(steps, _)| steps.len() >= MAX_STEPS) => {
            Err((line.len(), "expected at most 14 words"))
        }
        Some(_) => Ok(rules),
    }
}

/// Whether words by position follow an option: `-createEntry * !`.
fn is_step<'w>(mut next: impl Iterator<Item = (usize, &'w str)>) -> bool {
    match (next.next(), next.next()) {
        (Some((_, "!")), after) => matches!(after, Some((_, "!" | "*"))),
        (Some((_, next)), _) => !is_option(next) && !next.contains('!'),
        (None, _) => false,
    }
}

/// One rule for all items of one option: each option is looked up once.
fn merge_items(rules: &mut Vec<(Vec<Step>, Target)>) {
    rules.dedup_by(|next, rule| {
        if let Target::Option(option, _, Part::Items(items)) = &mut rule.1
            && let Target::Option(next_option, _, Part::Items(next_items)) = &mut next.1
            && rule.0 == next.0
            && option == next_option
        {
            items.append(next_items);
            return true;
        }
        false
    });
}

/// Steps are counted in the bits of a number.
const MAX_STEPS: usize = 15;

fn is_option(word: &str) -> bool {
    word.len() > 1 && (word.starts_with(['-', '/', '+']) || word.ends_with('='))
}

fn words(line: &str) -> impl Iterator<Item = (usize, &str)> + Clone {
    line.split_whitespace()
        .map(move |word| (word.as_ptr() as usize - line.as_ptr() as usize, word))
}
