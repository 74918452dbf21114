//! A command, and what the rules of its program make of its words and options.

use std::ops::Range;

use super::names;
use super::options::{Found, is_named, place};
use super::rule::{Rule, Step, Target};
use super::rule_table::Tables;
use super::text::is_assignment;
use super::values::{Holds, fits, is_one_of};

/// A rule of the program, as far as the command has come.
#[derive(Clone, Copy)]
struct Follower<'t> {
    rule: &'t Rule,
    /// A bit for each step that may be next: several, since an unknown option may have a value or not.
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
    /// The last word was an option that may have a value or not.
    is_doubtful: bool,
    /// The next word is the value of an option that is shown.
    is_value: bool,
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
            is_shell: false,
        }
    }

    /// Begins another command.
    pub(super) fn restart(&mut self) {
        self.restart_words();
        self.len = 0;
    }

    /// Begins another command, which may have the options of this one.
    pub(super) fn restart_words(&mut self) {
        self.is_started = false;
        self.is_doubtful = false;
        self.is_value = false;
        for follower in self.followers_mut() {
            if follower.rule.target == Target::Words {
                follower.steps = 0;
            }
        }
    }

    fn followers(&self) -> impl Iterator<Item = &Follower<'t>> {
        self.followers[..self.len].iter().flatten()
    }

    fn followers_mut(&mut self) -> impl Iterator<Item = &mut Follower<'t>> {
        self.followers[..self.len].iter_mut().flatten()
    }

    /// Takes a word that is no option, and returns the secret in it.
    pub(super) fn word(&mut self, word: &[u8]) -> Option<Range<usize>> {
        if std::mem::take(&mut self.is_value) {
            return None;
        }
        let is_doubtful = std::mem::take(&mut self.is_doubtful);
        if !self.is_started {
            // A shell's `if`, and `NAME=x` before the program.
            const BEFORE: &str = "! { do elif else if then until while";
            self.is_started = !is_assignment(word) && !is_one_of(word, BEFORE);
            if self.is_started {
                self.start(word);
            }
            return None;
        }
        let mut secret = None;
        let mut starts = false;
        for follower in self.followers_mut() {
            let reached = follower.word(word, is_doubtful);
            starts |= matches!(reached, Some(Reached::Program));
            if let Some(Reached::Secret(part)) = reached {
                secret = secret.or(Some(part));
            }
        }
        if starts {
            self.start_by_other(word, is_doubtful);
        }
        secret
    }

    /// Begins with the rules of the program. Returns whether it is known.
    fn start(&mut self, word: &[u8]) -> bool {
        let before = self.len;
        self.tables.any(word, |rule| {
            let mut follower = Follower { rule, steps: 1 };
            follower.skip_gaps();
            self.followers[self.len] = Some(follower);
            self.len += 1;
            self.len == MOST
        });
        self.is_shell |= is_shell(word);
        let is_known = self.len > before;
        if is_known {
            self.followers.copy_within(before..self.len, 0);
            self.len -= before;
        }
        is_known
    }

    fn start_by_other(&mut self, word: &[u8], is_doubtful: bool) {
        // env(1) has assignments, and timeout(1) and taskset(1) have numbers.
        let is_beside = is_assignment(word) || word.first().is_some_and(u8::is_ascii_digit);
        if !is_beside && self.len < MOST && self.start(word) {
            return;
        }
        // The words of an unknown program are not those of the one that starts it.
        let mut is_sure = true;
        for follower in self.followers_mut() {
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

    /// Takes an option, and returns where its value is, if a rule has it.
    pub(super) fn option(&mut self, word: &[u8]) -> Option<Found> {
        let mut is_step = false;
        let mut found = None;
        let mut most = 0;
        for follower in self.followers_mut() {
            is_step |= follower.option(word);
            let len = follower.rule.steps.len() + 1;
            if len > most
                && let Some(place) = follower.found(word)
            {
                found = Some(place);
                most = len;
            }
        }
        let is_known = found.is_some() || is_step || word.contains(&b'=') || word == b"--";
        self.is_doubtful = !is_known && word.starts_with(b"-");
        self.is_value = found == Some(Found::Next(Holds::Nothing));
        found.or(is_step.then_some(Found::Nowhere))
    }

    /// Returns what the command reads from its input, if that is a secret.
    pub(super) fn input(&self) -> Option<Holds> {
        let mut inputs = self.followers().filter(|follower| follower.is_complete());
        inputs.find_map(|follower| match &follower.rule.target {
            Target::Input(holds) => Some(holds.clone()),
            _ => None,
        })
    }

    /// Returns whether a word is an option of this command.
    pub(super) fn is_option(&self, word: &[u8]) -> bool {
        match word {
            [b'-', _, ..] => true,
            [b'/', rest @ ..] => {
                let has_slashes = || self.followers().any(|follower| follower.rule.has_slashes());
                !rest.is_empty() && !rest.contains(&b'/') && has_slashes()
            }
            [b'+', letter, ..] => self.len > 0 && letter.is_ascii_alphanumeric(),
            _ => false,
        }
    }
}

enum Reached {
    Secret(Range<usize>),
    Program,
}

impl Follower<'_> {
    /// Goes on by a word, and returns what that is.
    fn word(&mut self, word: &[u8], is_doubtful: bool) -> Option<Reached> {
        let is_strict = self.rule.target == Target::Words && !is_doubtful;
        let mut next = if is_strict { 0 } else { self.steps };
        let mut reached = None;
        for (at, step) in self.rule.steps.iter().enumerate() {
            if self.steps & 1 << at == 0 {
                continue;
            }
            let is_met = match step {
                Step::Word(names) => names.iter().any(|name| fits(word, name)),
                Step::Any => true,
                Step::Name => names::judge(word).is_some(),
                // vault(1) has parameters beside it.
                Step::Secret(Holds::Pass) if has_value(word) => {
                    next |= 1 << at;
                    false
                }
                Step::Secret(holds) => {
                    // With an asterisk the program asks for it.
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
            next |= u16::from(is_met) << (at + 1);
        }
        self.steps = next;
        self.skip_gaps();
        reached
    }

    /// Adds what may follow a gap without words.
    fn skip_gaps(&mut self) {
        for (at, step) in self.rule.steps.iter().enumerate() {
            if *step == Step::Gap && self.steps & 1 << at != 0 {
                self.steps |= 2 << at;
            }
        }
    }

    /// Takes an option, and returns whether it is one of the steps.
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
        self.skip_gaps();
        self.steps != before
    }

    fn is_complete(&self) -> bool {
        self.steps & 1 << self.rule.steps.len() != 0
    }

    fn found(&self, word: &[u8]) -> Option<Found> {
        match &self.rule.target {
            _ if !self.is_complete() => None,
            Target::Option(option, is_attached, holds) => {
                place(word, option.as_bytes(), *is_attached, holds)
            }
            Target::Switch(option) => (word == option.as_bytes()).then_some(Found::Nowhere),
            Target::Words | Target::Input(_) => None,
        }
    }
}

fn is_shell(word: &[u8]) -> bool {
    let name = word.rsplit(|&byte| byte == b'/').next().unwrap_or(word);
    let name = name.strip_prefix(b"-").unwrap_or(name);
    is_one_of(name, "ash bash busybox dash fish ksh sh su zsh")
}

/// Returns whether it is `username=me`, and not the end of base64.
fn has_value(word: &[u8]) -> bool {
    let mut values = word.splitn(2, |&byte| byte == b'=').skip(1);
    is_assignment(word) && values.any(|value| value.iter().any(|&byte| byte != b'='))
}
