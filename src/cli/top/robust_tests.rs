//! Any size, any process, any number of them.

use process_scanner::{Batch, Event, ProcessInfo, ProcessKey};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::FileFailurePersistence;
use ratatui::crossterm::event::KeyCode;

use super::made_up_host::Host;
use super::recent::{self, Lives};
use super::test_screen::*;
use super::view::Top;
use crate::cli::terminal;

const PAGES: [&[KeyCode]; 8] = [
    &[],
    &[KeyCode::Char('t')],
    &[KeyCode::Char('*')],
    &[KeyCode::Char('u')],
    &[KeyCode::Char('o')],
    &[KeyCode::Enter],
    &[KeyCode::Char('?')],
    &[KeyCode::F(4), KeyCode::Char('s')],
];

#[test]
fn every_size_can_be_drawn() {
    for keys in PAGES {
        let mut top = replayed("hostile_names", options());
        draw(&mut top, 80, 24);
        for key in keys {
            press(&mut top, *key);
        }
        for height in 0..=30 {
            for width in 0..=60 {
                draw(&mut top, width, height);
                press(&mut top, KeyCode::PageDown);
            }
        }
        draw(&mut top, 300, 100);
    }
}

#[test]
fn a_screen_that_is_too_small_has_the_least_size() {
    let mut top = replayed("hostile_names", options());
    for (width, height) in [(19, 24), (80, 4)] {
        assert!(screen(&mut top, width, height).starts_with("pscan top needs 20"));
    }
}

#[test]
fn a_host_without_processes_can_be_browsed() {
    let mut top = Top::new(options());
    let empty = screen(&mut top, 80, 24);
    assert!(empty.contains("no processes yet"), "{empty}");
    for code in [
        KeyCode::Down,
        KeyCode::End,
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::Enter,
        KeyCode::Char('F'),
        KeyCode::Char('n'),
        KeyCode::Char('o'),
        KeyCode::Enter,
        KeyCode::Char('<'),
        KeyCode::Esc,
        KeyCode::Char('t'),
        KeyCode::Char('-'),
        KeyCode::Char('*'),
        KeyCode::Char('u'),
        KeyCode::End,
        KeyCode::Enter,
    ] {
        press(&mut top, code);
        draw(&mut top, 80, 24);
        draw(&mut top, 200, 50);
    }
    // A difference without a full batch before it is left out.
    let mut host = Host::small();
    host.scan();
    host.after(1000, &mut top);
    assert!(top.seen.snapshot.is_empty());
}

fn hostile() -> Host {
    let mut host = Host::small();
    let long = "é".repeat(32_000);
    let zalgo = format!("a{}", "\u{301}".repeat(30_000));
    for (at, name) in [
        "\x1b[2J\x1b]0;title\x07",
        "a\nb\tc\0d",
        "日本語日本語日本語",
        "שלום עולם",
        "\u{202e}abc",
        "",
        " ",
        "👩\u{200d}🔬👍🏽🇩🇪",
        "e\u{301}\u{301}\u{301}",
        "\u{301}",
        &long,
        &zalgo,
    ]
    .iter()
    .enumerate()
    {
        let pid = 100 + at as u32;
        host.there(pid, Some(1), &[name, name], name).cpu_percent = Some(500.0);
        host.of(pid).name = Some((*name).into());
    }
    host
}

#[test]
fn hostile_texts_stay_in_their_cells() {
    let mut host = hostile();
    let mut top = Top::new(options());
    top.take(&host.scan());
    for pid in 100..106 {
        host.exits(pid, Some(0x0300));
    }
    host.after(1000, &mut top);
    for keys in PAGES {
        draw(&mut top, 80, 40);
        for key in keys {
            press(&mut top, *key);
        }
        for (width, height) in [(20, 5), (37, 20), (80, 40), (200, 60)] {
            let (buffer, _) = draw(&mut top, width, height);
            for cell in buffer.content() {
                let symbol = cell.symbol();
                assert!(!symbol.contains(process_scanner::is_control), "{symbol:?}");
                assert!(
                    terminal::width(symbol) <= 10 && symbol.len() < 4000,
                    "{symbol:?}"
                );
            }
        }
        press(&mut top, KeyCode::Esc);
        press(&mut top, KeyCode::Esc);
    }
}

#[test]
fn eight_thousand_processes_and_unknown_values_can_be_browsed() {
    let key = |pid: u32| ProcessKey {
        pid,
        start_time_ms: None,
    };
    let events = (1..=8000).map(|pid| Event::Existing(ProcessInfo::unknown(key(pid))));
    let mut top = Top::new(options());
    top.take(&Batch::new(1, 1000, events.collect()));
    let text = screen(&mut top, 80, 24);
    assert!(text.contains("8000 processes"), "{text}");
    assert!(
        text.contains("\n  1    -   -    -   - -      -    -\n"),
        "{text}"
    );
    press(&mut top, KeyCode::End);
    let text = screen(&mut top, 80, 24);
    assert!(text.contains("\n8000 "), "{text}");
    for code in [KeyCode::Char('t'), KeyCode::Char('o'), KeyCode::Enter] {
        press(&mut top, code);
        draw(&mut top, 200, 50);
    }
}

#[test]
fn many_births_and_exits_take_bounded_memory() {
    let mut host = Host::small();
    let mut top = Top::new(options());
    top.take(&host.scan());
    let long = "x".repeat(2000);
    let mut most = 0;
    for second in 0..120_u32 {
        for at in 0..50 {
            host.born(10_000 + at, 1, &["cc", &long]).cpu_percent = Some(second as f32);
        }
        host.after(500, &mut top);
        for at in 0..50 {
            host.exits(10_000 + at, Some(0));
        }
        host.after(500, &mut top);
        most = most.max(top.seen.curve_bytes() + top.recent.heap_bytes());
    }
    assert!(most < 2_000_000, "{most}");
    assert_eq!(recent::keys(&top.recent, Lives::All).len(), 400);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        ..ProptestConfig::with_failure_persistence(FileFailurePersistence::Direct(
            "tests/proptest-regressions/top.txt"
        ))
    })]

    #[test]
    fn any_keys_after_any_batches_can_be_drawn(
        steps in crate::cli::history::steps(),
        keys in proptest::collection::vec((any::<Index>(), 0_u16..100, 0_u16..40), 1..60),
        is_replay: bool,
    ) {
        let mut options = options();
        options.is_replay = is_replay;
        let mut top = Top::new(options);
        let batches = crate::cli::history::batches(&steps);
        let mut batches = batches.iter();
        let all: Vec<_> = super::key_table::SECTIONS
            .iter()
            .flat_map(|section| section.keys)
            .flat_map(|key| key.codes)
            .collect();
        for (key, width, height) in keys {
            if let Some(batch) = batches.next() {
                top.take(batch);
            }
            let (code, _) = key.get(&all);
            top.press(code.event());
            let (buffer, cursor) = draw(&mut top, width, height);
            prop_assert!(cursor.is_none_or(|cursor| buffer.area.contains(cursor)));
        }
    }
}
