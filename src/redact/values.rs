//! Which part of a value is secret, by what its name says that it holds.

use std::ops::Range;

use super::plain_values::{
    is_amount, is_object, is_object_name, is_path, is_port, is_sort_key, starts_with_any,
};
use super::shapes;
use super::spans::MARK;

/// The name of an item in a list, and the byte that its secret follows.
pub(super) type Item = (Box<str>, Option<u8>);

/// What a value holds, as its name or its option says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds<'t> {
    /// A secret, whatever it looks like.
    Password,
    /// A password, or where openssl(1) is to take it from: `pass:x`, `file:x`.
    Pass,
    /// A password, or the working directory: `PWD`.
    Pwd,
    /// A secret, unless it is the path of one.
    Token,
    /// The same, and numbers are none: `sort --key=2,2`.
    Key,
    /// A secret only if it looks like one.
    Long,
    /// User and password, or a token: `auth`.
    Auth,
    /// A token, or how many there are.
    Count,
    /// The same as [`Login`](Self::Login), or whom a process belongs to: `www:www`.
    User,
    /// A password, a port, a path or a number: `-p`.
    P,
    /// User and password with this byte between them.
    After(u8),
    /// What stands before this byte: `x@host`.
    Before(u8),
    /// A list with items of these names, and what of their values follows a byte.
    Items(&'t [Item]),
    /// User and password as Oracle's programs have them, which may need a host: `me/x@db`.
    Oracle(bool),
    /// A program that prints a secret, and the secret itself only with echo(1): `echo x`.
    Command,
    /// No secret: what it says, and not what its name does.
    Nothing,
}

impl Holds<'_> {
    /// The part of `value` that is not to be shown.
    pub(super) fn secret_in(self, value: &[u8]) -> Option<Range<usize>> {
        if is_switch(value) || value == MARK.as_bytes() {
            return None;
        }
        let whole = 0..value.len();
        match self {
            Self::Password => Some(whole),
            Self::Pass => match value {
                [b'0'..=b'9'] | b"stdin" | b"file" | b"env" => None,
                _ if starts_with_any(value, &["file:", "env:", "fd:"]) => None,
                _ if value.starts_with(b"pass:") => non_empty(b"pass:".len()..value.len()),
                _ => Some(whole),
            },
            Self::Pwd => (!is_path(value)).then_some(whole),
            // docker build --secret id=x,src=y
            Self::Token => (!is_path(value)
                && !starts_with_any(value, &["id=", "type=", "source=", "src="])
                && !is_object_name(value))
            .then_some(whole),
            Self::Key => {
                (!is_path(value) && !is_object(value) && !is_sort_key(value)).then_some(whole)
            }
            Self::Long => shapes::is_token_like(value).then_some(whole),
            Self::Auth if is_path(value) => None,
            Self::Auth => after(b':', value).or_else(|| {
                let is_token = shapes::is_token_like(value)
                    || shapes::is_base64_like(value)
                    || is_short_token(value);
                is_token.then_some(whole)
            }),
            Self::Count => (!is_path(value) && !is_amount(value)).then_some(whole),
            Self::User => after(b':', value)
                .filter(|secret| value[..secret.start - 1] != value[secret.clone()]),
            Self::P => (!is_path(value) && !is_port(value)).then_some(whole),
            Self::After(separator) => after(separator, value),
            Self::Before(byte) => {
                let len = value.iter().rposition(|&other| other == byte)?;
                (!value[..len].contains(&b':'))
                    .then_some(())
                    .and_then(|()| non_empty(0..len))
            }
            Self::Items(items) => items.iter().find_map(|item| of_item(value, item)),
            Self::Oracle(needs_host) => {
                of_oracle(value).filter(|_| !needs_host || value.contains(&b'@'))
            }
            Self::Command => {
                let starts = [&b"echo "[..], b"printf "];
                let mut lens = starts.iter().filter(|start| value.starts_with(start));
                lens.next()
                    .and_then(|start| non_empty(start.len()..value.len()))
            }
            Self::Nothing => None,
        }
    }
}

/// `-`, and what turns something on or off.
fn is_switch(value: &[u8]) -> bool {
    const WORDS: [&str; 14] = [
        "",
        "-",
        "0",
        "1",
        "true",
        "false",
        "on",
        "off",
        "yes",
        "no",
        "none",
        "null",
        "open",
        "restricted",
    ];
    WORDS
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
}

