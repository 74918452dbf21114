//! Draws the page that lists users.

use process_scanner::escape;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::paint::{PICKED, plain, row};
use super::view::Top;
use crate::cli::format::color;

/// The headings; numbers are as wide as theirs.
const HEADINGS: &str = "PROCESSES USER";

/// Draws the page. Returns where the picked line begins.
pub(super) fn draw_users(top: &mut Top, buffer: &mut Buffer, area: Rect) -> Option<Position> {
    let room = usize::from(area.height.checked_sub(1)?);
    let users = &mut top.users;
    // The picked line is on the screen, which is full if there are enough lines.
    let lowest = (users.index + 1).saturating_sub(room);
    users.offset = users.offset.clamp(lowest, users.index.max(lowest));
    users.offset = users.offset.min(users.lines.len().saturating_sub(room));
    let headings = [(color::BOLD, HEADINGS.to_owned())];
    top.look.line(buffer, row(area, 0), &headings);
    let shown = top.users.lines.iter().skip(top.users.offset).take(room);
    for (at, line) in (1..).zip(shown) {
        let name = line.user.as_deref().map_or("(all)".into(), escape);
        let style = match line.user == top.user {
            true => color::BOLD,
            false => color::PLAIN,
        };
        let mut parts = vec![
            plain(format!("{:>9} ", line.processes)),
            (style, name.into()),
        ];
        if line.ids.len() > 1 {
            let ids: Vec<_> = line.ids.iter().map(u64::to_string).collect();
            parts.push((color::DIM, format!(" (ids {})", ids.join(", "))));
        }
        top.look.line(buffer, row(area, at), &parts);
    }
    let at = u16::try_from(1 + top.users.index - top.users.offset).ok()?;
    let picked = row(area, at);
    if picked.is_empty() {
        return None;
    }
    buffer.set_style(picked, PICKED);
    Some(picked.as_position())
}
