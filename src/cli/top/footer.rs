//! Draws the last line: keys, a message, or what is typed.

use process_scanner::escape;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::paint::plain;
use super::panes::Page;
use super::view::Top;
use crate::cli::format::color::{self, Part};
use crate::cli::terminal;

/// Keys and what they do, the most useful first. A click presses the key.
const HINTS: [(&str, &str); 9] = [
    ("q", "quit"),
    ("?", "help"),
    ("/", "search"),
    ("F4", "filter"),
    ("t", "tree"),
    ("Enter", "details"),
    ("o", "groups"),
    ("Tab", "births"),
    ("x", "exits"),
];

/// The same for a replay.
const REPLAY_HINTS: [(&str, &str); 6] = [
    ("q", "quit"),
    ("?", "help"),
    ("Space", "pause"),
    (", .", "scans"),
    ("[ ]", "10s"),
    ("+ -", "speed"),
];

/// The same for groups.
const GROUP_HINTS: [(&str, &str); 4] = [
    ("q", "quit"),
    ("?", "help"),
    ("Enter", "its processes"),
    ("o", "other groups"),
];

/// The same in births and exits.
const LIVES_HINTS: [(&str, &str); 4] = [
    ("Tab", "table"),
    ("?", "help"),
    ("Enter", "details"),
    ("x", "exits"),
];

/// The same on a page.
const PAGE_HINTS: [(&str, &str); 2] = [("Esc", "back"), ("F10", "quit")];

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
        top.look
            .line(buffer, area, &[(color::YELLOW, message.clone())]);
        return None;
    }
    top.look.line(buffer, area, &hints(top, area.width.into()));
    None
}

/// Returns the keys that fit.
fn hints(top: &Top, width: usize) -> Vec<Part> {
    let all: &[(&str, &str)] = match top.page {
        Page::Table if top.is_in_lives => &LIVES_HINTS,
        Page::Table if top.arranged.by.is_some() => &GROUP_HINTS,
        Page::Table if top.options.is_replay => &REPLAY_HINTS,
        Page::Table => &HINTS,
        Page::Facts | Page::Help => &PAGE_HINTS,
    };
    let mut parts: Vec<Part> = Vec::new();
    let mut used = 0;
    for (key, about) in all {
        let gap = if used == 0 { "" } else { "  " };
        let more = gap.len() + key.len() + 1 + about.len();
        if used + more > width {
            break;
        }
        used += more;
        parts.push(plain(gap));
        parts.push((color::BOLD, (*key).to_owned()));
        parts.push((color::DIM, format!(" {about}")));
    }
    parts
}
