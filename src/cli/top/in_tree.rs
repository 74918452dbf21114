//! What keys do in a tree alone.

use process_scanner::{ProcessKey, Snapshot};

use super::action::Action;
use super::arranged::Id;
use super::notice::Answer;
use super::view::Top;

impl Top {
    /// Collapses or expands the picked line, or all lines.
    pub(super) fn fold(&mut self, action: Action) -> Answer {
        if !self.arranged.has_tree() {
            self.message = Some("only a tree has lines to collapse: t shows it".into());
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
            } else if has_children(key, snapshot) {
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

    /// Picks the line that stands for the picked process, if that is hidden now.
    pub(super) fn leave_collapsed(&mut self) {
        if !self.arranged.has_tree() || self.arranged.collapsed.is_empty() {
            return;
        }
        let (collapsed, snapshot) = (&self.arranged.collapsed, &self.seen.snapshot);
        if let Some(key) = self.pick.key()
            && let Some(ancestor) = collapsed.hidden_by(key, snapshot)
            && self
                .listed
                .position(&Id::Process(key), self.pick.index)
                .is_none()
        {
            self.pick.id = Some(Id::Process(ancestor));
        }
    }
}

fn has_children(key: ProcessKey, snapshot: &Snapshot) -> bool {
    let mut processes = snapshot.iter();
    processes.any(|child| child.parent_pid == Some(key.pid) && child.pid != key.pid)
}
