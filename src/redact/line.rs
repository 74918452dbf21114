//! A command line as a list of arguments: what one says of the next.

use std::borrow::Cow;

use super::options::List;
use super::pattern::Pattern;
use super::programs::Programs;
use super::text::{self, Kind};
use super::values::Holds;
use super::{MARK, Spans, assignments, names, options, shapes, urls};

/// What one pass over a command line came to.
pub(super) enum Outcome {
    /// Nothing was hidden in the first `len` bytes, which are as many as were asked for.
    Unchanged {
        len: usize,
    },
    Hidden(Vec<u8>),
}

/// Hides the secrets of a command line, as far as the argument that takes the output over `limit`.
pub(super) fn hide(line: &[u8], patterns: &[Pattern], limit: usize) -> Outcome {
    let mut walk = Walk::new(line);
    let mut output: Option<Vec<u8>> = None;
    let mut start = 0;
    while start < line.len() {
        let len = line[start..].iter().position(|&byte| byte == 0);
        let end = len.map_or(line.len(), |len| start + len);
        let argument = &line[start..end];
        let after = line.len().min(end + 1);
        walk.argument(argument, after == line.len());
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

/// Hides each argument whole.
pub(super) fn hide_all(line: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    for argument in line.split_inclusive(|&byte| byte == 0) {
        let text = argument.strip_suffix(b"\0").unwrap_or(argument);
        if !text.is_empty() {
            output.extend_from_slice(MARK.as_bytes());
        }
        output.extend_from_slice(&argument[text.len()..]);
    }
    output
}

/// The program alone, without what it was told: the first argument, up to its first blank, since
/// a process may have written all into it. The blanks of a path on Windows are the path's.
pub(super) fn program(line: &[u8]) -> Cow<'_, [u8]> {
    let end = line
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(line.len());
    let first = &line[..end];
    let len = match first {
        [drive, b':', b'\\', ..] if drive.is_ascii_alphabetic() => windows_path(first),
        [b'"', path @ ..] => match path.iter().position(|&byte| byte == b'"') {
            Some(len) => len + 2,
            None => first_blank(first),
        },
        _ => first_blank(first),
    };
    if len == end {
        return Cow::Borrowed(&line[..line.len().min(end + 1)]);
    }
    let mut program = first[..len].to_vec();
    program.extend_from_slice(line.get(end..=end).unwrap_or_default());
    Cow::Owned(program)
}

fn first_blank(text: &[u8]) -> usize {
    text.iter()
        .position(|&byte| text::is_blank(byte))
        .unwrap_or(text.len())
}

/// Up to the file's ending; up to the first blank, if it has none that is known.
fn windows_path(text: &[u8]) -> usize {
    const ENDINGS: [&[u8]; 4] = [b".exe", b".cmd", b".bat", b".com"];
    let ending = (4..=text.len()).find(|&end| {
        let is_known = || {
            ENDINGS
                .iter()
                .any(|known| text[end - 4..end].eq_ignore_ascii_case(known))
        };
        text.get(end).is_none_or(|&byte| text::is_blank(byte)) && is_known()
    });
    ending.unwrap_or_else(|| first_blank(text))
}

struct Walk<'l> {
    list: List<'l>,
    programs: Programs,
    /// What the next argument holds, because the last one said so.
    next: Option<Holds>,
    /// The next argument is a script if the program is a shell.
    is_script_next: bool,
    /// `set`: the next argument is a name, and the one after it what is set.
    is_name_next: bool,
    /// What is looked for or at: a bare word is its name.
    is_lookup: bool,
    /// The next argument may be the value of an option.
    is_value: bool,
    /// How many arguments there were.
    seen: usize,
    /// What is hidden of the argument at hand.
    spans: Spans,
}

impl<'l> Walk<'l> {
    fn new(line: &'l [u8]) -> Self {
        Self {
            list: List::new(line),
            programs: Programs::default(),
            next: None,
            is_script_next: false,
            is_name_next: false,
            is_lookup: false,
            is_value: false,
            seen: 0,
            spans: Vec::new(),
        }
    }

    fn argument(&mut self, argument: &[u8], is_last: bool) {
        self.spans.clear();
        let kind = match self.seen {
            0 => Kind::First,
            _ if self.is_script_next && self.programs.are_shell() => Kind::Script,
            _ => Kind::Plain,
        };
        self.seen += 1;
        self.is_script_next = is_command_option(argument);
        if let Some(holds) = self.next.take()
            && !text::is_option(argument)
        {
            let is_scheme = ["bearer", "basic", "token"]
                .iter()
                .any(|scheme| argument.eq_ignore_ascii_case(scheme.as_bytes()));
            if is_scheme || argument == b"--" {
                self.next = Some(holds);
                return;
            }
            if text::hide_all(argument, 0, holds, &mut self.spans) {
                urls::hide(argument, &mut self.spans);
                shapes::hide(argument, &mut self.spans);
                return;
            }
            if argument.is_empty() {
                return;
            }
        }
        if is_last && self.programs.is_htpasswd() && kind == Kind::Plain {
            let holds = if argument.starts_with(b"-") {
                Holds::Long
            } else {
                Holds::Pass
            };
            text::hide_all(argument, 0, holds, &mut self.spans);
        }
        let signs = Signs::of(argument);
        self.next = self.options(argument, kind, signs);
        if self.is_name_next && argument == b"--secret" {
            // A switch of what is to be set.
            self.next = None;
        } else if self.is_name_next && self.next.is_none() {
            self.next = names::judge(argument);
        }
        self.is_name_next = argument.eq_ignore_ascii_case(b"set")
            || self.is_name_next && argument.starts_with(b"-");
        self.is_lookup |= names::is_lookup(argument);
        if self.next.is_none() && kind == Kind::Plain && !self.is_lookup && !self.is_value {
            self.next = names::judge_bare(argument);
        }
        self.is_value = text::is_option(argument) && !signs.has_assignment;
        if signs.has_assignment {
            assignments::hide(argument, kind, &mut self.spans);
            // --header, Authorization:, and what it is comes next.
            if self.next.is_none() && argument.ends_with(b":") {
                self.next = header(argument);
            }
        }
        if signs.has_at {
            urls::hide(argument, &mut self.spans);
        }
        shapes::hide(argument, &mut self.spans);
    }

