//! Finds what a key does, and writes the keys for the manual page and docs/top.md.

use std::io;

use clap_mangen::roff::{Roff, bold, roman};
use ratatui::crossterm::event::KeyEvent;

use super::action::{Action, Code};
use super::key_table::SECTIONS;

/// Returns what a key does; `None` if nothing.
pub(super) fn action_of(key: KeyEvent, is_replay: bool) -> Option<Action> {
    let code = Code::of(key);
    let sections = SECTIONS
        .iter()
        .filter(|section| is_replay || !section.is_of_replay);
    let mut codes = sections
        .flat_map(|section| section.keys)
        .flat_map(|key| key.codes);
    codes
        .find(|(other, _)| *other == code)
        .map(|(_, action)| *action)
}

/// Returns the lines of the table of keys in docs/top.md.
#[cfg(test)]
pub(crate) fn key_lines() -> Vec<String> {
    let keys = SECTIONS.iter().flat_map(|section| section.keys);
    keys.map(|key| format!("| `{}` | {} |", key.names, key.about))
        .collect()
}

/// Writes the sections of the manual page.
///
/// # Errors
///
/// If `out` has one.
pub(crate) fn write_keys(out: &mut impl io::Write) -> io::Result<()> {
    let mut text = Roff::new();
    text.control("SH", ["KEYS"]);
    for section in SECTIONS {
        text.control("SS", [section.title]);
        for key in section.keys {
            text.control("TP", []);
            text.text([bold(key.names)]);
            text.text([roman(key.about)]);
        }
    }
    text.to_writer(out)
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::{KeyCode, KeyModifiers};

    use super::*;

    #[test]
    fn each_key_does_one_thing() {
        let mut codes: Vec<Code> = Vec::new();
        for key in SECTIONS.iter().flat_map(|section| section.keys) {
            assert!(
                !key.codes.is_empty() && !key.about.ends_with('.'),
                "{key:?}"
            );
            for (code, _) in key.codes {
                assert!(!codes.contains(code), "{code:?}");
                codes.push(*code);
            }
        }
        let press = |code, is_replay| action_of(KeyEvent::from(code), is_replay);
        assert_eq!(press(KeyCode::Char('q'), false), Some(Action::Leave));
        assert_eq!(press(KeyCode::Char('B'), false), None);
        assert_eq!(press(KeyCode::Char('B'), true), Some(Action::Begin));
        let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(action_of(ctrl_c, false), Some(Action::Quit));
    }
}
