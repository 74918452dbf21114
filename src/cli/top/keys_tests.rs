//! What keys do.

use process_scanner::Collect;
use ratatui::crossterm::event::KeyCode;

use super::arranged::Listed;
use super::made_up_host::Host;
use super::notice::{Answer, Notice, Playback, Position as At};
use super::test_screen::*;
use super::view::Top;
use crate::cli::select::{GroupOrder, Sort};

#[test]
fn letters_of_htop_sort_and_a_second_time_reverses() {
    let (_, mut top) = begun();
    for (letter, first) in [('M', 811), ('N', 1), ('N', 1377), ('P', 811), ('T', 1)] {
        press(&mut top, KeyCode::Char(letter));
        assert_eq!(pids(&mut top)[0], first, "{letter}");
    }
    press(&mut top, KeyCode::Char('I'));
    assert!(top.arranged.is_reverse);
    draw(&mut top, 80, 24);
    for (letter, heading) in [('>', "AGE"), ('>', "STATUS"), ('<', "AGE"), ('<', "TIME")] {
        press(&mut top, KeyCode::Char(letter));
        draw(&mut top, 80, 24);
        let field = top.arranged.order().field().unwrap();
        assert_eq!(field.heading, heading);
    }
}

#[test]
fn equal_processes_keep_their_order() {
    let (mut host, mut top) = (Host::new(), Top::new(options()));
    for pid in (1..=50).rev() {
        host.there(pid, None, &["same"], "root").cpu_percent = Some(1.0);
    }
    top.take(&host.scan());
    let before = pids(&mut top);
    assert!(before.is_sorted());
    host.uses(20, 1.0, 1000);
    host.after(1000, &mut top);
    assert_eq!(pids(&mut top), before);
}

#[test]
fn groups_are_shown_in_turn_and_enter_lists_the_processes_of_one() {
    let (_, mut top) = begun();
    press(&mut top, KeyCode::Char('o'));
    press(&mut top, KeyCode::Char('o'));
    let text = screen(&mut top, 80, 24);
    assert!(
        text.contains("by user") && text.contains("2       2 37.3"),
        "{text}"
    );
    press(&mut top, KeyCode::Down);
    press(&mut top, KeyCode::Enter);
    assert_eq!(pids(&mut top), [1377, 1210]);
    assert!(screen(&mut top, 80, 24).contains("user anna"));
    press(&mut top, KeyCode::Esc);
    assert!(matches!(top.listed, Listed::Processes(_)));
    top.refresh();
    assert!(matches!(top.listed, Listed::Groups(_)));
    assert_eq!(top.pick.index, 1);
    for _ in 0..3 {
        press(&mut top, KeyCode::Char('o'));
        draw(&mut top, 80, 24);
    }
    press(&mut top, KeyCode::Char('o'));
    assert_eq!(pids(&mut top).len(), 9);
    press(&mut top, KeyCode::Char('o'));
    press(&mut top, KeyCode::Char('/'));
    type_text(&mut top, "POSTGRES");
    assert_eq!(top.pick.index, 0);
    press(&mut top, KeyCode::Backspace);
    press(&mut top, KeyCode::Enter);
    type_text(&mut top, "/sshd");
    assert!(top.pick.id.is_some() && top.pick.index > 0);
    press(&mut top, KeyCode::Enter);
    // Groups have no parent.
    top.sort_by("parent_pid");
    assert!(screen(&mut top, 80, 24).contains("groups can be sorted by cpu"));
}

#[test]
fn groups_are_sorted_by_the_column_beside() {
    let (_, mut top) = begun();
    press(&mut top, KeyCode::Char('o'));
    press(&mut top, KeyCode::Char('o'));
    draw(&mut top, 80, 24);
    let order = |top: &Top| top.arranged.group_order(top.arranged.by.unwrap());
    for (letter, expected) in [
        ('>', GroupOrder::Rss),
        ('>', GroupOrder::Age),
        ('>', GroupOrder::Name),
        ('<', GroupOrder::Age),
        ('<', GroupOrder::Rss),
        ('<', GroupOrder::Cpu),
        ('<', GroupOrder::Threads),
        ('<', GroupOrder::Processes),
    ] {
        assert_eq!(press(&mut top, KeyCode::Char(letter)), Answer::Redraw);
        assert_eq!(order(&top), expected, "{letter}");
    }
    // There is no column to the left of it.
    assert_eq!(press(&mut top, KeyCode::Char('<')), Answer::Same);
    assert_eq!(order(&top), GroupOrder::Processes);
    let text = screen(&mut top, 80, 24);
    assert!(text.contains(" USER\n        4       4"), "{text}");
    // It is no order of processes.
    press(&mut top, KeyCode::Enter);
    assert_eq!(top.arranged.order(), Sort::CPU);
}

