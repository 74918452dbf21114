//! Draws births and exits as they come.

use process_scanner::Event;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::kept_event::Happened;
use super::paint::{PICKED, plain, row};
use super::recent::Lives;
use super::view::Top;
use crate::cli::format::cells;
use crate::cli::format::color::{self, Part};
use crate::cli::format::exits;
use crate::cli::format::line_layout::LineLayout;
use crate::cli::format::lines;
use crate::cli::format::times::time_of_day;
use crate::cli::terminal;

/// Least width of a line with all columns of `watch`.
const WITH_DETAILS: usize = 45;

/// Columns of the status of an exit on narrower lines.
const MIN_STATUS: usize = 10;

/// Draws the pane, the newest line below the others. Returns where the picked line begins.
pub(super) fn draw_lives(top: &mut Top, buffer: &mut Buffer, area: Rect) -> Option<Position> {
    if area.is_empty() {
        top.is_in_lives = false;
        return None;
    }
    let (title, right) = title(top);
    top.look.rule(buffer, row(area, 0), &title, &right);
    let room = usize::from(area.height - 1);
    let serials = top.recent.newest_first(top.lives).map(|one| one.serial);
    let serials: Vec<u64> = serials.collect();
    // The picked one may have left the list, as the oldest ones do: then the oldest one is picked.
    let picked = top.picked_life;
    let picked = picked.map(|picked| serials.last().map_or(picked, |last| picked.max(*last)));
    // The picked one is on the screen: newer ones are below it, where there is room, and the pane
    // is full.
    let newer = picked.map_or(0, |picked| serials.partition_point(|one| *one > picked));
    let most = serials.len().saturating_sub(room);
    let skipped = newer.saturating_sub(room / 2).min(most);
    let shown = top.recent.newest_first(top.lives).skip(skipped).take(room);
    let shown: Vec<&Happened> = shown.collect();
    let mut cursor = None;
    let mut drawn = vec![None];
    for (at, one) in shown.iter().rev().enumerate() {
        drawn.push(Some(one.serial));
        let at = u16::try_from(1 + at).unwrap_or(u16::MAX);
        let area = row(area, at);
        top.look
            .line(buffer, area, &line(top, one, area.width.into()));
        let is_last = picked.is_none() && one.serial == shown[0].serial;
        if top.is_in_lives && (picked == Some(one.serial) || is_last) {
            buffer.set_style(area, PICKED);
            cursor = Some(area.as_position());
        }
    }
    top.drawn_lives = drawn;
    cursor
}

fn title(top: &Top) -> (Vec<Part>, Vec<Part>) {
    let (births, exits) = (top.state.heard(false), top.state.heard(true));
    let texts = match top.lives {
        Lives::All if births == exits => vec![("births and exits", exits)],
        Lives::All => vec![("births", births), (" and exits", exits)],
        Lives::Exits => vec![("exits", exits)],
        Lives::Failed => vec![("failed exits", exits)],
    };
    let mut title = Vec::new();
    for (name, how) in texts {
        title.push((color::BOLD, name.to_owned()));
        title.extend(how.map(|how| (color::YELLOW, how.to_owned())));
    }
    let most = top.recent.most(top.lives);
    title.extend(most.map(|most| (color::DIM, format!(", last {most}"))));
    let rates = top.recent.rates().map(|rates| match top.lives {
        Lives::All => format!("{:.1} births/s, {:.1} exits/s", rates.births, rates.exits),
        Lives::Exits => format!("{:.1} exits/s", rates.exits),
        Lives::Failed => format!("{:.1} failed exits/s", rates.failed),
    });
    // They are those of all processes, and the list is not.
    let is_part =
        !top.options.filter.is_empty() || top.wanted.typed.is_some() || top.wanted.hides_kernel;
    let rates = rates.map(|text| match is_part {
        true => format!("host: {text}"),
        false => text,
    });
    let right = rates.map(|text| (color::PLAIN, text));
    (title, right.into_iter().collect())
}

/// Returns the line of a birth or an exit, as `watch` prints it, with the parent.
fn line(top: &Top, one: &Happened, width: usize) -> Vec<Part> {
    let time = time_of_day(one.at_ms, top.options.zone);
    let layout = LineLayout {
        time: &time,
        width: Some(width),
        has_measures: false,
        terms: None,
    };
    if width < WITH_DETAILS && matches!(one.event, Event::Exited { .. }) {
        return short_exit(one, width);
    }
    lines::parts(&one.event, layout, |room| details(one, room, width))
}

/// Returns the line of an exit on a narrow screen: its status matters more than its pid.
fn short_exit(one: &Happened, width: usize) -> Vec<Part> {
    let process = one.event.process();
    let style = match exits::is_failure(&one.event) {
        true => color::RED,
        false => color::DIM,
    };
    let name = cells::name(process);
    let status = exits::details(&one.event, Some(MIN_STATUS));
    let of_status: usize = status.iter().map(|(_, text)| terminal::width(text)).sum();
    let with_pid = format!("{:>5} {name}", process.pid);
    let room = width.saturating_sub(3);
    let begin = match terminal::width(&with_pid) + of_status <= room {
        true => with_pid,
        false => terminal::cut(&name, Some(room.saturating_sub(of_status))).to_owned(),
    };
    let mut parts = vec![(style, "- ".to_owned()), plain(format!("{begin} "))];
    let used = 3 + terminal::width(&begin);
    parts.extend(exits::details(&one.event, Some(width.saturating_sub(used))));
    parts
}

/// Returns the end of the line: how the process ended, or what runs, and its parent.
fn details(one: &Happened, room: Option<usize>, width: usize) -> Vec<Part> {
    let process = one.event.process();
    let parent = process.parent_pid.map(|pid| match &one.parent {
        Some(name) => format!("child of {pid} {}", process_scanner::escape(name)),
        None => format!("child of {pid}"),
    });
    if let Event::Exited { .. } = one.event {
        let mut parts = exits::details(&one.event, room);
        let used: usize = parts.iter().map(|(_, text)| terminal::width(text)).sum();
        let parent = parent.map(|parent| format!(", {parent}"));
        let fits = |text: &String| room.is_none_or(|room| used + terminal::width(text) <= room);
        parts.extend(parent.filter(fits).map(|text| (color::DIM, text)));
        return parts;
    }
    let is_known = process.command.is_some();
    let command = is_known.then(|| lines::command(process, Some(width)));
    match (parent, command) {
        (Some(parent), Some(command)) => vec![(color::DIM, format!("{parent}: ")), plain(command)],
        (Some(text), None) | (None, Some(text)) => vec![plain(text)],
        (None, None) => vec![plain(cells::UNKNOWN)],
    }
}
