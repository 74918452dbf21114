//! The words of a command line, of an argument or of a script: what each says of itself and of the next one.

use std::ops::Range;

use super::assignments::{self, hide_words};
use super::command::{Command, Found};
use super::pattern::Pattern;
use super::rule_table::Tables;
use super::spans::{Outcome, Spans, replace, settle};
use super::text::{
    Kind, blanks, command_word_end, is_blank, is_cut, is_name_byte, is_operator, is_option,
    is_placeholder, place_word, run, shell_word, strip_opening, trim_dashes,
};
use super::values::Holds;
use super::{names, shapes, urls};

/// Hides the secrets of a command line, as far as the argument that takes the output over `limit`.
pub(super) fn hide(line: &[u8], patterns: &[Pattern], tables: Tables<'_>, limit: usize) -> Outcome {
    let mut walk = Walk {
        tables,
        command: Command::new(tables),
        next: None,
        is_script_next: false,
        is_first: true,
        is_last: false,
        spans: Vec::new(),
    };
    let mut output: Option<Vec<u8>> = None;
    let mut start = 0;
    while start < line.len() {
        let end = start + run(&line[start..], |byte| byte != 0);
        let argument = &line[start..end];
        let after = line.len().min(end + 1);
        walk.is_last = after == line.len();
        walk.spans.clear();
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
    tables: Tables<'l>,
    command: Command<'l>,
    /// What the next argument holds, because the last one said so.
    next: Option<Holds<'l>>,
    /// The next argument is a script if the program is a shell.
    is_script_next: bool,
    is_first: bool,
    /// No argument follows.
    is_last: bool,
    /// What is hidden of the argument at hand.
    spans: Spans,
}

/// What is being written into a pipe, and read from one.
#[derive(Default)]
struct Pipe<'l> {
    /// The words of echo(1), and where they end.
    written: Option<(Range<usize>, usize)>,
    read: Option<Range<usize>>,
    /// What the command at hand reads.
    reader: Option<Holds<'l>>,
}

impl<'l> Walk<'l> {
    fn argument(&mut self, argument: &[u8]) {
        let kind = match std::mem::take(&mut self.is_first) {
            true => Kind::First,
            false if self.is_script_next && self.command.is_shell => Kind::Script,
            false => Kind::Plain,
        };
        // `-c`, `-lc`: as shells have it.
        self.is_script_next =
            argument.len() <= 5 && argument.starts_with(b"-") && argument.ends_with(b"c");
        let pending = self.next.take();
        if let Some(holds) = pending.filter(|_| !is_option(argument))
            && self.value(argument, holds)
        {
            return;
        }
        if argument.is_empty() {
            return;
        }
        let has_blank = argument.iter().any(|&byte| is_blank(byte));
        let mut shown = None;
        self.next = match has_blank && kind != Kind::First {
            true => self.text(argument, kind, &mut shown),
            false => self.words(argument, kind, &mut shown),
        };
        if self.spans.first() == Some(&(0..argument.len())) {
            return;
        }
        if has_blank && kind == Kind::First {
            // A folder's name may hold blanks.
            self.command.restart();
            self.command.word(argument, false);
        }
        assignments::hide(argument, kind, &mut self.spans);
        if let Some(at) = shown {
            self.spans.retain(|span| span.start != at);
        }
        if argument.contains(&b'@') {
            urls::hide(argument, &mut self.spans);
        }
        shapes::hide(argument, &mut self.spans);
    }

    /// Hides an argument that holds a value. Whether it does, or its name goes on to the next one.
    fn value(&mut self, argument: &[u8], holds: Holds<'l>) -> bool {
        let schemes = ["bearer", "basic", "token", "--"];
        if schemes
            .iter()
            .any(|scheme| argument.eq_ignore_ascii_case(scheme.as_bytes()))
        {
            self.next = Some(holds);
            return true;
        }
        let secret = holds.secret_in(argument);
        let is_hidden = secret.is_some();
        self.spans.extend(secret);
        if is_hidden {
            urls::hide(argument, &mut self.spans);
            shapes::hide(argument, &mut self.spans);
        }
        is_hidden
    }

