//! Draws the table of processes or groups.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use super::arranged::{Entry, Listed};
use super::drawn::Drawn;
use super::paint::{PICKED, row};
use super::panes::Panes;
use super::pick::Exited;
use super::view::Top;
use crate::cli::format::color::{self, Part};
use crate::cli::format::exits;
use crate::cli::format::group_table::{self, GroupLayout, GroupLine};
use crate::cli::format::table::Grid;
use crate::cli::format::table_columns::Layout;
use crate::cli::format::tree::Line;
use crate::cli::terminal;

/// Draws the table. Returns where the picked line begins, if it is on the screen.
pub(super) fn draw_table(top: &mut Top, buffer: &mut Buffer, panes: Panes) -> Option<Position> {
    let area = panes.table;
    if area.is_empty() {
        return None;
    }
    let room = top.room();
    top.pick.show(&top.listed, room);
    let lines = top.pick.offset..(top.pick.offset + room).min(top.pick.count(&top.listed));
    let columns_end = match &top.listed {
        Listed::Groups(groups) => {
            // No group has exited: each line is that of its place.
            let shown = groups.get(lines.clone()).unwrap_or_default();
            draw_groups(top, buffer, area, shown);
            None
        }
        Listed::Processes(entries) => {
            let shown: Vec<Shown<'_>> = lines
                .clone()
                .filter_map(|line| match top.pick.place(line) {
                    Some(place) => Shown::of(top, entries.get(place)?),
                    None => top.pick.exited.as_deref().map(Shown::Exited),
                })
                .collect();
            Some(draw_processes(top, buffer, area, &shown))
        }
    };
    if let Some(drawn) = columns_end {
        top.drawn = drawn;
    }
    if lines.is_empty() {
        let text = match top.seen.snapshot.is_empty() {
            true => "no processes yet",
            false if !top.filter_text.is_empty() => "no process matches; Esc ends the filter",
            false if top.user.is_some() => {
                "no process of this user matches; Esc displays all users"
            }
            false => "no process matches",
        };
        top.look
            .line(buffer, row(area, 1), &[(color::DIM, text.into())]);
    }
    let at = top.pick.index.checked_sub(top.pick.offset)?;
    let picked = row(area, u16::try_from(at + 1).ok()?);
    if picked.is_empty() || !lines.contains(&top.pick.index) {
        return None;
    }
    if !top.is_in_lives {
        buffer.set_style(picked, PICKED);
    }
    Some(picked.as_position())
}

/// A line of the table.
enum Shown<'a> {
    Living(Line<'a>),
    /// The picked process, which has exited.
    Exited(&'a Exited),
}

impl<'a> Shown<'a> {
    fn of(top: &'a Top, entry: &Entry) -> Option<Self> {
        entry.line(&top.seen).map(Self::Living)
    }
}

/// Draws headings and lines. Returns what later lines need.
fn draw_processes(top: &Top, buffer: &mut Buffer, area: Rect, shown: &[Shown<'_>]) -> Drawn {
    let layout = Layout {
        width: Some(area.width.into()),
        is_tree: top.arranged.is_tree,
        sort: top.arranged.sort,
        columns: &top.options.columns,
        now_ms: top.seen.now_ms,
    };
    let grid = Grid::new(layout);
    let fields: Vec<_> = grid.fields().map(|field| field.name).collect();
    let is_same = top.drawn.fields == fields && top.drawn.width == area.width;
    let mut widest = match is_same {
        true => top.drawn.widest.clone(),
        false => Vec::new(),
    };
    let headings = grid.headings();
    grid.widen(&mut widest, &headings);
    let rows: Vec<Vec<Part>> = shown
        .iter()
        .map(|shown| match shown {
            Shown::Living(line) => grid.row(line),
            Shown::Exited(exited) => {
                // It ages no more.
                let now_ms = exited.at_ms;
                let then = Grid::new(Layout { now_ms, ..layout });
                let mut cells = then.row(&Line::flat(exited.event.process()));
                let status = fields.iter().position(|name| *name == "status");
                if let Some(cell) = status.and_then(|at| cells.get_mut(at)) {
                    cell.1 = "exited".into();
                }
                exited_row(exited, cells)
            }
        })
        .collect();
    for row in &rows {
        grid.widen(&mut widest, row);
    }
    let widths = grid.widths(&widest);
    let headings = grid.padded(&headings, &widths);
    top.look.line(buffer, row(area, 0), &headings);
    let ends = mark_order(top, buffer, row(area, 0), &fields, &headings);
    for (at, mut cells) in (1..).zip(rows) {
        if let Some((_, text)) = cells.last_mut().filter(|_| top.shift > 0) {
            *text = shifted(text, top.shift);
        }
        top.look
            .line(buffer, row(area, at), &grid.padded(&cells, &widths));
    }
    Drawn {
        fields,
        ends,
        widest,
        width: area.width,
    }
}

/// Marks the heading of the order. Returns where each column ends.
fn mark_order(
    top: &Top,
    buffer: &mut Buffer,
    area: Rect,
    fields: &[&str],
    headings: &[Part],
) -> Vec<u16> {
    let order = top.arranged.order().field().map(|field| field.name);
    let mut x = area.x;
    let mut ends = Vec::with_capacity(fields.len());
    // Each column has its gap, its heading, and the rest of its width.
    for (name, cell) in fields.iter().zip(headings.chunks(3)) {
        let width_of = |part: &Part| u16::try_from(terminal::width(&part.1)).unwrap_or(u16::MAX);
        let [before, heading, after] = cell else {
            continue;
        };
        x = x.saturating_add(width_of(before));
        if Some(*name) == order {
            let width = width_of(heading).min(area.right().saturating_sub(x));
            let heading = Rect { x, width, ..area };
            let style = ratatui::style::Style::new();
            let mark = Modifier::REVERSED | Modifier::BOLD;
            buffer.set_style(heading.intersection(buffer.area), style.add_modifier(mark));
        }
        x = x
            .saturating_add(width_of(heading))
            .saturating_add(width_of(after));
        ends.push(x);
    }
    // The last column has the rest of the line.
    if let Some(end) = ends.last_mut() {
        *end = area.right();
    }
    ends
}

/// Makes the row of a process that has exited: its last values, and its exit in the last column.
fn exited_row(exited: &Exited, cells: Vec<Part>) -> Vec<Part> {
    let mut cells: Vec<Part> = cells
        .into_iter()
        .map(|(_, text)| (color::DIM, text))
        .collect();
    if let Some((style, text)) = cells.last_mut() {
        *text = format!("{}: {text}", exits::in_short(&exited.event));
        *style = match exits::is_failure(&exited.event) {
            true => color::RED,
            false => color::PLAIN,
        };
    }
    cells
}

/// Returns a text without its first columns.
fn shifted(text: &str, by: usize) -> String {
    let left_out = terminal::cut(text, Some(by));
    match left_out.len() < text.len() {
        true => format!("…{}", &text[left_out.len()..]),
        false if text.is_empty() => String::new(),
        false => "…".into(),
    }
}

fn draw_groups(top: &Top, buffer: &mut Buffer, area: Rect, shown: &[GroupLine]) {
    let Some(by) = top.arranged.by else {
        return;
    };
    let layout = GroupLayout {
        by,
        order: top.arranged.group_order(by),
        width: Some(area.width.into()),
        now_ms: top.seen.now_ms,
    };
    for (at, parts) in (0..).zip(group_table::rows(shown, layout)) {
        top.look.line(buffer, row(area, at), &parts);
    }
}
