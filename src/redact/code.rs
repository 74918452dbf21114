//! Secrets in code: arguments of functions, replacements of sed(1), and pairs of a name and a value.

use std::ops::Range;
use std::sync::OnceLock;

use ahash::AHashMap;

use super::bytes::{blanks, is_name_byte};
use super::quotes::Quote;
use super::spans::Spans;
use super::text::is_placeholder;
use super::values::Holds;
use super::{bare_names, names};

/// No call that is looked at is longer.
const LONGEST: usize = 512;

/// Hides what functions get as a password, and what stands for one in a replacement.
pub(super) fn hide(text: &[u8], spans: &mut Spans) {
    for (at, pair) in text.windows(2).enumerate() {
        let secret = match pair {
            [
                b'(',
                b'"' | b'\'' | b'\\' | b' ' | b'$' | b'a'..=b'z' | b'A'..=b'Z',
            ] => in_call(text, at),
            [b's', b'/' | b'|' | b'#' | b',' | b'@'] => in_replacement(text, at),
            [b'd', b' '] if text[..at].ends_with(b"sen") => in_dialogue(text, at + 2),
            _ => continue,
        };
        if let Some(secret) = secret
            && !secret.is_empty()
            && !is_placeholder(&text[secret.clone()])
        {
            spans.push(secret);
        }
    }
}

/// Which argument of a function is secret.
fn functions() -> &'static AHashMap<&'static [u8], u8> {
    static FUNCTIONS: OnceLock<AHashMap<&'static [u8], u8>> = OnceLock::new();
    FUNCTIONS.get_or_init(|| {
        let lines = include_str!("shapes.txt").lines();
        let calls = lines.filter_map(|line| line.strip_prefix("call "));
        let named = calls.flat_map(|line| {
            let (nth, names) = line
                .split_once(' ')
                .expect("BUG: a call without a function");
            let nth = nth.parse().expect("BUG: a call without a number");
            names
                .split_whitespace()
                .map(move |name| (name.as_bytes(), nth))
        });
        named.collect()
    })
}

/// The argument of the function whose bracket is at `open`: the one that is known, or the last text of one with a
/// password in its name.
fn in_call(text: &[u8], open: usize) -> Option<Range<usize>> {
    const LONGEST_NAME: usize = 48;
    let before = &text[open.saturating_sub(LONGEST_NAME)..open];
    let len = before
        .iter()
        .rev()
        .take_while(|&&byte| is_name_byte(byte))
        .count();
    let name = &before[before.len() - len..];
    let last = name.rsplit(|&byte| byte == b'.').next().unwrap_or(name);
    let two = name
        .iter()
        .rposition(|&byte| byte == b'.')
        .map_or(name, |dot| {
            let start = name[..dot].iter().rposition(|&byte| byte == b'.');
            &name[start.map_or(0, |at| at + 1)..]
        });
    let known = functions()
        .get(two)
        .or_else(|| functions().get(last))
        .copied();
    let nth = match known {
        Some(nth) => nth,
        None if !bare_names::sets_password(last) => return None,
        None => u8::MAX,
    };
    let text = &text[..text.len().min(open + LONGEST)];
    let mut at = open + 1;
    let mut found = None;
    for argument in 1..=nth.min(8) {
        at += blanks(&text[at..]);
        if let Some(quote) = Quote::at(text, at) {
            let start = at + quote.len();
            let end = quote.close(text, start)?;
            found = (known.is_none() || argument == nth).then_some(start..end);
            at = (end + quote.len()).min(text.len());
        }
        let rest = text[at..]
            .iter()
            .position(|byte| matches!(byte, b',' | b')' | b'\n'))?;
        at += rest + 1;
        if text[at - 1] != b',' {
            break;
        }
    }
    found
}

/// `s/@@PASSWORD@@/x/`: what is put in for a name of a secret, or for its value.
fn in_replacement(text: &[u8], at: usize) -> Option<Range<usize>> {
    if at > 0 && !matches!(text[at - 1], b' ' | b'\'' | b'"' | b';' | b'\0') {
        return None;
    }
    let sign = text[at + 1];
    let text = &text[..text.len().min(at + LONGEST)];
    let from = at + 2;
    let middle = from + text[from..].iter().position(|&byte| byte == sign)?;
    let end = middle + 1 + text[middle + 1..].iter().position(|&byte| byte == sign)?;
    let is_trim = |byte: &u8| !byte.is_ascii_alphanumeric();
    let name = &text[from..middle];
    let start = name.iter().position(|byte| !is_trim(byte))?;
    let len = name[start..]
        .iter()
        .take_while(|&&byte| is_name_byte(byte))
        .count();
    let name = &name[start..start + len];
    let name = name.strip_suffix(b"_").unwrap_or(name);
    // A word of a text is no placeholder.
    let is_placed = start > 0 || name.iter().any(u8::is_ascii_uppercase);
    let value = &text[middle + 1..end];
    let is_named = matches!(names::judge(name), Some(Holds::Password | Holds::Token));
    (is_placed && is_named && names::judge(value).is_none()).then_some(())?;
    // Its own assignment is found by the name.
    (!text[middle + 1..end].contains(&b'=')).then_some(middle + 1..end)
}

/// Of expect(1): what is sent where a password is asked for.
fn in_dialogue(text: &[u8], at: usize) -> Option<Range<usize>> {
    let text = &text[..text.len().min(at + LONGEST)];
    let before = &text[at.saturating_sub(LONGEST)..at];
    let is_asked = [&b"assword"[..], b"assphrase"]
        .iter()
        .any(|word| before.windows(word.len()).any(|part| part == *word));
    let at = at + usize::from(text[at..].starts_with(b"-- ")) * 3;
    let quote = Quote::at(text, at).filter(|_| is_asked)?;
    let start = at + quote.len();
    let end = quote.close(text, start)?;
    let len = text[start..end]
        .iter()
        .position(|&byte| byte == b'\\')
        .unwrap_or(end - start);
    Some(start..start + len)
}

/// `{"name":"DB_PASSWORD","value":"x"}`, `ParameterKey=Password,ParameterValue=x`: what the value holds whose name
/// begins at `start`.
pub(super) fn named_beside(text: &[u8], name: &[u8], start: usize) -> Option<Holds<'static>> {
    const LONGEST: usize = 96;
    let ends_in = |text: &[u8], end: &[u8]| {
        text.len() >= end.len() && text[text.len() - end.len()..].eq_ignore_ascii_case(end)
    };
    if !ends_in(name, b"value") {
        return None;
    }
    let is_beside =
        |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'\\' | b',');
    let before = &text[start.saturating_sub(LONGEST)..start];
    let before = &before[..before.len()
        - before
            .iter()
            .rev()
            .take_while(|byte| is_beside(byte))
            .count()];
    let len = before
        .iter()
        .rev()
        .take_while(|&&byte| is_name_byte(byte))
        .count();
    let (before, secret) = before.split_at(before.len() - len);
    let is_sign = |byte: &u8| is_beside(byte) || matches!(byte, b':' | b'=');
    let key =
        &before[..before.len() - before.iter().rev().take_while(|byte| is_sign(byte)).count()];
    (key.len() < before.len() && (ends_in(key, b"name") || ends_in(key, b"key")))
        .then(|| names::judge(secret))
        .flatten()
}
