//! The picked process stays picked.

use process_scanner::ProcessKey;
use ratatui::crossterm::event::{KeyCode, KeyModifiers};
use ratatui::layout::Position;

use super::arranged::Id;
use super::made_up_host::Host;
use super::notice::Answer;
use super::test_screen::*;
use super::view::Top;

/// Returns the line that is reversed.
fn picked_line(top: &mut Top) -> String {
    let (buffer, cursor) = draw(top, 80, 24);
    let rows = reversed(&buffer);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(cursor, Some(Position { x: 0, y: rows[0] }));
    lines(&buffer).swap_remove(usize::from(rows[0]))
}

#[test]
fn the_first_line_is_picked_whatever_it_is_until_the_user_moves() {
    let (mut host, mut top) = begun();
    assert!(picked_line(&mut top).contains("811 34.2"));
    host.uses(1204, 99.0, 1000);
    host.after(1000, &mut top);
    assert!(picked_line(&mut top).contains("1204 99.0"));
    assert_eq!(picked(&top), None);
    press(&mut top, KeyCode::Down);
    assert_eq!(picked(&top), Some(811));
    press(&mut top, KeyCode::Home);
    assert_eq!(picked(&top), None);
}

#[test]
fn a_picked_process_stays_picked_wherever_it_is_sorted_to() {
    let (mut host, mut top) = begun();
    press(&mut top, KeyCode::Down);
    assert_eq!(picked(&top), Some(830));
    for (cpu, line) in [(99.0, 0), (0.0, 7), (2.0, 1)] {
        host.uses(830, cpu, 220_000_000);
        host.born(3000 + line, 1, &["x"]).cpu_percent = Some(0.0);
        host.after(1000, &mut top);
        assert!(picked_line(&mut top).contains(" 830 "), "{cpu}");
    }
    press(&mut top, KeyCode::Char('N'));
    assert!(picked_line(&mut top).contains(" 830 "));
    press(&mut top, KeyCode::Char('t'));
    assert!(picked_line(&mut top).contains(" 830 "));
}

#[test]
fn a_picked_process_that_exits_keeps_its_line_with_its_exit() {
    let (mut host, mut top) = begun();
    press(&mut top, KeyCode::Down);
    host.exits(830, Some(9));
    host.after(1000, &mut top);
    let line = picked_line(&mut top);
    assert!(
        line.contains(" 830 ") && line.contains("killed by SIGKILL after 59m59s"),
        "{line}"
    );
    let text = screen(&mut top, 80, 24);
    assert!(
        text.contains("830 postgres: checkpointer: killed by SIGKILL after 59m59s, 0ms ago"),
        "{text}"
    );
    // The next process with this pid is another one.
    host.born(830, 1, &["other"]).cpu_percent = Some(90.0);
    host.after(1000, &mut top);
    assert!(picked_line(&mut top).contains("killed by"));
    assert!(screen(&mut top, 80, 24).contains("other"));
    // All lines around it can be reached.
    press(&mut top, KeyCode::Down);
    let below = picked(&top);
    assert!(!screen(&mut top, 80, 24).contains("killed by SIGKILL after 59m59s: "));
    press(&mut top, KeyCode::Up);
    assert_ne!(picked(&top), below);
    assert_eq!(top.pick.index, 0);
}

#[test]
fn a_process_whose_exit_was_lost_is_shown_as_exited() {
    let (mut host, mut top) = begun();
    press(&mut top, KeyCode::Down);
    host.living.remove(&830);
    let full = host.lost();
    top.take(&full);
    assert!(picked_line(&mut top).contains("exited: postgres"));
    // Another process has its pid.
    let (mut host, mut top) = begun();
    press(&mut top, KeyCode::Down);
    host.living.remove(&830);
    host.there(830, Some(1), &["another"], "anna").start_time_ms = Some(1);
    top.take(&host.lost());
    assert!(picked_line(&mut top).contains("exited: postgres"));
}

#[test]
fn keys_move_within_the_lines() {
    let (_, mut top) = begun();
    for (code, index) in [
        (KeyCode::Up, 0),
        (KeyCode::Down, 1),
        (KeyCode::Char('j'), 2),
        (KeyCode::Char('k'), 1),
        (KeyCode::End, 8),
        (KeyCode::Down, 8),
        (KeyCode::PageUp, 0),
        (KeyCode::PageDown, 8),
        (KeyCode::Char('g'), 0),
        (KeyCode::Char('G'), 8),
    ] {
        assert_eq!(press(&mut top, code), Answer::Redraw);
        assert_eq!(top.pick.index, index, "{code:?}");
    }
}

#[test]
fn the_screen_follows_the_picked_process_only_if_the_user_wants_it() {
    let (mut host, mut top) = (Host::new(), Top::new(options()));
    for pid in 1..=100 {
        let cpu = 1000.0 - pid as f32;
        host.there(pid, None, &["x"], "root").cpu_percent = Some(cpu);
    }
    top.take(&host.scan());
    draw(&mut top, 80, 24);
    press(&mut top, KeyCode::Down);
    draw(&mut top, 80, 24);
    host.uses(2, 0.0, 1000);
    host.after(1000, &mut top);
    let (buffer, cursor) = draw(&mut top, 80, 24);
    assert_eq!((reversed(&buffer), cursor), (vec![], None));
    assert!(lines(&buffer)[3].starts_with("  1 999.0"));
    // The curves are those of the picked one all the same.
    assert!(
        lines(&buffer)[14].contains(" 2 x: sleeping"),
        "{:?}",
        lines(&buffer)
    );
    press(&mut top, KeyCode::Char('F'));
    assert!(picked_line(&mut top).starts_with("  2   0.0"));
    host.uses(2, 950.5, 1000);
    host.after(1000, &mut top);
    assert!(picked_line(&mut top).starts_with("  2 950.5"));
}

