//! Draws all facts of the picked process, with its curves.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::curve::Measure;
use super::draw_curves::draw_curve;
use super::paint::{plain, row};
use super::view::{Subject, Top};
use crate::cli::format::color::{self, Part};
use crate::cli::format::exits;
use crate::cli::format::relatives;
use crate::cli::format::show::{self, Frame, Relatives};

/// Most ancestors that are searched.
const MAX_PARENTS: usize = 100;

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
    match subject.gone {
        None => show::title(subject.process),
        Some(_) => vec![
            (color::BOLD, relatives::label(subject.process)),
            plain(": exited"),
        ],
    }
}

fn facts(top: &Top, subject: Subject<'_>, width: usize) -> Vec<Vec<Part>> {
    let snapshot = &top.seen.snapshot;
    let parents = std::iter::successors(snapshot.parent(subject.process), |process| {
        snapshot.parent(process)
    });
    let relatives = Relatives {
        process: subject.process,
        parents: parents.take(MAX_PARENTS).collect(),
        children: snapshot.children(subject.process.key()).collect(),
    };
    let frame = Frame {
        width: Some(width),
        now_ms: top.seen.now_ms,
        interval_ms: top.seen.interval_ms,
        collects: top.options.collects,
        zone: top.options.zone,
        is_brief: true,
    };
    let mut lines = Vec::new();
    if let Some(gone) = subject.gone {
        let mut line = vec![(color::BOLD, format!("{:<15}", "exited"))];
        line.extend(exits::details(&gone.event, None));
        lines.push(line);
    }
    lines.extend(show::facts(&relatives, frame));
    lines
}
