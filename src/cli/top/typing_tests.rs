//! What keys do while the user types.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::notice::Answer;
use super::test_screen::*;

#[test]
fn the_list_is_filtered_while_the_user_types() {
    let (mut host, mut top) = begun();
    press(&mut top, KeyCode::Char('\\'));
    for (letter, expected) in [
        ('s', vec![811, 830, 1377, 412, 1, 690, 1204, 1210]),
        ('s', vec![690, 1204]),
        ('h', vec![690, 1204, 1210]),
    ] {
        if letter == 'h' {
            press(&mut top, KeyCode::Backspace);
        }
        press(&mut top, KeyCode::Char(letter));
        let mut found = pids(&mut top);
        found.retain(|pid| expected.contains(pid));
        assert!(!found.is_empty(), "{letter}");
    }
    assert_eq!(pids(&mut top), [690, 1204, 1210]);
    // A birth that matches comes into the list, and others do not.
    host.born(3000, 690, &["sshd: bob"]);
    host.born(3001, 1, &["cron"]);
    host.after(1000, &mut top);
    assert_eq!(pids(&mut top), [690, 1204, 1210, 3000]);
    // Moving does not end the input; Esc restores what was before.
    press(&mut top, KeyCode::Down);
    assert_eq!(top.pick.key().map(|key| key.pid), Some(1204));
    press(&mut top, KeyCode::Esc);
    assert_eq!(pids(&mut top).len(), 11);
    assert!(top.typed.is_none());
    press(&mut top, KeyCode::F(4));
    type_text(&mut top, "SSHD");
    assert_eq!(pids(&mut top), [0_u32; 0]);
    assert!(screen(&mut top, 80, 24).contains("no process matches"));
    ctrl(&mut top, 'u');
    type_text(&mut top, "cron");
    press(&mut top, KeyCode::Enter);
    assert_eq!(pids(&mut top), [3001]);
    // Births and exits are filtered too.
    assert!(!screen(&mut top, 80, 24).contains("sshd: bob"));
    press(&mut top, KeyCode::Esc);
    assert_eq!(pids(&mut top).len(), 11);
    assert!(screen(&mut top, 80, 24).contains("sshd: bob"));
}

#[test]
fn letters_are_typed_and_not_obeyed_in_the_input() {
    let (_, mut top) = begun();
    press(&mut top, KeyCode::Char('/'));
    for letter in "qtPhG".chars() {
        assert_eq!(press(&mut top, KeyCode::Char(letter)), Answer::Redraw);
    }
    assert_eq!(top.typed.as_ref().map(|typed| &*typed.text), Some("qtPhG"));
    // These have no letters.
    assert_eq!(ctrl(&mut top, 'l'), Answer::RedrawAll);
    assert_eq!(ctrl(&mut top, 'z'), Answer::Suspend);
    assert_eq!(top.typed.as_ref().map(|typed| &*typed.text), Some("qtPhG"));
    assert_eq!(ctrl(&mut top, 'c'), Answer::Quit);
    let (_, mut top) = begun();
    press(&mut top, KeyCode::Char('/'));
    press(&mut top, KeyCode::Backspace);
    assert!(top.typed.is_none());
}

#[test]
fn a_search_picks_the_next_process_with_the_text() {
    let (_, mut top) = begun();
    press(&mut top, KeyCode::Char('/'));
    type_text(&mut top, "ssh");
    assert_eq!(picked(&top), Some(690));
    press(&mut top, KeyCode::Enter);
    for pid in [1204, 690, 1204] {
        press(&mut top, KeyCode::Char('n'));
        assert_eq!(picked(&top), Some(pid));
    }
    // Terminals have three names for Shift-F3.
    let shift_f3 = KeyEvent::new(KeyCode::F(3), KeyModifiers::SHIFT);
    let back = [KeyCode::Char('p'), KeyCode::F(15), KeyCode::F(13)].map(KeyEvent::from);
    type_text(&mut top, "/sh");
    press(&mut top, KeyCode::Enter);
    for key in back.into_iter().chain([shift_f3]) {
        for pid in [690, 1210, 1204] {
            top.press(key);
            assert_eq!(picked(&top), Some(pid), "{key:?}");
        }
    }
    // While the user types, only letters are typed.
    type_text(&mut top, "/sh");
    for (key, pid) in [(shift_f3, 690), (KeyCode::F(3).into(), 1204)] {
        top.press(key);
        assert_eq!(picked(&top), Some(pid), "{key:?}");
        assert!(top.typed.is_some());
    }
    press(&mut top, KeyCode::Enter);
    press(&mut top, KeyCode::F(3));
    type_text(&mut top, "nothing like it");
    assert!(screen(&mut top, 80, 24).contains("is in no line"));
    assert_eq!(picked(&top), Some(1204));
}

