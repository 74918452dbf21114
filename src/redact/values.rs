//! Which part of a value is secret, by what its name says that it holds.

use std::ops::Range;

use super::mark::MARK;
use super::shapes;

/// What a value holds, as its name or its option says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
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
    /// User and password with a colon between them.
    Login,
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
    /// Options of a mount, with user and password: `user=me%x`.
    Mount,
    /// An object of qemu(1), which may be a secret: `secret,id=s,data=x`.
    Object,
    /// A cookie, or the file that has it.
    Cookie,
    /// No secret: what it says, and not what its name does.
    Nothing,
}

impl Holds {
    /// The part of `value` that is not to be shown.
    pub(super) fn secret_in(self, value: &[u8]) -> Option<Range<usize>> {
        if is_switch(value) || value == MARK.as_bytes() {
            return None;
        }
        let whole = 0..value.len();
        match self {
            Self::Password => Some(whole),
            Self::Pass => match value {
                [b'0'..=b'9'] | b"stdin" => None,
                _ if starts_with_any(value, &["file:", "env:", "fd:"]) => None,
                _ if value.starts_with(b"pass:") => non_empty(b"pass:".len()..value.len()),
                _ => Some(whole),
            },
            Self::Pwd => (!is_path(value)).then_some(whole),
            // docker build --secret id=x,src=y
            Self::Token => (!is_path(value)
                && !starts_with_any(value, &["id=", "type=", "source=", "src="]))
            .then_some(whole),
            Self::Key => {
                (!is_path(value) && !is_object(value) && !is_sort_key(value)).then_some(whole)
            }
            Self::Long => shapes::is_token_like(value).then_some(whole),
            Self::Login => after(b':', value),
            Self::Auth => after(b':', value).or_else(|| {
                let is_token = shapes::is_token_like(value)
                    || shapes::is_base64_like(value)
                    || is_short_token(value);
                (is_token && !is_path(value)).then_some(whole)
            }),
            Self::Count => (!is_path(value) && !is_amount(value)).then_some(whole),
            Self::User => after(b':', value)
                .filter(|secret| value[..secret.start - 1] != value[secret.clone()]),
            Self::P => (!is_path(value) && !is_port(value)).then_some(whole),
            Self::After(separator) => after(separator, value),
            Self::Mount => item(value, &["user", "username"], Some(b'%')),
            Self::Object => starts_with_any(value, &["secret,", "qom-type=secret,"])
                .then(|| item(value, &["data"], None))
                .flatten(),
            Self::Nothing => None,
            Self::Cookie => (value.contains(&b'=') && !is_path(value)).then_some(whole),
        }
    }
}

/// `-`, and what turns something on or off.
fn is_switch(value: &[u8]) -> bool {
    const WORDS: [&str; 12] = [
        "", "-", "0", "1", "true", "false", "on", "off", "yes", "no", "none", "null",
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

/// `128`, `0.1`, `375e6`, `300B`.
fn is_amount(value: &[u8]) -> bool {
    let number = match value {
        [number @ .., unit] if unit.is_ascii_alphabetic() => number,
        number => number,
    };
    number.first().is_some_and(u8::is_ascii_digit)
        && number
            .iter()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'_' | b','))
}

fn non_empty(range: Range<usize>) -> Option<Range<usize>> {
    (!range.is_empty()).then_some(range)
}

fn starts_with_any(value: &[u8], starts: &[&str]) -> bool {
    starts
        .iter()
        .any(|start| value.starts_with(start.as_bytes()))
}

