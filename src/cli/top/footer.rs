//! Draws the last line: keys, a message, or what is typed.

use process_scanner::escape;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::action::Action;
use super::paint::{plain, row};
use super::panes::Page;
use super::view::Top;
use crate::cli::format::color::{self, Part};
use crate::cli::terminal::{self, fold};

/// Columns between two keys.
const GAP: &str = "  ";

/// A key, what it does in a word or two, and what a click on it does.
type Hint = (&'static str, &'static str, Action);

/// Keys and what they do, the most useful first.
const HINTS: [Hint; 4] = [
    ("q", "quit", Action::Quit),
    ("?", "help", Action::Help),
    ("/", "search", Action::Search),
    ("F4", "filter", Action::Filter),
];

/// The next one outside a tree.
const LIST_HINTS: [Hint; 1] = [("t", "tree", Action::Tree)];

/// The next one in a tree.
const TREE_HINTS: [Hint; 1] = [("t", "list", Action::Tree)];

/// Those of a tree alone.
const FOLD_HINTS: [Hint; 3] = [
    ("-", "collapse", Action::Collapse),
    ("+", "expand", Action::Expand),
    ("*", "all", Action::ToggleAll),
];

/// The last ones.
const MORE_HINTS: [Hint; 5] = [
    ("Enter", "details", Action::Enter),
    ("o", "groups", Action::Groups),
    ("Tab", "births", Action::Pane),
    ("x", "exits", Action::Lives),
    ("u", "users", Action::Users),
];

/// Those of a replay.
const REPLAY_HINTS: [Hint; 6] = [
    ("q", "quit", Action::Quit),
    ("?", "help", Action::Help),
    ("Space", "pause", Action::Pause),
    (", .", "scans", Action::Scans(1)),
    ("[ ]", "10s", Action::Jump(10_000)),
    ("( )", "speed", Action::Faster),
];

/// Those of groups.
const GROUP_HINTS: [Hint; 4] = [
    ("q", "quit", Action::Quit),
    ("?", "help", Action::Help),
    ("Enter", "its processes", Action::Enter),
    ("o", "other groups", Action::Groups),
];

/// Those of births and exits.
const LIVES_HINTS: [Hint; 4] = [
    ("Tab", "table", Action::Pane),
    ("?", "help", Action::Help),
    ("Enter", "details", Action::Enter),
    ("x", "exits", Action::Lives),
];

/// Those of the page of users.
const USER_HINTS: [Hint; 5] = [
    ("Esc", "back", Action::Back),
    ("Enter", "its processes", Action::Enter),
    ("a-z", "search", Action::Search),
    ("?", "help", Action::Help),
    ("F10", "quit", Action::Quit),
];

/// Those of other pages.
const PAGE_HINTS: [Hint; 2] = [("Esc", "back", Action::Back), ("F10", "quit", Action::Quit)];

/// Returns the lines that a message or a typed text needs.
pub(super) fn footer_height(top: &Top, width: u16) -> u16 {
    match (&top.typed, &top.message) {
        (Some(_), _) => 1,
        (None, Some(message)) => {
            let lines = fold("", 0, message, Some(width.into()));
            u16::try_from(lines.len()).unwrap_or(u16::MAX)
        }
        (None, None) => 0,
    }
}

/// Draws the line. Returns where the user types.
pub(super) fn draw_footer(top: &Top, buffer: &mut Buffer, area: Rect) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    if let Some(typed) = &top.typed {
        let label = typed.label();
        let room = usize::from(area.width).saturating_sub(terminal::width(label) + 1);
        // The end of a long text is where the user types.
        let text = escape(&typed.text).into_owned();
        let excess = terminal::width(&text).saturating_sub(room);
        let end = &text[terminal::cut(&text, Some(excess)).len()..];
        let mut parts = vec![(color::BOLD, label.to_owned()), plain(end)];
        let x = terminal::width(label) + terminal::width(end);
        if let Some(message) = &top.message {
            parts.push((color::YELLOW, format!("  {message}")));
        }
        top.look.line(buffer, area, &parts);
        let x = area.x.saturating_add(u16::try_from(x).unwrap_or(u16::MAX));
        let x = x.min(area.right().saturating_sub(1));
        return Some(Position { x, y: area.y });
    }
    if let Some(message) = &top.message {
        let lines = fold("", 0, message, Some(area.width.into()));
        for (at, (_, text)) in (0..area.height).zip(lines) {
            top.look
                .line(buffer, row(area, at), &[(color::YELLOW, text)]);
        }
        return None;
    }
    top.look.line(buffer, area, &hints(top, area.width.into()));
    None
}

/// Returns the keys that fit.
fn hints(top: &Top, width: usize) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (_, (key, about, _)) in placed(top, width) {
        let gap = if parts.is_empty() { "" } else { GAP };
        parts.push(plain(gap));
        parts.push((color::BOLD, key.to_owned()));
        parts.push((color::DIM, format!(" {about}")));
    }
    parts
}

/// Returns what a click on a column of the line does, if there is a key.
pub(super) fn hint_at(top: &Top, column: usize) -> Option<Action> {
    if top.typed.is_some() || top.message.is_some() {
        return None;
    }
    let mut hints = placed(top, top.panes.footer.width.into()).into_iter();
    let hint = hints.find(|(begin, hint)| (*begin..*begin + width(*hint)).contains(&column));
    hint.map(|(_, (.., action))| action)
}

/// Returns the keys that fit, with their columns.
fn placed(top: &Top, room: usize) -> Vec<(usize, Hint)> {
    let all: &[&[Hint]] = match top.page {
        Page::Table if top.is_in_lives => &[&LIVES_HINTS],
        Page::Table if top.arranged.by.is_some() => &[&GROUP_HINTS],
        Page::Table if top.options.is_replay => match top.arranged.has_tree() {
            true => &[&REPLAY_HINTS, &FOLD_HINTS],
            false => &[&REPLAY_HINTS],
        },
        Page::Table if top.arranged.has_tree() => &[&HINTS, &TREE_HINTS, &FOLD_HINTS, &MORE_HINTS],
        Page::Table => &[&HINTS, &LIST_HINTS, &MORE_HINTS],
        Page::Users => &[&USER_HINTS],
        Page::Facts | Page::Help => &[&PAGE_HINTS],
    };
    let mut placed = Vec::new();
    let mut begin = 0;
    for hint in all.iter().copied().flatten() {
        if begin + width(*hint) > room {
            break;
        }
        placed.push((begin, *hint));
        begin += width(*hint) + GAP.len();
    }
    placed
}

fn width((key, about, _): Hint) -> usize {
    key.len() + 1 + about.len()
}
