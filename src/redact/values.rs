//! The secret part of a value, by what its name or rule says that it holds.

use std::ops::Range;
use std::sync::Arc;

use super::shapes;
use super::spans::{MARK, shift};
use super::text::{run, run_before, starts_with_any};

/// What a value holds, by its name or by a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Holds {
    /// A secret, whatever it looks like.
    Password,
    /// A password, or where openssl(1) reads it from: `pass:x`, `file:x`.
    Pass,
    /// A secret, unless it is the path of one.
    Token,
    /// The same, and a number is none: `sort --key=2,2nr`, `-p=80:80/tcp`.
    Key,
    /// A secret only if it looks like one.
    Long,
    /// User and password, or a token: `auth`.
    Auth,
    /// User and password, or user and group: `www:www`.
    User,
    /// User and password with this byte between them.
    After(u8),
    /// A list with items of these names, and the byte that a secret follows in their values.
    Items(Arc<[Item]>),
    /// User and password as Oracle's programs have them: `me/x@db`.
    Oracle,
    /// A program that prints a secret, and the secret itself only with echo(1): `echo x`.
    Command,
    /// No secret, whatever its name is.
    Nothing,
}

pub(super) type Item = (Box<str>, Option<u8>);

impl Holds {
    /// Returns the secret part of `value`.
    pub(super) fn secret_in(&self, value: &[u8]) -> Option<Range<usize>> {
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
            Self::Token => (!is_path(value) && !is_object_name(value)).then_some(whole),
            Self::Key => (!is_path(value) && !is_number(value)).then_some(whole),
            Self::Long => shapes::is_token_like(value).then_some(whole),
            Self::Auth if is_path(value) => None,
            Self::Auth => after(b':', value).or_else(|| is_short_token(value).then_some(whole)),
            Self::User => after(b':', value)
                .filter(|secret| value[..secret.start - 1] != value[secret.clone()]),
            Self::After(separator) => after(*separator, value),
            Self::Items(items) => items.iter().find_map(|item| of_item(value, item)),
            Self::Oracle => of_oracle(value).filter(|_| !is_path(value)),
            Self::Command => {
                let starts = [&b"echo "[..], b"printf "];
                let start = starts.iter().find(|start| value.starts_with(start))?;
                non_empty(start.len()..value.len())
            }
            Self::Nothing => None,
        }
    }
}

fn is_switch(value: &[u8]) -> bool {
    const WORDS: &str =
        "- 0 1 true false on off yes no none null default open restricted bearer basic";
    value.is_empty() || is_one_of(value, WORDS)
}

pub(super) fn is_one_of(word: &[u8], list: &str) -> bool {
    let mut words = list.as_bytes().split(|&byte| byte == b' ');
    words.any(|other| other.eq_ignore_ascii_case(word))
}

/// Returns whether it is a token or base64, and not the name of a way to log in.
fn is_short_token(value: &[u8]) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    shapes::is_token_like(value)
        || value.len() >= 8
            && value.iter().all(is_base64)
            && (value.ends_with(b"=") || digits >= 2 && !value.contains(&b'/'))
}

fn non_empty(range: Range<usize>) -> Option<Range<usize>> {
    (!range.is_empty()).then_some(range)
}