#[test]
fn digits_pick_the_process_with_that_pid() {
    let (_, mut top) = begun();
    for (digit, pid) in [('1', 1), ('2', 1), ('1', 1), ('0', 1210)] {
        press(&mut top, KeyCode::Char(digit));
        assert_eq!(picked(&top), Some(pid), "{digit}");
    }
    assert!(screen(&mut top, 80, 24).contains("\npid: 1210\n"));
    press(&mut top, KeyCode::Enter);
    assert!(top.typed.is_none());
    // A letter does what it does elsewhere.
    type_text(&mut top, "690j");
    assert!(top.typed.is_none());
    assert_ne!(picked(&top), Some(690));
    // The line that hides it.
    type_text(&mut top, "t690-1377");
    assert_eq!(picked(&top), Some(690));
    // The filter hides it.
    press(&mut top, KeyCode::Esc);
    press(&mut top, KeyCode::F(4));
    type_text(&mut top, "postgres");
    press(&mut top, KeyCode::Enter);
    type_text(&mut top, "1377");
    assert!(screen(&mut top, 80, 24).contains("1377 is in no line"));
    press(&mut top, KeyCode::Esc);
    press(&mut top, KeyCode::Esc);
    // No pid is so long.
    type_text(&mut top, &"9".repeat(20));
    assert!(screen(&mut top, 80, 24).contains("9  99999999999999999999 is in no line"));
    press(&mut top, KeyCode::Backspace);
    ctrl(&mut top, 'u');
    assert!(screen(&mut top, 80, 24).contains("\npid:\n"));
}

#[test]
fn other_keys_end_a_pid_and_do_what_they_do_elsewhere() {
    let (_, mut top) = begun();
    type_text(&mut top, "12");
    press(&mut top, KeyCode::Down);
    // These digits are another pid.
    type_text(&mut top, "690");
    assert_eq!(picked(&top), Some(690));
    assert_eq!(press(&mut top, KeyCode::F(10)), Answer::Quit);
    // Without a search there is nothing to find, but the line of the pid ends.
    type_text(&mut top, "690");
    screen(&mut top, 80, 24);
    assert_eq!(press(&mut top, KeyCode::Char('n')), Answer::Redraw);
    assert!(!screen(&mut top, 80, 24).contains("pid:"));
}

#[test]
fn a_search_begins_beside_the_line_of_an_exited_process() {
    let (mut host, mut top) = begun();
    press(&mut top, KeyCode::Char('N'));
    for (key, expected) in [('n', 1210), ('p', 830), ('n', 1210)] {
        let pid = 1204;
        if top.seen.snapshot.by_pid(pid).is_none() {
            host.there(pid, Some(1), &["x"], "root");
            host.after(1000, &mut top);
        }
        draw(&mut top, 80, 24);
        top.search_text = "s".into();
        type_text(&mut top, "1204");
        press(&mut top, KeyCode::Enter);
        host.exits(pid, Some(0));
        host.after(1000, &mut top);
        draw(&mut top, 80, 24);
        assert!(top.pick.exited.is_some());
        press(&mut top, KeyCode::Char(key));
        assert_eq!(picked(&top), Some(expected), "{key}");
    }
}
