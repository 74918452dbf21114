//! Tokens that are known by what they look like, wherever they stand.

use super::bytes::{blanks, is_name_byte};
use super::spans::Spans;
use super::tokens::{SHAPES, Shape, is_token_byte};

/// Whether anything known here can begin with these two: what goes by each word has to be quick.
fn is_start(first: u8, second: u8) -> bool {
    match first {
        b'A' => matches!(second, b'K' | b'S' | b'I' | b'G' | b'T'),
        b'G' => second == b'O',
        b'I' | b'i' => second | 0x20 == b'd',
        b'N' => second == b'R',
        b'C' | b'c' => matches!(second | 0x20, b'o' | b'i'),
        b'P' => matches!(second, b'M' | b'A' | b'a'),
        b'a' => second == b'p',
        b'f' => second == b'i',
        b't' => second == b's',
        b'B' | b'b' => matches!(second | 0x20, b'e' | b'a'),
        b'S' => matches!(second, b'G' | b'W'),
        b'd' => matches!(second, b'o' | b'c' | b'p' | b'i'),
        b'e' => second == b'y',
        b'g' => matches!(second, b'h' | b'i' | b'l' | b's'),
        b'h' => matches!(second, b'f' | b'o' | b'v'),
        b'l' => second == b'i',
        b'n' => matches!(second, b'f' | b'p' | b't' | b'v'),
        b'p' => matches!(second, b'a' | b'p' | b'u' | b'y'),
        b'r' => matches!(second, b'8' | b'k'),
        b's' => matches!(second, b'.' | b'b' | b'h' | b'k' | b'n' | b'q'),
        b'w' => second == b'h',
        b'x' => matches!(second, b'o' | b'a'),
        b'y' => second == b'a',
        b'-' => second == b'-',
        b'$' => matches!(second, b'2' | b'5' | b'6' | b'a' | b'y'),
        _ => false,
    }
}

