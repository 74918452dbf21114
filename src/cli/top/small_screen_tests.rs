//! Narrow and low screens, and the ways back from pages.

use ratatui::crossterm::event::KeyCode;

use super::made_up_host::Host;
use super::notice::{Answer, Notice};
use super::test_screen::*;
use super::view::Top;
use super::view_options::TopOptions;

fn failed(options: TopOptions) -> (Host, Top) {
    let (mut host, mut top) = (Host::small(), Top::new(options));
    top.take(&host.scan());
    host.born(31482, 1210, &["bash"]);
    host.after(1000, &mut top);
    host.exits(31482, Some(0x0200));
    host.after(1000, &mut top);
    (host, top)
}

#[test]
fn exits_have_their_status_on_narrow_screens() {
    let (_, mut top) = failed(options());
    for (width, height) in [(40, 24), (30, 50), (44, 24), (24, 24), (20, 24)] {
        let text = screen(&mut top, width, height);
        assert!(text.contains("bash") && text.contains("exit 2"), "{text}");
    }
    assert!(screen(&mut top, 40, 24).contains("- 31482 bash 1.1s, exit 2"));
}

#[test]
fn births_and_exits_fill_low_screens() {
    for (width, height) in [(40, 12), (20, 5)] {
        let (_, mut top) = failed(options());
        assert!(!screen(&mut top, width, height).contains("exit 2"));
        press(&mut top, KeyCode::Tab);
        let text = screen(&mut top, width, height);
        assert!(
            text.contains("exit 2") && !text.contains("no cursor"),
            "{text}"
        );
        press(&mut top, KeyCode::Enter);
        assert_eq!(top.pick.key().map(|key| key.pid), Some(31482));
        press(&mut top, KeyCode::Esc);
        press(&mut top, KeyCode::Tab);
        assert!(!screen(&mut top, width, height).contains("births and"));
    }
}

#[test]
fn q_goes_back_from_pages() {
    let (_, mut top) = failed(options());
    for open in [KeyCode::Enter, KeyCode::Char('?')] {
        press(&mut top, open);
        assert_eq!(press(&mut top, KeyCode::Char('q')), Answer::Redraw);
        press(&mut top, open);
        assert_eq!(press(&mut top, KeyCode::F(10)), Answer::Quit);
        assert_eq!(ctrl(&mut top, 'c'), Answer::Quit);
        press(&mut top, KeyCode::Esc);
    }
    assert_eq!(press(&mut top, KeyCode::Char('q')), Answer::Quit);
}

#[test]
fn esc_leaves_groups() {
    let (_, mut top) = failed(options());
    press(&mut top, KeyCode::Char('o'));
    assert!(screen(&mut top, 80, 24).contains("by name"));
    press(&mut top, KeyCode::Esc);
    assert!(!screen(&mut top, 80, 24).contains("by name"));
}

#[test]
fn only_a_typed_filter_is_ended_by_esc() {
    let mut own = options();
    own.filter = process_scanner::Filter::new().with_pid(4_000_000);
    let (_, mut top) = failed(own);
    let text = screen(&mut top, 80, 24);
    assert!(text.contains("no process matches\n"), "{text}");
    press(&mut top, KeyCode::F(4));
    type_text(&mut top, "zzz");
    assert!(screen(&mut top, 80, 24).contains("Esc ends the filter"));
}

#[test]
fn the_clock_of_a_replay_has_its_zone() {
    let mut options = options();
    options.is_replay = true;
    let mut top = replayed("quiet_host", options);
    assert!(screen(&mut top, 80, 24).contains(" UTC"));
}

#[test]
fn replays_have_their_clock_on_small_screens() {
    for (width, height) in [(20, 5), (40, 12)] {
        let mut options = options();
        options.is_replay = true;
        let mut top = replayed("quiet_host", options);
        let text = screen(&mut top, width, height);
        assert!(text.contains("22:13:2") && text.contains(" UTC"), "{text}");
    }
}

#[test]
fn long_messages_and_the_help_are_wrapped() {
    let (_, mut top) = failed(options());
    let message = format!("{} end of it", "a long message".repeat(6));
    top.note(Notice::Message(message));
    let text = screen(&mut top, 60, 24);
    assert!(text.contains("end of it"), "{text}");
    press(&mut top, KeyCode::Char('?'));
    let text = screen(&mut top, 40, 60);
    assert!(text.contains("picked") && !text.contains('…'), "{text}");
}

#[test]
fn details_of_a_short_life_omit_what_is_unknown() {
    let (mut host, mut top) = (Host::small(), Top::new(options()));
    top.take(&host.scan());
    host.born(10_006, 1, &["bash"]);
    host.after(1000, &mut top);
    host.born(10_007, 10_006, &["cc"]).cpu_time_ms = None;
    host.after(1000, &mut top);
    host.exits(10_006, Some(0));
    host.exits(10_007, Some(0));
    host.after(1000, &mut top);
    draw(&mut top, 80, 24);
    press(&mut top, KeyCode::Tab);
    press(&mut top, KeyCode::Enter);
    let text = screen(&mut top, 80, 40);
    assert!(text.contains("10006 bash"), "{text}");
    assert!(
        !text.contains("- resident") && !text.contains("- %"),
        "{text}"
    );
}
