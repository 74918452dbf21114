//! What is known of a command by its program: which of its words and options are secret.

use std::ops::Range;

use super::names;
use super::rule::{Form, Part, Rule, Step, Target};
use super::rule_table::Tables;
use super::text::{is_assignment, starts_with};
use super::values::Holds;

/// What a word says of itself or of the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found<'t> {
    /// It is an option, and the next word has its value.
    Next(Holds<'t>),
    /// The value begins at this byte.
    At(usize, Holds<'t>),
    /// It is an option without a value.
    Switch,
}

/// The rules of one program, as far as its words have come.
#[derive(Clone, Copy)]
struct Follower<'t> {
    rule: &'t Rule,
    /// A bit for each step that may be next. An option's value is not known for one, so there may be several.
    steps: u16,
}

/// More rules do not take part in one command.
const MOST: usize = 64;

/// A command, as far as its words were read.
pub(super) struct Command<'t> {
    tables: Tables<'t>,
    followers: [Option<Follower<'t>>; MOST],
    len: usize,
    is_started: bool,
    /// The last word was an option, of which it is not known whether it has a value.
    is_doubtful: bool,
    /// The next word is the value of an option that is shown.
    is_value: bool,
    /// Options may begin with a slash.
    has_slashes: bool,
    pub(super) is_shell: bool,
}

impl<'t> Command<'t> {
    pub(super) fn new(tables: Tables<'t>) -> Self {
        Self {
            tables,
            followers: [None; MOST],
            len: 0,
            is_started: false,
            is_doubtful: false,
            is_value: false,
            has_slashes: false,
            is_shell: false,
        }
    }

    /// Forgets all, since another command begins.
    pub(super) fn restart(&mut self) {
        self.restart_softly();
        self.len = 0;
        self.has_slashes = false;
    }

    /// The same, where the command may go on: `a;b`.
    pub(super) fn restart_softly(&mut self) {
        self.is_started = false;
        self.is_doubtful = false;
        self.is_value = false;
        for follower in self.followers[..self.len].iter_mut().flatten() {
            if follower.rule.target == Target::Words {
                follower.steps = 0;
            }
        }
    }

    /// Whether the next word may be secret by its place.
    pub(super) fn expects_secret(&self) -> bool {
        self.followers[..self.len].iter().flatten().any(|follower| {
            let mut steps = follower.rule.steps.iter().enumerate();
            steps.any(|(at, step)| {
                follower.steps & 1 << at != 0 && matches!(step, Step::Secret(_) | Step::Last)
            })
        })
    }

    /// Takes in a word that is no option, and says where in it the secret is.
    pub(super) fn word(&mut self, word: &[u8], is_last: bool) -> Option<Range<usize>> {
        if std::mem::take(&mut self.is_value) {
            return None;
        }
        let is_doubtful = std::mem::take(&mut self.is_doubtful);
        if !self.is_started {
            self.is_started = !is_assignment(word) && !is_shell_word(word);
            if self.is_started {
                self.start(word);
            }
            return None;
        }
        let mut secret = None;
        let mut starts = false;
        for follower in self.followers[..self.len].iter_mut().flatten() {
            let (steps, found) = follower.word(word, is_doubtful, is_last);
            follower.steps = steps;
            match found {
                Some(Reached::Secret(part)) if secret.is_none() => secret = Some(part),
                Some(Reached::Program) => starts = true,
                _ => {}
            }
        }
        if starts {
            self.started_by_other(word, is_doubtful);
        }
        secret
    }

    /// The program itself, or one that another starts. Whether it is known.
    fn start(&mut self, word: &[u8]) -> bool {
        let known = self.len;
        self.tables.any(word, |rule| {
            self.has_slashes |= rule.has_slashes();
            let follower = Follower { rule, steps: 1 };
            let steps = follower.with_gaps(1);
            self.followers[self.len] = Some(Follower { rule, steps });
            self.len += 1;
            self.len == MOST
        });
        self.is_shell |= is_shell(word);
        let is_known = self.len > known;
        if is_known {
            self.followers.copy_within(known..self.len, 0);
            self.len -= known;
        }
        is_known
    }

    fn started_by_other(&mut self, word: &[u8], is_doubtful: bool) {
        // env(1) has assignments, and timeout(1) and taskset(1) have numbers.
        let is_beside = is_assignment(word) || word.first().is_some_and(u8::is_ascii_digit);
        if !is_beside && self.len < MOST && self.start(word) {
            return;
        }
        // A program that is not known: its words are not those of the one that starts it.
        let mut is_sure = true;
        for follower in self.followers[..self.len].iter_mut().flatten() {
            if follower.rule.starts_program() {
                if is_beside || is_doubtful {
                    follower.steps |= 1 << (follower.rule.steps.len() - 1);
                }
                is_sure &= follower.steps == 0;
            }
        }
        self.is_shell |= is_shell(word);
        if is_sure {
            self.len = 0;
        }
    }

