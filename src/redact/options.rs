//! The options in an argument: `--password x`, `-px`.

use std::ops::Range;

use super::bytes::{blanks, is_blank, is_name_byte};
use super::programs::{self, Place, Programs};
use super::spans::Spans;
use super::text::{
    Kind, hide_all, hide_more_words, hide_words, is_cut, is_operator, is_option, is_placeholder,
    trim_dashes, word_end,
};
use super::values::Holds;
use super::{names, quotes};

/// The arguments of a command line, for what has to be known of all of them.
pub(super) struct List<'l> {
    line: &'l [u8],
    has_user: Option<bool>,
}

impl<'l> List<'l> {
    pub(super) fn new(line: &'l [u8]) -> Self {
        Self {
            line,
            has_user: None,
        }
    }

    /// Whether one of them says who logs in.
    fn has_user(&mut self) -> bool {
        let line = self.line;
        *self
            .has_user
            .get_or_insert_with(|| programs::name_user(line.split(|&byte| byte == 0)))
    }
}

/// Whether the command that the word at `place` belongs to says who logs in.
fn has_user(text: &[u8], place: Range<usize>) -> bool {
    let before = text[..place.start].iter().rposition(|&byte| is_cut(byte));
    let after = text[place.end..].iter().position(|&byte| is_cut(byte));
    let end = after.map_or(text.len(), |len| place.end + len);
    let command = &text[before.map_or(0, |at| at + 1)..end];
    programs::name_user(command.split(|&byte| is_blank(byte)))
}

/// A word ends before a blank, or, where it is part of a text, before what divides commands.
fn command_word_end(text: &[u8], start: usize) -> usize {
    if start == 0 && word_end(text, 0) == text.len() {
        return text.len();
    }
    let is_end = |&byte: &u8| is_blank(byte) || is_cut(byte);
    let len = text[start..].iter().position(is_end);
    len.map_or(text.len(), |len| start + len)
}

/// The word from `start` to `end` without its quotes, and where it ends. Where a password may stand, one in quotes
/// goes on to where they are closed.
fn place_word(
    text: &[u8],
    start: usize,
    mut end: usize,
    is_counting: bool,
) -> (Range<usize>, usize) {
    let has_quote = text[start..end].iter().any(|&byte| quotes::is_quote(byte));
    if is_counting && has_quote {
        let (inner, whole) = quotes::shell_word(text, start);
        if inner.start > start && inner.end < text.len() {
            return (inner, whole);
        }
        if inner.start == start {
            end = whole;
        }
    }
    let from = end - quotes::strip_quotes(&text[start..end]).len();
    // The quote that opened the script in which it stands.
    let is_open = |mark: u8| !text[from..end - 1].contains(&mark);
    match text[from..end] {
        [.., mark @ (b'"' | b'\'')] if is_open(mark) => (from..end - 1, end),
        _ => (from..end, end),
    }
}

