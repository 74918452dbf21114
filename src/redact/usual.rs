//! Options that mean the same to most programs.

use std::ops::Range;

use super::bytes::{is_blank, is_name_byte};
use super::matching::Found;
use super::names;
use super::text::{is_cut, trim_dashes};
use super::values::Holds;

/// What options of most programs hold: `--user me:x`, and `-p x` beside a user.
///
/// `has_user` is whether the line names the user, and `named` the same of a command in a text, up to where it ends.
pub(super) fn option(
    line: &[u8],
    has_user: &mut Option<bool>,
    text: &[u8],
    place: &Range<usize>,
    word: &[u8],
    named: &mut Option<(usize, bool)>,
) -> Option<Found<'static>> {
    let user = ["--user", "--userpwd", "--proxy-user"]
        .iter()
        .find_map(|option| {
            let rest = word.strip_prefix(option.as_bytes())?;
            match rest {
                [] => Some(Found::Next(Holds::User)),
                [b'=', ..] => Some(Found::At(option.len() + 1, Holds::User)),
                _ => None,
            }
        });
    let mut is_beside_user = || match place.len() == text.len() {
        true => *has_user.get_or_insert_with(|| is_user_named(line.split(|&byte| byte == 0))),
        false => {
            let (end, has_user) = match *named {
                Some((end, has_user)) if place.end <= end => (end, has_user),
                _ => is_user_named_near(text, place.clone()),
            };
            *named = Some((end, has_user));
            has_user
        }
    };
    match word {
        _ if user.is_some() => user,
        b"-p" if is_beside_user() => Some(Found::Next(Holds::P)),
        [b'-', b'p', b'=', _, ..] => Some(Found::At(3, Holds::P)),
        _ => None,
    }
}

/// What the value of an option holds by its name.
pub(super) fn named(word: &[u8]) -> Option<Holds<'static>> {
    let name = trim_dashes(word);
    let len = name.iter().take_while(|&&byte| is_name_byte(byte)).count();
    let is_alone = name[len..]
        .iter()
        .all(|byte| matches!(byte, b'"' | b'\'' | b',' | b'\\'));
    // A define without a value has none in the next word: -DHAVE_GETPASS.
    let is_define = matches!(word, [b'-', b'D', next, ..] if next.is_ascii_uppercase());
    let holds = (is_alone && !is_define)
        .then(|| names::judge(&name[..len]))
        .flatten();
    holds.filter(|_| !names::is_switch(name))
}

/// `X-Auth-Key:`, `password:`, and the value is the next argument.
pub(super) fn header(argument: &[u8]) -> Option<Holds<'static>> {
    let name = argument.strip_suffix(b":")?;
    let is_name = name.iter().all(|&byte| is_name_byte(byte));
    let is_header = name.contains(&b'-');
    let holds = names::judge(trim_dashes(name)).filter(|_| is_name)?;
    (holds == Holds::Password || is_header && holds == Holds::Token).then_some(holds)
}

/// Whether the command that the word at `place` belongs to names the user, and where the command ends.
fn is_user_named_near(text: &[u8], place: Range<usize>) -> (usize, bool) {
    // A command is no longer than what is looked at, so that many of them take no longer than one.
    const LONGEST: usize = 512;
    let from = place.start.saturating_sub(LONGEST);
    let to = text.len().min(place.end + LONGEST);
    let before = text[from..place.start]
        .iter()
        .rposition(|&byte| is_cut(byte));
    let after = text[place.end..to].iter().position(|&byte| is_cut(byte));
    let end = after.map_or(to, |len| place.end + len);
    let command = &text[before.map_or(from, |at| from + at + 1)..end];
    (end, is_user_named(command.split(|&byte| is_blank(byte))))
}

/// Whether one of the words names the user. A wrapper's first option is the user that its program runs as.
fn is_user_named<'w>(words: impl Iterator<Item = &'w [u8]>) -> bool {
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
        let mut rests = LONG.iter().filter_map(|option| word.strip_prefix(*option));
        rests.any(|rest| matches!(rest, [] | [b'=', ..]))
    };
    match word {
        b"-l" => true,
        [b'-', b'u' | b'U'] => true,
        [b'-', b'u' | b'U', next, ..] if next.is_ascii_alphanumeric() || *next == b'=' => true,
        _ => is_long(),
    }
}

fn is_wrapper(word: &[u8]) -> bool {
    let name = word.rsplit(|&byte| byte == b'/').next().unwrap_or(word);
    ["doas", "runuser", "setpriv", "sudo"]
        .iter()
        .any(|known| known.as_bytes() == name)
}
