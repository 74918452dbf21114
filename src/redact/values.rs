//! Which part of a value is secret, by what its name says that it holds.

use std::ops::Range;

use super::shapes;
use super::spans::MARK;
use super::text::{run, starts_with_any};

/// The name of an item in a list, and the byte that its secret follows.
pub(super) type Item = (Box<str>, Option<u8>);

/// What a value holds, as its name or its option says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds<'t> {
    /// A secret, whatever it looks like.
    Password,
    /// A password, or where openssl(1) is to take it from: `pass:x`, `file:x`.
    Pass,
    /// A password, or a path: `PWD`.
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
    /// User and password, or whom a process belongs to: `www:www`.
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
            Self::Key => (!is_path(value) && !is_number(value, b",.", 2)).then_some(whole),
            Self::Long => shapes::is_token_like(value).then_some(whole),
            Self::Auth if is_path(value) => None,
            Self::Auth => after(b':', value).or_else(|| is_short_token(value).then_some(whole)),
            Self::Count => (!is_path(value) && !is_number(value, b".eE_,", 1)).then_some(whole),
            Self::User => after(b':', value)
                .filter(|secret| value[..secret.start - 1] != value[secret.clone()]),
            Self::P => (!is_path(value) && !is_port(value)).then_some(whole),
            Self::After(separator) => after(separator, value),
            Self::Before(byte) => {
                let len = value.iter().rposition(|&other| other == byte)?;
                non_empty(0..len).filter(|_| !value[..len].contains(&b':'))
            }
            Self::Items(items) => items.iter().find_map(|item| of_item(value, item)),
            Self::Oracle(needs_host) => {
                of_oracle(value).filter(|_| !needs_host || value.contains(&b'@'))
            }
            Self::Command => {
                let starts = [&b"echo "[..], b"printf "];
                let start = starts.iter().find(|start| value.starts_with(start))?;
                non_empty(start.len()..value.len())
            }
            Self::Nothing => None,
        }
    }
}

/// `-`, and what turns something on or off.
fn is_switch(value: &[u8]) -> bool {
    const WORDS: &str = "- 0 1 true false on off yes no none null open restricted";
    let mut words = WORDS.split(' ');
    value.is_empty() || words.any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
}

/// A token or base64, as no way to log in is called.
fn is_short_token(value: &[u8]) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_padded = value.ends_with(b"=") || value.contains(&b'+');
    shapes::is_token_like(value)
        || value.len() >= 8
            && value.iter().all(is_base64)
            && (is_padded || digits >= 2 && !value.contains(&b'/'))
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
            let end = start + item.len();
            let secret = match separator {
                // A password may have the separator of items in it.
                Some(b'/') => {
                    of_oracle(&value[from..]).map(|part| from + part.start..from + part.end)
                }
                Some(separator) => {
                    let at = item[sign + 1..].iter().position(|byte| byte == separator)?;
                    non_empty(from + at + 1..end)
                }
                None => non_empty(from..end),
            };
            return secret.filter(|secret| &value[secret.clone()] != MARK.as_bytes());
        }
        start += item.len() + 1;
    }
    None
}

/// Whether a name is this one, with an asterisk before or after it for any others.
fn is_item(name: &[u8], known: &[u8]) -> bool {
    let (is_end, is_start) = (known.starts_with(b"*"), known.ends_with(b"*"));
    let stem = known.strip_prefix(b"*").unwrap_or(known);
    let stem = stem.strip_suffix(b"*").unwrap_or(stem);
    let parts = name.windows(stem.len().max(1)).enumerate();
    stem.is_empty()
        || parts.into_iter().any(|(at, part)| {
            part.eq_ignore_ascii_case(stem)
                && (is_end || at == 0)
                && (is_start || at + part.len() == name.len())
        })
}

