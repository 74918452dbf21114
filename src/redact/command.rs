//! What is known of a command by its program: which of its words and options are secret.

use std::ops::Range;

use super::matching::{Found, fits, has_value, is_index, is_named, is_shell, is_shell_word, place};
use super::names;
use super::rule::{Form, Part, Rule, Step, Target};
use super::rule_table::Tables;
use super::text::is_assignment;
use super::values::Holds;

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
        self.len = 0;
        self.is_started = false;
        self.is_doubtful = false;
        self.is_value = false;
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

    /// The program itself, or one that another starts.
    fn start(&mut self, word: &[u8]) {
        let known = self.len;
        for rule in self.tables.rules(word) {
            if self.len == MOST {
                break;
            }
            self.has_slashes |= rule.has_slashes();
            let follower = Follower { rule, steps: 1 };
            let steps = follower.with_gaps(1);
            self.followers[self.len] = Some(Follower { rule, steps });
            self.len += 1;
        }
        self.is_shell |= is_shell(word);
        if self.len > known && known > 0 {
            self.followers.copy_within(known..self.len, 0);
            self.len -= known;
        }
    }

    fn started_by_other(&mut self, word: &[u8], is_doubtful: bool) {
        // env(1) has assignments, and timeout(1) and taskset(1) have numbers.
        let is_beside = is_assignment(word) || word.first().is_some_and(u8::is_ascii_digit);
        let is_known = !is_beside && self.tables.has_rules(word);
        if is_known {
            return self.start(word);
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
                Step::Gap => {
                    next |= 1 << at;
                    false
                }
                Step::Option(_) => {
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
