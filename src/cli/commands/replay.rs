//! `pscan replay`: prints the events of a recording.
//!
//! Scanner and printer are those of `watch`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Sender, bounded, select};
use process_scanner::{
    Batch, Config, ConsumerOptions, Error, ErrorClass, Overflow, ReplaySource, Result, Scanner,
    Source,
};

use super::paced::Paced;
use super::replay_at;
use super::stored::{Input, Runs};
use super::window::{Passed, Window};
use crate::cli::args;
use crate::cli::format::printer::{Printer, Step};
use crate::cli::outcome::{Done, in_file, remark};
use crate::cli::signals;

/// Longest wait for the last lines after a signal.
const STOP_TIMEOUT: Duration = Duration::from_millis(500);

type Shared<T> = Arc<Mutex<T>>;

/// Prints the batches of a replay.
#[derive(Clone)]
struct Printing {
    printer: Shared<Printer>,
    window: Shared<Window>,
    /// The replay is to stop.
    is_over: Arc<AtomicBool>,
}

/// How much of a replay was read.
#[derive(Default)]
struct Played {
    scans: u64,
    /// Number of the last batch.
    seq: u64,
    /// When it was taken.
    last_ms: u64,
    /// No more is to be printed.
    is_over: bool,
    /// Why a recording before the last one could not be read to its end.
    damage: Option<Error>,
}

pub(crate) fn run(args: args::Replay) -> Result<Done> {
    let runs = Runs::find(&args.recorded.files)?;
    let name = runs.name.clone();
    let named = |error: Error| match error.class() {
        ErrorClass::Output => error,
        _ => in_file(&name, error),
    };
    if let Some(at) = &args.at.at {
        return replay_at::run(&args, at, &runs).map_err(named);
    }
    let end_ms = match args.recorded.span.needs_end() {
        true => runs.end_ms().map_err(named)?,
        false => None,
    };
    // The first file is opened here, so that its error has its own text.
    let input = runs.runs.first().map(|run| run.open()).transpose()?;
    let begin_ms = runs.runs.first().and_then(|run| run.begins_ms);
    let printing = Printing {
        printer: Arc::new(Mutex::new(args.output.printer(None, None))),
        window: Arc::new(Mutex::new(Window::new(
            &args.recorded.span,
            begin_ms,
            end_ms,
        ))),
        is_over: Arc::new(AtomicBool::new(false)),
    };
    let stopped = signals::stop()?;
    let (ended, has_ended) = bounded(1);
    let play = printing.clone();
    // A thread of its own, because reading can block for ever, and a signal must end the command anyway.
    thread::Builder::new()
        .name("pscan-replay".into())
        .spawn(move || {
            let _ = ended.send(play_all(input, &runs, &args, &play));
        })
        .map_err(|error| Error::from_io("cannot start the reading thread", error))?;
    let mut scans = 0;
    select! {
        recv(stopped) -> _ => {
            printing.is_over.store(true, Ordering::Relaxed);
            // The reading thread can be waiting for a line that never comes.
            let _ = has_ended.recv_timeout(STOP_TIMEOUT);
        }
        recv(has_ended) -> outcome => {
            scans = outcome.unwrap_or_else(|_| Err(thread_failed())).map_err(named)?;
        }
    }
    let is_stopped = printing.is_over.load(Ordering::Relaxed);
    let done = match printing.printer.try_lock() {
        Ok(mut printer) => printer.finish(None, is_stopped)?,
        Err(_) => Done::All,
    };
    // Empty output alone would look like a recording without events.
    if scans == 0 && !is_stopped && matches!(done, Done::All) {
        remark(&format!("{name}: the recording contains no scans"));
    }
    Ok(done)
}

/// Replays all runs, and returns the number of scans. `first`: the input of the first run.
fn play_all(
    first: Option<Input>,
    runs: &Runs,
    args: &args::Replay,
    printing: &Printing,
) -> Result<u64> {
    let mut first = first;
    let mut played = Played::default();
    for (index, run) in runs.runs.iter().enumerate() {
        let next_ms = runs.runs.get(index + 1).and_then(|next| next.begins_ms);
        if lock(&printing.window).is_later(next_ms) {
            first = None;
            continue;
        }
        if played.seq > 0 {
            run.announce(played.last_ms);
        }
        let input = first.take().map_or_else(|| run.open(), Ok)?;
        let is_last = index + 1 == runs.runs.len();
        play(input, args, printing, is_last, &mut played)?;
        if printing.is_over.load(Ordering::Relaxed) {
            return Ok(played.scans);
        }
        if played.is_over {
            break;
        }
    }
    let window = lock(&printing.window);
    if !played.is_over {
        window.finish(&runs.name)?;
    }
    if let Some(lack) = window.lack(|| runs.file_end_ms()) {
        remark(&format!("{}: {lack}", runs.name));
    }
    played.damage.map_or(Ok(played.scans), Err)
}