    /// What a word says that begins like an option.
    pub(super) fn option(&mut self, word: &[u8]) -> Option<Found<'t>> {
        self.is_value = false;
        let mut is_step = false;
        for follower in self.followers[..self.len].iter_mut().flatten() {
            is_step |= follower.option(word);
        }
        let mut found = None;
        let mut most = 0;
        for follower in self.followers[..self.len].iter().flatten() {
            let steps = follower.rule.steps.len() + 1;
            if steps > most
                && let Some(place) = follower.found(word)
            {
                found = Some(place);
                most = steps;
            }
        }
        self.is_doubtful = found.is_none()
            && !is_step
            && !word.contains(&b'=')
            && word.starts_with(b"-")
            && word != b"--";
        self.is_value = found == Some(Found::Next(Holds::Nothing));
        found
    }

    /// What the command reads from its input, if that is a secret.
    pub(super) fn input(&self) -> Option<Holds<'t>> {
        let followers = self.followers[..self.len].iter().flatten();
        let mut inputs = followers.filter(|follower| follower.is_complete());
        inputs.find_map(|follower| match &follower.rule.target {
            Target::Input(part) => Some(part.holds()),
            _ => None,
        })
    }

    /// Whether a word is an option of this command.
    pub(super) fn is_option(&self, word: &[u8]) -> bool {
        match word {
            [b'-', _, ..] => true,
            [b'/', rest @ ..] => self.has_slashes && !rest.contains(&b'/') && !rest.is_empty(),
            [b'+', letter, ..] => self.len > 0 && letter.is_ascii_alphanumeric(),
            _ => false,
        }
    }
}

enum Reached {
    Secret(Range<usize>),
    Program,
}

impl<'t> Follower<'t> {
    /// The steps that may be next after a word, and what the word reached.
    fn word(&self, word: &[u8], is_doubtful: bool, is_last: bool) -> (u16, Option<Reached>) {
        let is_strict = self.rule.target == Target::Words;
        let mut next = if is_doubtful || !is_strict {
            self.steps
        } else {
            0
        };
        let mut reached = None;
        for (at, step) in self.rule.steps.iter().enumerate() {
            if self.steps & 1 << at == 0 {
                continue;
            }
            let is_met = match step {
                Step::Word(names) => names.iter().any(|name| fits(word, name)),
                Step::Any => true,
                Step::Name => names::judge(word).is_some(),
                Step::Last if !is_last => false,
                // vault(1) has parameters beside it.
                Step::Secret(Part::Whole) if has_value(word) || is_index(word) => {
                    next |= 1 << at;
                    false
                }
                Step::Secret(_) | Step::Last => {
                    let holds = match step {
                        Step::Secret(part) => part.holds(),
                        _ => Holds::Pass,
                    };
                    // An asterisk has it asked for.
                    let secret = holds.secret_in(word).filter(|_| word != b"*");
                    reached = reached.or(secret.map(Reached::Secret));
                    true
                }
                Step::Gap | Step::Option(_) => {
                    next |= 1 << at;
                    false
                }
                Step::Program => {
                    reached = Some(Reached::Program);
                    false
                }
            };
            if is_met {
                next |= 2 << at;
            }
        }
        (self.with_gaps(next), reached)
    }

    /// With what may follow a gap that no word is in.
    fn with_gaps(&self, mut steps: u16) -> u16 {
        for (at, step) in self.rule.steps.iter().enumerate() {
            if *step == Step::Gap && steps & 1 << at != 0 {
                steps |= 2 << at;
            }
        }
        steps
    }

    /// Takes in an option, and returns whether it is one of the steps.
    fn option(&mut self, word: &[u8]) -> bool {
        let before = self.steps;
        for (at, step) in self.rule.steps.iter().enumerate() {
            if (at == 0 || self.steps & 1 << at != 0)
                && let Step::Option(option) = step
                && is_named(word, option)
            {
                self.steps |= 2 << at;
            }
        }
        self.steps = self.with_gaps(self.steps);
        self.steps != before
    }

    fn is_complete(&self) -> bool {
        self.steps & 1 << self.rule.steps.len() != 0
    }

    fn found(&self, word: &[u8]) -> Option<Found<'t>> {
        if !self.is_complete() {
            return None;
        }
        match &self.rule.target {
            Target::Option(option, form, part) => place(word, option, *form, part.holds()),
            Target::Shown(option) => place(word, option, Form::Next, Holds::Nothing),
            Target::Switch(option) => (word == option.as_bytes()).then_some(Found::Switch),
            Target::Words | Target::Input(_) => None,
        }
    }
}
/// Whether a word is this one; one that ends in `*` stands for all that begin so.
fn fits(word: &[u8], name: &str) -> bool {
    match name.strip_suffix('*') {
        Some(start) => starts_with(word, start.as_bytes()),
        None => word.eq_ignore_ascii_case(name.as_bytes()),
    }
}

