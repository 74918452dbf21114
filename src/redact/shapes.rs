//! Secrets that are known by what they look like, wherever they stand.

use std::ops::Range;
use std::sync::OnceLock;

use super::bytes::{is_name_byte, is_token_byte, run};
use super::formats::{
    TELLING_JSON, after_scheme, in_statement, json_web_token, private_key, starts_with,
};
use super::spans::MARK;
use super::spans::Spans;

/// What begins in a way that is known.
struct Shape {
    start: &'static [u8],
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// At least so many bytes of an alphabet, maybe with a digit among them.
    Token(usize, fn(u8) -> bool, bool),
    /// A hash; so many of its bytes have no `$` between them: a script's arguments look like `$5$6`.
    Hash(usize),
    /// The rest of a path.
    Path,
    /// The next part of it.
    Segment,
    /// The part after that.
    Skip,
    /// The next part, if it looks like a token.
    Like,
    /// What stands before an `@`.
    User,
}

/// How others begin, in small letters and in capitals.
const OTHERS: [&[u8]; 16] = [
    b"---", b"eyJ", b"bea", b"Bea", b"BEA", b"bas", b"Bas", b"BAS", b"ide", b"Ide", b"IDE", b"pas",
    b"Pas", b"PAS", b"con", b"Con",
];

/// How all begin that have a form.
pub(super) fn starts() -> impl Iterator<Item = &'static [u8]> {
    let known = Shapes::get().list.iter().map(|shape| shape.start);
    known.chain(OTHERS)
}

/// Whether something with a form may begin here.
pub(super) fn may_start(text: &[u8]) -> bool {
    const LONGER: [&[u8]; 6] = [
        b"-----begin",
        b"eyj",
        b"bearer ",
        b"basic ",
        b"identified ",
        b"convertto-",
    ];
    let shapes = Shapes::get();
    text.len() > 1
        && shapes.is_start(text)
        && (matches!(text[0] | 0x20, b'-' | b'e' | b'b' | b'i' | b'c')
            && LONGER.iter().any(|start| starts_with(text, start))
            || shapes.known(text).next().is_some())
}

/// All shapes, and the pairs of bytes that one of them begins with: what goes by each word has to be quick.
struct Shapes {
    /// In order of the alphabet.
    list: Vec<Shape>,
    /// Where those with the same first byte begin.
    firsts: Box<[u16; 257]>,
    pairs: Box<[u64; 1024]>,
}

impl Shapes {
    fn get() -> &'static Self {
        static SHAPES: OnceLock<Shapes> = OnceLock::new();
        SHAPES.get_or_init(Self::read)
    }

    fn read() -> Self {
        let mut list = Vec::new();
        for line in include_str!("shapes.txt").lines() {
            let mut words = line.split_whitespace().peekable();
            let kind = match words.next() {
                Some("url") => {
                    let kind = match words.peek() {
                        Some(&"segment") => Kind::Segment,
                        Some(&"skip") => Kind::Skip,
                        Some(&"like") => Kind::Like,
                        Some(&"user") => Kind::User,
                        _ => Kind::Path,
                    };
                    if !matches!(kind, Kind::Path) {
                        words.next();
                    }
                    kind
                }
                Some(kind @ ("token" | "any" | "plain" | "capitals" | "hash")) => {
                    let min = words
                        .next()
                        .and_then(|min| min.parse().ok())
                        .expect("BUG: a shape without a length");
                    match kind {
                        "hash" => Kind::Hash(min),
                        "token" => Kind::Token(min, is_token_byte, true),
                        "any" => Kind::Token(min, is_token_byte, false),
                        "plain" => Kind::Token(min, |byte| byte.is_ascii_alphanumeric(), true),
                        _ => Kind::Token(
                            min,
                            |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit(),
                            false,
                        ),
                    }
                }
                _ => continue,
            };
            list.extend(words.map(|start| Shape {
                start: start.as_bytes(),
                kind,
            }));
        }
        list.sort_by_key(|shape| shape.start);
        let mut firsts = Box::new([0; 257]);
        for first in 0..=256 {
            let len = list.partition_point(|shape| usize::from(shape.start[0]) < first);
            firsts[first] = u16::try_from(len).expect("BUG: too many shapes");
        }
        let mut pairs = Box::new([0; 1024]);
        for start in list.iter().map(|shape| shape.start).chain(OTHERS) {
            let at = usize::from(start[0]) << 8 | usize::from(start[1]);
            pairs[at / 64] |= 1 << (at % 64);
        }
        Self {
            list,
            firsts,
            pairs,
        }
    }

    fn is_start(&self, pair: &[u8]) -> bool {
        let at = usize::from(pair[0]) << 8 | usize::from(pair[1]);
        self.pairs[at / 64] & 1 << (at % 64) != 0
    }

    fn known<'t>(
        &'static self,
        text: &'t [u8],
    ) -> impl Iterator<Item = (&'static Shape, &'t [u8])> {
        let first = text.first().copied().map_or(0, usize::from);
        let alike =
            &self.list[usize::from(self.firsts[first])..usize::from(self.firsts[first + 1])];
        let second = text.get(1).copied();
        let alike = alike
            .iter()
            .filter(move |shape| second == Some(shape.start[1]));
        alike.filter_map(move |shape| Some((shape, text.strip_prefix(shape.start)?)))
    }
}

