//! Secrets that a script writes into a pipe, `echo x | sudo -S id`, or has as an input: `sudo -S id <<< x`.

use std::ops::Range;

use super::bytes::{blanks, is_blank};
use super::quotes::{self, Quote};
use super::spans::Spans;
use super::text::{is_assignment, is_cut, is_placeholder, word_end};
use super::values::Holds;

/// What reads a secret from its input if this is one of its words, and what it reads.
const READERS: &[(&[u8], Holds)] = &[
    (b"chpasswd", Holds::Login),
    (b"--password-stdin", Holds::Password),
    (b"--passwd-on-stdin", Holds::Password),
    (b"--pass-stdin", Holds::Password),
    (b"--pw-stdin", Holds::Password),
    (b"--passphrase-fd", Holds::Password),
    (b"--with-token", Holds::Password),
];

/// The same of these programs alone. A letter is one among those of an option.
const OF_PROGRAMS: &[(&[u8], &[u8])] = &[
    (b"sudo", b"-S"),
    (b"sudo", b"--stdin"),
    (b"passwd", b"--stdin"),
];

/// What may stand before `echo`.
const BEFORE: &[&[u8]] = &[
    b"!", b"builtin", b"command", b"do", b"elif", b"else", b"if", b"then", b"time", b"until",
    b"while", b"{",
];

/// Scripts in quotes are looked through too, in which others may be in quotes.
const DEPTH: usize = 4;

/// A word after it is what the command reads.
const HERE: &[u8] = b"<<<";

/// Hides what `echo` and `printf` write to such a reader, and what it is given as a word.
pub(super) fn hide(text: &[u8], spans: &mut Spans) {
    within(text, 0..text.len(), DEPTH, spans);
}

fn within(text: &[u8], script: Range<usize>, depth: usize, spans: &mut Spans) {
    let mut signs = Signs::new(&text[..script.end], script.start);
    // Where the command begins that a pipe may end, and the last commands in brackets.
    let mut start = script.start;
    let mut open = None;
    let mut group = None;
    // Whether the command is given a word, and the commands in brackets that are.
    let mut is_given = false;
    let mut given_to = None;
    loop {
        let sign = signs.next();
        let at = match sign {
            Some(Sign::Quoted(quoted)) => {
                if depth > 0 && text[quoted.clone()].iter().any(|byte| b"|<".contains(byte)) {
                    within(text, quoted, depth - 1, spans);
                }
                continue;
            }
            Some(Sign::At(at)) => at,
            None => script.end,
        };
        if sign.is_some() && text[at] == b'<' {
            if !is_given {
                let is_group = |group: &Range<usize>| all_blank(&text[group.end + 1..at]);
                given_to = group.take().filter(is_group);
            }
            is_given = true;
            signs.at = word_after(&text[..script.end], at + HERE.len()).1;
            continue;
        }
        if std::mem::take(&mut is_given) {
            given(text, given_to.take(), start..at, spans);
        }
        if sign.is_none() {
            return;
        }
        match text[at] {
            b'|' if text.get(at + 1) == Some(&b'|') || text[..at].ends_with(b"|") => {}
            b'|' => {
                let is_group = |group: &Range<usize>| all_blank(&text[group.end + 1..at]);
                let commands = group.take().filter(is_group).unwrap_or(start..at);
                let after = &text[at + 1..script.end];
                if may_write(&text[commands.clone()])
                    // `|&` takes errors along.
                    && let Some(holds) = read_by(after.strip_prefix(b"&").unwrap_or(after))
                {
                    written(text, commands, holds, spans);
                }
            }
            b'(' | b'{' => open = Some(at + 1),
            b')' | b'}' => group = open.take().map(|open| open..at),
            _ => {}
        }
        start = at + 1;
    }
}

