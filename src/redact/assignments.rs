//! Assignments in an argument: `PASSWORD=x`, `?token=x&…`, `{"password":"x"}`, `X-Api-Key: x`.

use super::names;
use super::spans::{Spans, shift};
use super::text::{
    Quote, blanks, is_blank, is_name_byte, is_placeholder, is_quote, run, run_before, shell_word,
    starts_assignment, starts_with, trim_dashes, words_end,
};
use super::values::{Holds, is_one_of};

/// Hides the values that are secret. In a text a value ends before a blank, and placeholders of a shell are shown.
pub(super) fn hide(bytes: &[u8], is_text: bool, spans: &mut Spans) {
    let text = &Text {
        bytes,
        is_text,
        free: run(bytes, |byte| !is_blank(byte) && !is_quote(byte)),
    };
    let mut at = 0;
    while at < bytes.len() {
        let sign = at + run(&bytes[at..], |byte| !matches!(byte, b'=' | b':'));
        if sign == bytes.len() {
            return;
        }
        let assignment = Assignment::at(bytes, at, sign);
        let end = assignment.and_then(|assignment| assignment.hide(text, spans));
        at = end.unwrap_or(0).max(sign + 1);
    }
}

struct Text<'t> {
    bytes: &'t [u8],
    is_text: bool,
    /// The first word, up to quotes: in an argument of its own a value that begins there may have blanks.
    free: usize,
}

/// A secret's name with `=` or `:` after it.
struct Assignment {
    /// Where the name begins, dashes included.
    start: usize,
    before: Option<u8>,
    /// The name has quotes of its own.
    is_quoted: bool,
    /// Where the value begins.
    value: usize,
    holds: Holds,
}

impl Assignment {
    /// Returns the one whose sign is at `sign`; nothing before `from` belongs to it.
    fn at(text: &[u8], from: usize, sign: usize) -> Option<Self> {
        let is_colon = text[sign] == b':';
        let next = text.get(sign + 1).copied();
        // Paths of modules, schemes and `:=`.
        if is_colon && (matches!(next, Some(b':' | b'=')) || text[sign + 1..].starts_with(b"//")) {
            return None;
        }
        let spaces = run_before(&text[from..sign], |byte| matches!(byte, b' ' | b'\t')).min(32);
        let mut end = sign - spaces;
        // A form's user[password]=x, and what languages have: environ["PASSWORD"] = x.
        end -= usize::from(end > from && b"]}:".contains(&text[end - 1]));
        let quote = Quote::before(&text[from..], end - from);
        end -= quote.map_or(0, Quote::len);
        let len = run_before(&text[from..end], is_name_byte);
        let start = end - len;
        let before = start.checked_sub(1).map(|at| text[at]);
        let name = trim_dashes(&text[start..end]);
        let dashes = len - name.len();
        let is_parameter = matches!(before, Some(b'?' | b'&'));
        // -Dname=x, -eNAME=x
        let short = match name {
            [b'D' | b'E' | b'H' | b'P' | b'e' | b'o', rest @ ..] if dashes == 1 => rest,
            _ => b"",
        };
        let is_signature = is_parameter && names::is_signature(name);
        let holds = names::judge(short).or_else(|| names::judge(name));
        let holds = match holds.or(is_signature.then_some(Holds::Password))? {
            // https://h/list?key=name, kubectl label node a key=value
            Holds::Key if is_parameter || dashes == 0 && start == 0 => Holds::Long,
            Holds::Auth if is_parameter => Holds::Password,
            holds => holds,
        };
        let is_slashed = before == Some(b'/') && (start == 1 || is_blank(text[start - 2]));
        let is_set_off = next.is_some_and(|next| is_blank(next) || is_quote(next));
        let holds = match is_colon && dashes == 0 && !is_slashed {
            true => with_colon(holds, name, before, is_set_off || quote.is_some())?,
            false => holds,
        };
        let mut value = sign + 1;
        if is_colon || spaces > 0 || quote.is_some() {
            value += blanks(&text[value..]);
        }
        Some(Self {
            start,
            before,
            is_quoted: quote.is_some(),
            value,
            holds,
        })
    }

