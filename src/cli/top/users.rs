//! The page that lists users, to show the processes of one of them.

use std::collections::BTreeMap;

use process_scanner::{Collect, Detail, ProcessInfo, Value};
use ratatui::layout::Position;

use super::action::Action;
use super::notice::Answer;
use super::panes::Page;
use super::seen::Wanted;
use super::view::Top;

/// A line of the page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UserLine {
    /// Name, or id if it has no name; `None`: all users.
    pub(super) user: Option<String>,
    pub(super) processes: usize,
}

/// The lines of the page, and the picked one.
#[derive(Debug, Default)]
pub(super) struct Users {
    /// All users first.
    pub(super) lines: Vec<UserLine>,
    pub(super) index: usize,
    /// First line on the screen.
    pub(super) offset: usize,
}

impl Users {
    fn picked(&self) -> Option<&UserLine> {
        self.lines.get(self.index)
    }

    /// Picks the line that is so many lines below; negative: above.
    pub(super) fn step(&mut self, by: isize) {
        let last = self.lines.len().saturating_sub(1);
        self.index = self.index.saturating_add_signed(by).min(last);
    }

    fn pick(&mut self, user: Option<&str>) {
        let place = self
            .lines
            .iter()
            .position(|line| line.user.as_deref() == user);
        match place {
            Some(place) => self.index = place,
            // Its last process has exited.
            None => self.step(0),
        }
    }
}

impl Top {
    /// Opens the page if users are collected.
    pub(super) fn open_users(&mut self) {
        if !self.options.collects.contains(Collect::USER) {
            let text = match self.options.is_replay {
                true => "users are not recorded",
                false => "users are not collected: start with the column user",
            };
            self.message = Some(text.into());
            return;
        }
        self.open(Page::Users);
        self.users = Users::default();
        self.list_users();
        self.users.pick(self.user.as_deref());
    }

    /// Lists the users of the processes that everything but the chosen user selects.
    pub(super) fn list_users(&mut self) {
        if self.page != Page::Users {
            return;
        }
        let text = self.text_filter();
        let wanted = Wanted {
            typed: (!text.is_empty()).then_some(text),
            ..self.wanted.clone()
        };
        let snapshot = &self.seen.snapshot;
        let (mut all, mut users) = (0, BTreeMap::new());
        for process in snapshot
            .iter()
            .filter(|process| wanted.has(process, snapshot))
        {
            all += 1;
            if let Some(user) = user_of(process) {
                *users.entry(user).or_insert(0) += 1;
            }
        }
        let picked = self.users.picked().and_then(|line| line.user.clone());
        let line = |(user, processes)| UserLine { user, processes };
        let users = users.into_iter().map(|(user, count)| (Some(user), count));
        self.users.lines = [(None, all)].into_iter().chain(users).map(line).collect();
        self.users.pick(picked.as_deref());
    }

    /// Reacts to a key on the page; `None` if it does there what it does on other pages.
    pub(super) fn act_in_users(&mut self, action: Action) -> Option<Answer> {
        let room = isize::try_from(self.panes.facts.height.saturating_sub(1).max(1)).unwrap_or(1);
        match action {
            Action::Up => self.users.step(-1),
            Action::Down => self.users.step(1),
            Action::PageUp => self.users.step(-room),
            Action::PageDown => self.users.step(room),
            Action::First => self.users.step(isize::MIN),
            Action::Last => self.users.step(isize::MAX),
            Action::Enter => self.choose_user(),
            Action::Users => self.page = Page::Table,
            _ => return None,
        }
        Some(Answer::Redraw)
    }

    /// Chooses the user on a line of the screen.
    pub(super) fn click_user(&mut self, at: Position) -> Answer {
        // The first line has the headings.
        let below = at.y.checked_sub(self.panes.facts.y.saturating_add(1));
        let line = below.map(|below| self.users.offset + usize::from(below));
        let Some(line) = line.filter(|line| *line < self.users.lines.len()) else {
            return Answer::Same;
        };
        self.users.index = line;
        self.choose_user();
        Answer::Redraw
    }

    fn choose_user(&mut self) {
        let user = self.users.picked().and_then(|line| line.user.clone());
        self.page = Page::Table;
        self.set_user(user);
    }

    /// Shows the processes of one user; `None`: of all.
    pub(super) fn set_user(&mut self, user: Option<String>) {
        self.user = user;
        self.filter();
    }
}

/// Returns the name of the user, or its id if it has no name.
fn user_of(process: &ProcessInfo) -> Option<String> {
    match process.details.get(Detail::UserName) {
        Value::Text(name) => Some(name.to_owned()),
        _ => match process.details.get(Detail::UserId) {
            Value::Count(id) => Some(id.to_string()),
            _ => None,
        },
    }
}