/// Hides the values of options in `text`, and says what the next argument holds, if `text` is an
/// option that has its value there.
pub(super) fn hide(
    text: &[u8],
    kind: Kind,
    programs: &mut Programs,
    list: &mut List<'_>,
    spans: &mut Spans,
) -> Option<Holds> {
    let mut pending = None;
    // What is known of the command at hand.
    let mut user = None;
    // How far words were read for what goes by places.
    let mut placed = 0;
    let mut values = Values::default();
    let mut at = 0;
    loop {
        let gap = blanks(&text[at..]);
        if text[at..at + gap].contains(&b'\n') && !text[..at].ends_with(b"\\") {
            *programs = Programs::default();
            user = None;
            pending = None;
        }
        at += gap;
        if at == text.len() {
            break;
        }
        let is_value = pending.is_some() && text[at] == b'(';
        if is_cut(text[at]) && !is_value {
            let is_alone = || {
                let rest = &text[at..];
                let end = rest
                    .iter()
                    .position(|&byte| !is_cut(byte) || is_blank(byte));
                end.is_none_or(|end| is_blank(rest[end]))
            };
            if (at == 0 || is_blank(text[at - 1])) && is_alone() {
                *programs = Programs::default();
            } else {
                programs.next_command();
            }
            user = None;
            pending = None;
            at += 1;
            continue;
        }
        let end = command_word_end(text, at);
        let word = &text[at..end];
        // An argument that is one word has been asked for as a whole.
        let is_asked = kind == Kind::Plain && word.len() == text.len();
        let is_command = word == b"$" && text.get(end) == Some(&b'(');
        if at >= placed && !is_asked && !is_command && !is_operator(word) {
            let (inner, whole) = place_word(text, at, end, programs.places.is_counting());
            placed = whole;
            if let Some(secret) = programs.places.word(&text[inner.clone()]) {
                let secret = inner.start + secret.start..inner.start + secret.end;
                if kind != Kind::Script || !is_placeholder(&text[secret.clone()]) {
                    spans.push(secret);
                }
                pending = None;
                at = whole;
                continue;
            }
        }
        if let Some(holds) = pending.take()
            && !is_option(word)
        {
            if word == b"--" {
                pending = Some(holds);
                at = end;
                continue;
            }
            if kind == Kind::Script && is_placeholder(&text[at..]) {
                at = end;
                continue;
            }
            at = hide_words(text, at, holds, spans);
            continue;
        }
        if is_operator(word) {
            *programs = Programs::default();
        } else if matches!(quotes::strip_opening(word).first(), Some(b'-' | b'/'))
            || word.ends_with(b"=")
        {
            let place = at..end;
            let has_user = || match place.len() == text.len() {
                true => list.has_user(),
                false => *user.get_or_insert_with(|| has_user(text, place)),
            };
            pending = option(text, at..end, kind, programs, has_user, &mut values, spans);
        }
        if !word.starts_with(b"-") {
            programs.see(quotes::strip_opening(word));
        }
        at = end;
    }
    pending.filter(|_| !text.iter().any(|&byte| is_blank(byte)))
}

/// The values that options of a text have themselves.
#[derive(Default)]
struct Values {
    /// How far they were read.
    end: usize,
    /// The last one that went on in words.
    last: Range<usize>,
}

impl Values {
    /// Hides the value at `start` of the option at `option`. What stands in the word of a value before, behind a `|`
    /// or `&`, was read as part of it.
    fn hide(&mut self, text: &[u8], option: usize, start: usize, holds: Holds, spans: &mut Spans) {
        let is_within = option < self.end && !is_blank(text[option - 1]);
        if !is_within {
            let end = hide_more_words(text, start, holds, &mut self.last, spans);
            self.end = self.end.max(end);
        }
    }
}

/// What the next word holds, if this one says so; else the value that it has itself is hidden.
fn option(
    text: &[u8],
    place: Range<usize>,
    kind: Kind,
    programs: &Programs,
    has_user: impl FnOnce() -> bool,
    values: &mut Values,
    spans: &mut Spans,
) -> Option<Holds> {
    let word = quotes::strip_opening(&text[place.clone()]);
    let start = place.end - word.len();
    match programs.option(word, has_user) {
        Some((Place::Next, holds)) => return Some(holds),
        Some((Place::At(at), holds)) if kind == Kind::Plain && start == 0 => {
            hide_all(text, at, holds, spans);
            return None;
        }
        Some((Place::At(at), holds)) => {
            if kind != Kind::Script || !is_placeholder(&text[start + at..]) {
                values.hide(text, place.start, start + at, holds, spans);
            }
            return None;
        }
        None => {}
    }
    if !word.starts_with(b"-") {
        return None;
    }
    let name = trim_dashes(word);
    let name = &name[..name.iter().take_while(|&&byte| is_name_byte(byte)).count()];
    let after = &word[word.len() - trim_dashes(word).len() + name.len()..];
    let is_alone = after
        .iter()
        .all(|byte| matches!(byte, b'"' | b'\'' | b',' | b'\\'));
    let is_alone = is_alone && !programs.is_secret_name(name);
    let holds = is_alone.then(|| names::judge(name)).flatten();
    holds.filter(|_| !names::is_switch(name))
}