    /// Takes an argument with blanks: it may hold a value of its command, and a command of its own.
    fn text(&mut self, text: &[u8], kind: Kind, shown: &mut Option<usize>) -> Option<Holds<'l>> {
        let (next, _) = self.word(text, 0..text.len(), kind, shown);
        if next.is_some() || !self.spans.is_empty() {
            return next;
        }
        let own = Command::new(self.tables);
        let outer = std::mem::replace(&mut self.command, own);
        let pending = self.words(text, kind, shown);
        self.command = outer;
        pending
    }

    /// Takes the words of a text, and says what the next argument holds.
    fn words(&mut self, text: &[u8], kind: Kind, shown: &mut Option<usize>) -> Option<Holds<'l>> {
        let mut pending = None;
        let mut pipe = Pipe::default();
        let mut at = 0;
        loop {
            let gap = blanks(&text[at..]);
            if text[at..at + gap].contains(&b'\n') && !text[..at].ends_with(b"\\") {
                self.command.restart();
                pending = None;
            }
            at += gap;
            if at == text.len() {
                return pending.filter(|_| !text.iter().any(|&byte| is_blank(byte)));
            }
            if is_cut(text[at]) && !(pending.is_some() && text[at] == b'(') {
                let len = run(&text[at..], is_cut);
                let is_alone = at == 0
                    || is_blank(text[at - 1])
                        && text.get(at + len).is_none_or(|&byte| is_blank(byte));
                pipe.cut(text, at);
                match is_alone || pipe.read.is_some() {
                    true => self.command.restart(),
                    false => self.command.restart_softly(),
                }
                pending = None;
                at += 1;
                continue;
            }
            let mut end = command_word_end(text, at);
            let word = &text[at..end];
            if let Some(holds) = pending.take().filter(|_| !is_option(word)) {
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
            if let Some(here) = word.windows(3).position(|part| part == b"<<<") {
                let from = at + here + 3;
                let (inner, whole) = here_word(text, from + blanks(&text[from..]));
                pipe.read = Some(inner);
                if here == 0 {
                    self.read(text, &mut pipe, b"");
                    at = whole.max(from);
                    continue;
                }
                end = at + here;
            }
            let word = strip_opening(&text[at..end]);
            if is_operator(word) {
                self.command.restart();
                at = end;
                continue;
            }
            if word.ends_with(b"echo") || word.ends_with(b"printf") {
                pipe.written = written(text, end);
            }
            (pending, at) = self.word(text, at..end, kind, shown);
            self.read(text, &mut pipe, word);
        }
    }

    /// Hides what the command at hand reads, if that is a secret.
    fn read(&mut self, text: &[u8], pipe: &mut Pipe<'l>, word: &[u8]) {
        let named = is_stdin(word).then_some(Holds::Password);
        pipe.reader = pipe.reader.or(named).or_else(|| self.command.input());
        let Some((holds, value)) = pipe.reader.zip(pipe.read.clone()) else {
            return;
        };
        pipe.read = None;
        let line = &text[value.clone()];
        let line = line.strip_suffix(b"\\n").unwrap_or(line);
        if let Some(secret) = holds.secret_in(line)
            && !is_placeholder(&text[value.start + secret.start..])
        {
            self.spans
                .push(value.start + secret.start..value.start + secret.end);
        }
    }

    /// Takes one word, and says what the next one holds, and where that begins.
    fn word(
        &mut self,
        text: &[u8],
        place: Range<usize>,
        kind: Kind,
        shown: &mut Option<usize>,
    ) -> (Option<Holds<'l>>, usize) {
        let word = strip_opening(&text[place.clone()]);
        let start = place.end - word.len();
        let is_option = self.command.is_option(word);
        let found = match is_option || word.contains(&b'=') {
            true => self.command.option(word).or_else(|| usual(word)),
            false => None,
        };
        let is_filled_in = |at: usize| kind == Kind::Script && is_placeholder(&text[at..]);
        match found {
            Some(Found::Switch) => return (None, place.end),
            Some(Found::Next(holds)) => return (Some(holds), place.end),
            Some(Found::At(at, Holds::Nothing)) => {
                *shown = (place.len() == text.len()).then_some(start + at);
                return (None, place.end);
            }
            Some(Found::At(at, holds)) if kind == Kind::Plain && start == 0 => {
                let secret = holds.secret_in(&text[at..]);
                self.spans
                    .extend(secret.map(|secret| at + secret.start..at + secret.end));
                return (None, place.end);
            }
            Some(Found::At(at, _)) if is_filled_in(start + at) => return (None, place.end),
            Some(Found::At(at, holds)) => {
                let end = hide_words(text, start + at, holds, &mut self.spans);
                return (None, end.max(place.end));
            }
            None if is_option => {
                return (named(word).filter(|_| word.starts_with(b"-")), place.end);
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

/// Options that mean the same to most programs: `--user me:x`, `-p=x`.
fn usual(word: &[u8]) -> Option<Found<'static>> {
    let users = [&b"--user"[..], b"--userpwd", b"--proxy-user"];
    let sign = run(word, |byte| byte != b'=');
    match (users.contains(&&word[..sign]), word) {
        (true, _) if sign == word.len() => Some(Found::Next(Holds::User)),
        (true, _) => Some(Found::At(sign + 1, Holds::User)),
        (_, [b'-', b'p', b'=', _, ..]) => Some(Found::At(3, Holds::P)),
        _ => None,
    }
}

impl Pipe<'_> {
    /// Takes what divides commands.
    fn cut(&mut self, text: &[u8], at: usize) {
        if text[..at].ends_with(b"|") && text[at] == b'&' {
            return;
        }
        self.reader = None;
        let is_pipe = text[at] == b'|' && !text[at..].starts_with(b"||");
        self.read = match &self.written {
            Some((_, end)) if at < *end => return,
            Some((line, _)) if is_pipe => Some(line.clone()),
            _ => None,
        };
        self.written = None;
    }
}

/// The words that echo(1) gets, without options and formats, and where its command ends.
fn written(text: &[u8], start: usize) -> Option<(Range<usize>, usize)> {
    let mut at = start;
    let mut line: Option<Range<usize>> = None;
    loop {
        at += run(&text[at..], |byte| matches!(byte, b' ' | b'\t'));
        if text.get(at).is_none_or(|byte| b"|;&\n`()<>".contains(byte)) {
            return line.map(|line| (line, at));
        }
        let (inner, end) = here_word(text, at);
        let word = &text[inner.clone()];
        let is_beside = word.starts_with(b"-") && word.len() < 4 || word.contains(&b'%');
        let is_number = text[end..].starts_with(b">") && word.iter().all(u8::is_ascii_digit);
        if !(is_number || line.is_none() && is_beside) {
            line = Some(line.map_or(inner.start, |line| line.start)..inner.end);
        }
        at = match is_number {
            true => end + run(&text[end..], |byte| !is_blank(byte)),
            false => end.max(at + 1),
        };
    }
}

/// A shell's word at `start`, which ends before what divides commands.
fn here_word(text: &[u8], start: usize) -> (Range<usize>, usize) {
    if matches!(text.get(start), Some(b'\'' | b'"' | b'\\')) {
        return shell_word(text, start);
    }
    let end = start
        + run(&text[start..], |byte| {
            !is_blank(byte) && !b"|;&\n`()<>".contains(&byte)
        });
    (start..end, end)
}

/// `--password-stdin`, `--with-token`: what any program calls it.
fn is_stdin(word: &[u8]) -> bool {
    let has = |sought: &[u8]| word.windows(sought.len()).any(|part| part == sought);
    let stems = [&b"pass"[..], b"pw", b"token", b"key", b"secret"];
    matches!(word, b"--passphrase-fd" | b"--with-token")
        || word.starts_with(b"-") && has(b"stdin") && stems.into_iter().any(has)
}

/// What the value of an option holds by its name.
fn named(word: &[u8]) -> Option<Holds<'static>> {
    let name = trim_dashes(word);
    let (name, rest) = name.split_at(run(name, is_name_byte));
    // A define without a value has none in the next word: -DHAVE_GETPASS.
    let is_define = matches!(word, [b'-', b'D', next, ..] if next.is_ascii_uppercase());
    let is_alone = rest.iter().all(|byte| b"\"',\\".contains(byte));
    let holds = names::judge(name).filter(|_| is_alone && !is_define);
    holds.filter(|_| !names::is_switch(name))
}
