//! The view: everything that is shown.

use process_scanner::{Batch, Snapshot};
use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent, MouseEvent};
use ratatui::text::Text;

use super::notice::{Answer, Notice};
use super::options::TopOptions;

/// Everything that is shown, and what keys change of it.
#[derive(Debug)]
pub(crate) struct Top {
    options: TopOptions,
    snapshot: Snapshot,
}

impl Top {
    pub(crate) fn new(options: TopOptions) -> Self {
        Self {
            options,
            snapshot: Snapshot::new(),
        }
    }

    /// Takes a batch of the scanner or of a recording.
    pub(crate) fn take(&mut self, batch: &Batch) {
        self.snapshot.apply(batch);
    }

    /// Forgets all processes, because a replay starts again; a full batch follows.
    ///
    /// Selection, order and filter stay.
    pub(crate) fn rewind(&mut self) {
        self.snapshot = Snapshot::new();
    }

    /// Takes news that no batch has.
    pub(crate) fn note(&mut self, _notice: Notice) {}

    /// Reacts to a key.
    pub(crate) fn press(&mut self, key: KeyEvent) -> Answer {
        match key.code {
            KeyCode::Char('q') => Answer::Quit,
            _ => Answer::Same,
        }
    }

    /// Reacts to a mouse.
    pub(crate) fn click(&mut self, _mouse: MouseEvent) -> Answer {
        Answer::Same
    }

    /// Draws everything.
    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>) {
        let count = self.snapshot.len();
        frame.render_widget(Text::from(format!("{count} processes")), frame.area());
    }
}
