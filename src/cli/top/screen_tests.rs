//! Screens of several sizes, which a person has looked at.

use process_scanner::{Batch, BreakerState, Error, ErrorClass, Hearing, Transition};
use ratatui::crossterm::event::{KeyCode, KeyModifiers};

use super::made_up_host::Host;
use super::notice::{Notice, OwnCost, Position as At};
use super::test_screen::*;
use super::view::Top;
use super::view_options::TopOptions;
use crate::cli::format::intervals::Terms;

const SIZES: [(u16, u16); 3] = [(20, 5), (80, 24), (200, 50)];

/// Compares screens with the ones that were accepted.
fn assert_screens(name: &str, top: &mut Top, sizes: &[(u16, u16)]) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../tests/suite/cli/top_view/screens");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (width, height) in sizes {
            let screen = screen(top, *width, *height);
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), screen);
        }
    });
}

/// A host that has been watched for two minutes, with a build.
fn watched(options: TopOptions) -> (Host, Top) {
    let (mut host, mut top) = (Host::small(), Top::new(options));
    top.take(&host.scan());
    for second in 0..120_u32 {
        let wave = 30.0 + 25.0 * (f64::from(second) / 9.0).sin();
        host.uses(
            811,
            wave as f32,
            1_240_000_000 + u64::from(second) * 4_000_000,
        );
        let pid = 2000 + second;
        if second % 2 == 0 {
            host.born(pid, 1377, &["cc", "-O2", "-c", "parser.c"])
                .cpu_percent = None;
        }
        if second > 6 && second % 2 == 0 {
            let status = match second {
                112 => 0x0100,
                116 => 9,
                _ => 0,
            };
            host.exits(pid - 6, Some(status));
        }
        host.after(1000, &mut top);
    }
    (host, top)
}

#[test]
fn a_host_is_watched() {
    let mut options = options();
    options.terms = Some(Terms {
        interval_ms: 1000,
        max_interval_ms: Some(60_000),
        budget_percent: Some(5.0),
    });
    let (mut host, mut top) = watched(options);
    top.take(&paced(
        host.scan(),
        r#"{"interval_ms":1000,"breaker":"closed"}"#,
    ));
    top.note(Notice::Cost(OwnCost {
        cpu_percent: Some(0.42),
        rss_bytes: Some(8_100_000),
    }));
    assert_screens("watched", &mut top, &SIZES);
    assert_screens("watched", &mut top, &[(40, 12), (60, 16), (100, 30)]);
    top.click(ratatui::crossterm::event::MouseEvent {
        kind: ratatui::crossterm::event::MouseEventKind::ScrollDown,
        column: 1,
        row: 8,
        modifiers: KeyModifiers::NONE,
    });
    press(&mut top, KeyCode::Enter);
    assert_screens("facts", &mut top, &[(80, 24)]);
    press(&mut top, KeyCode::Esc);
    press(&mut top, KeyCode::Char('t'));
    assert_screens("tree", &mut top, &[(80, 24)]);
    press(&mut top, KeyCode::Char('*'));
    assert_screens("collapsed", &mut top, &[(20, 5), (80, 24)]);
    press(&mut top, KeyCode::Char('u'));
    assert_screens("users", &mut top, &[(20, 5), (80, 24)]);
    press(&mut top, KeyCode::Esc);
    press(&mut top, KeyCode::Char('o'));
    press(&mut top, KeyCode::Char('o'));
    assert_screens("by_user", &mut top, &[(80, 24)]);
}

/// Sets interval and breaker of a batch.
fn paced(mut batch: Batch, pace: &str) -> Batch {
    batch.pace = Some(serde_json::from_str(pace).unwrap());
    batch
}

/// Returns the second line.
fn state(top: &mut Top) -> String {
    let (buffer, _) = draw(top, 100, 24);
    lines(&buffer).swap_remove(1)
}

