//! Reads the modules, imports, items and paths of a source.

use super::lexer::{Token, tokens};

/// A module, without its code for tests.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// `mod name;` and `mod name { … }`.
    pub(super) children: Vec<(String, Child)>,
    pub(super) uses: Vec<Use>,
    /// The items it defines.
    pub(super) items: Vec<Item>,
    /// The paths in its code, including single names.
    pub(super) paths: Vec<Vec<String>>,
}

#[derive(Debug)]
pub(super) struct Item {
    pub(super) name: String,
    /// Whether a path can continue after it.
    pub(super) is_type: bool,
}

#[derive(Debug)]
pub(super) enum Child {
    Inline(Module),
    /// A module in its own file, with the value of its attribute `path`.
    File(Option<String>),
}

/// One name that a `use` imports.
#[derive(Debug, Clone)]
pub(super) struct Use {
    pub(super) path: Vec<String>,
    /// Its name in this module; `None` for `*`.
    pub(super) name: Option<String>,
    pub(super) is_public: bool,
}

/// Reads one file.
pub(super) fn read(source: &str) -> Module {
    let mut reader = Reader {
        tokens: tokens(source),
        at: 0,
    };
    reader.module()
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

/// Visibility and attributes before an item.
#[derive(Default)]
struct Before {
    is_public: bool,
    path: Option<String>,
}

impl Reader {
    fn module(&mut self) -> Module {
        let mut module = Module::default();
        let mut depth = 0;
        let mut before = Before::default();
        while let Some(token) = self.take() {
            match token {
                Token::Sign('#') => {
                    if self.attribute(&mut before) {
                        self.skip_item();
                    }
                    continue;
                }
                Token::Name(word) if word == "pub" => {
                    before.is_public = true;
                    if self.is_sign(0, '(') {
                        self.skip_group();
                    }
                    continue;
                }
                Token::Name(word) if word == "unsafe" || word == "async" => continue,
                Token::Sign('{') => depth += 1,
                Token::Sign('}') if depth == 0 => return module,
                Token::Sign('}') => depth -= 1,
                Token::Name(word) => self.word(&word, &mut module, &before, depth),
                _ => {}
            }
            before = Before::default();
        }
        module
    }

    fn word(&mut self, word: &str, module: &mut Module, before: &Before, depth: usize) {
        let next = self.name(0).map(str::to_owned);
        match (word, next) {
            ("mod", Some(name)) => {
                self.at += 1;
                let child = match self.take() {
                    Some(Token::Sign('{')) => Child::Inline(self.module()),
                    _ => Child::File(before.path.clone()),
                };
                module.children.push((name, child));
            }
            ("use", _) if !self.is_sign(0, '<') => {
                let mut uses = Vec::new();
                self.use_tree(&mut Vec::new(), &mut uses);
                module.uses.extend(uses.into_iter().map(|(path, name)| Use {
                    path,
                    name,
                    is_public: before.is_public,
                }));
            }
            ("const", Some(next)) if matches!(&*next, "fn" | "unsafe" | "async") => {}
            ("static", Some(next)) if next == "mut" => self.define(1, false, module, depth),
            ("macro_rules", _) if self.is_sign(0, '!') => self.define(1, false, module, depth),
            ("const" | "static" | "fn", Some(_)) => self.define(0, false, module, depth),
            ("struct" | "enum" | "trait" | "type" | "union", Some(_)) => {
                self.define(0, true, module, depth);
            }
            _ => self.path(word, module),
        }
    }

    /// Adds the item whose name is `ahead` tokens away, unless it is inside a block.
    fn define(&mut self, ahead: usize, is_type: bool, module: &mut Module, depth: usize) {
        if depth == 0
            && let Some(name) = self.name(ahead)
        {
            let name = name.to_owned();
            module.items.push(Item { name, is_type });
        }
        self.at += ahead + 1;
    }

    /// Reads a path in code. Fields, methods and associated items are no names of a module.
    fn path(&mut self, word: &str, module: &mut Module) {
        let previous = self.at.checked_sub(2).map(|at| &self.tokens[at]);
        let is_of_value = matches!(previous, Some(Token::Sign('.') | Token::Path));
        let mut path = vec![word.to_owned()];
        while self.tokens.get(self.at) == Some(&Token::Path) {
            let Some(name) = self.name(1) else { break };
            path.push(name.to_owned());
            self.at += 2;
        }
        if !is_of_value {
            module.paths.push(path);
        }
    }

    /// Reads `a::b::{self, c as d, e::*}` up to the sign after it.
    fn use_tree(&mut self, path: &mut Vec<String>, uses: &mut Vec<(Vec<String>, Option<String>)>) {
        let len = path.len();
        let mut name = None;
        let mut is_group = false;
        while let Some(token) = self.take() {
            match token {
                Token::Name(word) if word == "as" => {
                    name = self.name(0).map(str::to_owned);
                    self.at += 1;
                }
                Token::Name(word) if word == "self" && !path.is_empty() => {}
                Token::Name(word) => path.push(word),
                Token::Sign('*') => {
                    uses.push((path.clone(), None));
                    is_group = true;
                }
                Token::Sign('{') => {
                    is_group = true;
                    while !self.is_sign(0, '}') {
                        self.use_tree(path, uses);
                        if self.is_sign(0, ',') {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                }
                Token::Sign(',' | '}' | ';') => {
                    self.at -= 1;
                    break;
                }
                _ => {}
            }
        }
        if !is_group && let Some(last) = path.last() {
            let name = name.unwrap_or_else(|| last.clone());
            uses.push((path.clone(), Some(name)));
        }
        path.truncate(len);
    }

    /// Reads an attribute. Returns whether its item is only for tests.
    fn attribute(&mut self, before: &mut Before) -> bool {
        if self.is_sign(0, '!') {
            self.at += 1;
        }
        let start = self.at;
        self.skip_group();
        let tokens = &self.tokens[start..self.at];
        let is_name = |token: &Token, name: &str| matches!(token, Token::Name(own) if own == name);
        if let [_, first, Token::Sign('='), Token::Text(path), ..] = tokens
            && is_name(first, "path")
        {
            before.path = Some(path.clone());
        }
        let has = |name| tokens.iter().any(|token| is_name(token, name));
        tokens.get(1).is_some_and(|first| is_name(first, "cfg")) && has("test") && !has("not")
    }

    /// Skips an item to its end or the end of its first block.
    fn skip_item(&mut self) {
        while let Some(token) = self.tokens.get(self.at) {
            match token {
                Token::Sign(';') => {
                    self.at += 1;
                    return;
                }
                Token::Sign('{') => return self.skip_group(),
                Token::Sign('(' | '[') => self.skip_group(),
                Token::Sign('}') => return,
                _ => self.at += 1,
            }
        }
    }

    /// Skips a pair of brackets and everything inside.
    fn skip_group(&mut self) {
        let mut depth = 0;
        while let Some(token) = self.take() {
            match token {
                Token::Sign('(' | '[' | '{') => depth += 1,
                Token::Sign(')' | ']' | '}') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn name(&self, ahead: usize) -> Option<&str> {
        match self.tokens.get(self.at + ahead) {
            Some(Token::Name(name)) => Some(name),
            _ => None,
        }
    }

    fn is_sign(&self, ahead: usize, sign: char) -> bool {
        self.tokens.get(self.at + ahead) == Some(&Token::Sign(sign))
    }
}