#[test]
fn kernel_threads_can_be_hidden() {
    let (_, mut top) = begun();
    press(&mut top, KeyCode::Char('K'));
    assert_eq!(pids(&mut top).len(), 8);
    press(&mut top, KeyCode::Char('K'));
    assert_eq!(pids(&mut top).len(), 9);
}

#[test]
fn keys_of_a_replay_are_answered_for_the_caller() {
    let mut options = options();
    options.is_replay = true;
    let mut top = replayed("quiet_host", options);
    let playback = |top: &mut Top, letter| press(top, KeyCode::Char(letter));
    assert_eq!(playback(&mut top, ' '), Answer::Playback(Playback::Pause));
    top.note(Notice::Position(At {
        at_ms: 5,
        begin_ms: 0,
        end_ms: None,
        is_paused: true,
        speed: 1.0,
    }));
    for (letter, expected) in [
        (' ', Playback::Resume),
        ('.', Playback::Step(1)),
        (',', Playback::Step(-1)),
        ('[', Playback::Jump(-10_000)),
        ('}', Playback::Jump(60_000)),
        ('B', Playback::Begin),
        ('E', Playback::End),
        (')', Playback::Faster),
        ('(', Playback::Slower),
    ] {
        assert_eq!(playback(&mut top, letter), Answer::Playback(expected));
    }
    let (_, mut live) = begun();
    assert_eq!(playback(&mut live, ' '), Answer::Redraw);
}

#[test]
fn the_program_is_ended_and_suspended_by_the_usual_keys() {
    let (_, mut top) = begun();
    for code in [KeyCode::F(10), KeyCode::Char('q')] {
        assert_eq!(press(&mut top, code), Answer::Quit);
    }
    assert_eq!(ctrl(&mut top, 'c'), Answer::Quit);
    assert_eq!(ctrl(&mut top, 'z'), Answer::Suspend);
    assert_eq!(press(&mut top, KeyCode::F(9)), Answer::Redraw);
    assert!(screen(&mut top, 80, 24).contains("\nno such key: ? lists all\n"));
    press(&mut top, KeyCode::F(1));
    assert_eq!(press(&mut top, KeyCode::Char('q')), Answer::Redraw);
    // A message stays until the next key.
    top.note(Notice::Message("a\x1b[2Jb".into()));
    assert!(screen(&mut top, 80, 24).contains("\na\\x1b[2Jb\n"));
    assert_eq!(press(&mut top, KeyCode::Char('j')), Answer::Redraw);
    assert!(!screen(&mut top, 80, 24).contains("\\x1b"));
}

#[test]
fn groups_are_offered_only_if_their_fields_are_collected() {
    let groupings = |collects, is_replay| {
        let mut options = options();
        (options.collects, options.is_replay) = (collects, is_replay);
        let mut top = Top::new(options);
        top.take(&Host::small().scan());
        let mut offered = Vec::new();
        loop {
            press(&mut top, KeyCode::Char('o'));
            match top.arranged.by {
                Some(by) => offered.push(by.as_str()),
                None => return (offered, top.message.take()),
            }
        }
    };
    let (offered, message) = groupings(Collect::COMMAND | Collect::CGROUP, false);
    assert_eq!(offered, ["name", "container", "unit"]);
    let expected = "for others, start with --by: user, executable";
    assert_eq!(message.as_deref(), Some(expected));
    let (offered, message) = groupings(Collect::COMMAND, true);
    assert_eq!(offered, ["name"]);
    let expected = "not recorded: user, container, unit, executable";
    assert_eq!(message.as_deref(), Some(expected));
    let (offered, message) = groupings(Collect::ALL, false);
    assert_eq!((offered.len(), message), (5, None));
}
