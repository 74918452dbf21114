//! What clicks do.

use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::action::Action;
use super::footer::hint_at;
use super::notice::Answer;
use super::panes::Page;
use super::view::Top;

/// Lines that a turn of the wheel scrolls by.
const WHEEL: isize = 3;

impl Top {
    /// Reacts to a mouse: a click picks a line, sorts by a column of the table of processes or presses a key of the
    /// last line, and the wheel scrolls.
    pub(crate) fn click(&mut self, mouse: MouseEvent) -> Answer {
        self.refresh();
        let at = Position {
            x: mouse.column,
            y: mouse.row,
        };
        match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => self.left(at),
            MouseEventKind::ScrollUp => self.wheel(at, -WHEEL),
            MouseEventKind::ScrollDown => self.wheel(at, WHEEL),
            _ => Answer::Same,
        }
    }

    fn left(&mut self, at: Position) -> Answer {
        if self.panes.footer.contains(at) {
            let hint = hint_at(self, usize::from(at.x - self.panes.footer.x));
            return hint.map_or(Answer::Same, |action| self.act(action));
        }
        if self.page == Page::Users {
            return self.click_user(at);
        }
        if self.page != Page::Table {
            return Answer::Same;
        }
        let rows = self.panes.rows();
        let headings = Rect {
            height: self.panes.table.height.min(1),
            ..self.panes.table
        };
        if rows.contains(at) {
            let line = self.pick.offset + usize::from(at.y - rows.y);
            if line >= self.pick.count(&self.listed) {
                return Answer::Same;
            }
            self.is_in_lives = false;
            self.pick.pick_line(&self.listed, line);
        } else if headings.contains(at) && self.arranged.by.is_none() {
            let ends = self.drawn.ends.iter();
            let column = ends.take_while(|end| **end <= at.x).count();
            let Some(name) = self.drawn.fields.get(column).copied() else {
                return Answer::Same;
            };
            self.sort_by(name);
        } else if self.panes.lives.contains(at) {
            self.is_in_lives = true;
            return self.pick_life(at.y.saturating_sub(self.panes.lives.y));
        } else {
            return Answer::Same;
        }
        Answer::Redraw
    }

    fn wheel(&mut self, at: Position, by: isize) -> Answer {
        if self.page == Page::Users {
            self.users.step(by);
            // As other keys do.
            self.typed = None;
        } else if self.page != Page::Table {
            self.page_offset = self.page_offset.saturating_add_signed(by);
        } else if self.panes.table.contains(at) {
            self.pick.scroll(by);
        } else if self.panes.lives.contains(at) {
            self.is_in_lives = true;
            let action = match by < 0 {
                true => Action::Up,
                false => Action::Down,
            };
            for _ in 0..by.unsigned_abs() {
                self.act_in_lives(action);
            }
        } else {
            return Answer::Same;
        }
        Answer::Redraw
    }
}
