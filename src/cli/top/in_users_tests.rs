//! The page of users, and the processes of one of them.

use process_scanner::{Collect, Detail, Filter, Value};
use ratatui::crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::made_up_host::Host;
use super::panes::Page;
use super::test_screen::*;
use super::view::Top;

/// Returns the lines of the page.
fn listed(top: &mut Top) -> Vec<String> {
    let (buffer, _) = draw(top, 80, 24);
    let page = lines(&buffer).into_iter().skip(3);
    page.take_while(|line| !line.is_empty())
        .map(|line| line.trim().to_owned())
        .collect()
}

#[test]
fn users_are_listed_and_one_is_chosen() {
    let (mut host, mut top) = begun();
    letter(&mut top, 'u');
    let text = screen(&mut top, 80, 24);
    assert!(
        text.contains("\nPROCESSES USER\n        9 (all)\n        2 anna\n"),
        "{text}"
    );
    assert!(text.ends_with("(picked: [3]; cursor 0, 3)"), "{text}");
    assert_eq!(
        listed(&mut top),
        ["9 (all)", "2 anna", "2 postgres", "5 root"]
    );
    press(&mut top, KeyCode::Down);
    press(&mut top, KeyCode::Enter);
    assert_eq!(sorted_pids(&mut top), [1210, 1377]);
    assert!(screen(&mut top, 80, 24).contains("\nuser anna: 2 of 9\n"));
    // Processes that become hers are displayed.
    let child = host.born(3000, 1210, &["vi"]);
    child.details.set(Detail::UserName, Value::Text("anna"));
    let child = child.clone();
    host.updates(child);
    host.born(3001, 1, &["cron"])
        .details
        .set(Detail::UserName, Value::Text("root"));
    host.after(1000, &mut top);
    assert_eq!(sorted_pids(&mut top), [1210, 1377, 3000]);
    // The page begins with the chosen one, and counts all.
    letter(&mut top, 'u');
    assert_eq!(top.users.index, 1);
    assert_eq!(listed(&mut top)[..2], ["11 (all)", "3 anna"]);
    press(&mut top, KeyCode::Home);
    press(&mut top, KeyCode::Enter);
    assert_eq!(sorted_pids(&mut top).len(), 11);
    // Esc leaves the page, and then the user.
    letter(&mut top, 'u');
    press(&mut top, KeyCode::End);
    press(&mut top, KeyCode::Enter);
    letter(&mut top, 'u');
    press(&mut top, KeyCode::Down);
    press(&mut top, KeyCode::Esc);
    assert!(screen(&mut top, 80, 24).contains("user root: 5 of 11"));
    press(&mut top, KeyCode::Esc);
    assert_eq!(sorted_pids(&mut top).len(), 11);
    letter(&mut top, 'u');
    letter(&mut top, 'q');
    assert_eq!(top.page, Page::Table);
}

#[test]
fn a_user_is_combined_with_other_filters() {
    let mut own = options();
    own.filter = Filter::new().with_text("s");
    let (_, mut top) = begun_with(own);
    press(&mut top, KeyCode::F(4));
    type_text(&mut top, "sshd");
    press(&mut top, KeyCode::Enter);
    letter(&mut top, 'u');
    assert_eq!(listed(&mut top), ["2 (all)", "2 root"]);
    press(&mut top, KeyCode::Down);
    press(&mut top, KeyCode::Enter);
    assert_eq!(sorted_pids(&mut top), [690, 1204]);
    assert!(screen(&mut top, 80, 24).contains("user root, filter sshd: 2 of 9"));
    letter(&mut top, 't');
    assert_eq!(sorted_pids(&mut top), [1, 690, 1204]);
    letter(&mut top, 't');
    // The number is that of processes, whatever is listed.
    letter(&mut top, 'o');
    assert!(screen(&mut top, 80, 24).contains("user root, filter sshd: 2 of 9 · by name"));
    press(&mut top, KeyCode::Esc);
    // Esc ends them one by one.
    press(&mut top, KeyCode::Esc);
    assert_eq!(sorted_pids(&mut top), [1, 412, 690, 1204]);
    press(&mut top, KeyCode::F(4));
    type_text(&mut top, "nothing like it");
    assert!(screen(&mut top, 80, 24).contains("no process matches; Esc ends the filter"));
    press(&mut top, KeyCode::Esc);
    press(&mut top, KeyCode::Esc);
    assert_eq!(sorted_pids(&mut top), [1, 412, 690, 811, 830, 1204, 1210]);
}

