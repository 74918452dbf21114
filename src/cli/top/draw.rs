//! Draws the whole screen.

use ratatui::Frame;
use ratatui::layout::Position;

use super::draw_curves::draw_curves;
use super::draw_details::{FactsPane, draw_facts};
use super::draw_header::draw_header;
use super::draw_help::draw_help;
use super::draw_lives::draw_lives;
use super::draw_table::draw_table;
use super::draw_users::draw_users;
use super::footer::{draw_footer, footer_height};
use super::paint::plain;
use super::panes::{LEAST, Needs, Page, Panes};
use super::view::Top;

impl Top {
    /// Draws everything. The cursor is on the picked line, for screen readers, or where the user types.
    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>) {
        let screen = frame.area();
        let needs = Needs {
            footer: footer_height(self, screen.width),
            curves: self.arranged.by.is_none(),
            lives: self.is_in_lives,
        };
        let Some(panes) = Panes::of(screen, self.page, needs) else {
            self.panes = Panes::default();
            let text = format!("pscan top needs {} × {}", LEAST.0, LEAST.1);
            self.look.line(frame.buffer_mut(), screen, &[plain(text)]);
            return;
        };
        if panes.table.width != self.panes.table.width && self.arranged.is_tree {
            // Branches depend on the width.
            self.is_stale = true;
        }
        self.panes = panes;
        self.refresh();
        let buffer = frame.buffer_mut();
        draw_header(self, buffer, panes.header);
        let mut cursor = None;
        match self.page {
            Page::Table => {
                cursor = draw_table(self, buffer, panes);
                draw_curves(self, buffer, panes.curves);
                let in_lives = draw_lives(self, buffer, panes.lives);
                cursor = if self.is_in_lives { in_lives } else { cursor };
                draw_facts(self, buffer, panes.facts, FactsPane::Beside);
            }
            Page::Facts => draw_facts(self, buffer, panes.facts, FactsPane::Page),
            Page::Users => cursor = draw_users(self, buffer, panes.facts),
            Page::Help => draw_help(self, buffer, panes.facts),
        }
        let at_input = draw_footer(self, buffer, panes.footer);
        let cursor: Option<Position> = at_input.or(cursor);
        if let Some(cursor) = cursor.filter(|cursor| screen.contains(*cursor)) {
            frame.set_cursor_position(cursor);
        }
    }
}