/// Whether an option is this one, or has its letters among others: `-nb` is in `-nbB`.
fn is_named(word: &[u8], option: &str) -> bool {
    let option = option.as_bytes();
    let (&sign, letters) = option.split_first().expect("BUG: an option without a sign");
    if sign == b'/' {
        return matches!(word.first(), Some(b'/' | b'-'))
            && word[1..].eq_ignore_ascii_case(letters);
    }
    word == option
        || sign == b'-'
            && letters.len() <= 2
            && letters.iter().all(u8::is_ascii_alphabetic)
            && word.len() <= 6
            && word[1..].iter().all(u8::is_ascii_alphabetic)
            && letters.iter().all(|letter| word[1..].contains(letter))
}

/// The letters that may stand before another option's in one word, with the other's value right after it.
const NO_VALUE: &[u8] = b"fgikqsvLS";

/// Where the value of `option` is, if `word` is that option.
fn place<'t>(word: &[u8], option: &str, form: Form, holds: Holds<'t>) -> Option<Found<'t>> {
    let letters = option.as_bytes();
    if letters.is_empty() {
        let secret = holds.secret_in(word).filter(|_| !word.starts_with(b"-"));
        return secret.map(|_| Found::At(0, holds));
    }
    let is_windows = letters[0] == b'/' && matches!(word.first(), Some(b'/' | b'-'));
    let is_start = match is_windows {
        true => starts_with(&word[1..], &letters[1..]),
        false => word.starts_with(letters),
    };
    if is_start {
        let is_single = letters.len() == 2 && letters[0] != b'/';
        return match (&word[letters.len()..], form) {
            ([], Form::Attached) => None,
            ([], _) => Some(Found::Next(holds)),
            (_, Form::Attached) => Some(Found::At(letters.len(), holds)),
            ([b'=', ..], _) => Some(Found::At(letters.len() + 1, holds)),
            ([b':', ..], _) if is_windows => Some(Found::At(letters.len() + 1, holds)),
            (_, Form::Any) if is_single && !is_long(&word[1..]) => {
                Some(Found::At(letters.len(), holds))
            }
            _ => None,
        };
    }
    // `-sSu x`, `-sSux`: letters without values before it.
    let (&[b'-', letter], [b'-', cluster @ ..], Form::Any) = (letters, word, form) else {
        return None;
    };
    let at = cluster.iter().take(5).position(|&byte| byte == letter)?;
    match cluster.len() - at {
        1 if cluster.len() <= 5 && cluster.iter().all(u8::is_ascii_alphabetic) => {
            Some(Found::Next(holds))
        }
        _ if at > 0 && cluster[..at].iter().all(|byte| NO_VALUE.contains(byte)) => {
            Some(Found::At(at + 2, holds))
        }
        _ => None,
    }
}

/// Whether it is the whole name of an option with one dash, whose first letter is no option of its own.
fn is_long(word: &[u8]) -> bool {
    const KNOWN: &str = "address agent api auth path pattern pid platform plugin policy port prefix print profile \
        project prompt protocol proxy table tag target test text threads time timeout title topic type uid unit \
        update uri url user username wait web width workdir";
    KNOWN.split(' ').any(|known| known.as_bytes() == word)
        || matches!(
            word,
            [
                b'p' | b't' | b'k' | b's' | b'c',
                b'a' | b'w' | b'o' | b'e' | b'r',
                ..
            ]
        ) && names::judge(word).is_some()
}

fn is_shell(word: &[u8]) -> bool {
    const SHELLS: &str = "ash bash busybox dash fish ksh sh su zsh";
    let name = word.rsplit(|&byte| byte == b'/').next().unwrap_or(word);
    let name = name.strip_prefix(b"-").unwrap_or(name);
    SHELLS.split(' ').any(|shell| shell.as_bytes() == name)
}

/// Words of shells that a command follows.
fn is_shell_word(word: &[u8]) -> bool {
    matches!(
        word,
        b"!" | b"{" | b"do" | b"elif" | b"else" | b"if" | b"then" | b"until" | b"while"
    )
}

/// `[2]`, the number of a key to iwconfig(8).
fn is_index(word: &[u8]) -> bool {
    matches!(word, [b'[', digits @ .., b']'] if digits.iter().all(u8::is_ascii_digit))
}

/// `username=me`, and not the end of base64.
fn has_value(word: &[u8]) -> bool {
    let sign = word.iter().position(|&byte| byte == b'=');
    is_assignment(word)
        && sign.is_some_and(|sign| word[sign + 1..].iter().any(|&byte| byte != b'='))
}