#[test]
fn births_and_exits_are_those_of_the_user() {
    let (mut host, mut top) = begun();
    for (pid, user) in [(3000, "anna"), (3001, "root")] {
        host.born(pid, 1, &["cc"])
            .details
            .set(Detail::UserName, Value::Text(user));
        let process = host.of(pid).clone();
        host.updates(process);
    }
    host.after(1000, &mut top);
    let exits = |host: &mut Host, top: &mut Top, pid| {
        host.exits(pid, Some(0x0200));
        host.after(1000, top);
    };
    exits(&mut host, &mut top, 3001);
    let lives = |top: &Top| {
        let lives = super::recent::keys(&top.recent, top.lives);
        lives.iter().map(|key| key.pid).collect::<Vec<_>>()
    };
    assert_eq!(lives(&top), [3001, 3001, 3000]);
    top.set_user(Some("anna".into()));
    assert_eq!(lives(&top), [3000]);
    exits(&mut host, &mut top, 3000);
    exits(&mut host, &mut top, 690);
    assert_eq!(lives(&top), [3000, 3000]);
    top.set_user(None);
    assert_eq!(lives(&top).len(), 5);
}

#[test]
fn users_without_names_are_listed_by_id_and_unknown_ones_are_not() {
    let (mut host, mut top) = (Host::new(), Top::new(options()));
    for pid in 1..=3 {
        host.there(pid, None, &["x"], "root");
    }
    host.of(2).details = Default::default();
    host.of(2).details.set(Detail::UserId, Value::Count(1000));
    host.of(3).details = Default::default();
    host.there(4, None, &["x"], "\x1b[2Ja");
    for (pid, name, id) in [(5, "1000", 1001), (6, "", 1002)] {
        host.there(pid, None, &["x"], name);
        host.of(pid).details.set(Detail::UserId, Value::Count(id));
    }
    top.take(&host.scan());
    letter(&mut top, 'u');
    let ids = ["1 1000", "1 1001", "1 1002"];
    let expected = [&["6 (all)", "1 \\x1b[2Ja"][..], &ids, &["1 root"]].concat();
    assert_eq!(listed(&mut top), expected);
    press(&mut top, KeyCode::Esc);
    let by_line: [&[u32]; 6] = [&[1, 2, 3, 4, 5, 6], &[4], &[2], &[5], &[6], &[1]];
    for (line, expected) in by_line.into_iter().enumerate() {
        letter(&mut top, 'u');
        press(&mut top, KeyCode::Home);
        for _ in 0..line {
            press(&mut top, KeyCode::Down);
        }
        press(&mut top, KeyCode::Enter);
        assert_eq!(sorted_pids(&mut top), expected, "{line}");
    }
}

#[test]
fn several_ids_with_one_name_are_one_user_and_listed() {
    let (mut host, mut top) = (Host::new(), Top::new(options()));
    for (pid, id) in [(1, Some(1001)), (2, Some(1000)), (3, Some(1000)), (4, None)] {
        host.there(pid, None, &["x"], "anna");
        let id = id.map_or(Value::Unknown, Value::Count);
        host.of(pid).details.set(Detail::UserId, id);
    }
    host.there(5, None, &["x"], "root");
    host.of(5).details.set(Detail::UserId, Value::Count(0));
    top.take(&host.scan());
    letter(&mut top, 'u');
    assert_eq!(
        listed(&mut top),
        ["5 (all)", "4 anna (ids 1000, 1001)", "1 root"]
    );
    letter(&mut top, 'a');
    press(&mut top, KeyCode::Enter);
    assert_eq!(sorted_pids(&mut top), [1, 2, 3, 4]);
    // One of them is left.
    host.exits(1, Some(0));
    host.after(1000, &mut top);
    letter(&mut top, 'u');
    assert_eq!(listed(&mut top)[1], "3 anna");
}