/// Hides every secret in `text` that looks like one.
pub(super) fn hide(text: &[u8], spans: &mut Spans) {
    let shapes = Shapes::get();
    // Where the last one found ends.
    let mut from = 0;
    let mut is_boundary = true;
    for (at, pair) in text.windows(2).enumerate() {
        if (is_boundary || !is_word_byte(pair[0]))
            && shapes.is_start(pair)
            && at >= from
            && let Some(secret) = secret_at(text, at)
        {
            from = secret.end;
            spans.push(secret.start..secret.end);
        }
        is_boundary = !is_word_byte(pair[0]);
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn secret_at(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    let moved = |secret: Range<usize>| at + secret.start..at + secret.end;
    match rest[0] {
        b'-' => private_key(rest).map(|start| at + start..text.len()),
        b'B' | b'b' if after_scheme(rest).is_some() => {
            after_scheme(rest).map(|(start, end)| at + start..at + end)
        }
        b'e' if json_web_token(rest).is_some() => json_web_token(rest).map(|len| at..at + len),
        _ => known_token(rest)
            .map(|len| at..at + len)
            .or_else(|| in_path(rest).map(moved))
            .or_else(|| {
                // An option has its value by other rules, by which what a shell fills in stays.
                let secret = (!is_in_option(text, at))
                    .then(|| in_statement(rest))
                    .flatten();
                secret.map(|(start, end)| at + start..at + end)
            }),
    }
}

/// Whether the word in which something begins is an option. Names are no longer than what is looked at.
fn is_in_option(text: &[u8], at: usize) -> bool {
    const LONGEST: usize = 64;
    let is_name = |byte: &&u8| is_name_byte(**byte);
    let before = text[..at].iter().rev().take(LONGEST);
    let len = before.take_while(is_name).count();
    text[at - len..at].starts_with(b"-")
}

/// Whether something is a token is said by so many bytes of it, so that text that goes on and on
/// like one is not read to its end from each of its letters.
const TELLING: usize = 128;

fn known_token(text: &[u8]) -> Option<usize> {
    Shapes::get().known(text).find_map(|(shape, rest)| {
        let begin = &rest[..rest.len().min(TELLING)];
        let (alphabet, min) = match shape.kind {
            Kind::Token(min, alphabet, _) => (alphabet, min),
            Kind::Hash(_) => (is_hash_byte as fn(u8) -> bool, 20),
            _ => return None,
        };
        let found = &begin[..run(begin, alphabet)];
        let is_token = match shape.kind {
            Kind::Hash(min) => {
                found.iter().any(u8::is_ascii_digit)
                    && found
                        .split(|&byte| byte == b'$')
                        .any(|part| part.len() >= min)
            }
            Kind::Token(_, _, true) => found.iter().any(u8::is_ascii_digit),
            _ => true,
        };
        (found.len() >= min && is_token).then(|| shape.start.len() + run(rest, alphabet))
    })
}

fn is_hash_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"./$=,+".contains(&byte)
}

/// Whether all of it can be the beginning of a token that is known.
pub(super) fn may_begin(text: &[u8]) -> bool {
    Shapes::get()
        .known(text)
        .any(|(shape, rest)| match shape.kind {
            Kind::Token(_, alphabet, has_digit) => {
                run(rest, alphabet) == rest.len()
                    && (!has_digit || rest.iter().any(u8::is_ascii_digit))
            }
            _ => false,
        })
}

/// Of a URL with a token in its path: where that begins and ends.
fn in_path(text: &[u8]) -> Option<Range<usize>> {
    Shapes::get().known(text).find_map(|(shape, rest)| {
        let start = shape.start.len();
        let is_end = |byte: u8| byte.is_ascii_whitespace() || b"\"'`<>|;,".contains(&byte);
        let path = &rest[..rest
            .iter()
            .take(TELLING_JSON)
            .position(|&byte| is_end(byte) || matches!(byte, b'?' | b'#'))
            .unwrap_or(rest.len().min(TELLING_JSON))];
        let segment = path
            .iter()
            .position(|&byte| byte == b'/')
            .unwrap_or(path.len());
        let secret = match shape.kind {
            Kind::Path => 0..path.len(),
            Kind::Segment => 0..segment,
            Kind::Skip => segment + 1..path.len(),
            Kind::Like if is_token_like(&path[..segment]) => 0..segment,
            Kind::User => 0..path.iter().position(|&byte| byte == b'@')?,
            _ => return None,
        };
        (secret.start < secret.end && &path[secret.clone()] != MARK.as_bytes())
            .then(|| start + secret.start..start + secret.end)
    })
}

/// Whether it is base64, and no word or path.
pub(super) fn is_base64_like(text: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    text.len() >= 8 && text.iter().all(is_digit) && (text.ends_with(b"=") || text.contains(&b'+'))
}

/// Whether this alone, without a name, is more likely a token than a word.
pub(super) fn is_token_like(text: &[u8]) -> bool {
    let is_known = || {
        let len = known_token(text).or_else(|| json_web_token(text));
        len == Some(text.len())
    };
    is_known()
        || text.len() >= 16
            && text.iter().any(u8::is_ascii_digit)
            && text.iter().any(u8::is_ascii_alphabetic)
            && text.iter().all(|&byte| is_token_byte(byte))
}
