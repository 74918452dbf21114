//! Passwords that no name and no option tells of: which word of a command they are.

mod lists;

use std::ops::Range;

use self::lists::*;
use super::program_name::{fits, program, without_version};
use super::rules::{SHELLS, WRAPPERS};
use super::text::is_assignment;
use super::values::Holds;

/// How far the words of a command have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Places {
    state: State,
    before: Before,
    /// The last word stands where a program can.
    is_program: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The program may come, after so many other words.
    Start(u8),
    /// One that starts others in a container was named.
    Container,
    /// What comes is the name of an image, and then the program.
    Image,
    /// These of [`ROWS`] are left, of which so many verbs were named.
    Verbs { rows: u32, step: u8 },
    /// So many words came at least, and at most, since it is not known of all whether they are values of options.
    Words { row: u8, least: u8, most: u8 },
    /// htpasswd(1), with `-b` and with `-n`, and its words as above.
    Letters {
        has_b: bool,
        has_n: bool,
        least: u8,
        most: u8,
    },
    /// User and password in one word: the first, or, if it is over, one with a name.
    Oracle { is_exp: bool, is_over: bool },
    /// The same, in the next word.
    Rman { is_next: bool },
    /// Nothing more is to come.
    Over,
}

impl Default for State {
    fn default() -> Self {
        Self::Start(0)
    }
}

/// What the last word was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Before {
    #[default]
    Word,
    /// An option, whose value the next word may be.
    Option,
    /// One whose value the next word is.
    Name,
}

impl Places {
    /// Whether a password may be among the words to come.
    pub(super) fn is_counting(&self) -> bool {
        !matches!(self.state, State::Start(_) | State::Image | State::Over)
    }

    /// Whether the word that was taken in last stands where a program can.
    pub(super) fn is_program(&self) -> bool {
        self.is_program
    }

    /// Takes in a word of the command, and says where in it the password is, if it has one.
    pub(super) fn word(&mut self, word: &[u8]) -> Option<Range<usize>> {
        self.is_program = matches!(self.state, State::Start(_));
        if self.state == State::Over || word.is_empty() {
            return None;
        }
        let before = std::mem::take(&mut self.before);
        if self.is_option(word) {
            return None;
        }
        if before == Before::Name {
            return None;
        }
        let is_sure = before == Before::Word;
        match self.state {
            State::Start(skip) => self.state = start(word, skip, is_sure),
            State::Container => {
                if word == b"exec" {
                    self.state = State::Start(1);
                } else if word == b"run" {
                    self.state = State::Image;
                } else if is_sure && word != b"compose" {
                    self.state = State::Over;
                }
            }
            State::Image => {
                self.state = match start(word, 1, is_sure) {
                    State::Start(1) => State::Image,
                    state => state,
                }
            }
            State::Verbs { rows, step } => self.state = verb(word, rows, step, is_sure),
            State::Words { row, .. } => {
                let row = &ROWS[usize::from(row)];
                if !is_beside(row, word) {
                    return self.counted(word, row.nth, is_sure);
                }
            }
            State::Letters { has_b, has_n, .. } => {
                let nth = if has_n { 2 } else { 3 };
                return self.counted(word, nth, is_sure).filter(|_| has_b);
            }
            State::Oracle { is_exp, is_over } => {
                if let Some(start) = value_of(word, &["userid"]) {
                    return of_oracle(word, start);
                }
                if is_over || is_assignment(word) {
                    return None;
                }
                let secret = of_oracle(word, 0).filter(|_| !is_exp || word.contains(&b'@'));
                let is_over = is_sure || secret.is_some();
                self.state = State::Oracle { is_exp, is_over };
                return secret;
            }
            State::Rman { is_next } => {
                if let Some(start) = value_of(word, OF_RMAN) {
                    return of_oracle(word, start);
                }
                let is_name = |name: &&str| word.eq_ignore_ascii_case(name.as_bytes());
                self.state = State::Rman {
                    is_next: OF_RMAN.iter().any(is_name),
                };
                return is_next.then(|| of_oracle(word, 0)).flatten();
            }
            State::Over => {}
        }
        None
    }

