//! A first look at a command line: whether there can be a secret in it at all.

use std::sync::OnceLock;

use super::rule_table::Tables;
use super::{names, shapes};

/// Three bytes that a secret or its name can begin with, five bits of each: a bit for each three.
type Grams = [u64; 512];

/// What else a secret can begin with, and is neither a name nor a shape.
const OTHERS: [&[u8]; 12] = [
    b"-user",
    b"-p ",
    b"-p\0",
    b"-p=",
    b"sig=",
    b"Sig=",
    b"ignature=",
    b"(\"",
    b"('",
    b"(\\",
    b"<<<",
    b"send ",
];

fn grams() -> &'static Grams {
    static GRAMS: OnceLock<Box<Grams>> = OnceLock::new();
    GRAMS.get_or_init(|| {
        let mut grams = Box::new([0; 512]);
        let stems = names::STEMS.iter().copied();
        for start in stems.chain(OTHERS).chain(shapes::starts()) {
            let thirds = start
                .get(2)
                .map_or(0..32, |&third| third & 31..(third & 31) + 1);
            for third in thirds {
                let gram = [start[0], start[1], third].iter().fold(0, next_gram);
                grams[gram / 64] |= 1 << (gram % 64);
            }
        }
        grams
    })
}

fn next_gram(gram: usize, byte: &u8) -> usize {
    (gram << 5 | usize::from(byte & 31)) & 0x7fff
}

const END: u8 = 1;
const SLASH: u8 = 2;
const COLON: u8 = 4;
const AT: u8 = 8;
const PIPE: u8 = 16;

/// What a byte is: where a word may end, that of a script too, or what a secret may be about.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let ends = b"\0 \t\n\r;&()`\"'={";
    let mut at = 0;
    while at < ends.len() {
        classes[ends[at] as usize] = END;
        at += 1;
    }
    classes[b'/' as usize] = SLASH;
    classes[b'\\' as usize] = SLASH;
    classes[b':' as usize] = COLON;
    classes[b'@' as usize] = AT;
    classes[b'|' as usize] = PIPE;
    classes
};

/// Whether a secret can be in a command line. The line is read once; most end here.
pub(super) fn may_have_secret(line: &[u8], tables: Tables<'_>) -> bool {
    let grams = grams();
    let mut gram = 0;
    let mut has_colon = false;
    // Where a word begins, and the name in it after the last slash.
    let mut start = 0;
    let mut base = 0;
    for (at, &byte) in line.iter().enumerate() {
        match CLASSES[usize::from(byte)] {
            0 => {}
            SLASH => base = at + 1,
            COLON => has_colon = true,
            AT if has_colon => return true,
            PIPE => return true,
            END => {
                if (line[start] != b'-' || base > start) && tables.may_redact(&line[base..at]) {
                    return true;
                }
                start = at + 1;
                base = start;
            }
            _ => {}
        }
        gram = next_gram(gram, &byte);
        if grams[gram / 64] & 1 << (gram % 64) != 0 && at > 1 && is_telling(line, at - 2) {
            return true;
        }
    }
    if line.len() > 1 && is_telling(line, line.len() - 2) {
        return true;
    }
    start < line.len() && (line[start] != b'-' || base > start) && tables.may_redact(&line[base..])
}

/// Whether a secret or its name may begin at `at`.
fn is_telling(line: &[u8], at: usize) -> bool {
    let rest = &line[at..];
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_boundary = || at == 0 || !is_word(line[at - 1]) || !is_word(rest[0]);
    names::starts_with_stem(rest)
        || shapes::may_start(rest) && is_boundary()
        || OTHERS.iter().any(|other| rest.starts_with(other))
}
