//! Draws the list of keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::key_table::{SECTIONS, Section};
use super::paint::{plain, row};
use super::view::Top;
use crate::cli::format::color::{self, Part};
use crate::cli::terminal::fold;

/// Columns of the names of keys.
const NAMES: usize = 16;

/// Width of a column of the list.
const WIDTH: u16 = 70;

/// Draws the list, in two columns where there is room.
pub(super) fn draw_help(top: &mut Top, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    let is_replay = top.options.is_replay;
    let sections = SECTIONS.iter().filter(|one| is_replay || !one.is_of_replay);
    let is_wide = area.width >= 2 * WIDTH;
    let width = if is_wide { WIDTH } else { area.width };
    let sections: Vec<Vec<Vec<Part>>> = sections.map(|one| lines(one, width)).collect();
    let count: usize = sections.iter().map(Vec::len).sum();
    let mut columns: [Vec<Vec<Part>>; 2] = [Vec::new(), Vec::new()];
    for section in sections {
        let at = usize::from(is_wide && columns[0].len() >= count / 2);
        columns[at].extend(section);
    }
    let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
    top.page_offset = top
        .page_offset
        .min(longest.saturating_sub(area.height.into()));
    for (column, x) in columns.iter().zip([0, WIDTH]) {
        let of_column = Rect {
            x: area.x + x.min(area.width),
            width: area.width.saturating_sub(x),
            ..area
        };
        for (at, line) in (0..area.height).zip(column.iter().skip(top.page_offset)) {
            top.look.line(buffer, row(of_column, at), line);
        }
    }
}

fn lines(section: &Section, width: u16) -> Vec<Vec<Part>> {
    let mut lines = vec![vec![(color::BOLD, section.title.to_owned())]];
    let is_narrow = usize::from(width) < NAMES + 24;
    for key in section.keys {
        let names = key.names;
        let begin = match is_narrow {
            true => {
                lines.push(vec![(color::GREEN, format!("  {names}"))]);
                "    ".to_owned()
            }
            false => format!("  {names:<NAMES$} "),
        };
        let folded = fold(&begin, begin.len(), key.about, Some(width.into()));
        let folded = folded.into_iter();
        lines.extend(folded.map(|(begin, text)| vec![(color::GREEN, begin), plain(text)]));
    }
    lines.push(Vec::new());
    lines
}