    /// Takes in an option, if the word is one.
    fn is_option(&mut self, word: &[u8]) -> bool {
        let is_net = || {
            let is_row = |at: usize| ROWS.get(at).is_some_and(|row| row.program == NET);
            match self.state {
                State::Verbs { rows, .. } => is_row(rows.trailing_zeros() as usize),
                State::Words { row, .. } => is_row(usize::from(row)),
                _ => false,
            }
        };
        if matches!(word, [b'/', _]) && matches!(self.state, State::Start(_))
            || word.starts_with(b"/") && is_net()
            // cargo(1) has its toolchain so.
            || word.starts_with(b"+") && matches!(self.state, State::Verbs { .. })
        {
            return true;
        }
        if !word.starts_with(b"-") || word == b"-" {
            return false;
        }
        if let State::Letters { has_b, has_n, .. } = &mut self.state {
            let is_cluster = !word.starts_with(b"--");
            *has_b |= is_cluster && word.contains(&b'b');
            *has_n |= is_cluster && word.contains(&b'n');
            self.before = match word {
                [.., b'C' | b'r'] => Before::Name,
                _ => Before::Word,
            };
            return true;
        }
        self.before = match word {
            b"--" => Before::Word,
            _ if word.contains(&b'=') => Before::Word,
            _ if WITH_VALUE.iter().any(|name| name.as_bytes() == word) => Before::Name,
            _ => Before::Option,
        };
        true
    }

    /// The word if it may be the one that is sought.
    fn counted(&mut self, word: &[u8], nth: u8, is_sure: bool) -> Option<Range<usize>> {
        let (State::Words { least, most, .. } | State::Letters { least, most, .. }) =
            &mut self.state
        else {
            return None;
        };
        let may_be = *least < nth && nth <= *most + 1;
        *most = most.saturating_add(1).min(nth);
        *least += u8::from(is_sure);
        if *least >= nth {
            self.state = State::Over;
        }
        // An asterisk has it asked for.
        let secret = Holds::Pass.secret_in(word);
        secret.filter(|_| may_be && word != b"*")
    }
}

/// What is known after a word that the program may be.
fn start(word: &[u8], skip: u8, is_sure: bool) -> State {
    // env(1) has assignments, and timeout(1) and taskset(1) have numbers.
    if is_assignment(word) || word.first().is_some_and(u8::is_ascii_digit) {
        return State::Start(skip);
    }
    let mut name = [0; 24];
    if let Some(name) = program(word, &mut name) {
        let plain = without_version(name);
        let is_in = |list: &[&str]| list.iter().any(|known| fits(name, plain, known));
        let mut rows = 0;
        for (at, row) in ROWS.iter().enumerate() {
            rows |= u32::from(is_in(&[row.program])) << at;
        }
        match name {
            _ if rows != 0 => return with_rows(rows, 0),
            b"rman" => return State::Rman { is_next: false },
            _ if is_in(ORACLE) || is_in(EXP) => {
                return State::Oracle {
                    is_exp: is_in(EXP),
                    is_over: false,
                };
            }
            _ if is_in(EXEC) => return State::Container,
            _ if is_in(BEFORE_WITH_WORD) => return State::Start(1),
            _ if is_in(WRAPPERS) || is_in(SHELLS) || is_in(BEFORE) => return State::Start(0),
            _ => {}
        }
    }
    match is_sure {
        true => skip.checked_sub(1).map_or(State::Over, State::Start),
        false => State::Start(skip),
    }
}

