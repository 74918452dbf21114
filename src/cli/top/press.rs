//! What keys do.

use process_scanner::GroupBy;
use ratatui::crossterm::event::{KeyEvent, KeyEventKind};

use super::action::Action;
use super::arranged::Id;
use super::keys::action_of;
use super::notice::{Answer, Playback};
use super::panes::Page;
use super::typed::{For, Typed};
use super::view::Top;
use crate::cli::select::{GroupOrder, Sort};

/// Columns that a key scrolls long texts by.
const SHIFT: usize = 8;

impl Top {
    /// Reacts to a key.
    pub(crate) fn press(&mut self, key: KeyEvent) -> Answer {
        // Windows reports releases too.
        if key.kind == KeyEventKind::Release {
            return Answer::Same;
        }
        let had_message = self.message.take().is_some();
        self.refresh();
        let answer = match (self.typed.take(), self.first_of_user(key)) {
            (Some(typed), _) => self.type_key(typed, key),
            (None, Some(first)) => {
                self.begin_typing(For::User, first);
                Answer::Redraw
            }
            (None, None) => match action_of(key, self.options.is_replay) {
                Some(action) => self.act(action),
                None => {
                    self.message = Some("no such key: ? lists all".into());
                    Answer::Redraw
                }
            },
        };
        match answer {
            Answer::Same if had_message => Answer::Redraw,
            answer => answer,
        }
    }

    pub(super) fn act(&mut self, action: Action) -> Answer {
        if self.page != Page::Table
            && let Some(answer) = self.act_on_page(action)
        {
            return answer;
        }
        if self.is_in_lives
            && let Some(answer) = self.act_in_lives(action)
        {
            return answer;
        }
        let page = isize::try_from(self.room().max(1)).unwrap_or(1);
        match action {
            Action::Up => self.pick.step(&self.listed, -1),
            Action::Down => self.pick.step(&self.listed, 1),
            Action::PageUp => self.pick.step(&self.listed, -page),
            Action::PageDown => self.pick.step(&self.listed, page),
            Action::First => self.pick.pick_first(),
            Action::Last => self.pick.step(&self.listed, isize::MAX),
            Action::Left => self.shift = self.shift.saturating_sub(SHIFT),
            Action::Right => self.shift = (self.shift + SHIFT).min(1 << 16),
            Action::Enter => self.enter(),
            Action::Back => return self.back(),
            Action::Pane => self.is_in_lives = true,
            Action::Search => self.typed = Some(Typed::new(For::Search, "")),
            Action::SearchNext => return self.find_again(1),
            Action::SearchBack => return self.find_again(-1),
            Action::Pid(digit) => self.begin_typing(For::Pid, digit),
            Action::Users => self.open_users(),
            Action::Filter => self.typed = Some(Typed::new(For::Filter, &self.filter_text)),
            Action::HideKernel => {
                self.wanted.hides_kernel = !self.wanted.hides_kernel;
                self.select();
            }
            Action::Tree => {
                self.arranged.is_tree = !self.arranged.has_tree();
                self.arranged.by = None;
                self.arrange();
            }
            Action::Collapse | Action::Expand | Action::ToggleAll => return self.fold(action),
            Action::Groups => self.next_grouping(),
            Action::SortBy(name) => self.sort_by(name),
            Action::SortLeft => return self.sort_beside(-1),
            Action::SortRight => return self.sort_beside(1),
            Action::Invert => {
                self.arranged.is_reverse = !self.arranged.is_reverse;
                self.reorder();
            }
            Action::Follow => self.follow(),
            Action::Lives => {
                self.lives = self.lives.next();
                self.picked_life = None;
            }
            Action::Help => self.open(Page::Help),
            Action::Redraw => return Answer::RedrawAll,
            Action::Suspend => return Answer::Suspend,
            Action::Leave | Action::Quit => return Answer::Quit,
            Action::Pause if !self.options.is_replay => return self.freeze(),
            Action::Pause => {
                let is_paused = self.position.is_some_and(|position| position.is_paused);
                return Answer::Playback(match is_paused {
                    true => Playback::Resume,
                    false => Playback::Pause,
                });
            }
            Action::Scans(count) => return Answer::Playback(Playback::Step(count)),
            Action::Jump(ms) => return Answer::Playback(Playback::Jump(ms)),
            Action::Begin => return Answer::Playback(Playback::Begin),
            Action::End => return Answer::Playback(Playback::End),
            Action::Faster => return Answer::Playback(Playback::Faster),
            Action::Slower => return Answer::Playback(Playback::Slower),
        }
        Answer::Redraw
    }

    /// Lists the processes again, with the picked one on the screen.
    pub(super) fn arrange(&mut self) {
        self.is_stale = true;
        self.pick.reveal();
    }

    /// Lists the processes in another order, from its first line on unless the picked one is followed.
    fn reorder(&mut self) {
        self.is_stale = true;
        if !self.pick.follows {
            self.pick.scroll(isize::MIN);
        }
    }

    pub(super) fn open(&mut self, page: Page) {
        self.page = page;
        self.page_offset = 0;
    }

