//! Collapsed lines of a tree, while processes start and exit.

use ratatui::crossterm::event::KeyCode;

use super::notice::{Notice, Position};
use super::test_screen::*;

/// The lines of the whole tree.
const ALL: [u32; 9] = [1, 412, 690, 1204, 1210, 1377, 811, 830, 2];

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
