//! `pscan --by`: lists groups of processes once.

use std::io::{self, BufWriter, Write};

use process_scanner::{
    Batch, Collect, Config, Filter, GroupBy, Listen, Result, Scanner, Snapshot, Source, live_source,
};

use super::{printed_list, samples, screen};
use crate::cli::args::{List, Request};
use crate::cli::format::group_sums;
use crate::cli::format::group_table::{GroupLayout, GroupListing, write_table};
use crate::cli::format::json;
use crate::cli::outcome::{Done, printed};
use crate::cli::select::GroupOrder;
use crate::cli::terminal;

pub(crate) fn run(args: &List, by: GroupBy) -> Result<Done> {
    let mut config = Config::default();
    config.listen = Listen::Off;
    args.live.configure(&mut config);
    args.secrets.configure(&mut config);
    config.collect = Collect::CPU | Collect::MEMORY | Collect::THREADS | by.collect();
    let request = args.request();
    config.collect |= request.filter_on_host_with(None).collect();
    let source = live_source(&config)?;
    let filter = request.filter_on_host_with(source.info().own_pid);
    let mut scanner = Scanner::builder().config(config).source(source).build()?;
    let (snapshot, last) = samples::take(&mut scanner, args.sampling.sample)?;
    print(request, by, &filter, &snapshot, &last)
}

/// Prints the groups of the processes that the filter selects.
///
/// `last`: the batch that completed the snapshot.
pub(super) fn print(
    request: Request<'_>,
    by: GroupBy,
    filter: &Filter,
    snapshot: &Snapshot,
    last: &Batch,
) -> Result<Done> {
    let shape = request.shape;
    let matching = snapshot
        .iter()
        .filter(|process| filter.matches(process, snapshot));
    let mut lines = group_sums::sums(matching, by);
    let order = GroupOrder::of(shape.order.sort, by);
    group_sums::sort(&mut lines, order, shape.order.reverse);
    let top = shape.top.and_then(|top| usize::try_from(top).ok());
    lines.truncate(top.unwrap_or(usize::MAX));
    let mut out = BufWriter::new(request.color.stdout().lock());
    let outcome = match request.is_json {
        true => {
            let listing = GroupListing {
                schema: json::SCHEMA,
                by: by.as_str(),
                taken_at_ms: last.taken_at_ms,
                interval_ms: last.interval_ms,
                groups: &lines,
            };
            json::write_line(&mut io::stdout().lock(), &listing)
        }
        false if lines.is_empty() => Ok(()),
        false => {
            // The headings and the prompt.
            const OTHER_LINES: usize = 2;
            let left_out = match shape.top {
                Some(_) => 0,
                None => screen::cut(&mut lines, OTHER_LINES),
            };
            let width = terminal::line_width();
            let layout = GroupLayout {
                by,
                order,
                width,
                now_ms: last.taken_at_ms,
            };
            write_table(&mut out, &lines, layout)
                .and_then(|()| screen::write_left_out(&mut out, left_out, "groups", width))
        }
    };
    printed(outcome.and_then(|()| out.flush()))?;
    Ok(match lines.is_empty() {
        true => Done::Nothing(printed_list::no_match(request)),
        false => Done::All,
    })
}
