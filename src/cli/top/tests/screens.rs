//! Screens of several sizes, which a person has looked at.

use super::made_up_host::Host;
use super::*;
use crate::cli::format::intervals::Terms;
use crate::cli::top::notice::{Notice, OwnCost, Position as At};

const SIZES: [(u16, u16); 3] = [(20, 5), (80, 24), (200, 50)];

/// Compares screens with the ones that were accepted.
fn assert_screens(name: &str, top: &mut Top, sizes: &[(u16, u16)]) {
    let mut settings = insta::Settings::clone_current();
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
    let (_, mut top) = watched(options);
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
    press(&mut top, KeyCode::Char('o'));
    press(&mut top, KeyCode::Char('o'));
    assert_screens("by_user", &mut top, &[(80, 24)]);
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
    let (_, mut top) = watched(options);
    let (buffer, _) = draw(&mut top, 80, 24);
    for cell in buffer.content() {
        assert_eq!(cell.fg, ratatui::style::Color::Reset, "{cell:?}");
    }
    assert_screens("ascii", &mut top, &[(80, 24)]);
}
