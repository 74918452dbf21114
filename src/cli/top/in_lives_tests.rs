//! Births and exits: what is listed, and what keys and clicks do there.

use ratatui::crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::notice::Answer;
use super::recent::Lives;
use super::test_screen::*;
use super::view::Top;

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
    assert!(top.pick.exited.is_none());
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

#[test]
fn the_age_of_an_exit_is_not_that_of_the_birth_which_leads_to_it() {
    let (mut host, mut top) = begun();
    host.born(3000, 1377, &["cc", "-c"]);
    host.after(1000, &mut top);
    host.after(60_000, &mut top);
    host.exits(3000, Some(0x0200));
    host.after(1000, &mut top);
    host.after(3000, &mut top);
    draw(&mut top, 80, 24);
    press(&mut top, KeyCode::Tab);
    press(&mut top, KeyCode::Up);
    press(&mut top, KeyCode::Enter);
    press(&mut top, KeyCode::Esc);
    let text = screen(&mut top, 80, 24);
    assert!(text.contains("3000 cc: exit 2 after"), "{text}");
    assert!(text.contains(", 3.0s ago"), "{text}");
}

#[test]
fn clicks_and_the_wheel_pick_births_and_exits() {
    let (mut host, mut top) = begun();
    for pid in 3000..3010 {
        host.born(pid, 1377, &["cc", "-c"]);
        host.after(100, &mut top);
    }
    draw(&mut top, 80, 24);
    let pane = top.panes.lives;
    let mouse = |top: &mut Top, kind, row| {
        let answer = top.click(MouseEvent {
            kind,
            column: pane.x + 3,
            row,
            modifiers: KeyModifiers::NONE,
        });
        let (buffer, _) = draw(top, 80, 24);
        (answer, reversed(&buffer))
    };
    let left = MouseEventKind::Down(MouseButton::Left);
    let (last, above) = (pane.bottom() - 1, pane.bottom() - 2);
    assert_eq!(mouse(&mut top, left, above), (Answer::Redraw, vec![above]));
    assert!(top.is_in_lives && top.picked_life.is_some());
    assert_eq!(mouse(&mut top, left, last), (Answer::Redraw, vec![last]));
    // The last one stays the last one, and so does a click on the title.
    assert_eq!(top.picked_life, None);
    mouse(&mut top, left, above);
    mouse(&mut top, left, pane.y);
    assert_eq!(top.picked_life, None);
    // A click on the table leaves them.
    let row = top.panes.rows().y + 1;
    mouse(&mut top, left, row);
    assert!(!top.is_in_lives);
    // Three lines, as three keys.
    let pids = |top: &Top| {
        let picked = top.picked_life.unwrap();
        let mut all = top.recent.newest_first(Lives::All);
        let one = all.find(|one| one.serial == picked).unwrap();
        one.event.process().pid
    };
    mouse(&mut top, MouseEventKind::ScrollUp, above);
    assert!(top.is_in_lives);
    assert_eq!(pids(&top), 3006);
    mouse(&mut top, MouseEventKind::ScrollUp, above);
    assert_eq!(pids(&top), 3003);
    press(&mut top, KeyCode::Down);
    assert_eq!(pids(&top), 3004);
    mouse(&mut top, MouseEventKind::ScrollDown, above);
    assert_eq!(pids(&top), 3007);
    mouse(&mut top, MouseEventKind::ScrollDown, above);
    assert_eq!(top.picked_life, None);
}
