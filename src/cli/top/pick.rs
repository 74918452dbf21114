//! Which line of the table is picked, and which lines are on the screen.
//!
//! A picked process stays picked wherever it is sorted to, and after its exit.

use process_scanner::{Event, ProcessKey};

use super::arranged::{Id, Listed};
use super::curve::Curve;

/// A process that has exited while it was picked.
#[derive(Debug)]
pub(super) struct Exited {
    /// Always `Exited`; without a status if its exit was lost.
    pub(super) event: Event,
    /// When its batch was taken, in milliseconds from the Unix epoch.
    pub(super) at_ms: u64,
    pub(super) curve: Curve,
}

/// The picked line, and the part of the table on the screen.
#[derive(Debug, Default)]
pub(super) struct Pick {
    /// `None`: the first line, whatever it is.
    pub(super) id: Option<Id>,
    /// The picked process has exited. It has a line of its own at `index`.
    pub(super) exited: Option<Box<Exited>>,
    /// Place of the picked line.
    pub(super) index: usize,
    /// First line on the screen.
    pub(super) offset: usize,
    /// The screen follows the picked line, wherever it is sorted to.
    pub(super) follows: bool,
    /// The user has moved: the screen follows until the line is there.
    has_moved: bool,
}

impl Pick {
    /// Returns the key of the picked process; `None` if it is the first line, or no process.
    pub(super) fn key(&self) -> Option<ProcessKey> {
        match self.id {
            Some(Id::Process(key)) => Some(key),
            _ => None,
        }
    }

    /// Returns the number of lines, that of an exited process included.
    pub(super) fn count(&self, listed: &Listed) -> usize {
        listed.len() + usize::from(self.exited.is_some())
    }

    /// Returns the place in the list of a line; `None`: it is that of the exited process.
    pub(super) fn place(&self, line: usize) -> Option<usize> {
        match self.exited {
            Some(_) if line == self.index => None,
            Some(_) if line > self.index => Some(line - 1),
            _ => Some(line),
        }
    }

    /// Finds the picked line, because the list has changed.
    pub(super) fn find(&mut self, listed: &Listed) {
        match (&self.id, &self.exited) {
            (None, _) => self.index = 0,
            (Some(_), Some(_)) => self.index = self.index.min(listed.len()),
            (Some(id), None) => match listed.position(id, self.index) {
                Some(index) => self.index = index,
                // The filter hides it: its neighbour takes its place.
                None => {
                    self.index = self.index.min(listed.len().saturating_sub(1));
                    self.id = listed.id(self.index);
                }
            },
        }
    }

    /// Picks the line that is so many lines below; negative: above.
    pub(super) fn step(&mut self, listed: &Listed, by: isize) {
        let last = self.count(listed).saturating_sub(1);
        let line = self.index.saturating_add_signed(by).min(last);
        self.pick_line(listed, line);
    }

    /// Picks a line.
    pub(super) fn pick_line(&mut self, listed: &Listed, line: usize) {
        self.has_moved = true;
        if self.exited.is_some() && line == self.index {
            return;
        }
        let Some(place) = self.place(line) else {
            return;
        };
        self.exited = None;
        self.id = listed.id(place);
        self.index = place.min(listed.len().saturating_sub(1));
    }

    /// Picks the first line, whatever it is.
    pub(super) fn pick_first(&mut self) {
        *self = Self::default();
    }

    /// Picks a process or a group, which can be anywhere in the list.
    pub(super) fn pick(&mut self, id: Id, listed: &Listed) {
        self.exited = None;
        self.has_moved = true;
        self.id = Some(id);
        self.find(listed);
    }

    /// Brings the picked line to the screen, because the user has arranged the list again.
    pub(super) fn reveal(&mut self) {
        self.has_moved = true;
    }

    /// Keeps the picked process on the screen as one that has exited.
    pub(super) fn keep_exited(&mut self, mut exited: Exited) {
        if let Event::Exited { process, .. } = &mut exited.event {
            // Only a living process has them.
            (process.status, process.cpu_percent) = (None, None);
        }
        self.exited = Some(Box::new(exited));
    }

    /// Scrolls without picking another line.
    pub(super) fn scroll(&mut self, by: isize) {
        self.has_moved = false;
        self.follows = false;
        self.offset = self.offset.saturating_add_signed(by);
    }

    /// Chooses the first line on the screen, which has `room` lines.
    pub(super) fn show(&mut self, listed: &Listed, room: usize) {
        let last = self.count(listed).saturating_sub(room);
        if (self.has_moved || self.follows) && room > 0 {
            let lowest = (self.index + 1).saturating_sub(room);
            self.offset = self.offset.clamp(lowest, self.index.max(lowest));
            self.has_moved = false;
        }
        self.offset = self.offset.min(last);
    }
}
