//! Credentials in URLs, and in what looks like one: `https://user:password@host`, `user:password@host`.

use std::ops::Range;

use super::shapes;
use super::spans::{MARK, Spans};
use super::text::run;

/// Hides what is secret before each `@` in `text`.
pub(super) fn hide(text: &[u8], spans: &mut Spans) {
    // Every stretch is looked at once, so that a text made for it takes no more than its length.
    let mut at = 0;
    while at < text.len() {
        let len = run(&text[at..], |byte| !is_end(byte));
        stretch(&text[at..at + len], at, spans);
        at += len + 1;
    }
}

/// No URL has these within it.
fn is_end(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>')
}

/// Text without blanks and quotes, which begins at `base`: URLs with commas between them, or words of
/// another kind.
fn stretch(text: &[u8], base: usize, spans: &mut Spans) {
    if !text.contains(&b'@') {
        return;
    }
    let Some(first) = find_scheme(text, 0, false) else {
        return without_scheme(text, base, spans);
    };
    without_scheme(&text[..first.start], base, spans);
    let mut url = Some(first);
    while let Some(first) = url {
        url = find_scheme(text, first.end, true);
        // What stands before the next in the list belongs to this one, but for the comma.
        let end = match &url {
            Some(next) => next.start.saturating_sub(1).max(first.end),
            None => text.len(),
        };
        one_of_list(&text[..end], first.end, base, spans);
    }
}

/// One URL, and those in its path and query, if it has no credentials of its own.
fn one_of_list(text: &[u8], start: usize, base: usize, spans: &mut Spans) {
    let Some(at) = text.iter().rposition(|&byte| byte == b'@') else {
        return;
    };
    let mut start = start;
    while start < at && !authority(&text[start..], at - start, base + start, spans) {
        match find_scheme(text, start, false) {
            Some(next) => start = next.end,
            None => return,
        }
    }
}

/// The next `scheme://`; if it is to be `listed`, one that follows a separator and does not stand
/// within the password of another.
fn find_scheme(text: &[u8], from: usize, listed: bool) -> Option<Range<usize>> {
    let mut at = from;
    while let Some(found) = text[at..].windows(3).position(|window| window == b"://") {
        let colon = at + found;
        let is_scheme =
            |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let len = text[at..colon].iter().rev().take_while(is_scheme).count();
        let start = colon - len;
        let is_listed = || start > from && matches!(text[start - 1], b',' | b';' | b'|');
        if len > 0 && (!listed || is_listed()) {
            return Some(start..colon + 3);
        }
        at = colon + 3;
    }
    None
}

/// What follows `://`: userinfo before the last `@`, which is at `at`, since a password may have one
/// too, or a slash. Whether there was a password.
fn authority(text: &[u8], at: usize, base: usize, spans: &mut Spans) -> bool {
    let slash = text
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let slash = slash.unwrap_or(text.len());
    let info = &text[..at];
    let colon = match info.first() {
        // The address of a host in brackets: its colons divide nothing.
        Some(b'[') => None,
        _ => info[..slash.min(at)].iter().position(|&byte| byte == b':'),
    };
    let Some(colon) = colon else {
        // A user alone, or an `@` of the path.
        let user = text[..slash]
            .iter()
            .position(|&byte| byte == b'@')
            .unwrap_or(0);
        if shapes::is_token_like(&text[..user]) {
            spans.push(base..base + user);
        }
        return false;
    };
    let password = &info[colon + 1..];
    if is_port(password) {
        return false;
    }
    if shapes::is_token_like(&info[..colon]) {
        spans.push(base..base + colon);
    }
    push(base + colon + 1, password, spans);
    true
}

fn push(start: usize, secret: &[u8], spans: &mut Spans) {
    if !secret.is_empty() && secret != MARK.as_bytes() {
        spans.push(start..start + secret.len());
    }
}

/// `8080/path`: a host's port, and the `@` is the path's.
fn is_port(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=5).contains(&digits) && matches!(text.get(digits), Some(b'/' | b'?' | b'#'))
}

/// `user:password@host`, and not `image:tag@sha256:…`, `npm:package@2` or `host:/path@2`.
fn without_scheme(text: &[u8], base: usize, spans: &mut Spans) {
    const NO_USER: [&[u8]; 6] = [b"npm", b"mailto", b"sip", b"sips", b"acct", b"xmpp"];
    let is_user = |byte: &&u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+' | b'%' | b'\\')
    };
    let Some(at) = text.iter().rposition(|&byte| byte == b'@') else {
        return;
    };
    let host = &text[at + 1..];
    let is_digest = [&b"sha256:"[..], b"sha384:", b"sha512:", b"md5:"]
        .iter()
        .any(|digest| host.starts_with(digest));
    let is_host = host
        .first()
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'[' | b'/'));
    if is_digest || !is_host {
        return;
    }
    // The user begins after what a name and its `=` leave; a password may have any of these.
    let Some(colon) = text[..at].iter().position(|&byte| byte == b':') else {
        return;
    };
    let user = text[..colon].iter().rev().take_while(is_user).count();
    let user = &text[colon - user..colon];
    let password = &text[colon + 1..at];
    let is_path = matches!(password.first(), Some(b'/' | b'\\'));
    if user.is_empty() || is_path || is_version(host) || NO_USER.contains(&user) {
        return;
    }
    push(base + colon + 1, password, spans);
}

/// `2`, `1.2.3-beta`, and not the address of a host.
fn is_version(text: &[u8]) -> bool {
    let is_number = |part: &&[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let mut parts = text.split(|&byte| byte == b'.');
    let is_address = parts.clone().filter(is_number).count() == 4
        || text.contains(&b':')
        || text.contains(&b'/');
    !is_address
        && parts.next().is_some_and(|part| is_number(&part))
        && parts
            .next()
            .is_none_or(|part| part.first().is_some_and(u8::is_ascii_digit))
}
