//! `pscan replay`: prints the events of a recording.
//!
//! Scanner and printer are those of `watch`.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded, select};
use process_scanner::{
    Batch, Bell, Config, ConsumerOptions, Error, ErrorClass, Happening, Heard, Overflow, Recheck,
    ReplaySource, Result, Row, ScanSummary, Scanner, Source, SourceInfo, Timestamp,
};

use crate::cli::args;
use crate::cli::format::printer::{Printer, Step};
use crate::cli::outcome::{Done, cannot, in_file, remark};
use crate::cli::signals;

/// Longest wait for the last lines after a signal.
const STOP_TIMEOUT: Duration = Duration::from_millis(500);

type Shared = Arc<Mutex<Printer>>;

pub(crate) fn run(args: args::Replay) -> Result<Done> {
    let (name, input) = open(&args.file)?;
    let named = |error: Error| match error.class() {
        ErrorClass::Output => error,
        _ => in_file(&name, error),
    };
    let printer = Arc::new(Mutex::new(args.output.printer(None, None)));
    let printing = Arc::clone(&printer);
    let stopped = signals::stop()?;
    let (ended, has_ended) = bounded(1);
    let is_stopped = Arc::new(AtomicBool::new(false));
    let is_over = Arc::clone(&is_stopped);
    // A thread of its own, because reading can block for ever, and a signal must end the command anyway.
    thread::Builder::new()
        .name("pscan-replay".into())
        .spawn(move || {
            let _ = ended.send(play(input, &args, printing, &is_over));
        })
        .map_err(|error| Error::from_io("cannot start the reading thread", error))?;
    let mut scans = 0;
    select! {
        recv(stopped) -> _ => {
            is_stopped.store(true, Ordering::Relaxed);
            // The reading thread can be waiting for a line that never comes.
            let _ = has_ended.recv_timeout(STOP_TIMEOUT);
        }
        recv(has_ended) -> outcome => {
            scans = outcome.unwrap_or_else(|_| Err(thread_failed())).map_err(named)?;
        }
    }
    let is_stopped = is_stopped.load(Ordering::Relaxed);
    let done = match printer.try_lock() {
        Ok(mut printer) => printer.finish(None, is_stopped)?,
        Err(_) => Done::All,
    };
    // Empty output alone would look like a recording without events.
    if scans == 0 && !is_stopped && matches!(done, Done::All) {
        remark(&format!("{name}: the recording contains no scans"));
    }
    Ok(done)
}

/// Opens a recording. Returns its name and its content.
pub(super) fn open(path: &Path) -> Result<(String, Box<dyn BufRead + Send>)> {
    if path.as_os_str() == "-" {
        let input = BufReader::new(io::stdin());
        return Ok(("standard input".into(), Box::new(input)));
    }
    let file = open_file(path).map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Some("check the path"),
            io::ErrorKind::PermissionDenied => {
                Some("run pscan as a user that may read it, or replay a copy")
            }
            io::ErrorKind::IsADirectory => Some("name a recording, such as one in that folder"),
            _ => None,
        };
        cannot("open", path, error, advice)
    })?;
    let name = path.display().to_string();
    Ok((name, Box::new(BufReader::new(file))))
}

/// Opens a file, and fails for a folder.
///
/// On Unix a folder can be opened, and only reading it fails.
fn open_file(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    match file.metadata()?.is_dir() {
        true => Err(io::ErrorKind::IsADirectory.into()),
        false => Ok(file),
    }
}

/// Replays a recording, and returns the number of scans.
///
/// It stops early when `is_over` is set.
fn play(
    input: Box<dyn BufRead + Send>,
    args: &args::Replay,
    printer: Shared,
    is_over: &Arc<AtomicBool>,
) -> Result<u64> {
    let source = ReplaySource::new(input)?;
    let host = source.info().host;
    printer
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .begin_replay(&host)?;
    let source = Paced {
        source,
        speed: args.speed,
        began: None,
    };
    let mut config = Config::default();
    // The recording can contain secrets, if it was made without redaction.
    args.output.secrets.configure(&mut config);
    let mut scanner = Scanner::builder().config(config).source(source).build()?;
    let (ended, outcome) = bounded(1);
    let consumers = scanner.consumers().clone();
    // No batch of a recording may be lost, so this consumer blocks the scans.
    let options = ConsumerOptions::default().with_overflow(Overflow::Block);
    consumers.register(options, print_into(printer, ended, Arc::clone(is_over)))?;
    let mut scans = 0;
    while outcome.is_empty() && !is_over.load(Ordering::Relaxed) {
        if scanner.hear_once().is_some() {
            continue;
        }
        if scanner.scan_once().is_none() {
            break;
        }
        scans += 1;
    }
    scanner.finish();
    match outcome.try_recv() {
        Ok(outcome) => outcome.map(|()| scans),
        Err(_) if consumers.metrics().consumer_panics_total == 0 => Ok(scans),
        Err(_) => Err(thread_failed()),
    }
}

/// Returns a consumer that prints.
///
/// If it ends before the recording does, it sends the outcome to `ended`.
fn print_into(
    printer: Shared,
    ended: Sender<Result<()>>,
    is_over: Arc<AtomicBool>,
) -> impl FnMut(&Arc<Batch>) + Send {
    let mut has_ended = false;
    move |batch| {
        if has_ended || is_over.load(Ordering::Relaxed) {
            return;
        }
        let mut printer = printer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Step::Break(outcome) = printer.take(batch) {
            has_ended = true;
            let _ = ended.send(outcome);
        }
    }
}

fn thread_failed() -> Error {
    Error::new(ErrorClass::Output, "the printing thread failed")
}

/// A recording that replays at a given speed.
struct Paced {
    source: ReplaySource<Box<dyn BufRead + Send>>,
    /// Factor to the recorded speed; `None`: as fast as possible.
    speed: Option<f64>,
    /// When the first scan was replayed, and its recorded time in nanoseconds.
    began: Option<(Instant, u64)>,
}

impl Paced {
    /// Waits until this recorded time has come, at the speed of the replay.
    fn wait_until(&mut self, at: Timestamp) {
        let Some(speed) = self.speed else {
            return;
        };
        let (began, first_ns) = *self
            .began
            .get_or_insert_with(|| (Instant::now(), at.monotonic_ns));
        let since = Duration::from_nanos(at.monotonic_ns.saturating_sub(first_ns));
        // A recording can contain any time; a wait too long for `Duration` never ends.
        let due = Duration::try_from_secs_f64(since.as_secs_f64() / speed);
        thread::sleep(due.unwrap_or(Duration::MAX).saturating_sub(began.elapsed()));
    }
}

impl Source for Paced {
    fn info(&self) -> SourceInfo {
        self.source.info()
    }

    /// Waits until the next scan is due.
    ///
    /// The scanner calls this once before each scan.
    fn now(&mut self) -> Timestamp {
        let at = self.source.now();
        self.wait_until(at);
        at
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        self.source.scan(emit)
    }

    fn recheck(&mut self, pids: &[u32], emit: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
        self.source.recheck(pids, emit)
    }

    fn bell(&mut self) -> Option<Bell> {
        self.source.bell()
    }

    fn drain(&mut self, emit: &mut dyn FnMut(Happening<'_>)) -> Heard {
        let heard = self.source.drain(emit);
        if let Some(at) = heard.at {
            self.wait_until(at);
        }
        heard
    }
}
