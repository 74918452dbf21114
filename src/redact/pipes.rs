//! What a script writes into a program that reads a secret: `echo x | sudo -S id`, `sudo -S id <<< x`.

use std::ops::Range;

use super::text::{is_blank, is_redirection, run, script_word};
use super::values::Holds;

/// The input of the command at hand.
#[derive(Default)]
pub(super) struct Pipe {
    /// The words of echo(1), and where they end.
    written: Option<(Range<usize>, usize)>,
    /// What the command reads.
    read: Option<Range<usize>>,
    /// Where the last echo(1) ended, so that no text is read twice.
    seen: usize,
    /// What that holds, if it is a secret.
    holds: Option<Holds>,
}

impl Pipe {
    /// Takes one of a shell's `|`, `;`, `&`, which ends a command.
    pub(super) fn end_command(&mut self, text: &[u8], at: usize) {
        if text[..at].ends_with(b"|") && text[at] == b'&' {
            return;
        }
        self.holds = None;
        let is_pipe = text[at] == b'|' && !text[at..].starts_with(b"||");
        self.read = match &self.written {
            Some((_, end)) if at < *end => return,
            Some((line, _)) if is_pipe => Some(line.clone()),
            _ => None,
        };
        self.written = None;
    }

    /// Takes the words that echo(1) or printf(1) writes, without options and formats.
    pub(super) fn write(&mut self, text: &[u8], start: usize) {
        if start < self.seen {
            return;
        }
        let mut at = start;
        let mut line: Option<Range<usize>> = None;
        loop {
            at += run(&text[at..], |byte| matches!(byte, b' ' | b'\t'));
            if text.get(at).is_none_or(|&byte| is_redirection(byte)) {
                self.written = line.map(|line| (line, at));
                self.seen = at;
                return;
            }
            let (inner, end) = script_word(text, at);
            let first = &text[inner.clone()];
            let is_beside = first.starts_with(b"-") && first.len() < 4 || first.contains(&b'%');
            if line.is_some() || !is_beside {
                line = Some(line.map_or(inner.start, |line| line.start)..inner.end);
            }
            at = end.max(at + 1);
        }
    }

    /// Takes the word after `<<<`, and returns where it ends.
    pub(super) fn read_here(&mut self, text: &[u8], start: usize) -> usize {
        let (inner, end) = script_word(text, start + run(&text[start..], is_blank));
        self.read = Some(inner);
        end.max(start)
    }

    /// Takes what the command reads, and returns the input if that is a secret.
    pub(super) fn input(&mut self, reads: Option<Holds>) -> Option<(Holds, Range<usize>)> {
        self.holds = self.holds.take().or(reads);
        let holds = self.holds.clone()?;
        Some((holds, self.read.take()?))
    }
}
