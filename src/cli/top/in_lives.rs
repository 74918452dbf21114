//! What keys do in births and exits.

use super::action::Action;
use super::arranged::Id;
use super::curve::Curve;
use super::notice::Answer;
use super::panes::Page;
use super::pick::Exited;
use super::view::Top;

impl Top {
    /// Moves in births and exits; `None` if the key does there what it does elsewhere.
    pub(super) fn act_in_lives(&mut self, action: Action) -> Option<Answer> {
        let serials = self.recent.newest_first(self.lives).map(|one| one.serial);
        let serials: Vec<u64> = serials.collect();
        let room = usize::from(self.panes.lives.height)
            .saturating_sub(1)
            .max(1);
        // Serial numbers descend. The picked one may have left the list: then the next older one.
        let at = self.picked_life.map_or(0, |picked| {
            serials.partition_point(|serial| *serial > picked)
        });
        let last = serials.len().saturating_sub(1);
        let at = at.min(last);
        let to = match action {
            Action::Up => (at + 1).min(last),
            Action::Down => at.saturating_sub(1),
            Action::PageUp => (at + room).min(last),
            Action::PageDown => at.saturating_sub(room),
            Action::First => last,
            Action::Last => 0,
            Action::Pane | Action::Back => {
                self.is_in_lives = false;
                self.picked_life = None;
                return Some(Answer::Redraw);
            }
            Action::Enter => {
                self.enter_life(at);
                return Some(Answer::Redraw);
            }
            _ => return None,
        };
        // The last one stays the last one.
        self.picked_life = serials.get(to).copied().filter(|_| to > 0);
        Some(Answer::Redraw)
    }

    /// Picks the process of a birth or an exit, and shows all of it. `at`: how many others are newer.
    fn enter_life(&mut self, at: usize) {
        let Some(one) = self.recent.newest_first(self.lives).nth(at) else {
            return;
        };
        let key = one.event.process().key();
        let exit = self.recent.exit_of(one.event.process(), self.seen.now_ms);
        self.arranged.by = None;
        self.arranged.collapsed.expand_to(key, &self.seen.snapshot);
        self.is_stale = true;
        self.refresh();
        if self.seen.snapshot.get(key).is_some() {
            self.pick.pick(Id::Process(key), &self.listed);
        } else {
            let (event, at_ms) = exit;
            let curve = Curve::default();
            self.pick.id = Some(Id::Process(key));
            self.pick.keep_exited(Exited {
                event,
                at_ms,
                curve,
            });
        }
        self.open(Page::Facts);
    }

    /// Picks the birth or exit on a line of the pane, of which the first is the title.
    pub(super) fn pick_life(&mut self, line: u16) -> Answer {
        let serial = self.drawn_lives.get(usize::from(line)).copied().flatten();
        let last = self
            .recent
            .newest_first(self.lives)
            .next()
            .map(|one| one.serial);
        self.picked_life = serial.filter(|_| serial != last);
        Answer::Redraw
    }
}