/// What comes after the separator; nothing of `1000:1000` or of a URL, which has rules of its own.
fn after(separator: u8, value: &[u8]) -> Option<Range<usize>> {
    let at = value.iter().position(|&byte| byte == separator)?;
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
fn item(value: &[u8], names: &[&str], separator: Option<u8>) -> Option<Range<usize>> {
    let mut start = 0;
    for item in value.split(|&byte| byte == b',') {
        let sign = item.iter().position(|&byte| byte == b'=');
        if let Some(sign) = sign
            && names.iter().any(|name| name.as_bytes() == &item[..sign])
        {
            let from = match separator {
                Some(separator) => item.iter().position(|&byte| byte == separator)?,
                None => sign,
            };
            let secret = &item[from + 1..];
            return (!secret.is_empty() && secret != MARK.as_bytes())
                .then_some(start + from + 1..start + item.len());
        }
        start += item.len() + 1;
    }
    None
}

/// A path does not have such long words of mixed letters and digits; an AWS secret can begin with a
/// slash.
const RANDOM_LEN: usize = 20;

pub(super) fn is_path(value: &[u8]) -> bool {
    let is_rooted = starts_with_any(value, &["/", "./", "../", "~/", "file:/"])
        || matches!(value, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic());
    if !is_rooted && !has_extension(value) {
        return false;
    }
    !is_aws_secret(value)
        && !value
            .split(|byte| matches!(byte, b'/' | b'\\' | b'.' | b'-' | b'_'))
            .any(|segment| segment.len() >= RANDOM_LEN && is_mixed(segment))
}

/// `logs/2024/app.gz`: what a store of objects calls a key. A password may have a slash and a point too.
fn is_object(value: &[u8]) -> bool {
    #[rustfmt::skip]
    const KNOWN: &[&str] = &[
        "avro", "bak", "bin", "bz2", "css", "csv", "dump", "gif", "gz", "html", "jar", "jpeg", "jpg", "js",
        "json", "log", "md", "mp4", "orc", "parquet", "pdf", "png", "rpm", "sql", "svg", "tar", "tfstate",
        "tgz", "tsv", "txt", "war", "webp", "xml", "xz", "yaml", "yml", "zip", "zst",
    ];
    let name = value.rsplit(|&byte| byte == b'/').next();
    let is_file = |name: &[u8]| {
        let end = name.rsplit(|&byte| byte == b'.').next();
        end.is_some_and(|end| {
            end.len() < name.len() && KNOWN.iter().any(|known| known.as_bytes() == end)
        })
    };
    name.is_some_and(|name| name.len() < value.len() && is_file(name))
        && value
            .iter()
            .all(|&byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
        && !value
            .split(|byte| matches!(byte, b'/' | b'.' | b'-' | b'_'))
            .any(|segment| segment.len() >= RANDOM_LEN && is_mixed(segment))
}

fn has_extension(value: &[u8]) -> bool {
    const KNOWN: [&[u8]; 23] = [
        b"asc", b"cer", b"cert", b"conf", b"cfg", b"crt", b"der", b"env", b"gpg", b"ini", b"jks",
        b"json", b"key", b"keytab", b"kdbx", b"p12", b"p8", b"pem", b"pfx", b"pub", b"txt",
        b"yaml", b"yml",
    ];
    if value
        .iter()
        .any(|byte| byte.is_ascii_whitespace() || matches!(byte, b'=' | b'@'))
    {
        return false;
    }
    let Some(dot) = value.iter().rposition(|&byte| byte == b'.') else {
        return false;
    };
    dot > 0 && KNOWN.contains(&&value[dot + 1..])
}

/// 40 characters of base64, without any that a path would have.
fn is_aws_secret(value: &[u8]) -> bool {
    value.len() == 40
        && is_mixed(value)
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+' | b'='))
}

fn is_mixed(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_uppercase)
        && text.iter().any(u8::is_ascii_lowercase)
        && text.iter().any(u8::is_ascii_digit)
}

/// `2`, `2,2`, `1.2nr`: as sort(1) has them.
fn is_sort_key(value: &[u8]) -> bool {
    let letters = value
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphabetic());
    let letters = letters.count();
    let digits = &value[..value.len() - letters];
    letters <= 2
        && digits.first().is_some_and(u8::is_ascii_digit)
        && digits
            .iter()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'.'))
}

/// A number, a range of numbers, or what docker(1) maps to what: `127.0.0.1:80:80/tcp`.
fn is_port(value: &[u8]) -> bool {
    let value = [&b"/tcp"[..], b"/udp", b"/sctp"]
        .iter()
        .find_map(|protocol| value.strip_suffix(*protocol))
        .unwrap_or(value);
    let value = value.strip_prefix(b"localhost:").unwrap_or(value);
    value.iter().any(u8::is_ascii_digit)
        && value.iter().all(|byte| {
            byte.is_ascii_digit() || matches!(byte, b'.' | b':' | b'-' | b',' | b'[' | b']')
        })
}