/// Hides the words that the command is given, if it or one of the group before it reads a secret.
fn given(text: &[u8], group: Option<Range<usize>>, command: Range<usize>, spans: &mut Spans) {
    let until = &text[..command.end];
    let holds = match group {
        Some(group) => text[group].split(divides).find_map(read_by),
        None => read_by(&until[command.start..]),
    };
    let Some(holds) = holds else {
        return;
    };
    let mut signs = Signs::new(until, command.start);
    while let Some(sign) = signs.next() {
        let Sign::At(at) = sign else {
            continue;
        };
        let (word, end) = word_after(until, at + HERE.len());
        signs.at = end;
        if let Some(secret) = holds.secret_in(&text[word.clone()])
            && !is_placeholder(&text[word.start..])
        {
            spans.push(word.start + secret.start..word.start + secret.end);
        }
    }
}

/// The word that follows, and where it ends: without quotes, before what divides commands.
fn word_after(text: &[u8], at: usize) -> (Range<usize>, usize) {
    let start = at + blanks(&text[at..]);
    let is_end = |byte: u8| is_blank(byte) || is_cut(byte) || matches!(byte, b')' | b'<' | b'>');
    let mut end = start;
    while end < text.len() && !is_end(text[end]) {
        let Some(quote) = Quote::at(text, end) else {
            // What a backslash stands before is part of the word.
            end += 1 + usize::from(text[end] == b'\\');
            continue;
        };
        if end == start {
            let (word, end_of_word) = quotes::shell_word(text, start);
            if !text[..end_of_word].ends_with(b"\\") {
                return (word, end_of_word);
            }
        }
        let open = end + quote.len();
        let close = quote.close(text, open);
        end = close.map_or(open, |close| close + quote.len());
    }
    let end = end.min(text.len());
    (start..end, end)
}

fn all_blank(text: &[u8]) -> bool {
    text.iter().all(|&byte| is_blank(byte))
}

fn may_write(text: &[u8]) -> bool {
    text.windows(4).any(|part| part == b"echo") || text.windows(6).any(|part| part == b"printf")
}

/// Hides what each of the commands writes.
fn written(text: &[u8], commands: Range<usize>, holds: Holds, spans: &mut Spans) {
    let mut signs = Signs::new(&text[..commands.end], commands.start);
    let mut start = commands.start;
    loop {
        let sign = signs.next();
        let end = match sign {
            Some(Sign::Quoted(_)) => continue,
            Some(Sign::At(at)) => at,
            None => commands.end,
        };
        if let Some(secret) = written_by(text, start..end, holds)
            && !is_placeholder(&text[secret.clone()])
        {
            spans.push(secret);
        }
        start = end + 1;
        if sign.is_none() {
            return;
        }
    }
}

/// What of the secret the command writes.
fn written_by(text: &[u8], command: Range<usize>, holds: Holds) -> Option<Range<usize>> {
    let text = &text[..command.end];
    let mut at = command.start + blanks(&text[command.start..]);
    let mut end = word_end(text, at);
    while BEFORE.contains(&&text[at..end]) || is_assignment(&text[at..end]) {
        at = end + blanks(&text[end..]);
        end = word_end(text, at);
    }
    let program = text[at..end].rsplit(|&byte| byte == b'/').next()?;
    if !matches!(program, b"echo" | b"printf") {
        return None;
    }
    at = end + blanks(&text[end..]);
    // Options, and a format's `%s`.
    while let [b'-' | b'%', ..] | [b'\'' | b'"', b'%', ..] = &text[at..] {
        let word = word_end(text, at);
        at = word + blanks(&text[word..]);
    }
    let mut end = text.len();
    while end > at && is_blank(text[end - 1]) {
        end -= 1;
    }
    let (word, word_end) = quotes::shell_word(&text[..end], at);
    let value = if word_end == end { word } else { at..end };
    let secret = match holds.secret_in(&text[value.clone()]) {
        Some(secret) => secret,
        // printf '%s:%s' me x
        None if program == b"printf" && holds == Holds::Login && word_end < end => {
            let x = word_end + blanks(&text[word_end..end]);
            let (x, _) = quotes::shell_word(&text[..end], x);
            let secret = Holds::Password.secret_in(&text[x.clone()])?;
            return Some(x.start + secret.start..x.start + secret.end);
        }
        None => return None,
    };
    (!value.is_empty()).then_some(value.start + secret.start..value.start + secret.end)
}