/// Letters and digits, as no way to log in is called.
fn is_short_token(value: &[u8]) -> bool {
    value.len() >= 8
        && value.iter().all(u8::is_ascii_alphanumeric)
        && value.iter().filter(|byte| byte.is_ascii_digit()).count() >= 2
}

fn non_empty(range: Range<usize>) -> Option<Range<usize>> {
    (!range.is_empty()).then_some(range)
}

/// What comes after the separator; nothing of `1000:1000` or of a URL, which has rules of its own.
fn after(separator: u8, value: &[u8]) -> Option<Range<usize>> {
    let Some(at) = value.iter().position(|&byte| byte == separator) else {
        // A token can stand alone.
        let is_token = separator == b':' && shapes::is_token_like(value) && !is_path(value);
        return is_token.then_some(0..value.len());
    };
    let secret = &value[at + 1..];
    let is_id = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let is_url = starts_with_any(secret, &["//", "./", "../"]);
    if is_id(&value[..at]) && is_id(secret) && at > 0 || is_url || is_path(value) && at == 1 {
        return None;
    }
    // A token can be the user.
    if shapes::is_token_like(&value[..at]) {
        return Some(0..value.len());
    }
    non_empty(at + 1..value.len())
}

/// Of items with commas between them the value of the one with this name, after the separator.
fn of_item(value: &[u8], (name, separator): &Item) -> Option<Range<usize>> {
    // `secret,data=!`: a list that begins so.
    let (begin, name) = name.rsplit_once(',').unwrap_or(("", name));
    let first = value.split(|&byte| byte == b',').next().unwrap_or(value);
    if !first.ends_with(begin.as_bytes()) {
        return None;
    }
    let mut start = 0;
    for item in value.split(|byte| matches!(byte, b',' | b';' | b'|' | b'&')) {
        if let Some(sign) = item.iter().position(|byte| matches!(byte, b'=' | b':'))
            && is_item(&item[..sign], name.as_bytes())
        {
            let from = start + sign + 1;
            let content = &item[sign + 1..];
            let secret = match separator {
                // A password may have the separator of items in it.
                Some(b'/') => {
                    let content = &value[from..];
                    of_oracle(content).map(|secret| from + secret.start..from + secret.end)
                }
                Some(separator) => {
                    let at = content.iter().position(|byte| byte == separator)?;
                    non_empty(from + at + 1..start + item.len())
                }
                None => non_empty(from..start + item.len()),
            };
            return secret.filter(|secret| &value[secret.clone()] != MARK.as_bytes());
        }
        start += item.len() + 1;
    }
    None
}

/// Whether a name is this one, with an asterisk before or after it for any others.
fn is_item(name: &[u8], known: &[u8]) -> bool {
    let known_len = known.len();
    match known {
        [b'*'] => true,
        [b'*', end @ ..] => {
            name.len() >= end.len() && name[name.len() - end.len()..].eq_ignore_ascii_case(end)
        }
        [start @ .., b'*'] => name
            .get(..known_len - 1)
            .is_some_and(|begin| begin.eq_ignore_ascii_case(start)),
        _ => name.eq_ignore_ascii_case(known),
    }
}

/// Of `me/x@db`, `'me/"x"@db'` and `me/x as sysdba`, where x is.
fn of_oracle(word: &[u8]) -> Option<Range<usize>> {
    let start = usize::from(word.first() == Some(&b'\''));
    let is_user = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_$#.[]\"".contains(byte);
    let user = word[start..].iter().take_while(is_user).count();
    let from = start + user + 1;
    if user == 0 || word.get(from - 1) != Some(&b'/') {
        return None;
    }
    let rest = &word[from..];
    if let [b'"', inner @ ..] = rest {
        let len = inner.iter().position(|&byte| byte == b'"');
        return non_empty(from + 1..from + 1 + len.unwrap_or(inner.len()));
    }
    let role = rest
        .windows(4)
        .position(|part| part.eq_ignore_ascii_case(b" as "));
    let len = rest[..role.unwrap_or(rest.len())]
        .iter()
        .rposition(|&byte| byte == b'@')
        .or(role);
    let ends = rest
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b'\'' | b'"'))
        .count();
    non_empty(from..from + len.unwrap_or(rest.len() - ends))
}