/// Replays a recording.
///
/// A failure that ends it is printed if it `is_last`. Otherwise the next one is replayed first.
fn play(
    input: Input,
    args: &args::Replay,
    printing: &Printing,
    is_last: bool,
    played: &mut Played,
) -> Result<()> {
    let source = ReplaySource::new(input)?;
    let host = source.info().host;
    lock(&printing.printer).begin_replay(&host)?;
    let source = Paced::new(source, args.speed, Arc::clone(&printing.window));
    let mut config = Config::default();
    // The recording can contain secrets, if it was made without redaction.
    args.output.secrets.configure(&mut config);
    let mut scanner = Scanner::builder().config(config).source(source).build()?;
    let (ended, outcome) = bounded(1);
    let consumers = scanner.consumers().clone();
    // No batch of a recording may be lost, so this consumer blocks the scans.
    let options = ConsumerOptions::default().with_overflow(Overflow::Block);
    let before = played.seq;
    consumers.register(
        options,
        print_into(printing.clone(), ended, before, is_last),
    )?;
    while outcome.is_empty() && !printing.is_over.load(Ordering::Relaxed) {
        let batch = match scanner.hear_once() {
            Some(batch) => batch,
            None => match scanner.scan_once() {
                Some(batch) => {
                    played.scans += 1;
                    batch
                }
                None => break,
            },
        };
        played.seq = before + batch.seq;
        played.last_ms = batch.taken_at_ms;
        if let Some(failure) = final_failure(&batch).filter(|_| !is_last) {
            played.damage.get_or_insert_with(|| failure.clone());
        }
    }
    scanner.finish();
    match outcome.try_recv() {
        Ok(outcome) => {
            played.is_over = true;
            outcome
        }
        Err(_) if consumers.metrics().consumer_panics_total == 0 => Ok(()),
        Err(_) => Err(thread_failed()),
    }
}

/// Returns a consumer that prints.
///
/// If it ends before the recording does, it sends the outcome to `ended`. `before`: batches of the recordings before
/// this one. `prints_end`: a failure that ends it is printed too.
fn print_into(
    printing: Printing,
    ended: Sender<Result<()>>,
    before: u64,
    prints_end: bool,
) -> impl FnMut(&Arc<Batch>) + Send {
    let mut has_ended = false;
    move |batch| {
        if has_ended || printing.is_over.load(Ordering::Relaxed) {
            return;
        }
        if !prints_end && final_failure(batch).is_some() {
            return;
        }
        let numbered = numbered(batch, before);
        if let Step::Break(outcome) = print(&printing, &numbered) {
            has_ended = true;
            let _ = ended.send(outcome);
        }
    }
}

/// Returns the failure that ends a recording before its end.
fn final_failure(batch: &Batch) -> Option<&Error> {
    batch.failure.as_ref().filter(|failure| failure.is_final())
}

/// Returns the batch with its number among those of all recordings. `before`: batches of the ones before.
///
/// Where another recording begins, one batch counts as lost: a consumer then replaces all that it knows.
pub(super) fn numbered(batch: &Arc<Batch>, before: u64) -> Arc<Batch> {
    if before == 0 {
        return Arc::clone(batch);
    }
    let mut numbered = Batch::clone(batch);
    numbered.lost_batches += u64::from(batch.seq == 1);
    numbered.seq += before;
    Arc::new(numbered)
}

fn print(printing: &Printing, batch: &Arc<Batch>) -> Step {
    let passed = lock(&printing.window).take(batch);
    match passed {
        Ok(Passed::Nothing) => Step::Continue(()),
        Ok(Passed::Over) => Step::Break(Ok(())),
        Ok(Passed::Batches(batches)) => {
            let mut printer = lock(&printing.printer);
            batches.iter().try_for_each(|batch| printer.take(batch))
        }
        Err(error) => Step::Break(Err(error)),
    }
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn thread_failed() -> Error {
    Error::new(ErrorClass::Output, "the printing thread failed")
}
