//! `pscan` without a command: lists all processes once.

use std::time::Duration;

use process_scanner::{Collect, Config, Listen, Result, Scanner, Source, live_source};

use super::{printed_list, samples};
use crate::cli::args::List;
use crate::cli::format::host::Host;
use crate::cli::format::table_columns::Layout;
use crate::cli::outcome::Done;
use crate::cli::select::Sort;
use crate::cli::terminal;

/// How long a list waits for proportional shares of memory. One of 100 GB takes a few seconds.
const PSS_WAIT_MS: u64 = 10_000;

pub(crate) fn run(args: &List) -> Result<Done> {
    let (request, shape) = (args.request(), &args.shape);
    if shape.columns.is_help() {
        return printed_list::print_columns(request.color);
    }
    let columns = shape.columns.columns();
    let mut layout = Layout {
        width: terminal::line_width(),
        is_tree: shape.tree,
        sort: shape.order.sort,
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
    config.collect |= request.filter_on_host_with(None).collect();
    // There is no later scan that could have a late value.
    config.pss_wait_ms = PSS_WAIT_MS;
    config.collect |= match args.json || shape.quiet {
        true => shape.order.sort.map_or(Collect::NONE, Sort::collect),
        false => layout.collect(),
    };
    if config.collect.contains(Collect::PSS) {
        config.pss_pids = pids.to_vec();
    }
    let source = live_source(&config)?;
    let info = source.info();
    let filter = request.filter_on_host_with(info.own_pid);
    let mut scanner = Scanner::builder().config(config).source(source).build()?;
    let host = (!args.json).then(|| Host::new(info.is_live));
    // Pids alone need no CPU use, unless they are in its order.
    let needs_cpu = !shape.quiet || printed_list::order(request) == Sort::CPU;
    let interval = if needs_cpu {
        args.sampling.sample
    } else {
        Duration::ZERO
    };
    let (snapshot, last) = samples::take(&mut scanner, interval)?;
    layout.now_ms = last.taken_at_ms;
    let totals = host.map(|host| host.totals(snapshot.iter(), !args.sampling.sample.is_zero()));
    printed_list::print(request, &filter, layout, totals.as_ref(), &snapshot, &last)
}