fn divides(byte: &u8) -> bool {
    matches!(byte, b'|' | b';' | b'&' | b'\n')
}

/// What the command that begins here reads, if that is a secret.
fn read_by(text: &[u8]) -> Option<Holds> {
    let len = text.iter().position(divides).unwrap_or(text.len());
    let words = || {
        let words = text[..len].split(|&byte| is_blank(byte) || byte == b'<');
        words.filter_map(|word| {
            let word = match word {
                [inner @ .., b'"' | b'\'' | b')'] => inner,
                word => word,
            };
            word.rsplit(|&byte| byte == b'/').next()
        })
    };
    let has = |sought: &[u8]| words().any(|word| word == sought);
    let has_option = |sought: &[u8]| match sought {
        [b'-', letter] if letter.is_ascii_alphabetic() => words().any(|word| {
            matches!(word, [b'-', letters @ ..] if letters.contains(letter)
                && letters.iter().all(u8::is_ascii_alphabetic))
        }),
        _ => has(sought),
    };
    let reader = READERS.iter().find(|(word, _)| has(word));
    let is_program = || {
        let mut programs = OF_PROGRAMS.iter();
        programs.any(|(program, option)| has_option(option) && has(program))
    };
    match reader {
        Some((_, holds)) => Some(*holds),
        None => is_program().then_some(Holds::Password),
    }
}

/// What divides a script, outside of quotes, and what is in them.
enum Sign {
    At(usize),
    Quoted(Range<usize>),
}

struct Signs<'t> {
    text: &'t [u8],
    at: usize,
    /// The quotes that are not closed any more, by their marks and backslashes.
    unclosed: u32,
}

impl<'t> Signs<'t> {
    fn new(text: &'t [u8], at: usize) -> Self {
        Self {
            text,
            at,
            unclosed: 0,
        }
    }

    fn next(&mut self) -> Option<Sign> {
        let text = self.text;
        while let Some(&byte) = text.get(self.at) {
            let at = self.at;
            self.at += 1;
            match byte {
                b'\'' | b'"' | b'\\' => {
                    let is_mark = |quote: &Quote| text[at + quote.len() - 1] != b'`';
                    let Some(quote) = Quote::at(text, at).filter(is_mark) else {
                        // What it escapes is no sign.
                        self.at += 1;
                        continue;
                    };
                    let open = at + quote.len();
                    self.at = open;
                    let bit = 1 << (quote.len() * 2 + usize::from(text[open - 1] == b'"'));
                    if self.unclosed & bit != 0 {
                        continue;
                    }
                    match quote.close(text, open) {
                        Some(close) => {
                            self.at = (close + quote.len()).min(text.len());
                            return Some(Sign::Quoted(open..close));
                        }
                        None => self.unclosed |= bit,
                    }
                }
                b'{' if !text.get(self.at).is_none_or(|&next| is_blank(next)) => {}
                b'}' if at > 0 && !is_blank(text[at - 1]) && text[at - 1] != b';' => {}
                b'<' if !text[at..].starts_with(HERE) => {}
                // The others of `<<<`, and `2>&1`.
                b'<' => {
                    self.at = at + HERE.len();
                    return Some(Sign::At(at));
                }
                b'&' if text[..at].ends_with(b">") => {}
                b'|' | b';' | b'&' | b'\n' | b'(' | b')' | b'{' | b'}' => {
                    return Some(Sign::At(at));
                }
                _ => {}
            }
        }
        None
    }
}
