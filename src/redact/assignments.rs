//! What an argument assigns: `PASSWORD=x`, `{"password":"x"}`, `X-Api-Key: x`.

use super::names;
use super::spans::{MARK, Spans};
use super::text::{
    Kind, Quote, blanks, is_blank, is_name_byte, is_placeholder, is_quote, run, run_before,
    shell_word, starts_assignment, starts_with, trim_dashes, words_end,
};
use super::values::Holds;

/// Hides what is assigned in `text`: `PASSWORD=x`, `?token=x&…`, `{"password":"x"}`, `X-Api-Key: x`.
pub(super) fn hide(text: &[u8], kind: Kind, spans: &mut Spans) {
    // Up to here it is one value, without blanks and quotes that could end a part of it.
    let free = match kind {
        Kind::Plain => run(text, |byte| !is_blank(byte) && !is_quote(byte)),
        Kind::First | Kind::Script => 0,
    };
    let first_blank = run(text, |byte| !is_blank(byte));
    let text = &Text {
        bytes: text,
        kind,
        free,
        first_blank,
    };
    let mut at = 0;
    while at < text.bytes.len() {
        let sign = at + run(&text.bytes[at..], |byte| !matches!(byte, b'=' | b':'));
        if sign == text.bytes.len() {
            return;
        }
        let assignment = Assignment::at(text.bytes, at, sign);
        let end = assignment.and_then(|assignment| assignment.hide(text, spans));
        at = end.unwrap_or(0).max(sign + 1);
    }
}

/// Text, and what is known of all of it.
struct Text<'t> {
    bytes: &'t [u8],
    kind: Kind,
    free: usize,
    first_blank: usize,
}

/// A secret's name with `=` or `:` after it.
struct Assignment {
    /// Where the name begins, dashes included.
    start: usize,
    /// What stands before the name.
    before: Option<u8>,
    /// The name has quotes of its own.
    is_quoted: bool,
    is_colon: bool,
    /// Where the value begins.
    value: usize,
    holds: Holds<'static>,
}

