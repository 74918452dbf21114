//! What keys do while the user types a filter, a search, a pid or a user.

use process_scanner::Filter;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::Code;
use super::arranged::Id;
use super::keys::action_of;
use super::notice::Answer;
use super::typed::{For, Typed};
use super::view::Top;

impl Top {
    /// Reacts to a key while the user types.
    pub(super) fn type_key(&mut self, mut typed: Typed, key: KeyEvent) -> Answer {
        let is_ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if is_ctrl => return Answer::Quit,
            KeyCode::Char('u') if is_ctrl => typed.text.clear(),
            KeyCode::Char(letter) if !is_ctrl && typed.has(letter) => {
                if !typed.push(letter) {
                    self.typed = Some(typed);
                    return Answer::Same;
                }
            }
            // less(1) ends there too.
            KeyCode::Backspace if typed.text.is_empty() => return Answer::Redraw,
            KeyCode::Backspace => drop(typed.text.pop()),
            KeyCode::Enter if typed.what == For::User => {
                self.choose_typed_user(typed);
                return Answer::Redraw;
            }
            KeyCode::Enter => return Answer::Redraw,
            KeyCode::Esc => {
                typed.text = std::mem::take(&mut typed.before);
                self.apply(&typed);
                return Answer::Redraw;
            }
            // Other keys end a pid or a user, and do what they do elsewhere.
            _ if matches!(typed.what, For::Pid | For::User) => {
                return match self.press(key) {
                    Answer::Same => Answer::Redraw,
                    answer => answer,
                };
            }
            KeyCode::F(3 | 13 | 15) if typed.what == For::Search => {
                self.find(match Code::of(key) {
                    Code::F(3) => 1,
                    _ => -1,
                });
                self.typed = Some(typed);
                return Answer::Redraw;
            }
            KeyCode::Char('l' | 'z') if is_ctrl => return self.act_and_type_on(typed, key),
            KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown => {
                return self.act_and_type_on(typed, key);
            }
            _ => {
                self.typed = Some(typed);
                return Answer::Same;
            }
        }
        self.apply(&typed);
        self.typed = Some(typed);
        Answer::Redraw
    }

    /// Does what the key does elsewhere too.
    fn act_and_type_on(&mut self, typed: Typed, key: KeyEvent) -> Answer {
        let action = action_of(key, self.options.is_replay);
        let answer = action.map_or(Answer::Same, |action| self.act(action));
        self.typed = Some(typed);
        answer
    }

    /// Filters or searches by what was typed so far.
    pub(super) fn apply(&mut self, typed: &Typed) {
        match typed.what {
            For::Filter => self.set_filter(&typed.text),
            For::Search => {
                self.search_text.clone_from(&typed.text);
                self.find(0);
            }
            For::Pid => self.find_pid(&typed.text),
            For::User => self.find_user(&typed.text),
        }
    }

    pub(super) fn set_filter(&mut self, text: &str) {
        self.filter_text = text.to_owned();
        self.filter();
    }

    /// Selects by the typed text and the chosen user.
    pub(super) fn filter(&mut self) {
        let filter = self.text_filter();
        let filter = self.user.iter().fold(filter, Filter::with_user);
        self.wanted.typed = (!filter.is_empty()).then_some(filter);
        self.select();
    }

    /// Returns the filter of the typed text; it is empty if there is none.
    pub(super) fn text_filter(&self) -> Filter {
        match self.filter_text.is_empty() {
            true => Filter::new(),
            false => Filter::new().with_text(&self.filter_text),
        }
    }

    /// Selects all processes again.
    pub(super) fn select(&mut self) {
        self.seen.select(&self.wanted);
        let exited = self
            .pick
            .exited
            .as_ref()
            .map(|exited| exited.event.process());
        if exited.is_some_and(|process| !self.wanted.has(process, &self.seen.snapshot)) {
            self.pick.pick_first();
        }
        self.recent.select(&self.wanted, &self.seen.snapshot);
        self.is_stale = true;
    }

    /// Begins to type with this character.
    pub(super) fn begin_typing(&mut self, what: For, first: char) {
        let mut typed = Typed::new(what, "");
        typed.push(first);
        self.apply(&typed);
        self.typed = Some(typed);
    }

    /// Picks the process with a pid, if it is in the list.
    fn find_pid(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let pid = text.parse().ok();
        let process = pid.and_then(|pid| self.seen.snapshot.by_pid(pid));
        match process.and_then(|process| self.line_of(process.key())) {
            Some(line) => self.pick.pick(line, &self.listed),
            None => self.message = Some(format!("{text} is in no line")),
        }
    }

    /// Picks the next line with the text that was searched last; negative: the one before.
    pub(super) fn find_again(&mut self, by: isize) -> Answer {
        if self.search_text.is_empty() {
            return Answer::Same;
        }
        self.find(by);
        Answer::Redraw
    }

    /// Picks the next line with the searched text, beginning so many lines below the picked one.
    ///
    /// Negative: above, and going up.
    pub(super) fn find(&mut self, from: isize) {
        let count = self.listed.len();
        if self.search_text.is_empty() || count == 0 {
            return;
        }
        let filter = Filter::new().with_text(&self.search_text);
        let (snapshot, text) = (&self.seen.snapshot, self.search_text.to_lowercase());
        let is_match = |id: &Id| match id {
            Id::Process(key) => {
                let process = snapshot.get(*key);
                process.is_some_and(|process| filter.matches(process, snapshot))
            }
            Id::Group(group) => group.name().to_lowercase().contains(&text),
        };
        // The line of an exited process is between two places.
        let from = match self.pick.exited {
            Some(_) if from > 0 => from - 1,
            _ => from,
        };
        let index = self.pick.index;
        let places = (0..count).map(|step| match from < 0 {
            true => (index + 2 * count - from.unsigned_abs() - step) % count,
            false => (index + from.unsigned_abs() + step) % count,
        });
        let mut ids = places.filter_map(|place| self.listed.id(place));
        match ids.find(is_match) {
            Some(id) => self.pick.pick(id, &self.listed),
            None => {
                let collapsed = &self.arranged.collapsed;
                let hides = self.arranged.has_tree() && collapsed.hides_any(snapshot);
                let advice = if hides { "; * expands all" } else { "" };
                self.message = Some(format!("{:?} is in no line{advice}", self.search_text));
            }
        }
    }
}
