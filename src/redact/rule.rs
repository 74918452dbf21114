//! The syntax of rules: where a program has its secrets.
//!
//! `docs/secrets.md` describes it. A rule is parsed once, into what [`Command`](super::command) follows.

use super::values::{Holds, Item};

/// What is known of programs after the words that must follow them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) programs: Vec<Box<str>>,
    pub(super) steps: Vec<Step>,
    pub(super) target: Target,
}

/// What a word of a command must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// One of these words, with `*` for any letters.
    Word(Vec<Box<str>>),
    Option(Box<str>),
    Any,
    /// Any words, or none.
    Gap,
    Secret(Holds),
    /// A name, and the word after it is its value.
    Name,
    /// The program that this one starts.
    Program,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// The steps have the secret.
    Words,
    /// The value of the option. With `true` it follows at once, without a blank.
    Option(Box<str>, bool, Holds),
    /// The option has no value.
    Switch(Box<str>),
    /// The input of the program.
    Input(Holds),
}

impl Rule {
    /// Returns whether it has an option that begins with a slash.
    pub(super) fn has_slashes(&self) -> bool {
        let is_slash =
            |step: &Step| matches!(step, Step::Option(option) if option.starts_with('/'));
        let is_target =
            matches!(&self.target, Target::Option(option, ..) if option.starts_with('/'));
        is_target || self.steps.iter().any(is_slash)
    }

    /// Returns whether it has a secret that neither a name nor a pipe reveals.
    pub(super) fn reveals_secrets(&self) -> bool {
        match &self.target {
            Target::Option(_, _, holds) => *holds != Holds::Nothing,
            Target::Words => !self.starts_program(),
            Target::Switch(_) | Target::Input(_) => false,
        }
    }

    pub(super) fn starts_program(&self) -> bool {
        self.steps.last() == Some(&Step::Program)
    }
}

/// Where a rule is wrong, and what is expected there.
type Fault = (usize, &'static str);

/// Steps are counted in the bits of a number.
const MAX_STEPS: usize = 15;

/// Parses one line: programs, and what is known of them, with `;` between the parts.
pub(super) fn parse(line: &str) -> Result<Vec<Rule>, Fault> {
    let first = words(line).next();
    let (at, first) = first.ok_or((line.len(), "expected a program"))?;
    let programs = first
        .split('|')
        .map(|name| name.to_ascii_lowercase().into());
    let programs: Vec<Box<str>> = programs.collect();
    let mut names = programs.iter();
    if names.any(|name| name.is_empty() || name.starts_with(['-', '*', '!'])) {
        return Err((
            at,
            "expected the name of a program, or several with `|` between them",
        ));
    }
    let mut rules = Vec::new();
    let mut start = at + first.len();
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
    let mut rules = Vec::new();
    while let Some((at, word)) = words.next() {
        let next = words.peek().map_or("--", |(_, next)| next);
        let parsed = match (kind, word) {
            ("not", _) if is_option(word) => Ok(Target::Option(word.into(), false, Holds::Nothing)),
            ("switch", _) if is_option(word) => Ok(Target::Switch(word.into())),
            ("", _) if is_option(word) && word.contains('!') => {
                // `-p!`, `/p:!`, `--pass=user:!`
                let sign = word.find(['=', ':']).map(|sign| sign + 1);
                let (option, part) = word.split_at(sign.or(word.find('!')).unwrap_or_default());
                Ok(Target::Option(option.into(), true, parse_secret(part, at)?))
            }
            ("", _) if is_option(word) && is_option(next) => {
                Ok(Target::Option(word.into(), false, Holds::Pass))
            }
            ("", _) if is_option(word) && next.contains('!') && next != "!" => {
                let (at, part) = words.next().unwrap_or_default();
                Ok(Target::Option(word.into(), false, parse_secret(part, at)?))
            }
            ("stdin", _) if word.contains('!') => Ok(Target::Input(parse_secret(word, at)?)),
            (_, "*") => Err(Step::Any),
            (_, "@") => Err(Step::Name),
            (_, ">") => Err(Step::Program),
            (_, "...") => Err(Step::Gap),
            _ if is_option(word) => Err(Step::Option(word.into())),
            _ if word.contains('!') => match parse_secret(word, at)? {
                // It may stand anywhere: `userid=me/!`.
                items @ Holds::Items(_) => Ok(Target::Option("".into(), false, items)),
                holds => Err(Step::Secret(holds)),
            },
            _ => Err(Step::Word(word.split('|').map(Into::into).collect())),
        };
        match parsed {
            Ok(target) => rules.push((steps.clone(), target)),
            Err(step) => steps.push(step),
        }
    }
    let has_end = |step: &Step| matches!(step, Step::Secret(_) | Step::Program);
    if kind == "stdin" && rules.is_empty() {
        rules.push((steps, Target::Input(Holds::Pass)));
    } else if steps.iter().any(has_end) {
        rules.push((steps, Target::Words));
    }
    if rules.is_empty() {
        let expected = "expected where the secret is: an option such as `-p`, or `!` for a word";
        return Err((line.len(), expected));
    }
    match rules.iter().any(|(steps, _)| steps.len() >= MAX_STEPS) {
        true => Err((line.len(), "expected at most 14 words")),
        false => Ok(rules),
    }
}

/// Parses which part of a word is secret: `!`, `user:!`, `user/!`, `pass=!,user=me%!`.
fn parse_secret(text: &str, at: usize) -> Result<Holds, Fault> {
    let fault = (
        at,
        "expected `!` alone, or after `user:`, `user%`, `user,`, `user/` or `name=`",
    );
    let before = text.strip_suffix('!').ok_or(fault)?;
    if text.contains('=') {
        let items = text.split(',').map(|item| parse_item(item).ok_or(fault));
        return Ok(Holds::Items(items.collect::<Result<_, _>>()?));
    }
    match before.as_bytes() {
        [] => Ok(Holds::Pass),
        [_, .., b'/'] => Ok(Holds::Oracle),
        [_, .., byte @ (b':' | b'%' | b',')] => Ok(Holds::After(*byte)),
        _ => Err(fault),
    }
}

fn parse_item(item: &str) -> Option<Item> {
    let (name, value) = item.strip_suffix('!')?.split_once('=')?;
    match value.as_bytes() {
        [] => Some((name.into(), None)),
        [_, .., byte @ (b':' | b'%' | b'/')] => Some((name.into(), Some(*byte))),
        _ => None,
    }
}

fn is_option(word: &str) -> bool {
    word.len() > 1 && (word.starts_with(['-', '/', '+']) || word.ends_with('='))
}

fn words(line: &str) -> impl Iterator<Item = (usize, &str)> + Clone {
    line.split_whitespace()
        .map(move |word| (word.as_ptr() as usize - line.as_ptr() as usize, word))
}
