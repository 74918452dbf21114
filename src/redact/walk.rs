//! The words of a command line, of an argument or of a script: what each says of itself and of the next one.

use std::ops::Range;

use super::bytes::{blanks, is_blank};
use super::command::Command;
use super::matching::Found;
use super::pattern::Pattern;
use super::rule_table::Tables;
use super::spans::{Outcome, Spans, replace, settle};
use super::text::{
    Kind, Values, command_word_end, hide_all, hide_words, is_cut, is_operator, is_option,
    is_placeholder, place_word, starts_option,
};
use super::values::Holds;
use super::{assignments, bare_names, code, names, piped, quotes, shapes, urls, usual};

/// Hides the secrets of a command line, as far as the argument that takes the output over `limit`.
pub(super) fn hide(line: &[u8], patterns: &[Pattern], tables: Tables<'_>, limit: usize) -> Outcome {
    let mut walk = Walk::new(line, tables);
    let mut output: Option<Vec<u8>> = None;
    let mut start = 0;
    while start < line.len() {
        let len = line[start..].iter().position(|&byte| byte == 0);
        let end = len.map_or(line.len(), |len| start + len);
        let argument = &line[start..end];
        let after = line.len().min(end + 1);
        walk.is_last = after == line.len();
        walk.argument(argument);
        for pattern in patterns {
            pattern.hide(argument, &mut walk.spans);
        }
        if settle(argument, &mut walk.spans) {
            let output = output.get_or_insert_with(|| line[..start].to_vec());
            replace(argument, &walk.spans, output);
            output.extend_from_slice(&line[end..after]);
        } else if let Some(output) = &mut output {
            output.extend_from_slice(&line[start..after]);
        }
        start = after;
        if output.as_ref().map_or(start, Vec::len) > limit {
            break;
        }
    }
    match output {
        Some(output) => Outcome::Hidden(output),
        None => Outcome::Unchanged { len: start },
    }
}

struct Walk<'l> {
    line: &'l [u8],
    tables: Tables<'l>,
    command: Command<'l>,
    has_user: Option<bool>,
    /// What the next argument holds, because the last one said so.
    next: Option<Holds<'l>>,
    /// It was a bare word that said so: what looks like an option is none of its values.
    is_after_bare: bool,
    /// It was a name after `set` that said so.
    is_after_word: bool,
    /// The next argument is a script if the program is a shell.
    is_script_next: bool,
    /// `set`: the next argument is a name, and the one after it what is set.
    is_name_next: bool,
    /// What is looked for or at: a bare word is its name.
    is_lookup: bool,
    /// What is installed after `install` is named.
    is_installer: bool,
    /// The next argument may be the value of an option.
    is_value: bool,
    is_first: bool,
    /// Where the argument has a value that is none by its program's rules.
    shown_at: Option<usize>,
    /// No argument follows.
    is_last: bool,
    /// What is hidden of the argument at hand.
    spans: Spans,
}

impl<'l> Walk<'l> {
    fn new(line: &'l [u8], tables: Tables<'l>) -> Self {
        Self {
            line,
            tables,
            command: Command::new(tables),
            has_user: None,
            next: None,
            is_after_bare: false,
            is_after_word: false,
            is_script_next: false,
            is_name_next: false,
            is_lookup: false,
            is_installer: false,
            is_value: false,
            is_first: true,
            shown_at: None,
            is_last: false,
            spans: Vec::new(),
        }
    }

