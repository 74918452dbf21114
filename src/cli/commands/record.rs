//! `pscan record`: writes scans of the live source to a file.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::never;
use process_scanner::{Error, ErrorClass, Recorder, RecordingPart, Redactor, Result, live_source};

use super::session;
use super::stored::{Output, Rotation, Sink, is_compressed};
use super::target::Target;
use crate::cli::args;
use crate::cli::format::printer::Step;
use crate::cli::format::progress::{Progress, has_progress, report};
use crate::cli::format::stats::Stats;
use crate::cli::outcome::in_file;
use crate::cli::signals;
use crate::cli::terminal;

pub(crate) fn run(args: &args::Record) -> Result<()> {
    // The source is opened first, so that a failure leaves no empty file.
    let mut config = args.schedule.pace.config();
    args.secrets.configure(&mut config);
    args.collected.configure(&mut config, true, &[]);
    let redactor = Redactor::from(&config);
    let source = live_source(&config)?;
    let target = match args.rotate.rotate {
        Some(_) => None,
        None => Some(Target::open(&args.file, args.force)?),
    };
    let is_stdout = target.as_ref().is_some_and(Target::is_stdout);
    let can_replay = target.as_ref().is_none_or(Target::can_replay);
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
    let (output, first) = open(args, target, &bytes)?;
    let mut progress = Progress::new(Arc::clone(&bytes), is_stdout, args.schedule.run_for);
    let recorder = match first {
        Some(first) => {
            Recorder::in_parts(source, output.clone(), first, |output| output.next_part())
        }
        None => Recorder::new(source, output.clone()),
    };
    let outcome = recorder.and_then(|recorder| {
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
    // The scanning thread has ended, or is stuck.
    let outcome = match (outcome, output.end()) {
        (Ok(ran), Ok(())) => Ok(ran),
        (Err(error), _) | (Ok(_), Err(error)) => Err(error),
    };
    match outcome {
        Err(error) if is_stdout && is_broken_pipe(&error) => Ok(()),
        Err(error) if error.class() == ErrorClass::Output => {
            Err(in_file(&args.file.display().to_string(), error))
        }
        Err(error) => Err(error),
        Ok(_) => {
            if has_progress(is_stdout) {
                let bytes = bytes.load(Ordering::Relaxed);
                report(&args.file, bytes, can_replay, output.files());
            }
            Ok(())
        }
    }
}

/// Opens the output, and returns which part it is if there are to be several.
///
/// `target`: `None` for parts. `bytes`: counter of the bytes written.
fn open(
    args: &args::Record,
    target: Option<Target>,
    bytes: &Arc<AtomicU64>,
) -> Result<(Output, Option<RecordingPart>)> {
    let bytes = Arc::clone(bytes);
    match (target, args.rotate.rotate) {
        (None, Some(limit)) => {
            let (rotation, sink, first) =
                Rotation::begin(&args.file, limit, args.rotate.keep, bytes)?;
            Ok((Output::new(sink, Some(rotation))?, Some(first)))
        }
        (target, _) => {
            let target = target.expect("BUG: without parts there is a target");
            let file = target.empty(&args.file)?;
            let sink = Sink::new(file, is_compressed(&args.file), bytes);
            Ok((Output::new(sink, None)?, None))
        }
    }
}

fn is_broken_pipe(error: &Error) -> bool {
    error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
