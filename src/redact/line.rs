//! A command line as a list of arguments: what one says of the next.

use super::bytes::is_name_byte;
use super::mark::MARK;
use super::options::List;
use super::pattern::Pattern;
use super::places::Places;
use super::programs::Programs;
use super::spans::{Spans, replace, settle};
use super::text::{self, Kind};
use super::values::Holds;
use super::{assignments, names, options, piped, shapes, urls};

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

/// Hides what the user's patterns match in one text, and nothing else.
pub(super) fn hide_patterns(text: &[u8], patterns: &[Pattern]) -> Outcome {
    let mut spans = Spans::new();
    for pattern in patterns {
        pattern.hide(text, &mut spans);
    }
    if !settle(text, &mut spans) {
        return Outcome::Unchanged { len: text.len() };
    }
    let mut output = Vec::new();
    replace(text, &spans, &mut output);
    Outcome::Hidden(output)
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

struct Walk<'l> {
    list: List<'l>,
    programs: Programs,
    /// What the next argument holds, because the last one said so.
    next: Option<Holds>,
    /// It was a bare word that said so: what looks like an option is none of its values.
    is_after_bare: bool,
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
            is_after_bare: false,
            is_script_next: false,
            is_name_next: false,
            is_lookup: false,
            is_installer: false,
            is_value: false,
            seen: 0,
            spans: Vec::new(),
        }
    }

    fn argument(&mut self, argument: &[u8]) {
        self.spans.clear();
        let kind = match self.seen {
            0 => Kind::First,
            _ if self.is_script_next && self.programs.are_shell() => Kind::Script,
            _ => Kind::Plain,
        };
        self.seen += 1;
        self.is_script_next = is_command_option(argument);
        let is_option = match std::mem::take(&mut self.is_after_bare) {
            true => text::starts_option(argument),
            false => text::is_option(argument),
        };
        if kind == Kind::Plain
            && let Some(secret) = self.programs.places.word(argument)
        {
            let is_whole = secret == (0..argument.len());
            self.spans.push(secret);
            if is_whole {
                self.next = None;
                return;
            }
        }
        if let Some(holds) = self.next.take()
            && !is_option
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
        self.is_lookup |= names::is_lookup(argument) || self.is_installer && argument == b"install";
        self.is_installer |= names::is_installer(argument);
        if self.next.is_none() && kind == Kind::Plain && !self.is_lookup && !self.is_value {
            self.next = names::judge_bare(argument);
            self.is_after_bare = self.next.is_some();
        }
        self.is_value = text::is_option(argument) && !signs.has_assignment;
        if signs.has_assignment {
            assignments::hide(argument, kind, &mut self.spans);
            // --header, Authorization:, and what it is comes next.
            if self.next.is_none() && argument.ends_with(b":") {
                self.next = header(argument);
            }
        }
        if signs.has_input && signs.has_blank {
            piped::hide(argument, &mut self.spans);
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
            Some(b'-' | b'/') => self.programs.without_places(),
            _ => Programs::default(),
        };
        let programs = match kind == Kind::First || !signs.has_blank {
            true => &mut self.programs,
            false => &mut own,
        };
        let next = options::hide(argument, kind, programs, &mut self.list, &mut self.spans);
        if kind == Kind::First && signs.has_blank {
            // A folder's name may hold blanks.
            self.programs.places = Places::default();
            self.programs.places.word(argument);
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
    /// A pipe, or `<`.
    has_input: bool,
}

impl Signs {
    fn of(argument: &[u8]) -> Self {
        const BLANK: u8 = 1;
        const ASSIGNMENT: u8 = 2;
        const AT: u8 = 4;
        const INPUT: u8 = 8;
        const TABLE: [u8; 256] = {
            let mut table = [0; 256];
            table[b' ' as usize] = BLANK;
            table[b'\t' as usize] = BLANK;
            table[b'\n' as usize] = BLANK;
            table[b'\r' as usize] = BLANK;
            table[b'=' as usize] = ASSIGNMENT;
            table[b':' as usize] = ASSIGNMENT;
            table[b'@' as usize] = AT;
            table[b'|' as usize] = INPUT;
            table[b'<' as usize] = INPUT;
            table
        };
        let signs = argument
            .iter()
            .fold(0, |signs, &byte| signs | TABLE[usize::from(byte)]);
        Self {
            has_blank: signs & BLANK != 0,
            has_assignment: signs & ASSIGNMENT != 0,
            has_at: signs & AT != 0,
            has_input: signs & INPUT != 0,
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
    let is_name = name.iter().all(|&byte| is_name_byte(byte));
    let is_header = name.contains(&b'-');
    let holds = names::judge(text::trim_dashes(name)).filter(|_| is_name)?;
    (holds == Holds::Password || is_header && holds == Holds::Token).then_some(holds)
}
