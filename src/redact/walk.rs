//! The words of a command line, of an argument or of a script: each may be a secret, or the next one.

use std::ops::Range;

use super::assignments::{self, hide_words};
use super::command::Command;
use super::names;
use super::options::Found;
use super::pattern::Pattern;
use super::pipes::Pipe;
use super::rule_table::Tables;
use super::spans::{Spans, replace, settle, shift};
use super::text::{
    blanks, is_blank, is_cut, is_name_byte, is_operator, is_option, is_placeholder, run,
    script_word, strip_opening, trim_dashes, word_end,
};
use super::values::{Holds, is_one_of};
use super::{shapes, urls};

/// Hides the secrets of a command line, up to the argument that makes the output longer than `limit`.
///
/// Returns how many bytes were read, and the output if it differs.
pub(super) fn hide(
    line: &[u8],
    patterns: &[Pattern],
    tables: Tables<'_>,
    limit: usize,
) -> (usize, Option<Vec<u8>>) {
    let mut walk = Walk {
        tables,
        command: Command::new(tables),
        next: None,
        is_first: true,
        is_script_next: false,
        is_text: true,
        shown: None,
        spans: Vec::new(),
    };
    let mut output: Option<Vec<u8>> = None;
    let mut start = 0;
    for argument in line.split_inclusive(|&byte| byte == 0) {
        let text = argument.strip_suffix(b"\0").unwrap_or(argument);
        walk.spans.clear();
        walk.argument(text);
        for pattern in patterns {
            pattern.hide(text, &mut walk.spans);
        }
        if settle(text, &mut walk.spans) {
            output.get_or_insert_with(|| line[..start].to_vec());
        }
        if let Some(output) = &mut output {
            replace(argument, &walk.spans, output);
        }
        start += argument.len();
        if output.as_ref().map_or(start, Vec::len) > limit {
            break;
        }
    }
    (start, output)
}

struct Walk<'l> {
    tables: Tables<'l>,
    command: Command<'l>,
    /// What the next argument holds.
    next: Option<Holds>,
    is_first: bool,
    /// The next argument is a script if the program is a shell.
    is_script_next: bool,
    /// The argument has words of its own: it is a script, or the first, since a process may write all its
    /// arguments into one.
    is_text: bool,
    /// Where a value begins that is shown whatever its name is.
    shown: Option<usize>,
    /// What is hidden of the argument.
    spans: Spans,
}