#[test]
fn the_second_line_has_what_the_scanner_does() {
    let mut options = options();
    options.terms = Some(Terms {
        interval_ms: 1000,
        max_interval_ms: Some(60_000),
        budget_percent: Some(5.0),
    });
    let (mut host, mut top) = watched(options);
    let closed = r#"{"interval_ms":4210,"breaker":"closed"}"#;
    top.take(&paced(host.scan(), closed));
    assert_eq!(state(&mut top), "scans every 4.21s: budget 5 % of a core");
    let mut batch = paced(host.scan(), r#"{"interval_ms":1000,"breaker":"closed"}"#);
    batch.transitions = vec![Transition::budget(true, "a scan costs 900ms")];
    top.take(&batch);
    assert_eq!(
        state(&mut top),
        "every 1s, over the budget of 5 % of a core"
    );
    let mut batch = paced(host.scan(), r#"{"interval_ms":1000,"breaker":"open"}"#);
    batch.failure = Some(Error::new(ErrorClass::Permission, "cannot\x1b[2J read"));
    batch.transitions = vec![
        Transition::budget(false, "cheap"),
        Transition::breaker(BreakerState::Closed, BreakerState::Open, "scans\nwait"),
    ];
    batch.hearing = Hearing::Deaf;
    top.take(&batch);
    let text = state(&mut top);
    let expected = "scan failed: cannot\\x1b[2J read · scans have stopped: scans\\nwait · every 1s";
    assert_eq!(text, expected);
    // A small screen has the worst of it.
    assert!(screen(&mut top, 40, 7).starts_with("scan failed: cannot"));
    assert!(screen(&mut top, 80, 24).contains("births and exits (sampled)"));
    // What is heard between two scans does not end a failure.
    let mut heard = host.scan();
    heard.of_scan = false;
    top.take(&heard);
    assert!(state(&mut top).starts_with("scan failed"));
    let mut batch = paced(host.scan(), r#"{"interval_ms":1000,"breaker":"closed"}"#);
    batch.hearing = Hearing::Exits;
    top.take(&batch);
    assert_eq!(state(&mut top), "every 1s");
    assert!(screen(&mut top, 80, 24).contains("births (sampled) and exits ─"));
    let mut batch = host.scan();
    batch.hearing = Hearing::Lossy;
    top.take(&batch);
    assert!(screen(&mut top, 80, 24).contains("births and exits (incomplete)"));
}

#[test]
fn a_recording_is_shown() {
    let mut options = options();
    options.is_replay = true;
    let mut top = replayed("lives_between_two_scans_are_heard", options);
    top.note(Notice::Position(At {
        at_ms: 1_700_000_003_000,
        begin_ms: 1_700_000_000_000,
        end_ms: Some(1_700_000_060_000),
        is_paused: true,
        speed: 2.0,
    }));
    assert_screens("recording", &mut top, &SIZES);
}

#[test]
fn help_lists_all_keys() {
    let (_, mut top) = watched(options());
    press(&mut top, KeyCode::Char('?'));
    assert_screens("help", &mut top, &[(80, 50), (200, 50), (30, 20)]);
    press(&mut top, KeyCode::Char('q'));
    assert!(!screen(&mut top, 80, 24).contains("Redraw"));
}

#[test]
fn text_is_typed_in_the_last_line() {
    let (_, mut top) = watched(options());
    draw(&mut top, 80, 24);
    press(&mut top, KeyCode::F(4));
    type_text(&mut top, "cc");
    assert_screens("typed", &mut top, &[(80, 24), (20, 5)]);
    press(&mut top, KeyCode::Enter);
    assert_screens("filtered", &mut top, &[(80, 24)]);
}

#[test]
fn a_screen_without_colours_and_unicode_has_marks() {
    let mut options = options();
    (options.has_color, options.has_unicode) = (false, false);
    options.is_tree = true;
    let (mut host, mut top) = watched(options);
    let (buffer, _) = draw(&mut top, 80, 24);
    for cell in buffer.content() {
        assert_eq!(cell.fg, ratatui::style::Color::Reset, "{cell:?}");
        assert!(cell.symbol().is_ascii(), "{cell:?}");
    }
    host.born(4000, 1, &["日本é\u{301}…"]);
    host.after(1000, &mut top);
    let text = screen(&mut top, 80, 24);
    assert!(text.contains(" 4000 ?????~ "), "{text}");
    assert_screens("ascii", &mut top, &[(80, 24)]);
}
