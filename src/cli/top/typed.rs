//! The line in which the user types a filter, a search, a pid or a user.

/// What the typed text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    Filter,
    Search,
    Pid,
    /// On the page of users.
    User,
}

/// Longest text that can be typed, in characters.
const MAX_CHARS: usize = 200;

/// A text that is being typed.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    pub(super) what: For,
    pub(super) text: String,
    /// As it was before; Esc restores it.
    pub(super) before: String,
}

impl Typed {
    /// Begins with the text as it is.
    pub(super) fn new(what: For, text: &str) -> Self {
        Self {
            what,
            text: text.to_owned(),
            before: text.to_owned(),
        }
    }

    /// Returns whether such a character belongs to the text.
    pub(super) fn has(&self, letter: char) -> bool {
        self.what != For::Pid || letter.is_ascii_digit()
    }

    /// Adds a character. Returns false if it cannot be typed.
    pub(super) fn push(&mut self, letter: char) -> bool {
        let fits = self.text.chars().count() < MAX_CHARS && !letter.is_control();
        if fits {
            self.text.push(letter);
        }
        fits
    }

    /// Returns what is shown before the text.
    pub(super) fn label(&self) -> &'static str {
        match self.what {
            For::Filter => "filter: ",
            For::Search => "search: ",
            For::Pid => "pid: ",
            For::User => "user: ",
        }
    }
}
