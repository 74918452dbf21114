//! Draws all facts of the picked process, with its curves.

use process_scanner::{ProcessInfo, ProcessKey};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::curve::Measure;
use super::draw_curves::draw_curve;
use super::paint::{plain, row};
use super::recent::Lives;
use super::view::{Subject, Top};
use crate::cli::format::color::{self, Part};
use crate::cli::format::exits;
use crate::cli::format::headings::headed_within;
use crate::cli::format::relatives;
use crate::cli::format::show::{self, Frame, Relatives};

/// Where facts are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FactsPane {
    /// Beside births and exits, with a rule above.
    Beside,
    /// On a page of its own, which scrolls.
    Page,
}

/// Draws the facts and the curves.
pub(super) fn draw_facts(top: &mut Top, buffer: &mut Buffer, area: Rect, pane: FactsPane) {
    if area.is_empty() {
        return;
    }
    let Some(subject) = top.subject() else {
        top.look
            .rule(buffer, row(area, 0), &[plain("no process")], &[]);
        return;
    };
    top.look.rule(buffer, row(area, 0), &title(subject), &[]);
    // Each curve has a part of the height, and the facts have the rest.
    let height = match area.height {
        ..12 => 1,
        12..20 => 2,
        _ => 3,
    };
    let mut rest = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    for measure in [Measure::Cpu, Measure::Rss] {
        let height = height.min(rest.height);
        draw_curve(top, buffer, Rect { height, ..rest }, subject, measure);
        rest.y += height;
        rest.height -= height;
    }
    let lines = facts(top, subject, rest.width.into());
    let offset = match pane {
        FactsPane::Beside => 0,
        FactsPane::Page => {
            let most = lines.len().saturating_sub(rest.height.into());
            top.page_offset = top.page_offset.min(most);
            top.page_offset
        }
    };
    for (at, line) in (0..rest.height).zip(lines.iter().skip(offset)) {
        top.look.line(buffer, row(rest, at), line);
    }
}

fn title(subject: Subject<'_>) -> Vec<Part> {
    match subject.exited {
        None => show::title(subject.process),
        Some(_) => vec![
            (color::BOLD, relatives::label(subject.process)),
            plain(": exited"),
        ],
    }
}

/// Returns the parent as its child's birth or exit names it; the parent itself has exited.
fn exited_parent(top: &Top, process: &ProcessInfo) -> Option<ProcessInfo> {
    let pid = process.parent_pid?;
    let mut lives = top.recent.newest_first(Lives::All);
    let name = lives.find_map(|one| {
        let of = one.event.process();
        let is_same = of.key() == process.key() && of.parent_pid == Some(pid);
        one.parent.clone().filter(|_| is_same)
    })?;
    let mut parent = ProcessInfo::unknown(ProcessKey {
        pid,
        start_time_ms: None,
    });
    parent.name = Some((&*name).into());
    Some(parent)
}

fn facts(top: &Top, subject: Subject<'_>, width: usize) -> Vec<Vec<Part>> {
    let snapshot = &top.seen.snapshot;
    let mut relatives = Relatives::of(subject.process, snapshot);
    let named = match relatives.parents.is_empty() {
        true => exited_parent(top, subject.process),
        false => None,
    };
    relatives.parents.extend(&named);
    let frame = Frame {
        width: Some(width),
        now_ms: top.seen.now_ms,
        interval_ms: top.seen.interval_ms,
        collects: top.options.collects,
        zone: top.options.zone,
        is_brief: true,
    };
    let mut lines = Vec::new();
    if let Some(exited) = subject.exited {
        let details = exits::details(&exited.event, None);
        let style = details.first().map_or(color::PLAIN, |(style, _)| *style);
        let text: String = details.into_iter().map(|(_, text)| text).collect();
        let folded = headed_within("exited", &text, Some(width)).into_iter();
        lines.extend(folded.map(|(begin, text)| vec![(color::BOLD, begin), (style, text)]));
    }
    lines.extend(show::facts(&relatives, frame));
    lines
}