    fn argument(&mut self, argument: &[u8]) {
        self.spans.clear();
        self.shown_at = None;
        let kind = match std::mem::take(&mut self.is_first) {
            true => Kind::First,
            false if self.is_script_next && self.command.is_shell => Kind::Script,
            false => Kind::Plain,
        };
        // `-c`, `-lc`: as shells have it.
        self.is_script_next =
            argument.len() <= 5 && argument.starts_with(b"-") && argument.ends_with(b"c");
        let is_after_bare = std::mem::take(&mut self.is_after_bare);
        let is_after_word = std::mem::take(&mut self.is_after_word);
        let is_option = match is_after_bare {
            true => starts_option(argument),
            false => is_option(argument),
        };
        let pending = self.next.take();
        let is_shown = pending == Some(Holds::Nothing);
        if let Some(holds) = pending
            && !is_option
            && !(is_after_bare && bare_names::is_verb(argument))
            && self.value(argument, holds)
        {
            if is_after_bare || is_after_word {
                self.command.word(argument, self.is_last);
            }
            return;
        }
        if argument.is_empty() {
            return;
        }
        let has_blank = argument.iter().any(|&byte| is_blank(byte));
        let has_sign = argument.iter().any(|byte| matches!(byte, b'=' | b':'));
        self.next = match has_blank && kind != Kind::First {
            true => self.text(argument, kind),
            false => self.words(argument, kind),
        };
        if self.spans.first() == Some(&(0..argument.len())) {
            return;
        }
        if has_blank && kind == Kind::First {
            // A folder's name may hold blanks.
            self.command.restart();
            self.command.word(argument, false);
        }
        self.bare_words(argument, kind, has_sign);
        if has_sign {
            assignments::hide(argument, kind, &mut self.spans);
            if let Some(at) = self.shown_at {
                self.spans.retain(|span| span.start != at);
            }
            // --header, Authorization:, and what it is comes next.
            if self.next.is_none() && !is_shown && argument.ends_with(b":") {
                self.next = usual::header(argument);
            }
        }
        if has_blank {
            piped::hide(argument, self.tables, &mut self.spans);
        }
        code::hide(argument, &mut self.spans);
        if argument.contains(&b'@') {
            urls::hide(argument, &mut self.spans);
        }
        shapes::hide(argument, &mut self.spans);
    }

    /// Hides an argument that holds a value. Whether it does, or its name goes on to the next one.
    fn value(&mut self, argument: &[u8], holds: Holds<'l>) -> bool {
        let is_scheme = ["bearer", "basic", "token"]
            .iter()
            .any(|scheme| argument.eq_ignore_ascii_case(scheme.as_bytes()));
        if is_scheme || argument == b"--" {
            self.next = Some(holds);
            return true;
        }
        let is_hidden = hide_all(argument, 0, holds, &mut self.spans);
        if is_hidden {
            urls::hide(argument, &mut self.spans);
            shapes::hide(argument, &mut self.spans);
        }
        is_hidden
    }

    /// `set NAME x`, `password x`: what a word without a dash says of the next one.
    fn bare_words(&mut self, argument: &[u8], kind: Kind, has_sign: bool) {
        if self.is_name_next && argument == b"--secret" {
            // A switch of what is to be set.
            self.next = None;
        } else if self.is_name_next && self.next.is_none() {
            // redis-cli SET key:1 value
            self.next = names::judge(argument).filter(|holds| *holds != Holds::Key);
            self.is_after_word = self.next.is_some();
        }
        self.is_name_next = argument.eq_ignore_ascii_case(b"set")
            || self.is_name_next && argument.starts_with(b"-");
        self.is_lookup |=
            bare_names::is_lookup(argument) || self.is_installer && argument == b"install";
        self.is_installer |= bare_names::is_installer(argument);
        if self.next.is_none() && kind == Kind::Plain && !self.is_lookup && !self.is_value {
            self.next = bare_names::judge_bare(argument);
            self.is_after_bare = self.next.is_some();
        }
        self.is_value = is_option(argument) && !has_sign;
    }

