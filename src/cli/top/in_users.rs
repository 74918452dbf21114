//! What keys do on the page of users.

use process_scanner::Collect;
use ratatui::crossterm::event::KeyEvent;
use ratatui::layout::Position;

use super::action::{Action, Code};
use super::notice::Answer;
use super::panes::Page;
use super::seen::Wanted;
use super::typed::{For, Typed};
use super::user_list::UserList;
use super::view::Top;

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
        self.users = UserList::default();
        self.list_users();
        self.users.pick(self.user.as_deref());
    }

    /// Lists the users again. The chosen user does not shorten the list, and other filters do.
    pub(super) fn list_users(&mut self) {
        let text = self.text_filter();
        let wanted = Wanted {
            typed: (!text.is_empty()).then_some(text),
            ..self.wanted.clone()
        };
        self.users.list(&self.seen.snapshot, &wanted);
    }

    /// Returns the key as the first character of a user, if it is one on this page.
    ///
    /// As in htop, `q` leaves the page.
    pub(super) fn first_of_user(&self, key: KeyEvent) -> Option<char> {
        match Code::of(key) {
            Code::Char(first) if self.page == Page::Users && first != 'q' => {
                (first.is_alphanumeric() || first == '_').then_some(first)
            }
            _ => None,
        }
    }

    /// Picks a user whose name or id begins like this.
    pub(super) fn find_user(&mut self, begin: &str) {
        if !self.users.find(begin) {
            self.message = Some(format!("no user begins with {begin:?}"));
        }
    }

    /// Chooses the picked user, if it begins as typed; otherwise the user types on.
    pub(super) fn choose_typed_user(&mut self, typed: Typed) {
        if self.users.is_picked(&typed.text) {
            self.choose_user();
        } else {
            self.apply(&typed);
            self.typed = Some(typed);
        }
    }

    /// Reacts on the page; `None` if the key does there what it does on other pages.
    pub(super) fn act_in_users(&mut self, action: Action) -> Option<Answer> {
        let room = self.panes.facts.height.saturating_sub(1).max(1);
        let room = isize::try_from(room).unwrap_or(1);
        match action {
            Action::Up => self.users.step(-1),
            Action::Down => self.users.step(1),
            Action::PageUp => self.users.step(-room),
            Action::PageDown => self.users.step(room),
            Action::First => self.users.step(isize::MIN),
            Action::Last => self.users.step(isize::MAX),
            Action::Enter => self.choose_user(),
            Action::Search => self.typed = Some(Typed::new(For::User, "")),
            Action::Back | Action::Pane | Action::Leave | Action::Help => return None,
            Action::Pause | Action::Scans(_) | Action::Jump(_) => return None,
            Action::Faster | Action::Slower => return None,
            Action::Redraw | Action::Suspend | Action::Quit => return None,
            // Others act on the table, which is hidden.
            _ => self.message = Some("not on this page: Esc goes back".into()),
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
        self.page = Page::Table;
        // A click ends it too.
        self.typed = None;
        self.set_user(self.users.picked());
    }

    /// Displays the processes of one user; `None`: of all.
    pub(super) fn set_user(&mut self, user: Option<String>) {
        self.user = user;
        self.filter();
    }
}
