//! How options are written: `-p x`, `-px`, `-xp x`, `--pass=x`, `/p:x`.

use super::text::starts_with;
use super::values::{Holds, is_one_of};

/// Where the value of an option is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// In the next word.
    Next(Holds),
    /// From this byte of the word.
    At(usize, Holds),
    /// It has none.
    Nowhere,
}

/// Returns whether an option is this one, or has its letters among others: `-nb` is in `-nbB`.
pub(super) fn is_named(word: &[u8], option: &str) -> bool {
    let letters = &option.as_bytes()[1..];
    let is_letters = |word: &[u8]| word.iter().all(u8::is_ascii_alphabetic);
    match word {
        [b'/' | b'-', name @ ..] if option.starts_with('/') => name.eq_ignore_ascii_case(letters),
        _ if word == option.as_bytes() => true,
        [b'-', name @ ..] if option.starts_with('-') && letters.len() <= 2 && name.len() <= 5 => {
            is_letters(letters)
                && is_letters(name)
                && letters.iter().all(|byte| name.contains(byte))
        }
        _ => false,
    }
}

/// Returns where the value of `option` is, if `word` is that option.
pub(super) fn place(word: &[u8], option: &[u8], is_attached: bool, holds: &Holds) -> Option<Found> {
    // Letters without values that may stand before another option in one word.
    const NO_VALUE: &[u8] = b"fgikqsvLS";
    let at = |at| Some(Found::At(at, holds.clone()));
    let next = || Some(Found::Next(holds.clone()));
    let len = option.len();
    let Some(&sign) = option.first() else {
        let is_item = !word.starts_with(b"-") && holds.secret_in(word).is_some();
        return at(0).filter(|_| is_item);
    };
    let is_windows = sign == b'/' && matches!(word, [b'/' | b'-', ..]);
    if word.starts_with(option) || is_windows && starts_with(&word[1..], &option[1..]) {
        return match &word[len..] {
            [] if is_attached => None,
            [] => next(),
            _ if is_attached => at(len),
            [b'=', ..] => at(len + 1),
            [b':', ..] if is_windows => at(len + 1),
            _ if len == 2 && sign != b'/' && !is_long(&word[1..]) => at(len),
            _ => None,
        };
    }
    // `-sSu x`, `-sSux`
    let (&[b'-', letter], [b'-', cluster @ ..], false) = (option, word, is_attached) else {
        return None;
    };
    let before = cluster.iter().take(5).position(|&byte| byte == letter)?;
    match cluster.len() - before {
        1 if cluster.len() <= 5 && cluster.iter().all(u8::is_ascii_alphabetic) => next(),
        _ if cluster[..before].iter().all(|byte| NO_VALUE.contains(byte)) => at(before + 2),
        _ => None,
    }
}

/// Returns whether it is the whole name of an option with one dash.
fn is_long(word: &[u8]) -> bool {
    const KNOWN: &str = "address agent api auth key keyform keygen keyout keysig kfile password passwd path pattern pid platform plugin policy port prefix \
        print profile project prompt protocol proxy secret table tag target test text threads time timeout title token \
        topic type uid unit update uri url user username wait web width workdir";
    is_one_of(word, KNOWN)
}
