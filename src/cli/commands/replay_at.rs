//! `pscan replay --at`: prints the table of processes at one moment of a recording.

use std::sync::Arc;

use process_scanner::{Batch, Config, HostInfo, ReplaySource, Result, Scanner, Snapshot, Source};

use super::stored::{Run, Runs};
use super::window::{in_recording, outside};
use super::{by_group, printed_list};
use crate::cli::args;
use crate::cli::format::host::Totals;
use crate::cli::format::table_columns::Layout;
use crate::cli::format::times;
use crate::cli::outcome::Done;
use crate::cli::select::Moment;
use crate::cli::terminal;

/// The processes at a moment.
struct Found {
    snapshot: Snapshot,
    last: Arc<Batch>,
    host: HostInfo,
    begin_ms: u64,
    /// A batch after the moment was seen, so that it is in the recording.
    has_later: bool,
}

pub(super) fn run(args: &args::Replay, at: &Moment, runs: &Runs) -> Result<Done> {
    let request = args.request();
    if args.shape.columns.is_help() {
        return printed_list::print_columns(request.color);
    }
    let end_ms = match at.is_before_end() {
        true => runs.end_ms()?,
        false => None,
    };
    let begin_ms = runs.runs.first().and_then(|run| run.begins_ms);
    let mut found = None;
    for (index, run) in runs.runs.iter().enumerate() {
        let next_ms = runs.runs.get(index + 1).and_then(|next| next.begins_ms);
        if let (Some(begin_ms), Some(next_ms)) = (begin_ms, next_ms)
            && next_ms <= in_recording(at, begin_ms, end_ms)?
        {
            // A later run has it.
            continue;
        }
        found = play(args, at, run, (begin_ms, end_ms))?;
        if let Some(found) = &mut found {
            found.has_later |= next_ms.is_some();
        }
        break;
    }
    let Some(found) = found else {
        return Ok(Done::All);
    };
    let at_ms = in_recording(at, found.begin_ms, end_ms)?;
    let last_ms = found.last.taken_at_ms;
    // The recording can end with something heard that changes no process, and makes no batch.
    let last_line_ms = end_ms.unwrap_or(last_ms).max(last_ms);
    if at_ms < found.begin_ms || (at_ms > last_line_ms && !found.has_later) {
        let end_ms = end_ms.or((!found.has_later).then_some(last_ms));
        return Err(outside("--at", at, found.begin_ms, end_ms));
    }
    let filter = request.filter_on_host_with(None);
    if let Some(by) = args.shape.by {
        return by_group::print(request, by, &filter, &found.snapshot, &found.last);
    }
    let columns = args.shape.columns.columns();
    let layout = Layout {
        width: terminal::line_width(),
        is_tree: args.shape.tree,
        sort: args.shape.order.sort,
        columns: &columns,
        now_ms: last_ms,
    };
    let totals = (!args.output.json).then(|| {
        let at = times::local(last_ms);
        Totals::recorded(found.snapshot.iter(), found.host.name.as_deref(), at)
    });
    let (snapshot, last) = (&found.snapshot, &found.last);
    printed_list::print(request, &filter, layout, totals.as_ref(), snapshot, last)
}

/// Replays a run until a moment; `None` if it has no scans.
fn play(
    args: &args::Replay,
    at: &Moment,
    run: &Run,
    (begin_ms, end_ms): (Option<u64>, Option<u64>),
) -> Result<Option<Found>> {
    let source = ReplaySource::new(run.open()?)?;
    let host = source.info().host;
    let mut config = Config::default();
    args.output.secrets.configure(&mut config);
    let mut scanner = Scanner::builder().config(config).source(source).build()?;
    let mut found: Option<Found> = None;
    while let Some(batch) = scanner.hear_once().or_else(|| scanner.scan_once()) {
        let begin_ms = match &found {
            Some(found) => found.begin_ms,
            None => begin_ms.unwrap_or(batch.taken_at_ms),
        };
        let at_ms = in_recording(at, begin_ms, end_ms)?;
        if let Some(failure) = batch.failure.as_ref().filter(|failure| failure.is_final()) {
            return match found {
                // What follows is damaged or missing, and not needed.
                Some(found) if at_ms <= found.last.taken_at_ms => Ok(Some(found)),
                _ => Err(failure.clone()),
            };
        }
        let is_later = batch.taken_at_ms > at_ms;
        match &mut found {
            Some(found) if is_later => {
                found.has_later = true;
                break;
            }
            Some(found) => {
                found.snapshot.apply(&batch);
                found.last = batch;
            }
            None => {
                let mut snapshot = Snapshot::new();
                snapshot.apply(&batch);
                found = Some(Found {
                    snapshot,
                    last: batch,
                    host: host.clone(),
                    begin_ms,
                    has_later: false,
                });
            }
        }
    }
    Ok(found)
}
