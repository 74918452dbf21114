//! Credentials in URLs, and in what looks like one: `https://user:password@host`, `user:password@host`.

use std::ops::Range;

use super::shapes;
use super::spans::Spans;
use super::text::{is_quote, run};

/// Hides the secret before each `@` in `text`.
pub(super) fn hide(text: &[u8], spans: &mut Spans) {
    if !text.contains(&b'@') {
        return;
    }
    let is_end = |byte: u8| byte.is_ascii_whitespace() || is_quote(byte) || b"<>".contains(&byte);
    let mut at = 0;
    while at < text.len() {
        let len = run(&text[at..], |byte| !is_end(byte));
        stretch(&text[at..at + len], at, spans);
        at += len + 1;
    }
}

/// Takes text without blanks and quotes, which begins at `base`: URLs with commas between them, or other words.
fn stretch(text: &[u8], base: usize, spans: &mut Spans) {
    let mut next = find_scheme(text, 0, false);
    let end = next.as_ref().map_or(text.len(), |scheme| scheme.start);
    without_scheme(&text[..end], base, spans);
    while let Some(scheme) = next {
        next = find_scheme(text, scheme.end, true);
        // What stands before the next in the list belongs to this one, but for the comma.
        let end = next.as_ref().map_or(text.len(), |next| next.start - 1);
        let mut start = scheme.end;
        while start < end && !authority(&text[start..end], base + start, spans) {
            // A URL in its path or query.
            start = find_scheme(&text[..end], start, false).map_or(end, |inner| inner.end);
        }
    }
}

/// Returns the next `scheme://`. If it is to be `listed`, a separator stands before it.
fn find_scheme(text: &[u8], from: usize, listed: bool) -> Option<Range<usize>> {
    let mut at = from;
    while let Some(found) = text[at..].windows(3).position(|window| window == b"://") {
        let colon = at + found;
        let is_scheme = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let len = text[at..colon].iter().rev().take_while(is_scheme).count();
        let start = colon - len;
        if len > 0 && (!listed || start > from && b",;|".contains(&text[start - 1])) {
            return Some(start..colon + 3);
        }
        at = colon + 3;
    }
    None
}

/// Takes what follows `://`, and returns whether it has a password. The last `@` ends the password, which may have
/// one too, or a slash.
fn authority(text: &[u8], base: usize, spans: &mut Spans) -> bool {
    let Some(at) = text.iter().rposition(|&byte| byte == b'@') else {
        return true;
    };
    let host = &text[..run(text, |byte| !b"/?#".contains(&byte))];
    // The address of a host in brackets has colons.
    let user = run(&host[..host.len().min(at)], |byte| byte != b':');
    let is_alone = text[0] == b'[' || user == host.len().min(at);
    let user = match is_alone {
        true => host.iter().position(|&byte| byte == b'@').unwrap_or(0),
        false => user,
    };
    if !is_alone && is_port(&text[user + 1..at]) {
        return false;
    }
    if shapes::is_token_like(&text[..user]) {
        spans.push(base..base + user);
    }
    if !is_alone && user + 1 < at {
        spans.push(base + user + 1..base + at);
    }
    !is_alone
}

/// Returns whether it is a host's port, and the `@` is the path's: `8080/path`.
fn is_port(text: &[u8]) -> bool {
    let digits = run(text, |byte| byte.is_ascii_digit());
    (1..=5).contains(&digits) && matches!(text.get(digits), Some(b'/' | b'?' | b'#'))
}

/// Takes `user:password@host`, and not `image:tag@sha256:…`, `npm:package@2` or `host:/path@2`.
fn without_scheme(text: &[u8], base: usize, spans: &mut Spans) {
    const NO_USER: [&[u8]; 6] = [b"npm", b"mailto", b"sip", b"sips", b"acct", b"xmpp"];
    const DIGESTS: [&[u8]; 4] = [b"sha256:", b"sha384:", b"sha512:", b"md5:"];
    let is_user = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._-+%\\".contains(byte);
    let Some(at) = text.iter().rposition(|&byte| byte == b'@') else {
        return;
    };
    let host = &text[at + 1..];
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"[/".contains(&byte);
    let colon = run(&text[..at], |byte| byte != b':');
    // The user begins after what a name and its `=` leave. A password may have any of these.
    let user = text[..colon].iter().rev().take_while(is_user).count();
    let is_path = matches!(text[colon + 1..].first(), Some(b'/' | b'\\'));
    let is_other = DIGESTS.iter().any(|digest| host.starts_with(digest))
        || NO_USER.contains(&&text[colon - user..colon]);
    let has_host = host.first().is_some_and(|&byte| is_host(byte));
    if colon < at && user > 0 && has_host && !is_path && !is_other {
        spans.push(base + colon + 1..base + at);
    }
}