#[test]
fn the_list_follows_the_host() {
    let (mut host, mut top) = begun();
    letter(&mut top, 'u');
    press(&mut top, KeyCode::Down);
    host.there(7, Some(1), &["x"], "adam");
    host.after(1000, &mut top);
    assert_eq!(listed(&mut top)[1..3], ["1 adam", "2 anna"]);
    assert_eq!(top.users.index, 2);
    host.exits(1210, Some(0));
    host.exits(1377, Some(0));
    host.after(1000, &mut top);
    assert_eq!(
        listed(&mut top),
        ["8 (all)", "1 adam", "2 postgres", "5 root"]
    );
    assert_eq!(top.users.index, 2);
    // So does the view of a user whose last process ends.
    press(&mut top, KeyCode::Up);
    press(&mut top, KeyCode::Enter);
    assert_eq!(pids(&mut top), [7]);
    host.exits(7, Some(0));
    host.after(1000, &mut top);
    let text = screen(&mut top, 80, 24);
    assert!(text.contains("user adam: 0 of 7"), "{text}");
    let expected = "no process of this user matches; Esc displays all users";
    assert!(text.contains(expected), "{text}");
    letter(&mut top, 'u');
    assert_eq!(listed(&mut top)[top.users.index], "7 (all)");
    letter(&mut top, 'q');
    press(&mut top, KeyCode::Esc);
    assert_eq!(pids(&mut top).len(), 7);
}

#[test]
fn users_are_offered_only_if_they_are_collected() {
    for (is_replay, expected) in [
        (false, "users are not collected: start with the column user"),
        (true, "users are not recorded"),
    ] {
        let mut own = options();
        (own.collects, own.is_replay) = (Collect::COMMAND, is_replay);
        let (_, mut top) = begun_with(own);
        letter(&mut top, 'u');
        assert!(screen(&mut top, 80, 24).contains(expected));
        assert_eq!(top.page, Page::Table);
    }
}

#[test]
fn many_users_scroll_and_a_click_chooses() {
    let (mut host, mut top) = (Host::new(), Top::new(options()));
    for pid in 1..=300 {
        host.there(pid, None, &["x"], &format!("u{pid:03}"));
    }
    top.take(&host.scan());
    letter(&mut top, 'u');
    for (width, height) in [(20, 5), (80, 24)] {
        press(&mut top, KeyCode::End);
        let text = screen(&mut top, width, height);
        assert!(text.contains("        1 u300\n"), "{text}");
        press(&mut top, KeyCode::PageUp);
        let text = screen(&mut top, width, height);
        assert!(
            text.contains("PROCESSES USER\n") && text.contains("cursor 0"),
            "{text}"
        );
        press(&mut top, KeyCode::Home);
        assert!(screen(&mut top, width, height).contains("(all)"));
    }
    let mouse = |kind, row| MouseEvent {
        kind,
        column: 12,
        row,
        modifiers: KeyModifiers::NONE,
    };
    top.click(mouse(MouseEventKind::ScrollDown, 9));
    assert_eq!(top.users.index, 3);
    // The headings.
    top.click(mouse(MouseEventKind::Down(MouseButton::Left), 2));
    assert_eq!(top.page, Page::Users);
    top.click(mouse(MouseEventKind::Down(MouseButton::Left), 5));
    assert_eq!(sorted_pids(&mut top), [2]);
}
