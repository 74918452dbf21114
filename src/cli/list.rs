//! `pscan` without a command: all processes once.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use process_scanner::{Batch, Result, Scanner, Snapshot};

use super::args::List;
use super::json::{self, Listing};
use super::{cells, printed, table};

/// The version of the JSON object; a change that could break a reader raises it.
const SCHEMA: u32 = 1;

pub(super) fn run(args: &List) -> Result<()> {
    let mut scanner = Scanner::builder().config(args.live.config()).build()?;
    let mut snapshot = Snapshot::new();
    let began = Instant::now();
    let mut last = sample(&mut scanner, &mut snapshot)?;
    if args.sample_ms > 0 {
        let apart = Duration::from_millis(args.sample_ms);
        thread::sleep(apart.saturating_sub(began.elapsed()));
        last = sample(&mut scanner, &mut snapshot)?;
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let outcome = if args.json {
        let listing = Listing {
            schema: SCHEMA,
            taken_at_ms: last.taken_at_ms,
            interval_ms: last.interval_ms,
            processes: snapshot.iter().collect(),
        };
        json::write_line(&mut out, &listing)
    } else {
        table::write(&mut out, snapshot.iter(), cells::line_width())
    };
    printed(outcome.and_then(|()| out.flush()))
}

/// One good scan. What a failed one saw is not the whole truth, and nobody asked for less.
fn sample(scanner: &mut Scanner, snapshot: &mut Snapshot) -> Result<Arc<Batch>> {
    let batch = scanner
        .scan_once()
        .expect("BUG: a live source never ends by itself");
    match &batch.failure {
        Some(failure) => Err(failure.clone()),
        None => {
            snapshot.apply(&batch);
            Ok(batch)
        }
    }
}
