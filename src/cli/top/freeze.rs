//! Freezes the view: it shows one moment, and the data goes on behind it.

use super::arranged::Id;
use super::frozen::Frozen;
use super::notice::Answer;
use super::pick::Exited;
use super::view::Top;

impl Top {
    /// Freezes the view, or lets it go on.
    pub(super) fn freeze(&mut self) -> Answer {
        match self.frozen.take() {
            Some(frozen) => self.go_on(*frozen),
            None => {
                let (seen, recent) = (self.seen.clone(), self.recent.clone());
                self.frozen = Some(Box::new(Frozen { seen, recent }));
            }
        }
        Answer::Redraw
    }

    fn go_on(&mut self, frozen: Frozen) {
        let before = std::mem::replace(&mut self.seen, frozen.seen);
        self.recent = frozen.recent;
        // The user may have typed another filter meanwhile.
        self.select();
        if let Some(key) = self.pick.key().filter(|_| self.pick.exited.is_none())
            && self.seen.snapshot.get(key).is_none()
            && let Some(process) = before.snapshot.get(key)
        {
            let (event, at_ms) = self.recent.exit_of(process, self.seen.now_ms);
            let curve = before.curve(key).cloned().unwrap_or_default();
            self.pick.id = Some(Id::Process(key));
            self.pick.keep_exited(Exited {
                event,
                at_ms,
                curve,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::KeyCode;

    use super::super::made_up_host::Host;
    use super::super::test_screen::{options, press, screen, type_text};
    use super::*;

    #[test]
    fn a_frozen_view_does_not_change_and_goes_on_with_all_that_has_happened() {
        let (mut host, mut top) = (Host::small(), Top::new(options()));
        top.take(&host.scan());
        host.after(1000, &mut top);
        screen(&mut top, 80, 24);
        press(&mut top, KeyCode::Down);
        assert_eq!(press(&mut top, KeyCode::Char(' ')), Answer::Redraw);
        let frozen = screen(&mut top, 80, 24);
        assert_eq!(frozen.lines().nth(1), Some("paused: Space goes on"));
        assert!(screen(&mut top, 40, 7).starts_with("paused: Space goes on"));
        host.uses(811, 77.7, 1000);
        host.born(3000, 1, &["newborn"]);
        host.exits(830, Some(9));
        host.after(1000, &mut top);
        assert_eq!(screen(&mut top, 80, 24), frozen);
        // Keys do what they always do.
        press(&mut top, KeyCode::F(4));
        type_text(&mut top, "newborn");
        assert!(screen(&mut top, 80, 24).contains("no process matches"));
        press(&mut top, KeyCode::Esc);
        press(&mut top, KeyCode::Char(' '));
        let text = screen(&mut top, 80, 24);
        assert!(!text.contains("paused") && text.contains("77.7"), "{text}");
        assert!(text.contains("created     3000 newborn"), "{text}");
        assert!(text.contains("killed by SIGKILL"), "{text}");
        host.uses(811, 66.6, 1000);
        host.after(1000, &mut top);
        assert!(screen(&mut top, 80, 24).contains("66.6"));
    }

    #[test]
    fn a_process_picked_in_a_frozen_view_is_found_with_its_exit() {
        let (mut host, mut top) = (Host::small(), Top::new(options()));
        top.take(&host.scan());
        screen(&mut top, 80, 24);
        press(&mut top, KeyCode::Char(' '));
        host.exits(830, Some(9));
        host.after(1000, &mut top);
        host.after(1000, &mut top);
        press(&mut top, KeyCode::Down);
        press(&mut top, KeyCode::Char(' '));
        let text = screen(&mut top, 80, 24);
        let expected = "830 postgres: checkpointer: killed by SIGKILL after 59m59s, 1.0s ago";
        assert!(text.contains(expected), "{text}");
    }
}
