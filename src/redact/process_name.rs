//! Names of processes that chose them, and programs without their arguments.

use std::borrow::Cow;
use std::ops::Range;

use super::spans::MARK;
use super::text::is_blank;
use super::values::Holds;
use super::{names, shapes};

/// As long as Linux lets a name be.
pub(super) const CUT: usize = 15;

/// The part of a name that is a secret, as far as it is cut off or a bare word tells it.
pub(super) fn secret(name: &[u8]) -> Option<Range<usize>> {
    if name.windows(MARK.len()).any(|part| part == MARK.as_bytes()) {
        return None;
    }
    let whole = 0..name.len();
    if name.len() == CUT && shapes::may_begin(name) {
        return Some(whole);
    }
    if let Some(scheme) = name.windows(3).position(|window| window == b"://") {
        let rest = &name[scheme + 3..];
        let colon = rest.iter().position(|&byte| byte == b':')?;
        let password = &rest[colon + 1..];
        let is_cut = !rest.contains(&b'@') && !rest[..colon].contains(&b'/');
        let is_port = password
            .split(|&byte| byte == b'/')
            .next()
            .is_none_or(|port| port.iter().all(u8::is_ascii_digit));
        return (is_cut && !is_port).then_some(scheme + 3 + colon + 1..name.len());
    }
    let blank = name.iter().position(|&byte| byte == b' ')?;
    let is_password = names::judge(&name[..blank]) == Some(Holds::Password);
    (is_password && blank + 1 < name.len()).then_some(blank + 1..name.len())
}

/// The program alone, without its arguments: the first argument, up to its first blank, since
/// a process may have written all into it. The blanks of a path on Windows are the path's.
pub(super) fn program(line: &[u8]) -> Cow<'_, [u8]> {
    up_to(line, is_blank)
}

/// The same of what was looked through, and no further than to a `=`: behind a title without an end of its own Linux
/// shows environment variables. Before, a password with a `=` would be cut in two.
pub(super) fn looked_through(line: &[u8]) -> Cow<'_, [u8]> {
    up_to(line, |byte| is_blank(byte) || byte == b'=')
}

fn up_to(line: &[u8], is_end: fn(u8) -> bool) -> Cow<'_, [u8]> {
    let end = line
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(line.len());
    let first = &line[..end];
    let len = match first {
        [drive, b':', b'\\', ..] if drive.is_ascii_alphabetic() => windows_path(first, is_end),
        [b'"', path @ ..] => match path.iter().position(|&byte| byte == b'"') {
            Some(len) => len + 2,
            None => first_end(first, is_end),
        },
        _ => first_end(first, is_end),
    };
    if len == end {
        return Cow::Borrowed(&line[..line.len().min(end + 1)]);
    }
    let mut program = first[..len].to_vec();
    program.extend_from_slice(line.get(end..=end).unwrap_or_default());
    Cow::Owned(program)
}

fn first_end(text: &[u8], is_end: fn(u8) -> bool) -> usize {
    text.iter()
        .position(|&byte| is_end(byte))
        .unwrap_or(text.len())
}

/// Up to the file's ending; up to the first blank, if it has none that is known.
fn windows_path(text: &[u8], is_end: fn(u8) -> bool) -> usize {
    const ENDINGS: [&[u8]; 4] = [b".exe", b".cmd", b".bat", b".com"];
    let ending = (4..=text.len()).find(|&end| {
        let is_known = || {
            ENDINGS
                .iter()
                .any(|known| text[end - 4..end].eq_ignore_ascii_case(known))
        };
        text.get(end).is_none_or(|&byte| is_blank(byte)) && is_known()
    });
    ending.unwrap_or_else(|| first_end(text, is_end))
}
