//! What an argument assigns: `PASSWORD=x`, `{"password":"x"}`, `X-Api-Key: x`.

use super::bytes::{blanks, is_blank, is_name_byte};
use super::plain_values;
use super::quotes::{self, Quote};
use super::spans::MARK;
use super::spans::Spans;
use super::text::{
    Kind, bracket_end, hide_words, is_placeholder, starts_assignment, trim_dashes, words_end,
};
use super::values::Holds;
use super::{code, names};

/// Hides what is assigned in `text`: `PASSWORD=x`, `?token=x&…`, `{"password":"x"}`, `X-Api-Key: x`.
pub(super) fn hide(text: &[u8], kind: Kind, spans: &mut Spans) {
    let text = &Text::of(text, kind);
    let mut at = 0;
    while let Some(found) = text.bytes[at..]
        .iter()
        .position(|byte| matches!(byte, b'=' | b':'))
    {
        let sign = at + found;
        at = Assignment::at(text.bytes, at, sign)
            .and_then(|assignment| assignment.hide(text, spans))
            .unwrap_or(0)
            .max(sign + 1);
    }
}

/// Text, and what is known of all of it.
struct Text<'t> {
    bytes: &'t [u8],
    kind: Kind,
    /// Up to here it is one value, without blanks and quotes that could end a part of it.
    free: usize,
    first_blank: usize,
    /// Where a URL's scheme ends.
    scheme: usize,
}

impl<'t> Text<'t> {
    fn of(bytes: &'t [u8], kind: Kind) -> Self {
        let is_end = |byte: &u8| is_blank(*byte) || quotes::is_quote(*byte);
        let free = match kind {
            Kind::Plain => bytes.iter().position(is_end).unwrap_or(bytes.len()),
            Kind::First | Kind::Script => 0,
        };
        let first_blank = bytes.iter().position(|&byte| is_blank(byte));
        let scheme = bytes.windows(3).position(|window| window == b"://");
        Self {
            bytes,
            kind,
            free,
            first_blank: first_blank.unwrap_or(bytes.len()),
            scheme: scheme.unwrap_or(bytes.len()),
        }
    }
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
        let mut end = sign;
        if !is_colon && end > from && matches!(text[end - 1], b':' | b'+' | b'?') {
            end -= 1;
        }
        let spaces = text[from..end]
            .iter()
            .rev()
            .take(32)
            .take_while(|&&byte| matches!(byte, b' ' | b'\t'));
        let spaces = spaces.count();
        end -= spaces;
        // A form's user[password]=x, and what languages have: environ["PASSWORD"] = x.
        end -= usize::from(end > from && matches!(text[end - 1], b']' | b'}'));
        let quote = Quote::before(text, from, end);
        end -= quote.map_or(0, Quote::len);
        let len = text[from..end]
            .iter()
            .rev()
            .take_while(|&&byte| is_name_byte(byte))
            .count();
        let start = end - len;
        let before = start.checked_sub(1).map(|at| text[at]);
        let name = trim_dashes(&text[start..end]);
        let dashes = len - name.len();
        let is_parameter = matches!(before, Some(b'?' | b'&'));
        let own = match name {
            // In -Dpartition.key=x the letter is the option's.
            [b'D', name @ ..] if dashes == 1 => name,
            name => name,
        };
        let holds = names::judge(own)
            .or_else(|| match name {
                // -Dname=x, -eNAME=x.
                [b'E' | b'H' | b'P' | b'e' | b'o', name @ ..] if dashes == 1 => names::judge(name),
                _ => None,
            })
            .or_else(|| (is_parameter && names::is_signature(name)).then_some(Holds::Password))
            .or_else(|| code::named_beside(text, name, start))?;
        let is_slashed = before == Some(b'/')
            && start
                .checked_sub(2)
                .is_none_or(|at| is_blank(text[at]) || quotes::is_quote(text[at]));
        let holds = match holds {
            Holds::Auth if is_parameter || quote.is_some() => Holds::Password,
            // https://h/list?key=name
            Holds::Key if is_parameter => Holds::Long,
            // kubectl label node a key=value
            Holds::Key if is_word(text, sign) && dashes == 0 && start == 0 => Holds::Long,
            holds => holds,
        };
        let is_option = dashes > 0 || is_slashed;
        let is_set_off = next.is_some_and(|next| is_blank(next) || quotes::is_quote(next));
        let holds = match is_colon && !is_option {
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
        const FROM_FILE: &[u8] = b"--from-file=";
        let is_file = || {
            self.start == FROM_FILE.len()
                && bytes.starts_with(FROM_FILE)
                && plain_values::is_path(rest)
        };
        let is_filled_in = || kind == Kind::Script && is_placeholder(after_scheme(rest));
        if is_file() || is_filled_in() {
            return None;
        }
        let value = match Quote::at(bytes, self.value) {
            _ if kind == Kind::Plain && is_start => self.value..bytes.len(),
            // "Enter password: "
            Some(quote) if !self.is_quoted && quote.is_closing(bytes, self.start) => return None,
            Some(_) => quotes::shell_word(bytes, self.value).0,
            None if is_list && self.is_colon => match self.holds {
                Holds::Password => self.value..bracket_end(bytes, self.value, bytes.len())?,
                _ => return None,
            },
            None => {
                // A list in brackets is one, whatever it has in it.
                const LONGEST: usize = 1024;
                let from = is_list.then(|| bracket_end(bytes, self.value, LONGEST));
                let from = from.flatten().unwrap_or(self.value);
                match self.end(text, from) {
                    Some(end) => self.value..end,
                    None => return Some(hide_words(bytes, self.value, self.holds, spans)),
                }
            }
        };
        if let Some(secret) = self.holds.secret_in(&bytes[value.clone()]) {
            spans.push(value.start + secret.start..value.start + secret.end);
        }
        Some(value.end)
    }

