//! Secrets with a form of their own: tokens and keys of standards, headers, and statements of SQL.

use super::bytes::{blanks, is_name_byte, is_token_byte, run};

/// The same for a JSON web token, whose first part can be long.
pub(super) const TELLING_JSON: usize = 512;

/// Parts of base64 with points between them, the first of which is JSON.
pub(super) fn json_web_token(text: &[u8]) -> Option<usize> {
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
pub(super) fn private_key(text: &[u8]) -> Option<usize> {
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
pub(super) fn after_scheme(text: &[u8]) -> Option<(usize, usize)> {
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

/// Of SQL's `IDENTIFIED BY 'x'` and `PASSWORD 'x'`, and PowerShell's `ConvertTo-SecureString 'x'`: where the
/// password begins and ends.
pub(super) fn in_statement(text: &[u8]) -> Option<(usize, usize)> {
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

pub(super) fn starts_with(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len())
        .is_some_and(|text| text.eq_ignore_ascii_case(start))
}
