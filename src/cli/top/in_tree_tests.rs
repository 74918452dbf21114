//! Collapsed lines of a tree.

use ratatui::crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::made_up_host::Host;
use super::notice::{Answer, Notice, Position};
use super::test_screen::*;
use super::view::Top;

/// The lines of the whole tree.
const ALL: [u32; 9] = [1, 412, 690, 1204, 1210, 1377, 811, 830, 2];

/// The lines with 690 collapsed.
const COLLAPSED: [u32; 6] = [1, 412, 690, 811, 830, 2];

fn grown() -> (Host, Top) {
    let mut options = options();
    options.is_tree = true;
    begun_with(options)
}

fn picked(top: &Top) -> Option<u32> {
    top.pick.key().map(|key| key.pid)
}

fn hides_any(top: &Top) -> bool {
    top.arranged.collapsed.hides_any(&top.seen.snapshot)
}

fn letter(top: &mut Top, letter: char) -> Answer {
    press(top, KeyCode::Char(letter))
}

/// Picks the line of a process.
fn pick(top: &mut Top, pid: u32) {
    let place = pids(top).iter().position(|other| *other == pid).unwrap();
    top.pick.pick_line(&top.listed, place);
}

fn collapse(top: &mut Top, pid: u32) {
    pick(top, pid);
    letter(top, '-');
}

#[test]
fn a_line_is_collapsed_and_expanded() {
    let (_, mut top) = grown();
    assert_eq!(pids(&mut top), ALL);
    collapse(&mut top, 690);
    assert_eq!(pids(&mut top), COLLAPSED);
    assert!(screen(&mut top, 80, 24).contains(" root     ├─ +3 sshd -D\n"));
    assert!(screen(&mut top, 20, 5).contains("\n690  0.0 ├─ +3 sshd…\n"));
    letter(&mut top, '-');
    assert_eq!(
        (pids(&mut top), picked(&top)),
        (COLLAPSED.into(), Some(690))
    );
    for expand in ['+', '='] {
        letter(&mut top, expand);
        assert_eq!((pids(&mut top), picked(&top)), (ALL.into(), Some(690)));
        assert!(!screen(&mut top, 80, 24).contains("+3"));
        letter(&mut top, '-');
    }
    // Lines inside stay as they were.
    letter(&mut top, '+');
    collapse(&mut top, 1210);
    collapse(&mut top, 690);
    letter(&mut top, '+');
    assert_eq!(pids(&mut top), [1, 412, 690, 1204, 1210, 811, 830, 2]);
}

#[test]
fn the_mark_needs_neither_colours_nor_unicode() {
    let mut options = options();
    (options.is_tree, options.has_color, options.has_unicode) = (true, false, false);
    let (_, mut top) = begun_with(options);
    collapse(&mut top, 690);
    assert!(screen(&mut top, 80, 24).contains(" root     |- +3 sshd -D\n"));
}

#[test]
fn all_lines_below_the_first_level_are_collapsed_and_expanded() {
    let (_, mut top) = grown();
    pick(&mut top, 1377);
    letter(&mut top, '*');
    assert_eq!(pids(&mut top), [1, 412, 690, 811, 2]);
    // The line that stands for it.
    assert_eq!(picked(&top), Some(690));
    letter(&mut top, '+');
    assert_eq!(pids(&mut top), [1, 412, 690, 1204, 811, 2]);
    letter(&mut top, '*');
    assert_eq!(pids(&mut top), ALL);
}

#[test]
fn a_process_without_children_is_not_collapsed() {
    let (_, mut top) = grown();
    collapse(&mut top, 412);
    assert!(screen(&mut top, 80, 24).contains("\n412 has no children\n"));
    assert!(!hides_any(&top));
}

