//! What keys do in a tree.

use ratatui::crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::made_up_host::Host;
use super::notice::Answer;
use super::test_screen::*;
use super::view::Top;

/// The lines of the whole tree.
const ALL: [u32; 9] = [1, 412, 690, 1204, 1210, 1377, 811, 830, 2];

/// The lines with 690 collapsed.
const COLLAPSED: [u32; 6] = [1, 412, 690, 811, 830, 2];

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
fn the_next_process_with_the_pid_of_a_parent_has_no_older_children() {
    let (mut host, mut top) = grown();
    host.exits(1210, Some(0));
    // Until a scan has read the process again, its parent is the exited one.
    host.born(1210, 412, &["other"]);
    host.born(1500, 1210, &["child"]);
    host.after(1000, &mut top);
    let expected = [1, 412, 1210, 1500, 690, 1204, 811, 830, 2, 1377];
    assert_eq!(pids(&mut top), expected);
    collapse(&mut top, 1210);
    assert!(screen(&mut top, 80, 24).contains("└─ +1 other"));
    assert_eq!(pids(&mut top), [1, 412, 1210, 690, 1204, 811, 830, 2, 1377]);
    host.exits(1500, Some(0));
    host.after(1000, &mut top);
    assert!(!hides_any(&top));
    letter(&mut top, '-');
    assert!(screen(&mut top, 80, 24).contains("\n1210 has no children\n"));
}

#[test]
fn a_replay_has_the_hints_of_a_tree_where_there_is_room() {
    let mut options = options();
    (options.is_replay, options.is_tree) = (true, true);
    let mut top = replayed("quiet_host", options);
    let begin = "q quit  ? help  Space pause  , . scans  [ ] 10s  ( ) speed";
    for (width, more) in [
        (69, ""),
        (79, "  - collapse"),
        (80, "  - collapse  + expand"),
        (200, "  - collapse  + expand  * all"),
    ] {
        let (buffer, _) = draw(&mut top, width, 24);
        let last = lines(&buffer).pop();
        assert_eq!(last, Some(format!("{begin}{more}")), "{width}");
    }
    letter(&mut top, 't');
    let (buffer, _) = draw(&mut top, 200, 24);
    assert_eq!(lines(&buffer).pop().as_deref(), Some(begin));
}