#[test]
fn a_click_picks_a_line_or_sorts_and_the_wheel_scrolls() {
    use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

    let (mut host, mut top) = begun();
    let click = |top: &mut Top, column, row| {
        top.click(MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column,
            row,
            modifiers: KeyModifiers::NONE,
        })
    };
    assert_eq!(click(&mut top, 20, 4), Answer::Redraw);
    assert_eq!(picked(&top), Some(830));
    assert_eq!(click(&mut top, 20, 13), Answer::Same);
    assert_eq!(click(&mut top, 200, 200), Answer::Same);
    // Keys of the last line: help, and back.
    assert_eq!(click(&mut top, 9, 23), Answer::Redraw);
    assert!(screen(&mut top, 80, 24).contains("Pick the line above"));
    assert_eq!(click(&mut top, 0, 23), Answer::Redraw);
    draw(&mut top, 80, 24);
    assert_eq!(click(&mut top, 0, 23), Answer::Quit);
    assert_eq!(click(&mut top, 7, 23), Answer::Same);
    // The heading PID, and again.
    for first in ["   1", "1377"] {
        assert_eq!(click(&mut top, 2, 2), Answer::Redraw);
        let (buffer, _) = draw(&mut top, 80, 24);
        assert!(lines(&buffer)[3].starts_with(first), "{first}");
    }
    for (column, heading) in [(6, "CPU%"), (12, "RSS"), (70, "COMMAND")] {
        click(&mut top, column, 2);
        let order = top.arranged.order().field().unwrap().heading;
        assert_eq!(order, heading);
    }
    for pid in 100..200 {
        host.born(pid, 1, &["x"]);
    }
    host.after(1000, &mut top);
    draw(&mut top, 80, 24);
    let before = picked(&top);
    let wheel = |kind| MouseEvent {
        kind,
        column: 5,
        row: 5,
        modifiers: KeyModifiers::NONE,
    };
    top.click(wheel(MouseEventKind::ScrollDown));
    draw(&mut top, 80, 24);
    assert_eq!((top.pick.offset, picked(&top)), (3, before));
    for _ in 0..100 {
        top.click(wheel(MouseEventKind::ScrollDown));
    }
    draw(&mut top, 80, 24);
    assert_eq!(top.pick.offset, 109 - top.room());
    top.click(wheel(MouseEventKind::ScrollUp));
    draw(&mut top, 80, 24);
    assert_eq!(top.pick.offset, 106 - top.room());
}

#[test]
fn a_rewound_replay_begins_again_with_the_same_pick() {
    let mut top = Top::new(options());
    let mut batches = Vec::new();
    replay("lives_between_two_scans_are_heard", |batch| {
        batches.push(batch.clone())
    });
    top.take(&batches[0]);
    draw(&mut top, 80, 24);
    let key = top.seen.snapshot.by_pid(50).map(|process| process.key());
    top.pick.pick(Id::Process(key.unwrap()), &top.listed);
    for batch in &batches {
        top.take(batch);
    }
    assert!(picked_line(&mut top).contains("exit 1 after 59m58s"));
    top.rewind();
    top.take(&batches[0]);
    assert!(picked_line(&mut top).contains("sleeping"));
    let pid = top.pick.key().map(|key: ProcessKey| key.pid);
    assert_eq!(pid, Some(50));
}

#[test]
fn an_exited_process_has_no_status_and_no_cpu_use_and_a_filter_leaves_it_out() {
    let (mut host, mut top) = begun();
    press(&mut top, KeyCode::Down);
    host.exits(830, Some(0));
    host.after(1000, &mut top);
    let line = picked_line(&mut top);
    assert!(line.starts_with(" 830    - 220.0 MB"), "{line}");
    assert!(
        line.contains(" exited ") && !line.contains("sleeping"),
        "{line}"
    );
    // It ages no more.
    host.after(3_600_000, &mut top);
    assert_eq!(picked_line(&mut top), line);
    press(&mut top, KeyCode::F(4));
    type_text(&mut top, "postgres");
    press(&mut top, KeyCode::Enter);
    assert!(picked_line(&mut top).contains("exited"));
    press(&mut top, KeyCode::F(4));
    type_text(&mut top, " -D");
    press(&mut top, KeyCode::Enter);
    assert!(top.pick.exited.is_none());
    assert!(picked_line(&mut top).starts_with(" 811 "));
}

#[test]
fn another_order_begins_at_its_first_line_unless_the_picked_process_is_followed() {
    let (mut host, mut top) = (Host::new(), Top::new(options()));
    for pid in 1..=100 {
        host.there(pid, None, &["x"], "root").cpu_percent = Some(pid as f32);
    }
    top.take(&host.scan());
    draw(&mut top, 80, 24);
    for letter in ['P', 'M', 'N', 'I'] {
        press(&mut top, KeyCode::End);
        draw(&mut top, 80, 24);
        assert!(top.pick.offset > 50, "{letter}");
        let before = picked(&top);
        press(&mut top, KeyCode::Char(letter));
        draw(&mut top, 80, 24);
        assert_eq!((top.pick.offset, picked(&top)), (0, before), "{letter}");
    }
    press(&mut top, KeyCode::Char('F'));
    press(&mut top, KeyCode::Char('N'));
    let pid = picked(&top).unwrap().to_string();
    let line = picked_line(&mut top);
    assert!(line.trim_start().starts_with(&pid), "{pid}: {line}");
}