    /// Takes an argument with blanks: it may hold a value of its command, and a command of its own.
    fn text(&mut self, text: &[u8], kind: Kind) -> Option<Holds<'l>> {
        let (next, _) = self.word(text, 0..text.len(), kind, &mut Values::default());
        if next.is_some() || !self.spans.is_empty() {
            return next;
        }
        let own = Command::new(self.tables);
        let outer = std::mem::replace(&mut self.command, own);
        let pending = self.words(text, kind);
        self.command = outer;
        pending
    }

    /// Takes the words of a text, and says what the next argument holds.
    fn words(&mut self, text: &[u8], kind: Kind) -> Option<Holds<'l>> {
        let mut pending = None;
        let mut values = Values::default();
        let mut at = 0;
        loop {
            let gap = blanks(&text[at..]);
            if text[at..at + gap].contains(&b'\n') && !text[..at].ends_with(b"\\") {
                self.command.restart();
                pending = None;
            }
            at += gap;
            if at == text.len() {
                break;
            }
            if is_cut(text[at]) && !(pending.is_some() && text[at] == b'(') {
                let len = text[at..].iter().take_while(|&&byte| is_cut(byte)).count();
                let is_alone = at == 0
                    || is_blank(text[at - 1])
                        && text.get(at + len).is_none_or(|&byte| is_blank(byte));
                match is_alone {
                    true => self.command.restart(),
                    false => self.command.restart_softly(),
                }
                pending = None;
                at += 1;
                continue;
            }
            let end = command_word_end(text, at);
            let word = &text[at..end];
            if let Some(holds) = pending.take()
                && !is_option(word)
            {
                if word == b"--" {
                    pending = Some(holds);
                    at = end;
                } else if kind == Kind::Script && is_placeholder(&text[at..]) {
                    at = end;
                } else {
                    at = hide_words(text, at, holds, &mut self.spans);
                }
                continue;
            }
            if is_operator(word) {
                self.command.restart();
                at = end;
                continue;
            }
            (pending, at) = self.word(text, at..end, kind, &mut values);
        }
        pending.filter(|_| !text.iter().any(|&byte| is_blank(byte)))
    }

    /// Takes one word, and says what the next one holds, and where that begins.
    fn word(
        &mut self,
        text: &[u8],
        place: Range<usize>,
        kind: Kind,
        values: &mut Values,
    ) -> (Option<Holds<'l>>, usize) {
        let word = quotes::strip_opening(&text[place.clone()]);
        let start = place.end - word.len();
        let is_option = self.command.is_option(word);
        let found = match is_option || word.contains(&b'=') {
            true => self.command.option(word).or_else(|| {
                usual::option(
                    self.line,
                    &mut self.has_user,
                    text,
                    &place,
                    word,
                    &mut values.user,
                )
            }),
            false => None,
        };
        match found {
            Some(Found::Switch) => return (None, place.end),
            Some(Found::Next(holds)) => return (Some(holds), place.end),
            Some(Found::At(at, Holds::Nothing)) => {
                self.shown_at = (place.len() == text.len()).then_some(start + at);
                return (None, place.end);
            }
            Some(Found::At(at, holds)) if kind == Kind::Plain && start == 0 => {
                hide_all(text, at, holds, &mut self.spans);
                return (None, place.end);
            }
            Some(Found::At(at, holds)) => {
                if kind != Kind::Script || !is_placeholder(&text[start + at..]) {
                    values.hide(text, place.start, start + at, holds, &mut self.spans);
                }
                return (None, place.end);
            }
            None if is_option => {
                return (
                    usual::named(word).filter(|_| word.starts_with(b"-")),
                    place.end,
                );
            }
            None => {}
        }
        let (inner, whole) =
            place_word(text, place.start, place.end, self.command.expects_secret());
        let is_last = self.is_last && text[whole..].iter().all(|&byte| is_blank(byte));
        let Some(secret) = self.command.word(&text[inner.clone()], is_last) else {
            return (None, place.end);
        };
        let secret = inner.start + secret.start..inner.start + secret.end;
        if kind != Kind::Script || !is_placeholder(&text[secret.clone()]) {
            self.spans.push(secret);
        }
        (None, whole)
    }
}
