//! Secrets that a script writes into a pipe: `echo x | sudo -S id`.

use super::text::{blanks, is_blank, is_placeholder, word_end};
use super::values::Holds;
use super::{Spans, quotes};

/// What reads a secret from its input if this is one of its words, and what it reads.
const READERS: &[(&[u8], Holds)] = &[
    (b"chpasswd", Holds::Login),
    (b"--password-stdin", Holds::Password),
    (b"--passwd-on-stdin", Holds::Password),
    (b"--pass-stdin", Holds::Password),
    (b"--pw-stdin", Holds::Password),
    (b"--with-token", Holds::Password),
    (b"-S", Holds::Password),
    (b"--stdin", Holds::Password),
];

/// Two of those are also other programs' options.
const NEEDED: &[(&[u8], &[u8])] = &[(b"-S", b"sudo"), (b"--stdin", b"passwd")];

/// Hides what `echo` and `printf` write to such a reader.
pub(super) fn hide(text: &[u8], spans: &mut Spans) {
    // Where the command begins that a pipe may end.
    let mut start = 0;
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'|' if text.get(at + 1) != Some(&b'|') && !text[..at].ends_with(b"|") => {
                if let Some(value) = written(text, start, at)
                    && let Some(holds) = read_by(&text[at + 1..])
                    && let Some(secret) = holds.secret_in(&text[value.clone()])
                    && !is_placeholder(&text[value.start + secret.start..])
                {
                    spans.push(value.start + secret.start..value.start + secret.end);
                }
                start = at + 1;
            }
            b'|' | b';' | b'&' | b'\n' | b'(' | b'{' => start = at + 1,
            _ => {}
        }
    }
}

/// Where what the command from `start` to `end` writes is.
fn written(text: &[u8], start: usize, end: usize) -> Option<std::ops::Range<usize>> {
    let text = &text[..end];
    let mut at = start + blanks(&text[start..]);
    let program = word_end(text, at);
    if !matches!(&text[at..program], b"echo" | b"printf") {
        return None;
    }
    at = program + blanks(&text[program..]);
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
    (!value.is_empty()).then_some(value)
}

/// What the command that begins here reads, if that is a secret.
fn read_by(text: &[u8]) -> Option<Holds> {
    let is_end = |byte: &u8| matches!(byte, b'|' | b';' | b'&' | b'\n');
    let len = text.iter().position(is_end).unwrap_or(text.len());
    let has = |sought: &[u8]| {
        text[..len]
            .split(|&byte| is_blank(byte))
            .any(|word| word.rsplit(|&byte| byte == b'/').next() == Some(sought))
    };
    let reader = READERS.iter().find(|(word, _)| {
        let mut needed = NEEDED.iter().filter(|(option, _)| option == word);
        has(word) && needed.all(|(_, program)| has(program))
    })?;
    Some(reader.1)
}
