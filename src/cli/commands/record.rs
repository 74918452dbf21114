//! `pscan record`: writes scans of the live source to a file.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::never;
use process_scanner::{Error, ErrorClass, Recorder, Redactor, Result, live_source};

use super::session;
use super::target::Target;
use crate::cli::args;
use crate::cli::format::printer::Step;
use crate::cli::format::progress::{Counted, Progress, has_progress, report};
use crate::cli::format::stats::Stats;
use crate::cli::outcome::in_file;
use crate::cli::signals;
use crate::cli::terminal;

pub(crate) fn run(args: &args::Record) -> Result<()> {
    // The source is opened first, so that a failure leaves no empty file.
    let mut config = args.schedule.config();
    args.secrets.configure(&mut config);
    args.collected.configure(&mut config, true, &[]);
    let redactor = Redactor::from(&config);
    let source = live_source(&config)?;
    let target = Target::open(&args.file, args.force)?;
    let (is_stdout, can_replay) = (target.is_stdout(), target.can_replay());
    // Opening a file can block for ever; before this call a signal still ends the process.
    let stopped = signals::stop()?;
    let mut stats = Stats::new(args.schedule.stats, false)?;
    stats.print_below_progress();
    // A recording to a file goes on without a reader of the messages.
    let reader_left = match is_stdout {
        true => terminal::reader_left(),
        false => never(),
    };
    let bytes = Arc::new(AtomicU64::new(0));
    // An existing file keeps its content until all that can fail at the start has succeeded.
    let output = Counted::new(target.empty(&args.file)?, Arc::clone(&bytes));
    let mut progress = Progress::new(Arc::clone(&bytes), is_stdout, args.schedule.run_for);
    let outcome = Recorder::new(source, output).and_then(|recorder| {
        session::run(
            recorder.with_redactor(redactor),
            config,
            &args.schedule,
            &stopped,
            &reader_left,
            stats,
            move |batch| {
                progress.step(batch);
                match &batch.failure {
                    Some(failure) if failure.is_final() => Step::Break(Err(failure.clone())),
                    // The recorder has written any other failed scan as a failure.
                    _ => Step::Continue(()),
                }
            },
        )
    });
    match outcome {
        Err(error) if is_stdout && is_broken_pipe(&error) => Ok(()),
        Err(error) if error.class() == ErrorClass::Output => {
            Err(in_file(&args.file.display().to_string(), error))
        }
        Err(error) => Err(error),
        Ok(_) => {
            if has_progress(is_stdout) {
                report(&args.file, bytes.load(Ordering::Relaxed), can_replay);
            }
            Ok(())
        }
    }
}

fn is_broken_pipe(error: &Error) -> bool {
    error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
