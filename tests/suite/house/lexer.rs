//! Splits Rust source into tokens: names and signs, without comments, with what attributes quote.

/// A token, as far as a reader of imports needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name or a keyword.
    Name(String),
    /// `::`.
    Path,
    /// The text of a string.
    Text(String),
    /// Any other character.
    Sign(char),
}

/// The tokens of a source. Numbers, characters and lifetimes are left out.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        rest: source,
        tokens: Vec::new(),
    };
    while !lexer.rest.is_empty() {
        lexer.next();
    }
    lexer.tokens
}

struct Lexer<'s> {
    rest: &'s str,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn next(&mut self) {
        let rest = self.rest;
        let first = rest.chars().next().expect("there is a rest");
        match first {
            '/' if rest.starts_with("//") => self.skip(rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => self.skip(comment_len(rest)),
            ':' if rest.starts_with("::") => {
                self.tokens.push(Token::Path);
                self.skip(2);
            }
            '"' => self.text(),
            '\'' => self.skip(quote_len(rest)),
            '0'..='9' => self.skip(name_len(rest)),
            'b' | 'c' | 'r' if text_prefix(rest).is_some() => {
                let (prefix, hashes) = text_prefix(rest).expect("it was looked at");
                self.skip(prefix);
                match hashes {
                    Some(hashes) => self.raw_text(hashes),
                    None => self.text(),
                }
            }
            'b' if rest.starts_with("b'") => self.skip(1 + quote_len(&rest[1..])),
            'r' if rest.starts_with("r#") => self.skip(2),
            _ if is_name(first) => {
                let len = name_len(rest);
                self.tokens.push(Token::Name(rest[..len].into()));
                self.skip(len);
            }
            _ => {
                if !first.is_whitespace() {
                    self.tokens.push(Token::Sign(first));
                }
                self.skip(first.len_utf8());
            }
        }
    }

    fn skip(&mut self, len: usize) {
        self.rest = &self.rest[len..];
    }

    /// A text in quotes, with escapes.
    fn text(&mut self) {
        let bytes = self.rest.as_bytes();
        let mut end = 1;
        while end < bytes.len() && bytes[end] != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let end = end.min(bytes.len());
        self.tokens.push(Token::Text(self.rest[1..end].into()));
        self.skip((end + 1).min(bytes.len()));
    }

    /// A raw text, from its first quote on.
    fn raw_text(&mut self, hashes: usize) {
        let close = format!("\"{}", "#".repeat(hashes));
        let len = self.rest[1..].find(&close).expect("a raw text ends");
        self.tokens.push(Token::Text(self.rest[1..1 + len].into()));
        self.skip(1 + len + close.len());
    }
}

/// How long the prefix of a text is, and how many `#` a raw one has: `b"`, `c"`, `r"`, `br##"`.
fn text_prefix(rest: &str) -> Option<(usize, Option<usize>)> {
    let letters = rest.len() - rest.trim_start_matches(['b', 'c', 'r']).len();
    let is_raw = rest[..letters].ends_with('r');
    let after = &rest[letters..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    let is_text = letters <= 2 && after[hashes..].starts_with('"') && (is_raw || hashes == 0);
    is_text.then_some((letters + hashes, is_raw.then_some(hashes)))
}

/// How long a character, or the sign of a lifetime, is.
fn quote_len(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((escaped, letter))) => {
            let from = escaped + letter.len_utf8();
            rest[from..]
                .find('\'')
                .map_or(rest.len(), |at| from + at + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        // The lifetime's name would look like any other.
        _ => 1 + name_len(&rest[1..]),
    }
}

/// How long a comment is, with those inside it.
fn comment_len(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    loop {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            let Some(next) = rest[at..].chars().next() else {
                return rest.len();
            };
            at += next.len_utf8();
        }
        if depth == 0 {
            return at;
        }
    }
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn name_len(rest: &str) -> usize {
    rest.find(|letter| !is_name(letter)).unwrap_or(rest.len())
}