    /// Reacts on a page; `None` if the key does there what it does elsewhere.
    fn act_on_page(&mut self, action: Action) -> Option<Answer> {
        if self.page == Page::Users
            && let Some(answer) = self.act_in_users(action)
        {
            return Some(answer);
        }
        let room = usize::from(self.panes.facts.height).max(1);
        match action {
            Action::Up => self.page_offset = self.page_offset.saturating_sub(1),
            Action::Down => self.page_offset += 1,
            Action::PageUp => self.page_offset = self.page_offset.saturating_sub(room),
            Action::PageDown => self.page_offset += room,
            Action::First => self.page_offset = 0,
            Action::Last => self.page_offset = usize::MAX >> 1,
            Action::Enter | Action::Back | Action::Pane => self.page = Page::Table,
            Action::Help if self.page == Page::Help => self.page = Page::Table,
            // As in less(1), it ends the page alone.
            Action::Leave => self.page = Page::Table,
            _ => return None,
        }
        Some(Answer::Redraw)
    }

    fn enter(&mut self) {
        let Some(by) = self.arranged.by else {
            // The page stays with its process, even if another one becomes the first.
            if self.pick.id.is_none() {
                self.pick.id = self.listed.id(0);
            }
            return self.open(Page::Facts);
        };
        if let Some(Id::Group(group)) = self.listed.id(self.pick.index) {
            self.arranged.by = None;
            self.arranged.inside = Some((by, group));
            self.pick.pick_first();
            self.is_stale = true;
        }
    }

    /// Goes back by one: the group, the filter, the picked line.
    fn back(&mut self) -> Answer {
        if let Some((by, group)) = self.arranged.inside.take() {
            self.arranged.by = Some(by);
            self.pick.pick_first();
            self.pick.id = Some(Id::Group(group));
            self.is_stale = true;
        } else if self.arranged.by.is_some() && self.options.by.is_none() {
            self.arranged.by = None;
            self.pick.pick_first();
            self.is_stale = true;
        } else if !self.filter_text.is_empty() {
            self.set_filter("");
        } else if self.user.is_some() {
            self.set_user(None);
        } else if self.pick.id.is_some() {
            self.search_text.clear();
            self.pick.pick_first();
        } else {
            return Answer::Same;
        }
        Answer::Redraw
    }

    fn next_grouping(&mut self) {
        self.arranged.inside = None;
        let at = self.arranged.by.map_or(0, |by| {
            let at = GroupBy::ALL.iter().position(|other| *other == by);
            at.map_or(GroupBy::ALL.len(), |at| at + 1)
        });
        let collects = self.options.collects;
        // Names are always read.
        let is_collected = |by: &&GroupBy| **by == GroupBy::Name || collects.contains(by.collect());
        let mut later = GroupBy::ALL[at..].iter();
        self.arranged.by = later.find(is_collected).copied();
        if self.arranged.by.is_none() {
            let missing = GroupBy::ALL.iter().filter(|by| !is_collected(by));
            let missing: Vec<_> = missing.map(|by| by.as_str()).collect();
            if !missing.is_empty() {
                let advice = match self.options.is_replay {
                    true => "not recorded",
                    false => "for others, start with --by",
                };
                self.message = Some(format!("{advice}: {}", missing.join(", ")));
            }
        }
        self.pick.pick_first();
        self.is_stale = true;
    }

    fn follow(&mut self) {
        if self.pick.id.is_none() {
            self.pick.id = self.listed.id(0);
        }
        self.pick.follows = !self.pick.follows && self.pick.id.is_some();
    }

    /// Sorts by a field; a second time reverses the order.
    pub(super) fn sort_by(&mut self, name: &str) {
        let Some(sort) = Sort::named(name) else {
            return;
        };
        let is_group_order = |by| GroupOrder::named(sort, by).is_some();
        if self.arranged.by.is_some_and(|by| !is_group_order(by)) {
            self.message = Some(format!("groups can be sorted by {}", GroupOrder::NAMES));
            return;
        }
        let is_same = self.arranged.order() == sort;
        self.sort(sort, is_same && !self.arranged.is_reverse);
    }

    fn sort(&mut self, sort: Sort, is_reverse: bool) {
        self.arranged.is_reverse = is_reverse;
        self.arranged.sort = Some(sort);
        self.reorder();
    }

    /// Sorts by the column to the right or to the left.
    fn sort_beside(&mut self, by: isize) -> Answer {
        let sort = match self.arranged.by {
            Some(grouping) => {
                let order = self.arranged.group_order(grouping);
                beside(&GroupOrder::ALL, Some(order), by).map(GroupOrder::sort)
            }
            None => {
                let order = self.arranged.order().field().map(|field| field.name);
                beside(&self.drawn.fields, order, by).and_then(Sort::named)
            }
        };
        let Some(sort) = sort else {
            return Answer::Same;
        };
        self.sort(sort, false);
        Answer::Redraw
    }
}

/// Returns what is so many places after `from`, or the first one; `None` at the ends.
fn beside<T: Copy + PartialEq>(all: &[T], from: Option<T>, by: isize) -> Option<T> {
    let at = all.iter().position(|one| Some(*one) == from);
    let next = at.map_or(0, |at| at.saturating_add_signed(by));
    all.get(next).copied().filter(|one| Some(*one) != from)
}