/// Returns what follows the separator, and nothing of `1000:1000` or of a URL.
fn after(separator: u8, value: &[u8]) -> Option<Range<usize>> {
    let Some(at) = value.iter().position(|&byte| byte == separator) else {
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
    let is_token = shapes::is_token_like(&value[..at]);
    let start = if is_token { 0 } else { at + 1 };
    non_empty(start..value.len())
}

/// Returns the secret in the item of this name.
fn of_item(value: &[u8], (name, separator): &Item) -> Option<Range<usize>> {
    let mut start = 0;
    for item in value.split(|byte| b",;|&".contains(byte)) {
        if let Some(sign) = item.iter().position(|byte| matches!(byte, b'=' | b':'))
            && fits(&item[..sign], name)
        {
            let from = start + sign + 1;
            let secret = match separator {
                // A password may contain the separator of items.
                Some(b'/') => of_oracle(&value[from..]).map(|part| shift(part, from)),
                Some(separator) => {
                    let at = item[sign + 1..].iter().position(|byte| byte == separator)?;
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

/// Returns whether a word is this one, with `*` before or after it for any other letters.
pub(super) fn fits(word: &[u8], known: &str) -> bool {
    let stem = known.trim_matches('*').as_bytes();
    let is_stem = |part: &[u8]| part.eq_ignore_ascii_case(stem);
    match (known.starts_with('*'), known.ends_with('*')) {
        (false, false) => is_stem(word),
        (true, false) => word.len() >= stem.len() && is_stem(&word[word.len() - stem.len()..]),
        (false, true) => word.get(..stem.len()).is_some_and(is_stem),
        (true, true) => stem.is_empty() || word.windows(stem.len()).any(is_stem),
    }
}

/// Returns the password in `me/x@db`, `'me/"x"@db'` and `me/x as sysdba`.
fn of_oracle(word: &[u8]) -> Option<Range<usize>> {
    let start = usize::from(word.first() == Some(&b'\''));
    let is_user = |byte: u8| byte.is_ascii_alphanumeric() || b"_$#.[]\"".contains(&byte);
    let user = run(&word[start..], is_user);
    let from = start + user + 1;
    if user == 0 || word.get(from - 1) != Some(&b'/') {
        return None;
    }
    let rest = &word[from..];
    if let [b'"', inner @ ..] = rest {
        return non_empty(from + 1..from + 1 + run(inner, |byte| byte != b'"'));
    }
    let mut parts = rest.windows(4);
    let role = parts.position(|part| part.eq_ignore_ascii_case(b" as "));
    let rest = &rest[..role.unwrap_or(rest.len())];
    let inner = rest.strip_suffix(b"'").or(rest.strip_suffix(b"\""));
    let rest = inner.unwrap_or(rest);
    let host = rest.iter().rposition(|&byte| byte == b'@');
    non_empty(from..from + host.unwrap_or(rest.len()))
}

/// Returns whether it is what a cluster calls an object with secrets: `db-secret`.
fn is_object_name(value: &[u8]) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    let mut words = value.rsplit(|&byte| byte == b'-');
    let last = words.next().unwrap_or_default();
    last.len() < value.len()
        && is_one_of(last, "secret secrets credentials creds tls token key")
        && value.iter().all(is_name)
}

/// Returns whether it is numbers and signs, with at most 3 letters at the end.
fn is_number(value: &[u8]) -> bool {
    let letters = run_before(value, |byte| byte.is_ascii_alphabetic()).min(3);
    let digits = &value[..value.len() - letters];
    let is_part = |byte: &u8| byte.is_ascii_digit() || b".,:-_/[]eE".contains(byte);
    digits.iter().any(u8::is_ascii_digit) && digits.iter().all(is_part)
}

/// Returns whether it is a file, or the key of an object in a store: `./x`, `client.pem`.
pub(super) fn is_path(value: &[u8]) -> bool {
    const ENDS: &str = "asc cer cert conf cfg crt der env gpg ini jks json key keytab kdbx p12 p8 pem pfx pub txt yaml \
        yml avro bak bin bz2 csv dump gif gz html jar jpeg jpg js log md mp4 orc parquet pdf png sql svg tar tfstate \
        tgz tsv war webp xml xz zip zst";
    const RANDOM_LEN: usize = 20;
    let is_rooted = starts_with_any(value, &["/", "./", "../", "~/", "file:/"])
        || matches!(value, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic());
    let dot = value.iter().rposition(|&byte| byte == b'.').unwrap_or(0);
    let has_end = || dot > 0 && is_one_of(&value[dot + 1..], ENDS);
    let is_other = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'=' | b'@');
    // An AWS secret may begin with a slash. A path has no long words of mixed letters and digits.
    let mut words = value.split(|byte| b"/\\.-_".contains(byte));
    (is_rooted || has_end() && !value.iter().any(is_other))
        && !words.any(|word| word.len() >= RANDOM_LEN && is_mixed(word))
}

fn is_mixed(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_uppercase)
        && text.iter().any(u8::is_ascii_lowercase)
        && text.iter().any(u8::is_ascii_digit)
}
