//! What keys do on the page of users.

use process_scanner::{Detail, Value};
use ratatui::crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::key_table::SECTIONS;
use super::made_up_host::Host;
use super::notice::{Answer, Playback};
use super::panes::Page;
use super::test_screen::*;
use super::view::Top;

/// Returns the page of users of a small host: all, anna, postgres, root.
fn listed() -> (Host, Top) {
    let (host, mut top) = begun();
    letter(&mut top, 'u');
    draw(&mut top, 80, 24);
    (host, top)
}

fn picked_user(top: &Top) -> Option<String> {
    assert_eq!(top.page, Page::Users);
    top.users.picked()
}

#[test]
fn letters_pick_the_user_that_begins_so_and_enter_chooses_it() {
    let (_, mut top) = listed();
    for (key, text) in [('P', "P"), ('o', "Po")] {
        letter(&mut top, key);
        assert_eq!(picked_user(&top).as_deref(), Some("postgres"));
        assert!(screen(&mut top, 80, 24).contains(&format!("\nuser: {text}\n")));
    }
    press(&mut top, KeyCode::Enter);
    assert_eq!(sorted_pids(&mut top), [811, 830]);
    assert!(top.page == Page::Table && top.typed.is_none());
    // Esc ends the text, and then the page.
    letter(&mut top, 'u');
    letter(&mut top, 'r');
    press(&mut top, KeyCode::Esc);
    assert_eq!(picked_user(&top).as_deref(), Some("root"));
    press(&mut top, KeyCode::Esc);
    assert_eq!(top.page, Page::Table);
    assert!(screen(&mut top, 80, 24).contains("user postgres: 2 of 9"));
}

#[test]
fn no_key_acts_on_the_table_behind_the_page() {
    let state = |top: &Top| {
        let of_lines = format!("{:?} {:?} {:?}", top.arranged, top.pick, top.wanted);
        let of_table = (top.shift, top.is_in_lives, top.lives);
        format!("{of_lines} {of_table:?} {:?}", top.filter_text)
    };
    let keys = SECTIONS.iter().flat_map(|section| section.keys);
    for (code, action) in keys.flat_map(|key| key.codes) {
        for is_replay in [false, true] {
            let mut options = options();
            options.is_replay = is_replay;
            let (_, mut top) = begun_with(options);
            letter(&mut top, 'u');
            let before = state(&top);
            top.press(code.event());
            // What a key begins to type does not act on the table either.
            letter(&mut top, 'x');
            if top.page == Page::Users {
                assert_eq!(state(&top), before, "{action:?}");
            }
        }
    }
}

#[test]
fn keys_without_a_meaning_on_the_page_say_so() {
    let (_, mut top) = listed();
    for code in [
        KeyCode::F(4),
        KeyCode::F(6),
        KeyCode::Right,
        KeyCode::Char('*'),
    ] {
        press(&mut top, code);
        let text = screen(&mut top, 80, 24);
        assert!(
            text.contains("\nnot on this page: Esc goes back\n"),
            "{text}"
        );
    }
    press(&mut top, KeyCode::Down);
    let expected = "\nEsc back  Enter its processes  a-z search  ? help  F10 quit\n";
    assert!(screen(&mut top, 80, 24).contains(expected));
    press(&mut top, KeyCode::Char('?'));
    assert!(screen(&mut top, 80, 50).contains("List users: letters pick one, Enter chooses it"));
}

#[test]
fn a_replay_and_the_program_have_their_keys_on_the_page() {
    let mut options = options();
    options.is_replay = true;
    let (_, mut top) = begun_with(options);
    letter(&mut top, 'u');
    let step = Answer::Playback(Playback::Step(1));
    assert_eq!(letter(&mut top, '.'), step);
    let pause = Answer::Playback(Playback::Pause);
    assert_eq!(letter(&mut top, ' '), pause);
    assert_eq!(ctrl(&mut top, 'l'), Answer::RedrawAll);
    // Here they are letters.
    for key in ['B', 'E'] {
        assert_eq!(letter(&mut top, key), Answer::Redraw);
        press(&mut top, KeyCode::Esc);
    }
    // Other keys end the text.
    letter(&mut top, 'r');
    assert_eq!(press(&mut top, KeyCode::F(10)), Answer::Quit);
}

#[test]
fn a_user_that_is_not_listed_is_not_chosen() {
    let (mut host, mut top) = listed();
    type_text(&mut top, "rz");
    let text = screen(&mut top, 80, 24);
    assert!(
        text.contains("\nuser: rz  no user begins with \"rz\"\n"),
        "{text}"
    );
    press(&mut top, KeyCode::Enter);
    assert_eq!(picked_user(&top).as_deref(), Some("root"));
    press(&mut top, KeyCode::Backspace);
    assert!(screen(&mut top, 80, 24).contains("\nuser: r\n"));
    ctrl(&mut top, 'u');
    // Its processes end before Enter.
    letter(&mut top, 'a');
    assert_eq!(picked_user(&top).as_deref(), Some("anna"));
    for pid in [1210, 1377] {
        host.exits(pid, Some(0));
    }
    host.after(1000, &mut top);
    draw(&mut top, 80, 24);
    press(&mut top, KeyCode::Enter);
    assert!(top.page == Page::Users && top.user.is_none());
    assert!(screen(&mut top, 80, 24).contains("no user begins with \"a\""));
}

#[test]
fn users_begin_with_any_letter_or_digit() {
    let (mut host, mut top) = (Host::new(), Top::new(options()));
    for (pid, name) in [(1, "_www"), (2, "quentin"), (3, "Äsa"), (4, "jan")] {
        host.there(pid, None, &["x"], name);
    }
    host.there(5, None, &["x"], "");
    host.of(5).details.set(Detail::UserId, Value::Count(1000));
    top.take(&host.scan());
    for (keys, expected) in [("_", 1), ("/q", 2), ("ä", 3), ("j", 4), ("10", 5)] {
        letter(&mut top, 'u');
        type_text(&mut top, keys);
        press(&mut top, KeyCode::Enter);
        assert_eq!(pids(&mut top), [expected], "{keys}");
    }
}

#[test]
fn moving_and_clicking_end_the_text() {
    let (_, mut top) = listed();
    letter(&mut top, 'a');
    press(&mut top, KeyCode::Down);
    assert!(top.typed.is_none());
    assert_eq!(picked_user(&top).as_deref(), Some("postgres"));
    let mouse = |kind, row| MouseEvent {
        kind,
        column: 12,
        row,
        modifiers: KeyModifiers::NONE,
    };
    letter(&mut top, 'a');
    top.click(mouse(MouseEventKind::ScrollDown, 5));
    assert!(top.typed.is_none());
    assert_eq!(picked_user(&top).as_deref(), Some("root"));
    letter(&mut top, 'a');
    draw(&mut top, 80, 24);
    top.click(mouse(MouseEventKind::Down(MouseButton::Left), 5));
    assert!(top.page == Page::Table && top.typed.is_none());
    assert_eq!(sorted_pids(&mut top), [811, 830]);
}