    /// Hides the value, and returns where it ends; `None` where it is a list of its own.
    fn hide(&self, text: &Text<'_>, spans: &mut Spans) -> Option<usize> {
        let bytes = text.bytes;
        let rest = &bytes[self.value..];
        if text.is_text && is_placeholder(after_scheme(rest)) {
            return None;
        }
        let is_start = self.start == 0
            || self.start == 1 && self.before == Some(b'/')
            || self.before == Some(b'=') && self.start <= text.free;
        let quote = Quote::at(bytes, self.value);
        let first = quote.map_or(rest.first(), |quote| rest.get(quote.len()));
        let is_end = first.is_none_or(|&byte| byte == b';' || is_blank(byte));
        let is_prompt = !self.is_quoted && is_end && is_blank(bytes[self.value - 1]);
        let value = match quote {
            _ if !text.is_text && is_start => self.value..bytes.len(),
            // "Enter password: "
            Some(_) if is_prompt => return None,
            Some(_) => shell_word(bytes, self.value).0,
            None if rest.starts_with(b"{") && self.holds != Holds::Password => return None,
            None => match self.end(text) {
                Some(end) => self.value..end,
                None => return Some(hide_words(bytes, self.value, &self.holds, spans)),
            },
        };
        let secret = self.holds.secret_in(&bytes[value.clone()]);
        let is_secret = secret.is_some();
        spans.extend(secret.map(|part| shift(part, value.start)));
        (is_secret || self.start > 0).then_some(value.end)
    }

    /// Returns where a value without quotes ends, by what stands before its name; `None`: as words do.
    fn end(&self, text: &Text<'_>) -> Option<usize> {
        let bytes = text.bytes;
        let is_text = text.is_text || self.start > text.free;
        // In `{user: y, password: x}` the name follows a comma too.
        let spaces = run_before(&bytes[..self.start], is_blank).min(16);
        let opening = self.start.checked_sub(spaces + 1).map(|at| bytes[at]);
        let (ends, is_over): (&[u8], bool) = match self.before {
            Some(b'?') => (b"&#", is_text),
            Some(b'&' | b'[') => (b"&", is_text),
            Some(b';') => (b";", false),
            Some(byte) if is_quote(byte) && !self.is_quoted => (&[byte], false),
            _ if self.is_quoted || matches!(opening, Some(b'{' | b',')) => (b"}\n,", text.is_text),
            _ if opening == Some(b'(') => (b"})\n,", text.is_text),
            _ => return None,
        };
        let is_list = ends.contains(&b',');
        let is_end = |at: &usize| match bytes[*at] {
            b',' if is_list => starts_assignment(&bytes[at + 1..]),
            byte if is_over && (is_blank(byte) || !is_list && is_quote(byte)) => true,
            byte => ends.contains(&byte),
        };
        let end = (self.value..bytes.len())
            .find(is_end)
            .unwrap_or(bytes.len());
        let goes_on = is_list && bytes.get(end).is_some_and(|&byte| is_blank(byte));
        match goes_on {
            true => Some(words_end(bytes, self.value, end)),
            false => Some(end),
        }
    }
}

/// Hides the value that begins at `start`, as far as it goes in words, and returns where it ends.
pub(super) fn hide_words(text: &[u8], start: usize, holds: &Holds, spans: &mut Spans) -> usize {
    let (value, end) = shell_word(text, start);
    let Some(secret) = holds.secret_in(&text[value.clone()]) else {
        return end;
    };
    if value.start > start || secret.len() < value.len() {
        spans.push(shift(secret, value.start));
        return end;
    }
    let end = words_end(text, start, end);
    spans.push(start..end);
    end
}

fn after_scheme(value: &[u8]) -> &[u8] {
    let schemes = [&b"Bearer "[..], b"Basic ", b"token "];
    let scheme = schemes.iter().find(|scheme| starts_with(value, scheme));
    scheme.map_or(value, |scheme| &value[scheme.len()..])
}

/// Returns what a name with a colon after it holds, if that is no list of mounts, no image and no order.
fn with_colon(holds: Holds, name: &[u8], before: Option<u8>, is_set_off: bool) -> Option<Holds> {
    const HEADERS: &str =
        "access-token api-key apikey auth-token cookie deploy-token job-token private-token";
    let is_beside = |byte| is_blank(byte) || is_quote(byte) || b"{,(=".contains(&byte);
    match holds {
        _ if before.is_some_and(|byte| !is_beside(byte)) => None,
        Holds::Key => is_set_off.then_some(Holds::Long),
        // No header's value is a path.
        _ if starts_with(name, b"x-") || is_one_of(name, HEADERS) => Some(Holds::Password),
        _ => (holds == Holds::Password || is_set_off).then_some(holds),
    }
}