impl Assignment {
    /// The one whose sign is at `sign`; nothing before `from` belongs to it.
    fn at(text: &[u8], from: usize, sign: usize) -> Option<Self> {
        let is_colon = text[sign] == b':';
        let next = text.get(sign + 1).copied();
        // Paths of modules, schemes and `:=`.
        if is_colon && (matches!(next, Some(b':' | b'=')) || text[sign + 1..].starts_with(b"//")) {
            return None;
        }
        let is_in = |end: usize, bytes: &[u8]| end > from && bytes.contains(&text[end - 1]);
        let mut end = sign - usize::from(!is_colon && is_in(sign, b":+?"));
        let spaces = run_before(&text[from..end], |byte| matches!(byte, b' ' | b'\t')).min(32);
        end -= spaces;
        // A form's user[password]=x, and what languages have: environ["PASSWORD"] = x.
        end -= usize::from(is_in(end, b"]}"));
        let quote = Quote::before(&text[from..], end - from);
        end -= quote.map_or(0, Quote::len);
        let len = run_before(&text[from..end], is_name_byte);
        let start = end - len;
        let before = start.checked_sub(1).map(|at| text[at]);
        let name = trim_dashes(&text[start..end]);
        let dashes = len - name.len();
        let is_parameter = matches!(before, Some(b'?' | b'&'));
        // -Dname=x, -eNAME=x.
        let short = match name {
            [b'D' | b'E' | b'H' | b'P' | b'e' | b'o', rest @ ..] if dashes == 1 => rest,
            _ => b"",
        };
        let own = if name.starts_with(b"D") && dashes == 1 {
            short
        } else {
            name
        };
        let holds = names::judge(own).or_else(|| names::judge(short));
        let holds = holds
            .or_else(|| (is_parameter && names::is_signature(name)).then_some(Holds::Password))?;
        let is_slashed = before == Some(b'/')
            && text[..start - 1]
                .last()
                .is_none_or(|&byte| is_blank(byte) || is_quote(byte));
        let is_word =
            || text.len() - sign <= 12 && text[sign + 1..].iter().all(u8::is_ascii_lowercase);
        let holds = match holds {
            Holds::Auth if is_parameter || quote.is_some() => Holds::Password,
            // https://h/list?key=name
            Holds::Key if is_parameter => Holds::Long,
            // kubectl label node a key=value
            Holds::Key if dashes == 0 && start == 0 && is_word() => Holds::Long,
            holds => holds,
        };
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
            start: start - usize::from(is_slashed),
            before: before.filter(|_| !is_slashed),
            is_quoted: quote.is_some(),
            is_colon,
            value,
            holds,
        })
    }

    /// Hides the value, and says where it ends; `None` where it is a list of its own.
    fn hide(&self, text: &Text<'_>, spans: &mut Spans) -> Option<usize> {
        let Text { bytes, kind, .. } = *text;
        let rest = &bytes[self.value..];
        let is_list =
            matches!(rest.first(), Some(b'{' | b'[')) && !rest.starts_with(MARK.as_bytes());
        let is_start =
            self.start == 0 || self.before == Some(b'=') && self.start <= text.first_blank;
        let is_file = bytes.starts_with(b"--from-file=");
        if is_file || kind == Kind::Script && is_placeholder(after_scheme(rest)) {
            return None;
        }
        let value = match Quote::at(bytes, self.value) {
            _ if kind == Kind::Plain && is_start => self.value..bytes.len(),
            // "Enter password: "
            Some(quote) if !self.is_quoted && quote.is_closing(bytes, self.start) => return None,
            Some(_) => shell_word(bytes, self.value).0,
            None if is_list && self.is_colon => match self.holds {
                Holds::Password => {
                    self.value
                        ..self.value
                            + 1
                            + rest
                                .iter()
                                .take(1024)
                                .position(|byte| b"}]".contains(byte))?
                }
                _ => return None,
            },
            None => match self.end(text) {
                Some(end) => self.value..end,
                None => return Some(hide_words(bytes, self.value, self.holds, spans)),
            },
        };
        if let Some(secret) = self.holds.secret_in(&bytes[value.clone()]) {
            spans.push(value.start + secret.start..value.start + secret.end);
        }
        Some(value.end)
    }

    /// Where a value without quotes ends, by what stands before its name; `None`: as words do.
    fn end(&self, text: &Text<'_>) -> Option<usize> {
        let is_free = self.start <= text.free;
        let bytes = text.bytes;
        let until = |is_end: &dyn Fn(u8) -> bool| {
            self.value + run(&bytes[self.value..], |byte| !is_end(byte))
        };
        // In `{user: y, password: x}` the name follows a comma too.
        let before = match self.before {
            Some(byte) if is_blank(byte) => {
                let at = self.start - run_before(&bytes[..self.start], is_blank).min(16);
                bytes[..at]
                    .last()
                    .copied()
                    .filter(|byte| matches!(byte, b',' | b'{'))
            }
            before => before,
        };
        match before {
            Some(b'?' | b'&' | b'[') => Some(until(&|byte| {
                let is_end = matches!(byte, b'"' | b'\'') || is_blank(byte);
                byte == b'&' || byte == b'#' && before == Some(b'?') || !is_free && is_end
            })),
            Some(b';') => Some(until(&|byte| byte == b';' || !is_free && byte == b'\n')),
            Some(b'{' | b',' | b'(') => Some(self.item_end(text)),
            _ if self.is_quoted => Some(self.item_end(text)),
            // The quote that the name follows is the value's too.
            Some(byte) if is_quote(byte) => {
                let quote = Quote::before(bytes, self.start)?;
                Some(quote.close(bytes, self.value).unwrap_or(bytes.len()))
            }
            _ => None,
        }
    }

    /// The end of an item in a list: where the list ends, or another assignment follows its comma.
    fn item_end(&self, text: &Text<'_>) -> usize {
        let bytes = text.bytes;
        for at in self.value..bytes.len() {
            match bytes[at] {
                b'}' | b'\n' => return at,
                b')' if self.before == Some(b'(') => return at,
                b',' if starts_assignment(&bytes[at + 1..]) => return at,
                byte if is_blank(byte) && text.kind != Kind::Plain => {
                    return words_end(bytes, self.value, at);
                }
                _ => {}
            }
        }
        bytes.len()
    }
}

/// Hides the value that begins at `start`, as far as it goes in words, and says where it ends.
pub(super) fn hide_words(text: &[u8], start: usize, holds: Holds<'_>, spans: &mut Spans) -> usize {
    let (value, end) = shell_word(text, start);
    let Some(secret) = holds.secret_in(&text[value.clone()]) else {
        return end;
    };
    if value.start > start || secret.len() < value.len() {
        spans.push(value.start + secret.start..value.start + secret.end);
        return end;
    }
    let end = words_end(text, start, end);
    spans.push(start..end);
    end
}

/// What follows `Bearer` and its like, if one of them stands there.
fn after_scheme(value: &[u8]) -> &[u8] {
    let schemes = [&b"Bearer "[..], b"Basic ", b"token "];
    let scheme = schemes.iter().find(|scheme| starts_with(value, scheme));
    scheme.map_or(value, |scheme| &value[scheme.len()..])
}

/// What a name with a colon after it holds, if that is no list of mounts, no image and no order.
fn with_colon(
    holds: Holds<'static>,
    name: &[u8],
    before: Option<u8>,
    is_set_off: bool,
) -> Option<Holds<'static>> {
    const HEADERS: &str =
        "access-token api-key apikey auth-token cookie deploy-token job-token private-token";
    let is_beside = |byte| is_blank(byte) || is_quote(byte) || b"{,(=".contains(&byte);
    let is_header = || {
        let mut headers = HEADERS.split(' ');
        starts_with(name, b"x-")
            || headers.any(|header| name.eq_ignore_ascii_case(header.as_bytes()))
    };
    match holds {
        _ if before.is_some_and(|byte| !is_beside(byte)) => None,
        Holds::Key => is_set_off.then_some(Holds::Long),
        // No header's value is a path.
        _ if is_header() => Some(Holds::Password),
        _ => (holds == Holds::Password || is_set_off).then_some(holds),
    }
}
