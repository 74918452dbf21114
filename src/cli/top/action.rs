//! What keys do, and which keys there are.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Left,
    Right,
    Enter,
    Back,
    Pane,
    Search,
    SearchNext,
    SearchBack,
    /// Begins a pid with this digit.
    Pid(char),
    Filter,
    HideKernel,
    Tree,
    /// Hides the lines below the picked one.
    Collapse,
    Expand,
    /// Expands all lines, or collapses all.
    ToggleAll,
    Users,
    Groups,
    SortBy(&'static str),
    SortLeft,
    SortRight,
    Invert,
    Follow,
    Lives,
    Pause,
    /// By so many scans.
    Scans(i64),
    /// By so many milliseconds.
    Jump(i64),
    Begin,
    End,
    Faster,
    Slower,
    Help,
    Redraw,
    Suspend,
    /// Leaves a page, or pscan.
    Leave,
    Quit,
}

/// A key of the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    Char(char),
    Ctrl(char),
    F(u8),
    Plain(KeyCode),
}

impl Code {
    /// Returns the key as it is pressed.
    #[cfg(test)]
    pub(super) fn event(self) -> KeyEvent {
        match self {
            Self::Char(letter) => KeyCode::Char(letter).into(),
            Self::Ctrl(letter) => KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL),
            Self::F(number) => KeyCode::F(number).into(),
            Self::Plain(code) => code.into(),
        }
    }

    pub(super) fn of(key: KeyEvent) -> Self {
        let is_ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char(letter) if is_ctrl => Self::Ctrl(letter.to_ascii_lowercase()),
            KeyCode::Char(letter) => Self::Char(letter),
            // Terminals have three names for it.
            KeyCode::F(3) if key.modifiers.contains(KeyModifiers::SHIFT) => Self::F(15),
            KeyCode::F(13) => Self::F(15),
            KeyCode::F(number) => Self::F(number),
            code => Self::Plain(code),
        }
    }
}