impl Walk<'_> {
    fn argument(&mut self, argument: &[u8]) {
        let is_first = std::mem::take(&mut self.is_first);
        self.is_text = is_first || self.is_script_next && self.command.is_shell;
        // `-c`, `-lc`
        self.is_script_next =
            argument.len() <= 5 && argument.starts_with(b"-") && argument.ends_with(b"c");
        self.shown = None;
        if let Some(holds) = self.next.take().filter(|_| !is_option(argument)) {
            if is_one_of(argument, "-- bearer basic token") {
                self.next = Some(holds);
                return;
            }
            if let Some(secret) = holds.secret_in(argument) {
                self.spans.push(secret);
                urls::hide(argument, &mut self.spans);
                return shapes::hide(argument, &mut self.spans);
            }
        }
        let has_blank = argument.iter().any(|&byte| is_blank(byte));
        self.next = match has_blank && !is_first {
            true => self.text(argument),
            false => self.words(argument),
        };
        if has_blank && is_first {
            // The name of a folder may have blanks.
            self.command.restart();
            self.command.word(argument);
        }
        let named = &argument[..self.shown.unwrap_or(argument.len())];
        assignments::hide(named, self.is_text, &mut self.spans);
        urls::hide(argument, &mut self.spans);
        shapes::hide(argument, &mut self.spans);
    }

    /// Takes an argument with blanks: a value of the command, or a command of its own.
    fn text(&mut self, text: &[u8]) -> Option<Holds> {
        let (next, _) = self.word(text, 0..text.len());
        if next.is_some() || !self.spans.is_empty() {
            return next;
        }
        let own = Command::new(self.tables);
        let outer = std::mem::replace(&mut self.command, own);
        let next = self.words(text);
        self.command = outer;
        next
    }

    /// Takes the words of an argument, and returns what the next argument holds.
    fn words(&mut self, text: &[u8]) -> Option<Holds> {
        let mut next: Option<Holds> = None;
        let mut pipe = Pipe::default();
        let mut at = 0;
        loop {
            let gap = blanks(&text[at..]);
            if text[at..at + gap].contains(&b'\n') && !text[..at].ends_with(b"\\") {
                self.command.restart();
                next = None;
            }
            at += gap;
            if at == text.len() {
                return next.filter(|_| !text.iter().any(|&byte| is_blank(byte)));
            }
            if is_cut(text[at]) && !(next.is_some() && text[at] == b'(') {
                pipe.end_command(text, at);
                // It may be part of a text in quotes: "Accept: a; b"
                match text[at] == b';' && at > 0 && !is_blank(text[at - 1]) {
                    true => self.command.restart_words(),
                    false => self.command.restart(),
                }
                next = None;
                at += 1;
                continue;
            }
            if text[at..].starts_with(b"<<<") {
                at = pipe.read_here(text, at + 3);
                self.read(text, &mut pipe);
                continue;
            }
            // Before what divides commands, unless the argument is one word.
            let is_over = |&end: &usize| {
                is_blank(text[end]) || is_cut(text[end]) || text[end..].starts_with(b"<<<")
            };
            let end = match at == 0 && word_end(text, 0) == text.len() {
                true => text.len(),
                false => (at..text.len()).find(is_over).unwrap_or(text.len()),
            };
            let word = &text[at..end];
            if let Some(holds) = next.take().filter(|_| !is_option(word)) {
                if word == b"--" {
                    next = Some(holds);
                    at = end;
                } else if self.is_text && is_placeholder(&text[at..]) {
                    at = end;
                } else {
                    at = hide_words(text, at, &holds, &mut self.spans);
                }
                continue;
            }
            let word = strip_opening(word);
            if is_operator(word) {
                self.command.restart();
                at = end;
                continue;
            }
            if word.ends_with(b"echo") || word.ends_with(b"printf") {
                pipe.write(text, end);
            }
            (next, at) = self.word(text, at..end);
            self.read(text, &mut pipe);
        }
    }

    /// Hides what the command reads, if that is a secret.
    fn read(&mut self, text: &[u8], pipe: &mut Pipe) {
        let Some((holds, line)) = pipe.input(self.command.input()) else {
            return;
        };
        let input = &text[line.clone()];
        let input = input.strip_suffix(b"\\n").unwrap_or(input);
        let secret = holds.secret_in(input);
        let secret = secret.map(|part| shift(part, line.start));
        let secret = secret.filter(|secret| !is_placeholder(&text[secret.start..]));
        self.spans.extend(secret);
    }

    /// Takes one word, and returns what the next one holds, and where that begins.
    fn word(&mut self, text: &[u8], place: Range<usize>) -> (Option<Holds>, usize) {
        let word = strip_opening(&text[place.clone()]);
        let start = place.end - word.len();
        let is_option = self.command.is_option(word);
        let found = match is_option || word.contains(&b'=') {
            true => self.command.option(word).or_else(|| usual(word)),
            false => None,
        };
        match found {
            Some(Found::Nowhere) => return (None, place.end),
            Some(Found::Next(holds)) => return (Some(holds), place.end),
            Some(Found::At(at, Holds::Nothing)) => {
                self.shown = (place.len() == text.len()).then_some(start + at);
                return (None, place.end);
            }
            Some(Found::At(at, holds)) if !self.is_text && start == 0 => {
                let secret = holds.secret_in(&text[at..]);
                self.spans.extend(secret.map(|part| shift(part, at)));
                return (None, place.end);
            }
            Some(Found::At(at, holds)) => {
                let is_shown = self.is_text && is_placeholder(&text[start + at..]);
                let end = match is_shown {
                    true => place.end,
                    false => hide_words(text, start + at, &holds, &mut self.spans),
                };
                return (None, end.max(place.end));
            }
            None if is_option => {
                return (named(word).filter(|_| word.starts_with(b"-")), place.end);
            }
            None => {}
        }
        // The value of an HTTP header may be another argument.
        let is_whole = !self.is_text && place.len() == text.len();
        let header = word.strip_suffix(b":").filter(|_| is_whole);
        if let Some(holds) = header.and_then(named) {
            return (Some(holds), place.end);
        }
        let (inner, end) = match place.len() == text.len() {
            true => (place.clone(), place.end),
            false => script_word(text, place.start),
        };
        let Some(secret) = self.command.word(&text[inner.clone()]) else {
            return (None, place.end);
        };
        let secret = shift(secret, inner.start);
        let rest = &text[secret.start..];
        let is_shown = is_placeholder(&rest[..secret.len()]) || rest.starts_with(b"$(");
        if !self.is_text || !is_shown {
            self.spans.push(secret);
        }
        (None, end)
    }
}

/// Returns where the value is of options that most programs have: `--user me:x`, `-p=x`.
fn usual(word: &[u8]) -> Option<Found> {
    let sign = run(word, |byte| byte != b'=');
    let has_value = sign < word.len();
    match is_one_of(&word[..sign], "--user --userpwd --proxy-user") {
        true if has_value => Some(Found::At(sign + 1, Holds::User)),
        true => Some(Found::Next(Holds::User)),
        false => (has_value && word.starts_with(b"-p=")).then_some(Found::At(3, Holds::Key)),
    }
}

/// Returns what the value of an option holds by its name.
fn named(word: &[u8]) -> Option<Holds> {
    let name = trim_dashes(word);
    let (name, rest) = name.split_at(run(name, is_name_byte));
    // A define without a value: -DHAVE_GETPASS
    let is_define = matches!(word, [b'-', b'D', next, ..] if next.is_ascii_uppercase());
    let is_alone = rest.iter().all(|byte| b"\"',\\".contains(byte));
    let holds = names::judge(name).filter(|_| is_alone && !is_define);
    holds.filter(|_| !names::is_switch(name))
}
