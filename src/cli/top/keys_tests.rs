//! What keys do.

use process_scanner::Collect;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Position;

use super::arranged::{Id, Listed};
use super::made_up_host::Host;
use super::notice::{Answer, Notice, Playback, Position as At};
use super::recent::Lives;
use super::test_screen::*;
use super::view::Top;

fn begun() -> (Host, Top) {
    let (mut host, mut top) = (Host::small(), Top::new(options()));
    top.take(&host.scan());
    draw(&mut top, 80, 24);
    (host, top)
}

fn pids(top: &mut Top) -> Vec<u32> {
    top.refresh();
    let ids = (0..top.listed.len()).map(|place| top.listed.id(place));
    ids.map(|id| match id {
        Some(Id::Process(key)) => key.pid,
        other => panic!("{other:?}"),
    })
    .collect()
}

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
    let picked = |top: &Top| top.pick.key().map(|key| key.pid);
    assert_eq!(picked(&top), Some(690));
    press(&mut top, KeyCode::Enter);
    for pid in [1204, 690, 1204] {
        press(&mut top, KeyCode::Char('n'));
        assert_eq!(picked(&top), Some(pid));
    }
    press(&mut top, KeyCode::F(3));
    type_text(&mut top, "nothing like it");
    assert!(screen(&mut top, 80, 24).contains("is in no line"));
    assert_eq!(picked(&top), Some(1204));
}

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
fn kernel_threads_can_be_hidden() {
    let (_, mut top) = begun();
    press(&mut top, KeyCode::Char('K'));
    assert_eq!(pids(&mut top).len(), 8);
    press(&mut top, KeyCode::Char('K'));
    assert_eq!(pids(&mut top).len(), 9);
}

#[test]
fn births_and_exits_can_be_picked_and_lead_to_their_process() {
    let (mut host, mut top) = begun();
    for pid in 3000..3010 {
        host.born(pid, 1377, &["cc", "-c"]);
        host.after(100, &mut top);
    }
    host.exits(3004, Some(0x0200));
    host.exits(3008, Some(0));
    host.after(100, &mut top);
    draw(&mut top, 80, 24);
    press(&mut top, KeyCode::Tab);
    let (buffer, cursor) = draw(&mut top, 80, 24);
    assert_eq!(reversed(&buffer), [22]);
    assert_eq!(cursor, Some(Position { x: 0, y: 22 }));
    press(&mut top, KeyCode::Up);
    press(&mut top, KeyCode::Enter);
    let text = screen(&mut top, 80, 24);
    assert!(
        text.contains("3004 cc: exited") && text.contains("exit 2"),
        "{text}"
    );
    press(&mut top, KeyCode::Esc);
    assert!(screen(&mut top, 80, 24).contains("3004"));
    press(&mut top, KeyCode::Up);
    press(&mut top, KeyCode::Enter);
    assert_eq!(top.pick.key().map(|key| key.pid), Some(3009));
    assert!(top.pick.gone.is_none());
    press(&mut top, KeyCode::Esc);
    for (lives, count) in [(Lives::Exits, 2), (Lives::Failed, 1), (Lives::All, 12)] {
        press(&mut top, KeyCode::Char('x'));
        assert_eq!(top.lives, lives);
        assert_eq!(top.recent.newest_first(lives).count(), count);
    }
    press(&mut top, KeyCode::Home);
    let first = top.picked_life;
    for _ in 0..20 {
        press(&mut top, KeyCode::Down);
        draw(&mut top, 80, 24);
    }
    assert!(first.is_some() && top.picked_life.is_none());
}

#[test]
fn a_birth_gets_its_name_when_it_is_known() {
    let (mut host, mut top) = begun();
    host.born(3000, 1, &["cc"]);
    let mut batch = host.scan();
    batch.events = batch
        .events
        .into_iter()
        .map(|event| {
            let mut process = event.process().clone();
            (process.name, process.command) = (None, None);
            process_scanner::Event::Created(process)
        })
        .collect();
    batch.seq = 2;
    top.take(&batch);
    assert!(screen(&mut top, 80, 24).contains("3000 -"));
    host.uses(3000, 1.0, 1000);
    host.after(1000, &mut top);
    assert!(screen(&mut top, 80, 24).contains("3000 cc              child of 1 init: cc"));
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
        ('+', Playback::Faster),
        ('-', Playback::Slower),
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
    assert_eq!(press(&mut top, KeyCode::Char('_')), Answer::Same);
    press(&mut top, KeyCode::F(1));
    assert_eq!(press(&mut top, KeyCode::Char('q')), Answer::Redraw);
    // A message stays until the next key.
    top.note(Notice::Message("a\x1b[2Jb".into()));
    assert!(screen(&mut top, 80, 24).contains("\na\\x1b[2Jb\n"));
    assert_eq!(press(&mut top, KeyCode::Char('_')), Answer::Redraw);
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

/// Returns the lines of births and exits, without their title.
fn lives(top: &mut Top) -> Vec<String> {
    let (buffer, _) = draw(top, 80, 24);
    let pane = top.panes.lives;
    let all = lines(&buffer);
    all[usize::from(pane.y) + 1..usize::from(pane.bottom())].to_vec()
}

#[test]
fn births_and_exits_fill_their_pane_even_if_the_picked_one_has_left_the_list() {
    let (mut host, mut top) = begun();
    let mut storm = |top: &mut Top| {
        for pid in 5000..5600 {
            host.born(pid, 1, &["true"]);
        }
        host.after(1000, top);
        for pid in 5000..5600 {
            host.exits(pid, Some(0));
        }
        host.after(1000, top);
    };
    storm(&mut top);
    press(&mut top, KeyCode::Tab);
    press(&mut top, KeyCode::Up);
    press(&mut top, KeyCode::Up);
    let full = |lines: &[String]| lines.iter().all(|line| line.contains("true"));
    assert!(full(&lives(&mut top)));
    assert!(screen(&mut top, 80, 24).contains("─ births and exits, last 400 ─"));
    storm(&mut top);
    assert!(full(&lives(&mut top)), "{:?}", lives(&mut top));
    press(&mut top, KeyCode::Home);
    assert!(full(&lives(&mut top)));
    let (buffer, _) = draw(&mut top, 80, 24);
    assert_eq!(reversed(&buffer), [top.panes.lives.y + 1]);
    // The next newer one is below it.
    press(&mut top, KeyCode::Down);
    let (buffer, _) = draw(&mut top, 80, 24);
    assert_eq!(reversed(&buffer), [top.panes.lives.y + 2]);
}

#[test]
fn rates_are_those_of_the_list_or_named_as_those_of_the_host() {
    let (mut host, mut top) = begun();
    for pid in 5000..5010 {
        host.born(pid, 1, &["true"]);
    }
    host.after(1000, &mut top);
    for pid in 5000..5004 {
        host.exits(pid, Some(0x100 * (pid % 2)));
    }
    host.after(1000, &mut top);
    let title = |top: &mut Top| {
        let (buffer, _) = draw(top, 80, 24);
        lines(&buffer).swap_remove(top.panes.lives.y.into())
    };
    assert!(title(&mut top).contains("─ 5.0 births/s, 2.0 exits/s"));
    press(&mut top, KeyCode::Char('x'));
    assert!(title(&mut top).contains("─ 2.0 exits/s"));
    press(&mut top, KeyCode::Char('x'));
    assert!(title(&mut top).contains("─ 1.0 failed exits/s"));
    press(&mut top, KeyCode::F(4));
    type_text(&mut top, "nothing");
    assert!(title(&mut top).contains("─ host: 1.0 failed exits/s"));
}