/// Whether it is no password, and none of the words that are counted.
fn is_beside(row: &Row, word: &[u8]) -> bool {
    match row.program {
        IWCONFIG => matches!(word, b"open" | b"restricted" | [b'[', .., b']']),
        _ => row.verbs == VAULT_LOGIN && row.program == "vault" && is_assignment(word),
    }
}

/// What is known after a word that may be one of the verbs.
fn verb(word: &[u8], rows: u32, step: u8, is_sure: bool) -> State {
    let is_verb = |verb: &str| match verb.strip_suffix('*') {
        Some(start) => word
            .get(..start.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(start.as_bytes())),
        None => word.eq_ignore_ascii_case(verb.as_bytes()),
    };
    let mut left = 0;
    for (at, row) in ROWS.iter().enumerate() {
        let verb = row.verbs.get(usize::from(step));
        left |= (rows & 1 << at) * u32::from(verb.is_some_and(|verb| is_verb(verb)));
    }
    if left != 0 {
        return with_rows(left, step + 1);
    }
    // The first was a user's or a container's name, as in `runuser -u vault -- vault`.
    if step == 0
        && let state @ (State::Verbs { .. } | State::Oracle { .. }) = start(word, 0, is_sure)
    {
        return state;
    }
    // net(1) has a device there, and iwconfig(8) other settings.
    let is_iwconfig =
        || (ROWS.get(rows.trailing_zeros() as usize)).is_some_and(|row| row.program == IWCONFIG);
    let is_device = step > 0 && (word.ends_with(b":") || word == b"*" || is_iwconfig());
    match is_sure && !is_device {
        true => State::Over,
        false => State::Verbs { rows, step },
    }
}

/// What is sought of these rows, after so many verbs.
fn with_rows(rows: u32, step: u8) -> State {
    let row = rows.trailing_zeros();
    let over = ROWS
        .get(row as usize)
        .filter(|row| row.verbs.len() == usize::from(step));
    match over {
        Some(row) if row.program == HTPASSWD => State::Letters {
            has_b: false,
            has_n: false,
            least: 0,
            most: 0,
        },
        Some(_) => State::Words {
            row: row as u8,
            least: 0,
            most: 0,
        },
        None => State::Verbs { rows, step },
    }
}

/// Where the value of one of these names begins: `userid=me/x`.
fn value_of(word: &[u8], names: &[&str]) -> Option<usize> {
    let len = word.iter().take(16).position(|&byte| byte == b'=')?;
    let is_named = |name: &&str| word[..len].eq_ignore_ascii_case(name.as_bytes());
    names.iter().any(is_named).then_some(len + 1)
}

/// Of `me/x@db`, `'me/"x"@db'` and `me/x as sysdba`, where x is.
fn of_oracle(word: &[u8], start: usize) -> Option<Range<usize>> {
    let quote = word.get(start).filter(|byte| matches!(byte, b'\'' | b'"'));
    let start = start + usize::from(quote == Some(&b'\''));
    let is_user = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_$#.[]\"".contains(byte);
    let user = word[start..].iter().take_while(is_user).count();
    let from = start + user + 1;
    if user == 0 || word.get(from - 1) != Some(&b'/') {
        return None;
    }
    let rest = &word[from..];
    let (from, len) = match rest {
        [b'"', inner @ ..] => {
            let len = inner.iter().position(|&byte| byte == b'"');
            (from + 1, len.unwrap_or(inner.len()))
        }
        _ => {
            let role = rest
                .windows(4)
                .position(|part| part.eq_ignore_ascii_case(b" as "));
            let len = rest[..role.unwrap_or(rest.len())]
                .iter()
                .rposition(|&byte| byte == b'@')
                .or(role);
            let is_end = |byte: &&u8| matches!(byte, b'\'' | b'"');
            let ends = rest.iter().rev().take_while(is_end).count();
            (from, len.unwrap_or(rest.len() - ends))
        }
    };
    let secret = Holds::Password.secret_in(word.get(from..from + len)?)?;
    Some(from + secret.start..from + secret.end)
}
