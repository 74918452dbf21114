//! The options in an argument: `--password x`, `-px`.

use std::ops::Range;

use super::programs::{Place, Programs};
use super::text::{
    Kind, blanks, hide_all, hide_words, is_blank, is_name_byte, is_operator, is_option,
    trim_dashes, word_end,
};
use super::values::Holds;
use super::{Spans, names, quotes};

/// Hides the values of options in `text`, and says what the next argument holds, if `text` is an
/// option that has its value there.
pub(super) fn hide(
    text: &[u8],
    kind: Kind,
    programs: &mut Programs,
    spans: &mut Spans,
) -> Option<Holds> {
    let mut pending = None;
    let mut at = 0;
    loop {
        at += blanks(&text[at..]);
        if at == text.len() {
            break;
        }
        let end = word_end(text, at);
        let word = &text[at..end];
        if let Some(holds) = pending.take()
            && !is_option(word)
        {
            at = hide_words(text, at, holds, spans);
            continue;
        }
        if is_operator(word) {
            *programs = Programs::default();
        } else if matches!(quotes::strip_opening(word).first(), Some(b'-' | b'/')) {
            pending = option(text, at..end, kind, programs, spans);
        }
        if !word.starts_with(b"-") {
            programs.see(quotes::strip_opening(word));
        }
        at = end;
    }
    pending.filter(|_| !text.iter().any(|&byte| is_blank(byte)))
}

/// What the next word holds, if this one says so; else the value that it has itself is hidden.
fn option(
    text: &[u8],
    place: Range<usize>,
    kind: Kind,
    programs: &Programs,
    spans: &mut Spans,
) -> Option<Holds> {
    let word = quotes::strip_opening(&text[place.clone()]);
    let start = place.end - word.len();
    // In text that is no command, `-p` is anything.
    let is_command = kind != Kind::Plain || place.start == 0;
    match programs.option(word, is_command) {
        Some((Place::Next, holds)) => return Some(holds),
        Some((Place::At(at), holds)) if kind == Kind::Plain && start == 0 => {
            hide_all(text, at, holds, spans);
            return None;
        }
        Some((Place::At(at), holds)) => {
            hide_words(text, start + at, holds, spans);
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
    let holds = is_alone.then(|| names::judge(name)).flatten();
    holds.filter(|_| !names::is_switch(name))
}