    fn options(&mut self, argument: &[u8], kind: Kind, signs: Signs) -> Option<Holds> {
        if argument.eq_ignore_ascii_case(b"bearer") {
            return Some(Holds::Password);
        }
        // A text that is no option has programs of its own, if any.
        let mut own = match argument.first() {
            Some(b'-' | b'/') => self.programs,
            _ => Programs::default(),
        };
        let programs = match kind == Kind::First || !signs.has_blank {
            true => &mut self.programs,
            false => &mut own,
        };
        let next = options::hide(argument, kind, programs, &mut self.list, &mut self.spans);
        if kind == Kind::First && signs.has_blank {
            // A folder's name may hold blanks.
            self.programs.see(argument);
        }
        next
    }
}

/// What an argument has in it, which says what to look for.
#[derive(Clone, Copy)]
struct Signs {
    has_blank: bool,
    has_assignment: bool,
    has_at: bool,
}

impl Signs {
    fn of(argument: &[u8]) -> Self {
        const BLANK: u8 = 1;
        const ASSIGNMENT: u8 = 2;
        const AT: u8 = 4;
        const TABLE: [u8; 256] = {
            let mut table = [0; 256];
            table[b' ' as usize] = BLANK;
            table[b'\t' as usize] = BLANK;
            table[b'\n' as usize] = BLANK;
            table[b'\r' as usize] = BLANK;
            table[b'=' as usize] = ASSIGNMENT;
            table[b':' as usize] = ASSIGNMENT;
            table[b'@' as usize] = AT;
            table
        };
        let signs = argument
            .iter()
            .fold(0, |signs, &byte| signs | TABLE[usize::from(byte)]);
        Self {
            has_blank: signs & BLANK != 0,
            has_assignment: signs & ASSIGNMENT != 0,
            has_at: signs & AT != 0,
        }
    }
}

/// `-c`, `-lc`: as shells have it.
fn is_command_option(argument: &[u8]) -> bool {
    argument.len() <= 5 && argument.starts_with(b"-") && argument.ends_with(b"c")
}

/// `X-Auth-Key:`, `password:`, and the value is the next argument.
fn header(argument: &[u8]) -> Option<Holds> {
    let name = argument.strip_suffix(b":")?;
    let is_name = name.iter().all(|&byte| text::is_name_byte(byte));
    let is_header = name.contains(&b'-');
    let holds = names::judge(text::trim_dashes(name)).filter(|_| is_name)?;
    (holds == Holds::Password || is_header && holds == Holds::Token).then_some(holds)
}

/// Brings the spans into order, apart from each other, and out of what is hidden already. Whether
/// any is left.
fn settle(argument: &[u8], spans: &mut Spans) -> bool {
    if spans.is_empty() {
        return false;
    }
    spans.retain(|span| !span.is_empty());
    spans.sort_unstable_by_key(|span| span.start);
    merge(spans);
    let marks = marks(argument);
    let mut marks = &marks[..];
    spans.retain_mut(|span| {
        let over = marks
            .iter()
            .take_while(|mark| mark.end <= span.start)
            .count();
        marks = &marks[over..];
        let count = marks
            .iter()
            .take_while(|mark| mark.start < span.end)
            .count();
        let (Some(first), Some(last)) = (marks[..count].first(), marks[..count].last()) else {
            return true;
        };
        let is_hidden = first.start <= span.start && span.end <= first.end;
        // What touches a mark takes it along, so that no half of one is left.
        span.start = span.start.min(first.start);
        span.end = span.end.max(last.end);
        !is_hidden
    });
    merge(spans);
    !spans.is_empty()
}

/// One span of those that overlap or touch, in order.
fn merge(spans: &mut Spans) {
    spans.dedup_by(|next, span| {
        let is_part = next.start <= span.end;
        if is_part {
            span.end = span.end.max(next.end);
        }
        is_part
    });
}

fn marks(text: &[u8]) -> Spans {
    let mut marks = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].iter().position(|&byte| byte == b'[') {
        at += found;
        match text[at..].starts_with(MARK.as_bytes()) {
            true => {
                marks.push(at..at + MARK.len());
                at += MARK.len();
            }
            false => at += 1,
        }
    }
    marks
}

fn replace(text: &[u8], spans: &Spans, output: &mut Vec<u8>) {
    let mut at = 0;
    for span in spans {
        output.extend_from_slice(&text[at..span.start]);
        output.extend_from_slice(MARK.as_bytes());
        at = span.end;
    }
    output.extend_from_slice(&text[at..]);
}