#[test]
fn without_a_tree_a_message_says_what_the_keys_are_for() {
    for is_replay in [false, true] {
        for key in ['-', '+', '=', '*'] {
            let mut options = options();
            options.is_replay = is_replay;
            let mut top = replayed("quiet_host", options);
            draw(&mut top, 80, 24);
            assert_eq!(letter(&mut top, key), Answer::Redraw);
            assert!(
                screen(&mut top, 80, 24)
                    .contains("\npress t first: only a tree can be collapsed\n")
            );
            letter(&mut top, 't');
            letter(&mut top, 'o');
            letter(&mut top, key);
            assert!(
                screen(&mut top, 80, 24)
                    .contains("\npress t first: only a tree can be collapsed\n")
            );
            assert!(!hides_any(&top));
            letter(&mut top, 't');
            assert!(top.arranged.has_tree());
        }
    }
}

#[test]
fn a_collapsed_process_that_exits_hides_nothing() {
    let (mut host, mut top) = grown();
    collapse(&mut top, 690);
    host.exits(690, Some(9));
    host.of(1204).parent_pid = Some(1);
    let orphan = host.of(1204).clone();
    host.updates(orphan);
    host.after(1000, &mut top);
    // It is the picked one.
    let text = screen(&mut top, 80, 24);
    assert!(text.contains(" killed by SIGKILL after 59m59s"), "{text}");
    assert_eq!(pids(&mut top), [1, 412, 811, 830, 1204, 1210, 1377, 2]);
    assert!(!hides_any(&top));
    // The next process with this pid is another one.
    host.born(690, 1, &["other"]);
    host.born(700, 690, &["child"]);
    host.after(1000, &mut top);
    assert!(pids(&mut top).contains(&700));
}

#[test]
fn a_collapsed_process_that_exits_in_a_frozen_view_hides_nothing_when_it_goes_on() {
    let (mut host, mut top) = grown();
    collapse(&mut top, 811);
    letter(&mut top, ' ');
    host.exits(830, Some(0));
    host.exits(811, Some(0));
    host.after(1000, &mut top);
    assert!(pids(&mut top).contains(&811));
    assert!(hides_any(&top));
    letter(&mut top, ' ');
    draw(&mut top, 80, 24);
    assert!(!hides_any(&top));
}

#[test]
fn the_filter_and_the_search_leave_lines_collapsed() {
    let (_, mut top) = grown();
    collapse(&mut top, 690);
    press(&mut top, KeyCode::F(4));
    type_text(&mut top, "make");
    press(&mut top, KeyCode::Enter);
    assert_eq!(pids(&mut top), [1, 690]);
    let text = screen(&mut top, 80, 24);
    assert!(text.contains("└─ +3 sshd -D"), "{text}");
    assert!(text.contains("filter make: 1 of 9"), "{text}");
    letter(&mut top, '+');
    assert_eq!(pids(&mut top), [1, 690, 1204, 1210, 1377]);
    letter(&mut top, '-');
    press(&mut top, KeyCode::Esc);
    assert_eq!(pids(&mut top), COLLAPSED);
    letter(&mut top, '/');
    type_text(&mut top, "8");
    press(&mut top, KeyCode::Enter);
    letter(&mut top, 'n');
    assert_eq!(picked(&top), Some(690));
    assert!(screen(&mut top, 80, 24).contains("is in no line; * expands all"));
}

#[test]
fn a_storm_below_a_collapsed_line_is_not_displayed() {
    let (mut host, mut top) = grown();
    for pid in 5000..5600 {
        host.born(pid, 1377, &["cc"]);
    }
    host.after(1000, &mut top);
    collapse(&mut top, 1377);
    assert_eq!(pids(&mut top), ALL);
    for round in 0..5 {
        for pid in 5000..5600 {
            host.exits(pid, Some(0));
        }
        if round % 2 == 0 {
            host.after(500, &mut top);
            assert!(screen(&mut top, 80, 24).contains("└─ make -j8 all"));
        }
        for pid in 5000..5600 {
            host.born(pid, 1377, &["cc"]);
        }
        host.born(6000, 5000, &["as"]);
        host.after(500, &mut top);
        assert_eq!((pids(&mut top), picked(&top)), (ALL.into(), Some(1377)));
        assert!(screen(&mut top, 80, 24).contains("└─ +601 make -j8 all"));
        assert!(screen(&mut top, 20, 5).contains("\n690  0.0 ├─ sshd"));
        host.exits(6000, Some(0));
    }
}

