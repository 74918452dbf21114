//! Draws screens for tests, of recordings and of a made-up host.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use process_scanner::{Batch, Collect, Filter, ReplaySource, Scanner};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Position;
use ratatui::style::Modifier;

use super::arranged::Id;
use super::made_up_host::Host;
use super::notice::Answer;
use super::view::Top;
use super::view_options::TopOptions;
use crate::cli::format::times::Zone;
use crate::cli::select::Columns;

pub(super) fn options() -> TopOptions {
    TopOptions {
        columns: Columns::Usual,
        sort: None,
        is_reverse: false,
        filter: Filter::new(),
        has_family: false,
        is_tree: false,
        by: None,
        has_color: true,
        has_unicode: true,
        collects: Collect::default() | Collect::CGROUP | Collect::EXECUTABLE | Collect::USER,
        terms: None,
        zone: Zone::Utc,
        is_replay: false,
    }
}

/// Returns a small host, and a view that has taken its first scan and was drawn.
pub(super) fn begun() -> (Host, Top) {
    begun_with(options())
}

pub(super) fn begun_with(options: TopOptions) -> (Host, Top) {
    let (mut host, mut top) = (Host::small(), Top::new(options));
    top.take(&host.scan());
    draw(&mut top, 80, 24);
    (host, top)
}

/// Returns the same with a tree.
pub(super) fn grown() -> (Host, Top) {
    let mut options = options();
    options.is_tree = true;
    begun_with(options)
}

/// Returns the pids of the lines.
pub(super) fn pids(top: &mut Top) -> Vec<u32> {
    top.refresh();
    let ids = (0..top.listed.len()).map(|place| top.listed.id(place));
    ids.map(|id| match id {
        Some(Id::Process(key)) => key.pid,
        other => panic!("{other:?}"),
    })
    .collect()
}

pub(super) fn sorted_pids(top: &mut Top) -> Vec<u32> {
    let mut pids = pids(top);
    pids.sort_unstable();
    pids
}

/// Returns a view that has taken a recording.
pub(super) fn replayed(fixture: &str, options: TopOptions) -> Top {
    let mut top = Top::new(options);
    replay(fixture, |batch| top.take(batch));
    top
}

/// Calls `each` with each batch of a recording.
pub(super) fn replay(fixture: &str, mut each: impl FnMut(&Batch)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let file = File::open(folder.join(format!("{fixture}.ndjson"))).unwrap();
    let source = ReplaySource::new(BufReader::new(file)).unwrap();
    let mut scanner = Scanner::builder().source(source).build().unwrap();
    while let Some(batch) = scanner.hear_once().or_else(|| scanner.scan_once()) {
        if batch
            .failure
            .as_ref()
            .is_some_and(|failure| failure.is_final())
        {
            break;
        }
        each(&batch);
    }
}

/// Draws on a screen of this size. Returns its cells, and where the cursor is.
pub(super) fn draw(top: &mut Top, width: u16, height: u16) -> (Buffer, Option<Position>) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| top.draw(frame)).unwrap();
    let is_shown = terminal.backend().cursor_visible();
    let cursor = terminal.get_cursor_position().unwrap();
    (
        terminal.backend().buffer().clone(),
        is_shown.then_some(cursor),
    )
}

/// Returns the lines of a screen, without spaces at their ends.
pub(super) fn lines(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width).max(1);
    let line = |cells: &[ratatui::buffer::Cell]| {
        let mut skip = 0;
        let mut line = String::new();
        for cell in cells {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            line.push_str(cell.symbol());
            skip = crate::cli::terminal::width(cell.symbol()).saturating_sub(1);
        }
        line.trim_end().to_owned()
    };
    buffer.content().chunks(width).map(line).collect()
}

/// Draws a screen as text: its lines, then the line that is reversed, and the place of the cursor.
pub(super) fn screen(top: &mut Top, width: u16, height: u16) -> String {
    let (buffer, cursor) = draw(top, width, height);
    let mut text = lines(&buffer).join("\n");
    text.push_str(&format!("\n(picked: {:?}", reversed(&buffer)));
    match cursor {
        Some(Position { x, y }) => text.push_str(&format!("; cursor {x}, {y})")),
        None => text.push_str("; no cursor)"),
    }
    text
}

/// Returns the lines that are reversed as a whole.
pub(super) fn reversed(buffer: &Buffer) -> Vec<u16> {
    let width = usize::from(buffer.area.width).max(1);
    let rows = (0..).zip(buffer.content().chunks(width));
    rows.filter(|(_, cells)| {
        cells
            .iter()
            .all(|cell| cell.modifier.contains(Modifier::REVERSED))
    })
    .map(|(row, _)| row)
    .collect()
}

pub(super) fn press(top: &mut Top, code: KeyCode) -> Answer {
    top.press(KeyEvent::from(code))
}

pub(super) fn ctrl(top: &mut Top, letter: char) -> Answer {
    top.press(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL))
}

pub(super) fn type_text(top: &mut Top, text: &str) {
    for letter in text.chars() {
        press(top, KeyCode::Char(letter));
    }
}

pub(super) fn letter(top: &mut Top, letter: char) -> Answer {
    press(top, KeyCode::Char(letter))
}

/// Returns the pid of the picked process.
pub(super) fn picked(top: &Top) -> Option<u32> {
    top.pick.key().map(|key| key.pid)
}

/// Picks the line of a process.
pub(super) fn pick(top: &mut Top, pid: u32) {
    let place = pids(top).iter().position(|other| *other == pid).unwrap();
    top.pick.pick_line(&top.listed, place);
}

pub(super) fn collapse(top: &mut Top, pid: u32) {
    pick(top, pid);
    letter(top, '-');
}

pub(super) fn hides_any(top: &Top) -> bool {
    top.arranged.collapsed.hides_any(&top.seen.snapshot)
}
