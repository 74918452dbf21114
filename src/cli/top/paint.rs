//! Draws parts of lines into the cells of the screen.

use anstyle::{AnsiColor, Color as AnstyleColor, Effects, Style as Given};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use crate::cli::format::color::{self, Part};
use crate::cli::terminal;

/// How the screen marks things.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) has_color: bool,
    pub(super) has_unicode: bool,
}

/// Marks the picked line, with and without colours.
pub(super) const PICKED: Style = Style::new().add_modifier(Modifier::REVERSED);

impl Look {
    /// Returns the style on the screen.
    ///
    /// Without colours, red is bold, since it marks what has failed.
    pub(super) fn style(self, given: Given) -> Style {
        let mut style = Style::new();
        let color = match given.get_fg_color() {
            Some(AnstyleColor::Ansi(color)) => Some(color),
            _ => None,
        };
        match color.filter(|_| self.has_color) {
            Some(AnsiColor::Red) => style = style.fg(Color::Red),
            Some(AnsiColor::Green) => style = style.fg(Color::Green),
            Some(AnsiColor::Yellow) => style = style.fg(Color::Yellow),
            Some(AnsiColor::Magenta) => style = style.fg(Color::Magenta),
            _ => {}
        }
        let effects = given.get_effects();
        let is_marked = color == Some(AnsiColor::Red) && !self.has_color;
        if effects.contains(Effects::BOLD) || is_marked {
            style = style.add_modifier(Modifier::BOLD);
        }
        if effects.contains(Effects::DIMMED) {
            style = style.add_modifier(Modifier::DIM);
        }
        style
    }

    /// Draws a line at the top of an area, and cuts it to the width.
    pub(super) fn line(self, buffer: &mut Buffer, area: Rect, parts: &[Part]) {
        let area = area.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        let drawable = |text: &str| match self.has_unicode || text.is_ascii() {
            true => bounded(text, area.width).to_owned(),
            false => ascii(bounded(text, area.width)),
        };
        let shortened = parts.iter().map(|(style, text)| (*style, drawable(text)));
        let shortened: Vec<Part> = shortened.collect();
        let mut x = area.x;
        for (style, text) in color::fitted(&shortened, Some(area.width.into())) {
            let text = if self.has_unicode || text != "…" {
                text
            } else {
                "~"
            };
            let width = terminal::width(text);
            // Each part has its own place, even if the screen measures a text before it in another way.
            let room = usize::from(area.right().saturating_sub(x)).min(width);
            if room > 0 {
                buffer.set_stringn(x, area.y, text, room, self.style(style));
            }
            x = x.saturating_add(u16::try_from(width).unwrap_or(u16::MAX));
        }
    }

    /// Draws a line that separates panes, with a title and a text to the right.
    pub(super) fn rule(self, buffer: &mut Buffer, area: Rect, title: &[Part], right: &[Part]) {
        let width_of =
            |parts: &[Part]| -> usize { parts.iter().map(|(_, text)| terminal::width(text)).sum() };
        let mut parts = vec![(color::DIM, "─ ".to_owned())];
        parts.extend_from_slice(title);
        parts.push((color::DIM, " ".into()));
        let all = usize::from(area.width);
        let used = width_of(&parts);
        let of_right = width_of(right) + 3;
        match all
            .checked_sub(used + of_right)
            .filter(|_| !right.is_empty())
        {
            Some(gap) if gap > 0 => {
                parts.push((color::DIM, format!("{} ", "─".repeat(gap))));
                parts.extend_from_slice(right);
                parts.push((color::DIM, " ─".to_owned()));
            }
            _ => parts.push((color::DIM, "─".repeat(all.saturating_sub(used)))),
        }
        self.line(buffer, area, &parts);
    }
}

/// Returns the begin of a text that is long enough for a line of this width.
///
/// Characters without a width can follow one another without end.
fn bounded(text: &str, width: u16) -> &str {
    let most = 8 * usize::from(width) + 64;
    match text.char_indices().nth(most) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// Replaces what a terminal without Unicode cannot show, in the same width.
fn ascii(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            _ if letter.is_ascii() => ascii.push(letter),
            '…' => ascii.push('~'),
            '·' | '─' => ascii.push('-'),
            '└' => ascii.push('`'),
            '├' | '│' => ascii.push('|'),
            '≥' => ascii.push('>'),
            '×' => ascii.push('x'),
            _ => {
                let width = terminal::width(letter.encode_utf8(&mut [0; 4]));
                ascii.extend(std::iter::repeat_n('?', width));
            }
        }
    }
    ascii
}

/// Returns one line of an area; an empty area if it has no such line.
pub(super) fn row(area: Rect, at: u16) -> Rect {
    let height = u16::from(at < area.height);
    Rect {
        y: area.y.saturating_add(at),
        height,
        ..area
    }
}

/// Returns a part without style.
pub(super) fn plain(text: impl Into<String>) -> Part {
    (color::PLAIN, text.into())
}