#[test]
fn a_birth_below_a_collapsed_line_expands_it_when_it_is_entered() {
    let (mut host, mut top) = grown();
    letter(&mut top, '*');
    host.born(3000, 1377, &["cc"]);
    host.after(1000, &mut top);
    draw(&mut top, 80, 24);
    press(&mut top, KeyCode::Tab);
    press(&mut top, KeyCode::Enter);
    assert!(screen(&mut top, 80, 24).contains("3000 cc"));
    press(&mut top, KeyCode::Esc);
    assert_eq!(picked(&top), Some(3000));
    let lines = pids(&mut top);
    assert!(lines.contains(&3000) && !lines.contains(&830), "{lines:?}");
}

#[test]
fn a_click_picks_the_line_that_is_displayed() {
    let (_, mut top) = grown();
    collapse(&mut top, 690);
    draw(&mut top, 80, 24);
    let row = top.panes.rows().y + 3;
    top.click(MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column: 20,
        row,
        modifiers: KeyModifiers::NONE,
    });
    assert_eq!(picked(&top), Some(811));
}

#[test]
fn parents_in_a_circle_can_be_collapsed() {
    let (mut host, mut top) = (Host::new(), Top::new(options()));
    for (pid, parent) in [(7, 8), (8, 9), (9, 7), (10, 10)] {
        host.there(pid, Some(parent), &["x"], "root");
    }
    top.take(&host.scan());
    letter(&mut top, 't');
    pick(&mut top, 8);
    letter(&mut top, '*');
    assert_eq!((pids(&mut top), picked(&top)), (vec![10, 7], Some(7)));
    letter(&mut top, '*');
    assert_eq!(pids(&mut top).len(), 4);
    collapse(&mut top, 10);
    assert!(!hides_any(&top));
}

#[test]
fn a_replay_that_goes_back_leaves_lines_collapsed_and_the_pick() {
    let (mut host, mut top) = grown();
    let before = host.lost();
    host.born(3000, 1, &["new"]);
    host.born(3001, 3000, &["child"]);
    host.after(1000, &mut top);
    collapse(&mut top, 690);
    collapse(&mut top, 3000);
    let now = host.lost();
    let position = Position {
        at_ms: 0,
        begin_ms: 0,
        end_ms: None,
        is_paused: true,
        speed: 1.0,
    };
    // A key that repeats is received while the batches of the past come.
    for batches in [&[][..], &[&before]] {
        top.rewind();
        for batch in batches {
            top.take(batch);
        }
        press(&mut top, KeyCode::Null);
        top.take(&now);
        top.note(Notice::Position(position));
        let expected = [1, 412, 690, 811, 830, 3000, 2];
        assert_eq!(pids(&mut top), expected);
        assert_eq!(picked(&top), Some(3000));
    }
    // Back to before its birth, and forward again.
    for (batch, is_born) in [(&before, false), (&now, true)] {
        top.rewind();
        top.take(batch);
        top.note(Notice::Position(position));
        let lines = pids(&mut top);
        assert_eq!(lines.contains(&3000), is_born);
        assert!(
            !lines.contains(&3001) && !lines.contains(&1204),
            "{lines:?}"
        );
    }
}

#[test]
fn all_lines_are_collapsed_at_once_where_a_collapsed_one_hides_nothing() {
    let (mut host, mut top) = grown();
    collapse(&mut top, 811);
    host.exits(830, Some(0));
    host.after(1000, &mut top);
    letter(&mut top, '*');
    assert_eq!(pids(&mut top), [1, 412, 690, 811, 2]);
}
