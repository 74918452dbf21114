//! Prints the processes of one moment, of this host or of a recording.

use std::collections::HashSet;
use std::io::{self, BufWriter, Write};

use process_scanner::{Batch, Filter, ProcessInfo, Result, Snapshot};

use super::screen;
use crate::cli::args::{self, Request, Shape};
use crate::cli::format::color::{self, Color};
use crate::cli::format::column_list;
use crate::cli::format::host::Totals;
use crate::cli::format::json::{self, Listing};
use crate::cli::format::table;
use crate::cli::format::table_columns::Layout;
use crate::cli::format::tree::{self, Line};
use crate::cli::outcome::{Done, printed};
use crate::cli::select::Sort;
use crate::cli::terminal;

/// Prints all columns that a table can have.
pub(super) fn print_columns(color: Color) -> Result<Done> {
    let out = color.stdout().lock();
    let list = column_list::write(&mut BufWriter::new(out), terminal::line_width());
    printed(list).map(|()| Done::All)
}

/// Prints the processes that the filter selects, as requested.
///
/// `last`: the batch that completed the snapshot. `totals`: `None` for JSON.
pub(super) fn print(
    request: Request<'_>,
    filter: &Filter,
    layout: Layout<'_>,
    totals: Option<&Totals>,
    snapshot: &Snapshot,
    last: &Batch,
) -> Result<Done> {
    let chosen = chosen(request, filter, snapshot);
    let outcome = match totals {
        None => print_json(last, &chosen),
        Some(_) if request.shape.quiet => print_pids(&chosen),
        // Without a match there is no table, only the reason on standard error.
        Some(_) if chosen.is_empty() => Ok(()),
        Some(totals) => print_table(request, layout, totals, snapshot, &chosen),
    };
    printed(outcome)?;
    Ok(match chosen.is_empty() {
        true => Done::Nothing(no_match(request)),
        false => Done::All,
    })
}

/// Returns why no process is listed, and what was probably meant.
pub(super) fn no_match(request: Request<'_>) -> String {
    let text = format!("no process matches {}", request.conditions());
    let tips = request
        .names
        .iter()
        .flat_map(|name| args::tips_of_name(name));
    let tips: Vec<_> = tips.collect();
    match tips.is_empty() {
        true => text,
        false => format!("{text} ({})", tips.join("; ")),
    }
}

/// Returns the order of the list.
///
/// Without `--sort` and `--top`, JSON and pids alone are in order of pid.
pub(super) fn order(request: Request<'_>) -> Sort {
    let shape = request.shape;
    let by_default = match (request.is_json || shape.quiet) && shape.top.is_none() {
        true => Sort::PID,
        false => Sort::CPU,
    };
    shape.order.sort.unwrap_or(by_default)
}

/// Returns the matching processes, sorted and cut to `--top`.
fn chosen<'a>(
    request: Request<'_>,
    filter: &Filter,
    snapshot: &'a Snapshot,
) -> Vec<&'a ProcessInfo> {
    let matching = snapshot
        .iter()
        .filter(|process| filter.matches(process, snapshot));
    let mut chosen: Vec<_> = matching.collect();
    order(request).sort(&mut chosen, request.shape.order.reverse);
    let top = request.shape.top.and_then(|top| usize::try_from(top).ok());
    chosen.truncate(top.unwrap_or(usize::MAX));
    chosen
}

/// Returns the tree of the matching processes and their ancestors.
fn tree_lines<'a>(
    shape: &Shape,
    snapshot: &'a Snapshot,
    chosen: &[&'a ProcessInfo],
    width: Option<usize>,
) -> Vec<Line<'a>> {
    let mut all: Vec<_> = snapshot.iter().collect();
    // By default siblings are in order of pid, which stays the same from run to run.
    shape
        .order
        .sort
        .unwrap_or(Sort::PID)
        .sort(&mut all, shape.order.reverse);
    let chosen: HashSet<u32> = chosen.iter().map(|process| process.pid).collect();
    tree::grow(snapshot, &all, &chosen, width)
}

fn print_table(
    request: Request<'_>,
    layout: Layout<'_>,
    totals: &Totals,
    snapshot: &Snapshot,
    chosen: &[&ProcessInfo],
) -> io::Result<()> {
    let shape = request.shape;
    let mut lines = match shape.tree {
        true => tree_lines(shape, snapshot, chosen, layout.width),
        false => chosen.iter().copied().map(Line::flat).collect(),
    };
    // The totals, the headings, and the prompt.
    const OTHER_LINES: usize = 3;
    let left_out = match shape.tree || shape.top.is_some() {
        true => 0,
        false => screen::cut(&mut lines, OTHER_LINES),
    };
    let mut out = BufWriter::new(request.color.stdout().lock());
    let header = (color::DIM, totals.fitted(layout.width));
    color::write_line(&mut out, &[header], layout.width)?;
    table::write(&mut out, &lines, layout)?;
    screen::write_left_out(&mut out, left_out, "processes", layout.width)?;
    out.flush()
}

fn print_pids(processes: &[&ProcessInfo]) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for process in processes {
        writeln!(out, "{}", process.pid)?;
    }
    out.flush()
}

fn print_json(last: &Batch, processes: &[&ProcessInfo]) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let listing = Listing {
        schema: json::SCHEMA,
        taken_at_ms: last.taken_at_ms,
        interval_ms: last.interval_ms,
        processes,
    };
    json::write_line(&mut out, &listing)?;
    out.flush()
}
