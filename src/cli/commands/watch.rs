//! `pscan watch`: prints the events of this host.

use std::sync::{Arc, Mutex, PoisonError};

use process_scanner::{Result, Source, live_source};

use super::session;
use crate::cli::args;
use crate::cli::format::stats::Stats;
use crate::cli::outcome::Done;
use crate::cli::signals;
use crate::cli::terminal;

pub(crate) fn run(args: &args::Watch) -> Result<Done> {
    let stopped = signals::stop()?;
    let stats = Stats::new(args.schedule.stats, args.output.json)?;
    let mut config = args.schedule.pace.config();
    args.output.secrets.configure(&mut config);
    let (is_json, pids) = (args.output.json, args.output.filter.pids());
    args.collected.configure(&mut config, is_json, pids);
    let filter = args.output.filter.on_host_with(None);
    config.collect |= filter.collect();
    let source = live_source(&config)?;
    let info = source.info();
    let terms = Some(args.schedule.pace.terms());
    let mut printer = args.output.printer(info.own_pid, terms);
    printer.begin_watch(info.not_listening);
    let printer = Arc::new(Mutex::new(printer));
    let printing = Arc::clone(&printer);
    let ran = session::run(
        source,
        config,
        &args.schedule,
        &stopped,
        &terminal::reader_left(),
        stats,
        move |batch| {
            printing
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(batch)
        },
    )?;
    // If the lock is taken, printing is stuck: the reader does not read, and would not read the summary.
    match printer.try_lock() {
        Ok(mut printer) => printer.finish(Some(&ran.metrics), ran.is_stopped),
        Err(_) => Ok(Done::All),
    }
}
