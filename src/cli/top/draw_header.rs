//! Draws the lines above the table: the host, and what is shown of it.

use process_scanner::escape;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::notice::Position;
use super::paint::{plain, row};
use super::view::Top;
use crate::cli::format::cells;
use crate::cli::format::color::{self, Part};
use crate::cli::format::group_table;
use crate::cli::format::host::{GAP, Totals};
use crate::cli::format::times::{Zone, day, time_of_day};
use crate::cli::terminal;

/// Draws the totals of the host and, below them, what the scanner does and which processes are listed.
pub(super) fn draw_header(top: &Top, buffer: &mut Buffer, area: Rect) {
    let width = usize::from(area.width);
    let texts = texts(top);
    let totals = Totals::of(top.seen.snapshot.iter()).with(top.host);
    if area.height < 2 {
        // The only line has what matters more.
        let urgent = texts.iter().find(|(style, _)| *style != color::PLAIN);
        let totals = vec![plain(totals.fitted(Some(width)))];
        let mut parts = urgent.map_or(totals, |part| vec![part.clone()]);
        if top.position.is_some_and(|position| position.is_paused) {
            parts = vec![(color::BOLD, "paused ".to_owned()), plain(clock(top))];
        } else if urgent.is_none() && top.options.is_replay {
            parts = vec![plain(clock(top))];
        }
        top.look.line(buffer, row(area, 0), &parts);
        return;
    }
    let mut time = time(top);
    let least = terminal::width(&totals.fitted(Some(0)));
    if top.options.is_replay && least + terminal::width(&time) + 2 > width {
        time = clock(top);
    }
    let room = width.saturating_sub(terminal::width(&time) + 2);
    let all = totals.fitted(None);
    let fitted = totals.fitted(Some(room));
    let later = all.strip_prefix(&fitted).unwrap_or_default().to_owned();
    let first = vec![plain(fitted)];
    ends(top, buffer, row(area, 0), first, plain(time));
    let mut parts = Vec::new();
    for (style, text) in texts {
        if !parts.is_empty() {
            parts.push((color::DIM, GAP.to_owned()));
        }
        parts.push((style, text));
    }
    let cost = top.state.cost_text().unwrap_or_default();
    let used: usize = parts.iter().map(|(_, text)| terminal::width(text)).sum();
    let right = with_totals(&later, &cost, width.saturating_sub(used + 2));
    ends(top, buffer, row(area, 1), parts, (color::DIM, right));
}

/// Returns the totals that had no room on the first line and have it here, before the cost of pscan.
fn with_totals(later: &str, cost: &str, room: usize) -> String {
    let mut shown = String::new();
    for total in later.split(GAP).filter(|total| !total.is_empty()) {
        let longer = format!("{shown}{total}{GAP}");
        if terminal::width(&longer) + terminal::width(cost) > room {
            break;
        }
        shown = longer;
    }
    match cost.is_empty() {
        true => shown.trim_end_matches(GAP).to_owned(),
        false => shown + cost,
    }
}

/// Draws a line with a text to the right, if there is room for both.
fn ends(top: &Top, buffer: &mut Buffer, area: Rect, mut left: Vec<Part>, right: Part) {
    let used: usize = left.iter().map(|(_, text)| terminal::width(text)).sum();
    let gap = usize::from(area.width).checked_sub(used + terminal::width(&right.1));
    if let Some(gap) = gap.filter(|gap| *gap > 1) {
        left.push(plain(" ".repeat(gap)));
        left.push(right);
    }
    top.look.line(buffer, area, &left);
}

/// Returns the time of the last batch.
fn time(top: &Top) -> String {
    match top.seen.snapshot.taken_at_ms() {
        Some(ms) if top.options.is_replay => {
            let day = day(ms, Zone::Utc);
            let day = day.trim_end_matches(" UTC");
            format!("{day} {} UTC", time_of_day(ms, Zone::Utc))
        }
        Some(ms) => time_of_day(ms, top.options.zone),
        None => String::new(),
    }
}

/// Returns the time of the last batch of a replay without its day, for narrow screens.
fn clock(top: &Top) -> String {
    let time = top.seen.snapshot.taken_at_ms();
    time.map_or_else(String::new, |ms| {
        let time = time_of_day(ms, top.options.zone);
        format!("{} UTC", time.split('.').next().unwrap_or_default())
    })
}

/// Returns what the second line has, the most important first.
fn texts(top: &Top) -> Vec<Part> {
    let mut texts = top.state.texts(top.options.terms);
    if top.frozen.is_some() {
        texts.insert(0, (color::BOLD, "paused: Space goes on".into()));
    }
    if let Some(position) = &top.position {
        texts.insert(0, position_text(position));
    }
    let all = top.seen.snapshot.len();
    let count = || {
        let selected = top.seen.selected();
        selected.filter(|one| top.arranged.has(one)).count()
    };
    let user = top
        .user
        .as_ref()
        .map(|user| format!("user {}", escape(user)));
    let has_text = !top.filter_text.is_empty();
    let text = has_text.then(|| format!("filter {}", escape(&top.filter_text)));
    let chosen: Vec<String> = [user, text].into_iter().flatten().collect();
    if !chosen.is_empty() {
        let chosen = chosen.join(", ");
        texts.push(plain(format!("{chosen}: {} of {all}", count())));
    } else if !top.options.filter.is_empty() && top.arranged.by.is_none() {
        texts.push(plain(format!("{} of {all} selected", count())));
    }
    match (&top.arranged.inside, top.arranged.by) {
        (Some((by, group)), _) => {
            let name = group_table::name(group, *by);
            texts.push((color::BOLD, format!("{} {name}", by.as_str())));
        }
        (None, Some(by)) => texts.push((color::BOLD, format!("by {}", by.as_str()))),
        (None, None) => {}
    }
    if top.pick.follows {
        texts.push((color::BOLD, "following".into()));
    }
    if top.wanted.hides_kernel {
        texts.push(plain("no kernel threads"));
    }
    texts
}

fn position_text(position: &Position) -> Part {
    let is_usual = (position.speed - 1.0).abs() < 1e-9;
    let speed = (!is_usual).then(|| format!(" {}×", position.speed));
    let speed = speed.unwrap_or_default();
    let state = if position.is_paused {
        "paused"
    } else {
        "replay"
    };
    let since = cells::duration(position.at_ms.saturating_sub(position.begin_ms));
    let of = match position.end_ms {
        Some(end_ms) => cells::duration(end_ms.saturating_sub(position.begin_ms)),
        None => "?".into(),
    };
    let style = if position.is_paused {
        color::BOLD
    } else {
        color::PLAIN
    };
    (style, format!("{state}{speed}: {since} of {of}"))
}