    /// Where a value without quotes ends, `from` here on, by what stands before its name; `None`: as words do.
    fn end(&self, text: &Text<'_>, from: usize) -> Option<usize> {
        let is_free = self.start <= text.free;
        let is_url = self.start >= text.scheme;
        let kind = text.kind;
        let text = text.bytes;
        let rest = &text[from..];
        let until = |is_end: &dyn Fn(u8) -> bool| {
            let len = rest.iter().position(|&byte| is_end(byte));
            from + len.unwrap_or(rest.len())
        };
        // In `{user: y, password: x}` the name follows a comma too.
        let before = match self.before {
            Some(byte) if is_blank(byte) => {
                let blanks = text[..self.start]
                    .iter()
                    .rev()
                    .take(16)
                    .take_while(|byte| is_blank(**byte));
                let comma = self
                    .start
                    .checked_sub(blanks.count() + 1)
                    .map(|at| text[at]);
                comma.filter(|byte| matches!(byte, b',' | b'{'))
            }
            before => before,
        };
        match before {
            Some(b'?' | b'&' | b'[') => Some(until(&|byte| {
                let is_end = matches!(byte, b'"' | b'\'') || is_blank(byte);
                byte == b'&' || is_url && byte == b'#' || !is_free && is_end
            })),
            Some(b';') => Some(until(&|byte| byte == b';' || !is_free && byte == b'\n')),
            Some(b'{' | b',' | b'(') => Some(self.item_end(text, from, kind)),
            _ if self.is_quoted => Some(self.item_end(text, from, kind)),
            // The quote that the name follows is the value's too.
            Some(byte) if quotes::is_quote(byte) => {
                let quote = Quote::before(text, 0, self.start)?;
                Some(quote.close(text, self.value).unwrap_or(text.len()))
            }
            _ => None,
        }
    }

    /// The end of an item in a list: where the list ends, or another assignment follows its comma.
    fn item_end(&self, text: &[u8], from: usize, kind: Kind) -> usize {
        let mut at = from;
        while at < text.len() {
            match text[at] {
                b'}' | b'\n' => return at,
                b')' if self.before == Some(b'(') => return at,
                b',' if starts_assignment(&text[at + 1..]) => return at,
                byte if is_blank(byte) && kind != Kind::Plain => {
                    return words_end(text, self.value, at);
                }
                _ => at += 1,
            }
        }
        at
    }
}

/// Whether a short word of small letters follows to the end.
fn is_word(text: &[u8], sign: usize) -> bool {
    text.len() - sign <= 12 && text[sign + 1..].iter().all(u8::is_ascii_lowercase)
}

/// What follows `Bearer` and its like, if one of them stands there.
fn after_scheme(value: &[u8]) -> &[u8] {
    const SCHEMES: [&[u8]; 3] = [b"Bearer ", b"Basic ", b"token "];
    SCHEMES
        .iter()
        .find(|scheme| {
            value
                .get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        })
        .map_or(value, |scheme| &value[scheme.len()..])
}

/// What a name with a colon after it holds, if that is no list of mounts, no image and no order.
fn with_colon(
    holds: Holds<'static>,
    name: &[u8],
    before: Option<u8>,
    is_set_off: bool,
) -> Option<Holds<'static>> {
    const HEADERS: [&str; 8] = [
        "access-token",
        "api-key",
        "apikey",
        "auth-token",
        "cookie",
        "deploy-token",
        "job-token",
        "private-token",
    ];
    let may_stand = before.is_none_or(|byte| {
        is_blank(byte) || quotes::is_quote(byte) || matches!(byte, b'{' | b',' | b'(' | b'=')
    });
    let is_header = || {
        name.get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"x-"))
            || HEADERS
                .iter()
                .any(|header| name.eq_ignore_ascii_case(header.as_bytes()))
    };
    match holds {
        _ if !may_stand => None,
        Holds::Key => is_set_off.then_some(Holds::Long),
        // No header's value is a path.
        _ if is_header() => Some(Holds::Password),
        _ => (holds == Holds::Password || is_set_off).then_some(holds),
    }
}
