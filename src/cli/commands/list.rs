//! `pscan` without a command: lists all processes once.

use std::collections::HashSet;
use std::io::{self, BufWriter, Write};
use std::time::Duration;

use process_scanner::{
    Batch, Collect, Config, Filter, Listen, ProcessInfo, Result, Scanner, Snapshot, Source,
    live_source,
};

use super::{samples, screen};
use crate::cli::args::{self, List};
use crate::cli::format::color;
use crate::cli::format::column_list;
use crate::cli::format::host::Host;
use crate::cli::format::json::{self, Listing};
use crate::cli::format::table;
use crate::cli::format::table_columns::Layout;
use crate::cli::format::tree::{self, Line};
use crate::cli::outcome::{Done, printed};
use crate::cli::select::Sort;
use crate::cli::terminal;

/// How long a list waits for proportional shares of memory. One of 100 GB takes a few seconds.
const PSS_WAIT_MS: u64 = 10_000;

pub(crate) fn run(args: &List) -> Result<Done> {
    if args.columns.is_help() {
        let out = args.color.stdout().lock();
        let list = column_list::write(&mut BufWriter::new(out), terminal::line_width());
        return printed(list).map(|()| Done::All);
    }
    let columns = args.columns.columns();
    let mut layout = Layout {
        width: terminal::line_width(),
        is_tree: args.tree,
        sort: args.sort,
        columns: &columns,
        now_ms: 0,
    };
    let mut config = Config::default();
    // Two scans gain nothing from it, and the kernel's answer can take a moment.
    config.listen = Listen::Off;
    args.live.configure(&mut config);
    args.secrets.configure(&mut config);
    let pids = args.filter.pids();
    args.collected.configure(&mut config, args.json, pids);
    config.collect |= args.filter_on_host_with(None).collect();
    // There is no later scan that could have a late value.
    config.pss_wait_ms = PSS_WAIT_MS;
    config.collect |= match args.json || args.quiet {
        true => args.sort.map_or(Collect::NONE, Sort::collect),
        false => layout.collect(),
    };
    if config.collect.contains(Collect::PSS) {
        config.pss_pids = pids.to_vec();
    }
    let source = live_source(&config)?;
    let info = source.info();
    let filter = args.filter_on_host_with(info.own_pid);
    let mut scanner = Scanner::builder().config(config).source(source).build()?;
    let host = (!args.json).then(|| Host::new(info.is_live));
    // Pids alone need no CPU use, unless they are in its order.
    let needs_cpu = !args.quiet || order(args) == Sort::CPU;
    let interval = if needs_cpu {
        args.sampling.sample
    } else {
        Duration::ZERO
    };
    let (snapshot, last) = samples::take(&mut scanner, interval)?;
    layout.now_ms = last.taken_at_ms;
    let chosen = chosen(args, &filter, &snapshot);
    let outcome = match host {
        None => print_json(&last, &chosen),
        Some(_) if args.quiet => print_pids(&chosen),
        // Without a match there is no table, only the reason on standard error.
        Some(_) if chosen.is_empty() => Ok(()),
        Some(host) => print_table(args, layout, host, &snapshot, &chosen),
    };
    printed(outcome)?;
    Ok(match chosen.is_empty() {
        true => Done::Nothing(no_match(args)),
        false => Done::All,
    })
}

/// Returns why no process is listed, and what was probably meant.
pub(super) fn no_match(args: &List) -> String {
    let text = format!("no process matches {}", args.conditions());
    let tips = args.names.iter().flat_map(|name| args::tips_of_name(name));
    let tips: Vec<_> = tips.collect();
    match tips.is_empty() {
        true => text,
        false => format!("{text} ({})", tips.join("; ")),
    }
}

/// Returns the order of the list.
///
/// Without `--sort` and `--top`, JSON and pids alone are in order of pid.
fn order(args: &List) -> Sort {
    let by_default = match (args.json || args.quiet) && args.top.is_none() {
        true => Sort::PID,
        false => Sort::CPU,
    };
    args.sort.unwrap_or(by_default)
}

/// Returns the matching processes, sorted and cut to `--top`.
fn chosen<'a>(args: &List, filter: &Filter, snapshot: &'a Snapshot) -> Vec<&'a ProcessInfo> {
    let matching = snapshot
        .iter()
        .filter(|process| filter.matches(process, snapshot));
    let mut chosen: Vec<_> = matching.collect();
    order(args).sort(&mut chosen, args.reverse);
    let top = args.top.and_then(|top| usize::try_from(top).ok());
    chosen.truncate(top.unwrap_or(usize::MAX));
    chosen
}

/// Returns the tree of the matching processes and their ancestors.
fn tree_lines<'a>(
    args: &List,
    snapshot: &'a Snapshot,
    chosen: &[&'a ProcessInfo],
    width: Option<usize>,
) -> Vec<Line<'a>> {
    let mut all: Vec<_> = snapshot.iter().collect();
    // By default siblings are in order of pid, which stays the same from run to run.
    args.sort.unwrap_or(Sort::PID).sort(&mut all, args.reverse);
    let chosen: HashSet<u32> = chosen.iter().map(|process| process.pid).collect();
    tree::grow(&all, &chosen, width)
}

fn print_table(
    args: &List,
    layout: Layout<'_>,
    host: Host,
    snapshot: &Snapshot,
    chosen: &[&ProcessInfo],
) -> io::Result<()> {
    let totals = host.totals(snapshot.iter(), !args.sampling.sample.is_zero());
    let mut lines = match args.tree {
        true => tree_lines(args, snapshot, chosen, layout.width),
        false => chosen.iter().copied().map(Line::flat).collect(),
    };
    // The totals, the headings, and the prompt.
    const OTHER_LINES: usize = 3;
    let left_out = match args.tree || args.top.is_some() {
        true => 0,
        false => screen::cut(&mut lines, OTHER_LINES),
    };
    let mut out = BufWriter::new(args.color.stdout().lock());
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
