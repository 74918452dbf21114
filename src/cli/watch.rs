//! `pscan watch`: what happens on this host, as it happens.

use std::sync::{Arc, Mutex, PoisonError};

use process_scanner::{Result, Source, live_source};

use super::events::Printer;
use super::stats::Stats;
use super::{Done, args, live, signals};

pub(super) fn run(args: &args::Watch) -> Result<Done> {
    let stopped = signals::stop()?;
    let stats = Stats::new(&args.schedule, args.output.json)?;
    let mut config = args.schedule.config();
    args.output.secrets.configure(&mut config);
    let source = live_source(&config)?;
    let filter = args.output.filter.on_host_with(source.info().own_pid);
    let printer = Arc::new(Mutex::new(Printer::new(&args.output, filter, true)));
    let printing = Arc::clone(&printer);
    let ran = live::run(
        source,
        config,
        &args.schedule,
        &stopped,
        stats,
        move |batch| {
            printing
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(batch)
        },
    )?;
    // Whoever still holds it is stuck with a reader that takes nothing, and would not take this either.
    match printer.try_lock() {
        Ok(mut printer) => printer.finish(Some(&ran.metrics), ran.is_stopped),
        Err(_) => Ok(Done::All),
    }
}