/// Of `me/x@db`, `'me/"x"@db'` and `me/x as sysdba`, where x is.
fn of_oracle(word: &[u8]) -> Option<Range<usize>> {
    let start = usize::from(word.first() == Some(&b'\''));
    let user = run(&word[start..], |byte| {
        byte.is_ascii_alphanumeric() || b"_$#.[]\"".contains(&byte)
    });
    let from = start + user + 1;
    if user == 0 || word.get(from - 1) != Some(&b'/') {
        return None;
    }
    let rest = &word[from..];
    if let [b'"', inner @ ..] = rest {
        return non_empty(from + 1..from + 1 + run(inner, |byte| byte != b'"'));
    }
    let role = rest
        .windows(4)
        .position(|part| part.eq_ignore_ascii_case(b" as "));
    let rest = &rest[..role.unwrap_or(rest.len())];
    let len = rest.iter().rposition(|&byte| byte == b'@');
    let quotes = rest
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b'\'' | b'"'))
        .count();
    non_empty(from..from + len.unwrap_or(rest.len() - quotes))
}

/// `db-secret`: what a cluster calls an object with secrets in it.
fn is_object_name(value: &[u8]) -> bool {
    const ENDS: &str = "-secret -secrets -credentials -creds -tls -token -key";
    let is_name = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    value.iter().all(is_name) && ENDS.split(' ').any(|end| value.ends_with(end.as_bytes()))
}

/// A number with these signs in it, and at the end at most so many letters: `375e6`, `300B`, `2,2nr`.
fn is_number(value: &[u8], signs: &[u8], letters: usize) -> bool {
    let end = value
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let digits = &value[..value.len() - end];
    end <= letters
        && digits.first().is_some_and(u8::is_ascii_digit)
        && digits
            .iter()
            .all(|byte| byte.is_ascii_digit() || signs.contains(byte))
}

/// A file, or what a store of objects calls a key: `./x`, `client.pem`, `logs/2024/app.gz`.
pub(super) fn is_path(value: &[u8]) -> bool {
    const ENDS: &str = "asc cer cert conf cfg crt der env gpg ini jks json key keytab kdbx p12 p8 pem pfx pub txt yaml \
        yml avro bak bin bz2 csv dump gif gz html jar jpeg jpg js log md mp4 orc parquet pdf png sql svg tar tfstate \
        tgz tsv war webp xml xz zip zst";
    const RANDOM_LEN: usize = 20;
    let is_rooted = starts_with_any(value, &["/", "./", "../", "~/", "file:/"])
        || matches!(value, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic());
    let dot = value
        .iter()
        .rposition(|&byte| byte == b'.')
        .filter(|&dot| dot > 0);
    let has_end = dot.is_some_and(|dot| {
        ENDS.split(' ')
            .any(|end| end.as_bytes() == &value[dot + 1..])
    });
    let is_other = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'=' | b'@');
    // An AWS secret can begin with a slash, and a path has no such long words of mixed letters and digits.
    let is_aws = value.len() == 40
        && is_mixed(value)
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/+=".contains(byte));
    let mut words = value.split(|byte| b"/\\.-_".contains(byte));
    (is_rooted || has_end && !value.iter().any(is_other))
        && !is_aws
        && !words.any(|word| word.len() >= RANDOM_LEN && is_mixed(word))
}

fn is_mixed(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_uppercase)
        && text.iter().any(u8::is_ascii_lowercase)
        && text.iter().any(u8::is_ascii_digit)
}

/// A number, a range of numbers, or what docker(1) maps to what: `127.0.0.1:80:80/tcp`.
fn is_port(value: &[u8]) -> bool {
    let ends = [&b"/tcp"[..], b"/udp", b"/sctp"];
    let value = ends
        .iter()
        .find_map(|end| value.strip_suffix(*end))
        .unwrap_or(value);
    let value = value.strip_prefix(b"localhost:").unwrap_or(value);
    value.iter().any(u8::is_ascii_digit)
        && value
            .iter()
            .all(|byte| byte.is_ascii_digit() || b".:-,[]".contains(byte))
}
