//! What keys do in a tree alone.

use process_scanner::ProcessKey;

use super::action::Action;
use super::arranged::Id;
use super::notice::Answer;
use super::view::Top;

impl Top {
    /// Collapses or expands the picked line, or all lines.
    pub(super) fn fold(&mut self, action: Action) -> Answer {
        if !self.arranged.has_tree() {
            self.message = Some("press t first: only a tree can be collapsed".into());
            return Answer::Redraw;
        }
        let (collapsed, snapshot) = (&mut self.arranged.collapsed, &self.seen.snapshot);
        if action == Action::ToggleAll {
            collapsed.toggle_all(snapshot);
        } else {
            let place = self.pick.place(self.pick.index);
            let Some(key) = place.and_then(|place| self.listed.key(place)) else {
                return Answer::Same;
            };
            if action == Action::Expand {
                collapsed.expand(key);
            } else if snapshot.children(key).next().is_some() {
                collapsed.collapse(key);
            } else {
                self.message = Some(format!("{} has no children", key.pid));
                return Answer::Redraw;
            }
            // It stays picked, even if another one becomes the first.
            self.pick.id = Some(Id::Process(key));
        }
        self.arrange();
        Answer::Redraw
    }

    /// Returns the line of a process: its own, or that of the collapsed ancestor that hides it.
    pub(super) fn line_of(&self, key: ProcessKey) -> Option<Id> {
        let id = Id::Process(key);
        let is_listed = |id: &Id| self.listed.position(id, self.pick.index).is_some();
        if is_listed(&id) {
            return Some(id);
        }
        let collapsed = &self.arranged.collapsed;
        let ancestor = collapsed.hidden_by(key, &self.seen.snapshot);
        let ancestor = ancestor.filter(|_| self.arranged.has_tree());
        ancestor.map(Id::Process).filter(is_listed)
    }

    /// Picks the line of the picked process, which can be hidden now.
    pub(super) fn pick_visible(&mut self) {
        if let Some(line) = self.pick.key().and_then(|key| self.line_of(key)) {
            self.pick.id = Some(line);
        }
    }
}
