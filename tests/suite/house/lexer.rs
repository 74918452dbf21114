//! Splits Rust source into tokens, without comments.

/// A token. There is none for a number, a character or a lifetime.
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

/// Splits a source into tokens.
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
                let (prefix, hashes) = text_prefix(rest).expect("the arm requires it");
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

    /// Reads a string with escapes.
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

    /// Reads a raw string from its first quote on.
    fn raw_text(&mut self, hashes: usize) {
        let close = format!("\"{}", "#".repeat(hashes));
        let len = self.rest[1..].find(&close).expect("a raw string ends");
        self.tokens.push(Token::Text(self.rest[1..1 + len].into()));
        self.skip(1 + len + close.len());
    }
}

/// Returns the length of a string's prefix such as `b`, `r` or `br##`, and the number of `#` of a raw string.
fn text_prefix(rest: &str) -> Option<(usize, Option<usize>)> {
    let letters = rest.len() - rest.trim_start_matches(['b', 'c', 'r']).len();
    let is_raw = rest[..letters].ends_with('r');
    let after = &rest[letters..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    let is_text = letters <= 2 && after[hashes..].starts_with('"') && (is_raw || hashes == 0);
    is_text.then_some((letters + hashes, is_raw.then_some(hashes)))
}

/// Returns the length of a character or a lifetime.
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
        // A lifetime: its name must not become a token.
        _ => 1 + name_len(&rest[1..]),
    }
}

/// Returns the length of a block comment, which can contain others.
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