/// Hides every token in `text`.
pub(super) fn hide(text: &[u8], spans: &mut Spans) {
    // Where the last one found ends.
    let mut from = 0;
    let mut is_boundary = true;
    for (at, pair) in text.windows(2).enumerate() {
        if is_boundary
            && is_start(pair[0], pair[1])
            && at >= from
            && let Some(secret) = secret_at(text, at)
        {
            from = secret.end;
            spans.push(secret.start..secret.end);
        }
        is_boundary = !is_word_byte(pair[0]);
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn secret_at(text: &[u8], at: usize) -> Option<std::ops::Range<usize>> {
    let rest = &text[at..];
    let range = |len: usize| at..at + len;
    match rest[0] {
        b'-' => private_key(rest).map(|start| at + start..text.len()),
        b'B' | b'b' => after_scheme(rest).map(|(start, end)| at + start..at + end),
        b'e' => json_web_token(rest).map(range),
        _ => known_token(rest)
            .map(range)
            .or_else(|| in_path(rest).map(|(start, end)| at + start..at + end))
            .or_else(|| {
                // An option has its value by other rules, by which what a shell fills in stays.
                let secret = (!is_in_option(text, at))
                    .then(|| in_statement(rest))
                    .flatten();
                secret.map(|(start, end)| at + start..at + end)
            }),
    }
}

/// Whether the word in which something begins is an option. Names are no longer than what is looked at.
fn is_in_option(text: &[u8], at: usize) -> bool {
    const LONGEST: usize = 64;
    let is_name = |byte: &&u8| is_name_byte(**byte);
    let before = text[..at].iter().rev().take(LONGEST);
    let len = before.take_while(is_name).count();
    text[at - len..at].starts_with(b"-")
}

/// Whether something is a token is said by so many bytes of it, so that text that goes on and on
/// like one is not read to its end from each of its letters.
const TELLING: usize = 128;

/// The same for a JSON web token, whose first part can be long.
const TELLING_JSON: usize = 512;

fn known_token(text: &[u8]) -> Option<usize> {
    let pair = text.get(..2)?;
    let alike = |shape: &&Shape| &shape.start.as_bytes()[..2] == pair;
    SHAPES.iter().filter(alike).find_map(|shape| {
        let rest = text.strip_prefix(shape.start.as_bytes())?;
        let begin = &rest[..rest.len().min(TELLING)];
        let len = run(begin, shape.alphabet);
        let has_digit = || begin[..len].iter().any(u8::is_ascii_digit);
        let is_unbroken = || {
            let mut parts = begin[..len].split(|&byte| byte == b'$');
            shape.unbroken == 0 || parts.any(|part| part.len() >= shape.unbroken)
        };
        (len >= shape.min && (!shape.has_digit || has_digit()) && is_unbroken())
            .then(|| shape.start.len() + run(rest, shape.alphabet))
    })
}

/// Whether all of it can be the beginning of a token that is known.
pub(super) fn may_begin(text: &[u8]) -> bool {
    SHAPES.iter().any(|shape| {
        text.strip_prefix(shape.start.as_bytes())
            .is_some_and(|rest| {
                let has_digit = || rest.iter().any(u8::is_ascii_digit);
                run(rest, shape.alphabet) == rest.len() && (!shape.has_digit || has_digit())
            })
    })
}

fn run(text: &[u8], alphabet: fn(u8) -> bool) -> usize {
    text.iter().take_while(|&&byte| alphabet(byte)).count()
}

/// Parts of base64 with points between them, the first of which is JSON.
fn json_web_token(text: &[u8]) -> Option<usize> {
    let begin = &text[..text.len().min(TELLING_JSON)];
    if !begin.starts_with(b"eyJ") {
        return None;
    }
    let len = run(begin, is_token_byte);
    let mut parts = begin[..len].split(|&byte| byte == b'.');
    let is_token = parts.next().is_some_and(|part| part.len() >= 8)
        && parts.next().is_some_and(|part| part.len() >= 4);
    is_token.then(|| run(text, is_token_byte))
}

/// Where the key itself begins in `-----BEGIN RSA PRIVATE KEY-----…`.
fn private_key(text: &[u8]) -> Option<usize> {
    const LONGEST: usize = 64;
    let title = text.strip_prefix(b"-----BEGIN ")?;
    let end = title[..title.len().min(LONGEST)]
        .windows(5)
        .position(|dashes| dashes == b"-----")?;
    let start = text.len() - title.len() + end + 5;
    (title[..end]
        .windows(11)
        .any(|words| words == b"PRIVATE KEY")
        && start < text.len())
    .then_some(start)
}

/// `Bearer x`, `Basic x`: where the token begins and ends.
fn after_scheme(text: &[u8]) -> Option<(usize, usize)> {
    let is_bearer = starts_with(text, b"bearer ");
    if !is_bearer && !starts_with(text, b"basic ") {
        return None;
    }
    let scheme = if is_bearer { 6 } else { 5 };
    let start = scheme
        + text[scheme..]
            .iter()
            .take_while(|&&byte| byte == b' ')
            .count();
    let token = &text[start..];
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let is_any = |byte: u8| is_base64(byte) || is_token_byte(byte) || byte == b'~';
    if token.starts_with(b"-") {
        return None;
    }
    let len = token
        .iter()
        .take_while(|&&byte| is_base64(byte) || is_bearer && is_any(byte))
        .count();
    let token = &token[..len];
    let is_token = match is_bearer {
        true => {
            text[0] == b'B' && !starts_with(token, b"token") && !starts_with(token, b"auth")
                || token.iter().any(u8::is_ascii_digit)
        }
        false => {
            len >= 6
                && (token.contains(&b'=')
                    || token.iter().any(u8::is_ascii_digit)
                    || token[1..].iter().any(u8::is_ascii_uppercase))
        }
    };
    (is_token && len > 0).then_some((start, start + len))
}

/// Of the URL of a hook or a bot: where the token begins and ends.
fn in_path(text: &[u8]) -> Option<(usize, usize)> {
    const PATHS: [(&str, bool); 4] = [
        ("hooks.slack.com/services/", true),
        ("discord.com/api/webhooks/", true),
        ("discordapp.com/api/webhooks/", true),
        ("api.telegram.org/bot", false),
    ];
    PATHS.iter().find_map(|&(start, goes_on)| {
        let rest = text.strip_prefix(start.as_bytes())?;
        let is_token =
            |byte: &&u8| is_token_byte(**byte) || **byte == b':' || goes_on && **byte == b'/';
        let len = rest.iter().take_while(is_token).count();
        (len > 0).then_some((start.len(), start.len() + len))
    })
}

/// Of SQL's `IDENTIFIED BY 'x'` and `PASSWORD 'x'`, and PowerShell's `ConvertTo-SecureString 'x'`: where the
/// password begins and ends.
fn in_statement(text: &[u8]) -> Option<(usize, usize)> {
    const STARTS: [&[u8]; 6] = [
        b"identified by ",
        b"password ",
        b"password(",
        b"identified by password ",
        b"convertto-securestring ",
        b"convertto-securestring -string ",
    ];
    let start = STARTS
        .iter()
        .filter(|start| starts_with(text, start))
        .map(|start| start.len())
        .max();
    let start = with_names(text).or(start)?;
    let quote = *text
        .get(start)
        .filter(|byte| matches!(byte, b'\'' | b'"'))?;
    let rest = &text[start + 1..];
    let len = rest.iter().position(|&byte| byte == quote);
    let len = len.unwrap_or(rest.len());
    (len > 0).then_some((start + 1, start + 1 + len))
}

/// Of `IDENTIFIED WITH plugin BY 'x'` and `PASSWORD FOR 'user'@'host' = 'x'`: where the quote is.
fn with_names(text: &[u8]) -> Option<usize> {
    const WITH: &[u8] = b"identified with ";
    const FOR: &[u8] = b"password for ";
    if starts_with(text, WITH) {
        let end = WITH.len() + name_len(&text[WITH.len()..])?;
        let name = &text[WITH.len()..end];
        // In a sentence it would be a word of letters.
        let is_statement =
            text.starts_with(b"IDENTIFIED") || !name.iter().all(u8::is_ascii_alphabetic);
        return (is_statement && starts_with(&text[end..], b" by ")).then_some(end + b" by ".len());
    }
    if !starts_with(text, FOR) {
        return None;
    }
    let mut end = FOR.len() + name_len(&text[FOR.len()..])?;
    if text.get(end) == Some(&b'@') {
        end += 1 + name_len(&text[end + 1..])?;
    }
    let rest = &text[end..];
    let sign = blanks(&rest[..rest.len().min(LONGEST_NAME)]);
    if rest.get(sign) != Some(&b'=') {
        return None;
    }
    let rest = &rest[sign + 1..];
    Some(end + sign + 1 + blanks(&rest[..rest.len().min(LONGEST_NAME)]))
}

/// Names are no longer than what is looked at.
const LONGEST_NAME: usize = 128;

/// How long the name is that begins here, in quotes or not.
fn name_len(text: &[u8]) -> Option<usize> {
    let text = &text[..text.len().min(LONGEST_NAME)];
    if let [quote @ (b'\'' | b'"' | b'`'), rest @ ..] = text {
        return rest
            .iter()
            .position(|byte| byte == quote)
            .map(|len| len + 2);
    }
    let is_name = |byte: &u8| is_name_byte(*byte) || b"%$()".contains(byte);
    let len = text.iter().take_while(|byte| is_name(byte)).count();
    (len > 0).then_some(len)
}

fn starts_with(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len())
        .is_some_and(|text| text.eq_ignore_ascii_case(start))
}

/// Whether it is base64, and no word or path.
pub(super) fn is_base64_like(text: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    text.len() >= 8 && text.iter().all(is_digit) && (text.ends_with(b"=") || text.contains(&b'+'))
}

/// Whether this alone, without a name, is more likely a token than a word.
pub(super) fn is_token_like(text: &[u8]) -> bool {
    let is_known = || {
        let len = known_token(text).or_else(|| json_web_token(text));
        len == Some(text.len())
    };
    is_known()
        || text.len() >= 16
            && text.iter().any(u8::is_ascii_digit)
            && text.iter().any(u8::is_ascii_alphabetic)
            && text.iter().all(|&byte| is_token_byte(byte))
}
