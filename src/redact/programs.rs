//! Options that mean what their program says: `-p` is a password to mysql(1) and a path to mkdir(1).

use super::places::Places;
use super::program_name::{fits, program, without_version};
use super::rules::{CONTAINER, Form, LOGIN, OTHER_P, RULES, SHELLS, Stands, WRAPPERS};
use super::values::Holds;

/// The programs that a command line has named so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Programs {
    /// Which of [`RULES`] hold.
    rules: u64,
    /// Of which the program was named whose command they are.
    parents: u64,
    /// Words that were no options.
    words: u32,
    /// Only wrappers so far: what comes may be the program that they start.
    is_wrapped: bool,
    has_other_p: bool,
    is_container: bool,
    is_sshpass: bool,
    is_shell: bool,
    /// Passwords by where they stand.
    pub(super) places: Places,
}

const _: () = assert!(RULES.len() <= u64::BITS as usize);

impl Programs {
    /// Takes in a word that is no option.
    pub(super) fn see(&mut self, word: &[u8]) {
        let is_first = self.words == 0;
        self.words = self.words.saturating_add(1);
        let mut name = [0; 24];
        let Some(name) = program(word, &mut name) else {
            self.is_wrapped &= !is_first;
            return;
        };
        let plain = without_version(name);
        let is_in = |list: &[&str]| list.iter().any(|known| fits(name, plain, known));
        // A wrapper has options with values and a file or two; what comes later is an argument.
        let may_start = is_first || self.is_wrapped && self.words <= 5;
        let is_compose = self.is_container && name == b"compose";
        self.has_other_p |= is_compose || may_start && is_in(OTHER_P);
        if !is_first && self.is_sshpass {
            // What sshpass(1) starts has options of its own.
            self.rules = 0;
            self.is_sshpass = false;
        }
        for (at, rule) in RULES.iter().enumerate() {
            let stands = match rule.stands {
                Stands::Anywhere => true,
                Stands::First => self.places.is_program(),
                Stands::After(_) => self.parents & 1 << at != 0,
            };
            if stands && is_in(rule.programs) {
                self.rules |= 1 << at;
            }
            if let Stands::After(program) = rule.stands
                && self.places.is_program()
                && is_in(&[program])
            {
                self.parents |= 1 << at;
            }
        }
        if self.is_container && name == b"login" {
            let login = RULES.iter().position(|rule| rule.programs == LOGIN);
            self.rules |= login.map_or(0, |at| 1 << at);
        }
        self.is_container |= is_in(CONTAINER);
        self.is_sshpass |= name == b"sshpass";
        let is_wrapper = is_in(WRAPPERS);
        if may_start {
            self.is_wrapped = is_wrapper || !is_first;
            self.is_shell |= is_in(SHELLS);
        }
    }

    /// Whether the option has the name of a secret, and not the secret.
    pub(super) fn is_secret_name(&self, option: &[u8]) -> bool {
        self.is_container && option == b"secret"
    }

    /// The same, for a text of an argument's own.
    pub(super) fn without_places(self) -> Self {
        Self {
            places: Places::default(),
            ..self
        }
    }

    /// Another command may begin here; if it does not, the options of the last go on.
    pub(super) fn next_command(&mut self) {
        *self = Self {
            rules: self.rules,
            ..Self::default()
        };
    }

    /// Whether its words after `-c` are a script.
    pub(super) fn are_shell(&self) -> bool {
        self.is_shell
    }

    /// What a word says that begins like an option: where in it a value begins, or that it is all of the
    /// next word; and what that value holds. Of a program not known, `-p` is a password where a user is
    /// named beside it.
    pub(super) fn option(
        &self,
        word: &[u8],
        has_user: impl FnOnce() -> bool,
    ) -> Option<(Place, Holds)> {
        let mut has_own_p = self.has_other_p;
        for (at, rule) in RULES.iter().enumerate() {
            if self.rules & 1 << at == 0 {
                continue;
            }
            for option in rule.options {
                if let Some(place) = place(word, option, rule.form) {
                    return Some((place, rule.holds));
                }
                has_own_p |= *option == "-p";
            }
        }
        // Where it starts processes, it is who they run as: user:group.
        if !self.is_container
            && let Some(place) = ["--user", "--userpwd", "--proxy-user"]
                .iter()
                .find_map(|option| place(word, option, Form::Next))
        {
            return Some((place, Holds::User));
        }
        match word {
            _ if has_own_p => None,
            b"-p" => has_user().then_some((Place::Next, Holds::P)),
            [b'-', b'p', b'=', _, ..] => Some((Place::At(3), Holds::P)),
            _ => None,
        }
    }
}

/// Whether one of the words of a command says who logs in. A wrapper's first option says who its program
/// runs as.
pub(super) fn name_user<'w>(words: impl Iterator<Item = &'w [u8]>) -> bool {
    let mut previous: &[u8] = b"";
    for word in words {
        if is_user_option(word) && !is_wrapper(previous) {
            return true;
        }
        previous = word;
    }
    false
}

fn is_user_option(word: &[u8]) -> bool {
    const LONG: [&[u8]; 4] = [b"--user", b"--username", b"--login", b"-user"];
    let is_long = || {
        LONG.iter()
            .filter_map(|option| word.strip_prefix(*option))
            .any(|rest| matches!(rest, [] | [b'=', ..]))
    };
    match word {
        b"-l" => true,
        [b'-', b'u' | b'U'] => true,
        [b'-', b'u' | b'U', next, ..] if next.is_ascii_alphanumeric() || *next == b'=' => true,
        _ => is_long(),
    }
}

fn is_wrapper(word: &[u8]) -> bool {
    let mut name = [0; 24];
    program(word, &mut name).is_some_and(|name| {
        let plain = without_version(name);
        WRAPPERS.iter().any(|known| fits(name, plain, known))
    })
}

/// The letters that may stand before another option's in one word, with the other's value right after it.
const NO_VALUE: &[u8] = b"fgikqsvLS";

/// Where the value of an option is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Next,
    /// From this byte of the word on.
    At(usize),
}

fn place(word: &[u8], option: &str, form: Form) -> Option<Place> {
    let letters = option.as_bytes();
    if let Some(rest) = word.strip_prefix(letters) {
        let is_long = letters.starts_with(b"--");
        return match rest {
            [] => (form != Form::Attached).then_some(Place::Next),
            [b'=', ..] if is_long || form != Form::Attached => Some(Place::At(letters.len() + 1)),
            _ if !is_long && form != Form::Next => Some(Place::At(letters.len())),
            _ => None,
        };
    }
    // `-sSu x`, `-sSux`: letters without values before it.
    let (&[b'-', letter], [b'-', cluster @ ..], Form::Both) = (letters, word, form) else {
        return None;
    };
    let at = cluster.iter().take(5).position(|&byte| byte == letter)?;
    match cluster.len() - at {
        1 if cluster.iter().all(u8::is_ascii_alphabetic) => Some(Place::Next),
        _ if cluster[..at].iter().all(|byte| NO_VALUE.contains(byte)) => Some(Place::At(at + 2)),
        _ => None,
    }
}
