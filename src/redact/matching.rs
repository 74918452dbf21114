//! Words of a command, compared with those of a rule.

use super::bare_names;
use super::rule::Form;
use super::text::is_assignment;
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

/// Whether a word is this one; one that ends in `*` stands for all that begin so.
pub(super) fn fits(word: &[u8], name: &str) -> bool {
    match name.strip_suffix('*') {
        Some(start) => starts_with(word, start.as_bytes()),
        None => word.eq_ignore_ascii_case(name.as_bytes()),
    }
}

fn starts_with(word: &[u8], start: &[u8]) -> bool {
    word.get(..start.len())
        .is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

/// Whether an option is this one, or has its letters among others: `-nb` is in `-nbB`.
pub(super) fn is_named(word: &[u8], option: &str) -> bool {
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
pub(super) fn place<'t>(
    word: &[u8],
    option: &str,
    form: Form,
    holds: Holds<'t>,
) -> Option<Found<'t>> {
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
            (_, Form::Any) if is_single && !bare_names::is_option_name(&word[1..]) => {
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

pub(super) fn is_shell(word: &[u8]) -> bool {
    const SHELLS: [&str; 9] = [
        "ash", "bash", "busybox", "dash", "fish", "ksh", "sh", "su", "zsh",
    ];
    let name = word.rsplit(|&byte| byte == b'/').next().unwrap_or(word);
    let name = name.strip_prefix(b"-").unwrap_or(name);
    SHELLS.iter().any(|shell| shell.as_bytes() == name)
}

/// Words of shells that a command follows.
pub(super) fn is_shell_word(word: &[u8]) -> bool {
    matches!(
        word,
        b"!" | b"{" | b"do" | b"elif" | b"else" | b"if" | b"then" | b"until" | b"while"
    )
}

/// `[2]`, the number of a key to iwconfig(8).
pub(super) fn is_index(word: &[u8]) -> bool {
    matches!(word, [b'[', digits @ .., b']'] if digits.iter().all(u8::is_ascii_digit))
}

/// `username=me`, and not the end of base64.
pub(super) fn has_value(word: &[u8]) -> bool {
    let sign = word.iter().position(|&byte| byte == b'=');
    is_assignment(word)
        && sign.is_some_and(|sign| word[sign + 1..].iter().any(|&byte| byte != b'='))
}
