//! Scans a live source until the end, for `watch` and `record`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, after, bounded, never, select};
use process_scanner::{
    Batch, Bell, Config, ConsumerOptions, Error, ErrorClass, Happening, Heard, Metrics, Recheck,
    Result, Row, ScanSummary, Scanner, Source, SourceInfo, Timestamp,
};

use crate::cli::args::Schedule;
use crate::cli::format::printer::Step;
use crate::cli::format::stats::Stats;
use crate::cli::select::is_good_scan;

/// Longest wait for the last scan; even a busy host is faster.
const LAST_SCAN_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest wait for the scan and the output at the end. On a busy host both may take longer than the 0.9 s that
/// the library waits, and output that is given up ends inside a line.
pub(super) const STOP_WITHIN: Duration = Duration::from_secs(3);

/// Batches that may wait for the output of a source that listens.
///
/// It can have one every 20 ms, so these are at least five seconds, in which a reader may pause.
const LISTENING_QUEUE_LEN: usize = 256;

/// Outcome of a session without failure.
pub(crate) struct Ran {
    /// Metrics of the scanner at the end.
    pub(crate) metrics: Metrics,
    /// A signal, such as Ctrl-C, ended the session.
    pub(crate) is_stopped: bool,
}

/// Scans the source, and calls `each` with each batch, until the end.
///
/// The session ends when `each` returns `Break`, after `--scans`, after `--for`, on a message of `stopped`, or when `reader_left` closes.
/// After `--for` it scans once more, so that no event before the end is missing.
///
/// # Errors
///
/// If no scan succeeded, the failure of the last one.
pub(crate) fn run(
    source: impl Source + 'static,
    config: Config,
    schedule: &Schedule,
    stopped: &Receiver<()>,
    reader_left: &Receiver<()>,
    stats: Stats,
    mut each: impl FnMut(&Arc<Batch>) -> Step + Send + 'static,
) -> Result<Ran> {
    let scans = schedule.scans.unwrap_or(u64::MAX);
    let mut time_is_over = schedule.run_for.map_or_else(never, after);
    let mut last_scan_timeout = never();
    // The first scan that starts at this time or later is the last.
    let over_at_ns = Arc::new(AtomicU64::new(u64::MAX));
    let is_last = {
        let over_at_ns = Arc::clone(&over_at_ns);
        move |batch: &Batch| {
            // A full batch after a loss may have been made after the last scan.
            (batch.of_scan || batch.full)
                && batch.monotonic_ns >= over_at_ns.load(Ordering::Relaxed)
        }
    };
    let info = source.info();
    let scanner = Scanner::builder()
        .config(config)
        .source(Limited {
            source,
            left: scans,
            is_over: false,
            over_at_ns: Arc::clone(&over_at_ns),
        })
        .build()?;
    let (done, outcome) = bounded(1);
    let mut has_ended = false;
    let mut has_succeeded = false;
    // The last failure while no scan has succeeded.
    let only_failures = Arc::new(Mutex::new(None));
    let last_failure = Arc::clone(&only_failures);
    // Registering before the first scan makes sure that no scan is missed. A consumer with a queue, so that a
    // slow reader of the output does not delay the scans.
    let mut options = ConsumerOptions::default().with_name("output");
    if info.hears_lives || info.hears_exits {
        options = options.with_queue_len(LISTENING_QUEUE_LEN);
    }
    let consumers = scanner.consumers().clone();
    consumers.register(options, move |batch: &Arc<Batch>| {
        if has_ended {
            return;
        }
        has_succeeded |= is_good_scan(batch);
        let mut last_failure = last_failure.lock().unwrap_or_else(PoisonError::into_inner);
        match &batch.failure {
            _ if has_succeeded => *last_failure = None,
            Some(failure) => *last_failure = Some(failure.clone()),
            // It is of no scan.
            None => {}
        }
        drop(last_failure);
        let step = match each(batch) {
            // The scanner itself would end only when the next scan is due.
            Step::Continue(()) if is_last(batch) => Step::Break(Ok(())),
            step => step,
        };
        if let Step::Break(outcome) = step {
            has_ended = true;
            let _ = done.send(outcome);
        }
    })?;
    let handle = scanner.start()?;
    let mut is_stopped = false;
    let ended = loop {
        select! {
            recv(stopped) -> _ => {
                is_stopped = true;
                break None;
            }
            recv(time_is_over) -> _ => {
                time_is_over = never();
                over_at_ns.store(Timestamp::now().monotonic_ns, Ordering::Relaxed);
                handle.control().scan_now();
                last_scan_timeout = after(LAST_SCAN_TIMEOUT);
            }
            recv(last_scan_timeout) -> _ => break None,
            recv(outcome) -> outcome => break Some(outcome),
            recv(reader_left) -> _ => break None,
            recv(stats.requests) -> _ => stats.print(&consumers.metrics()),
        }
    };
    let halted = handle.stop_within(STOP_WITHIN);
    let metrics = consumers.metrics();
    stats.print_last(&metrics);
    let only_failures = only_failures
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    // A failure to print the last batch counts even if a signal ended the session.
    let ended = ended.unwrap_or_else(|| Ok(outcome.try_recv().unwrap_or(Ok(()))));
    match ended {
        Ok(outcome) => {
            // A stuck reader or host must not turn a requested stop into a failure. The output so far is
            // valid.
            if let Err(error) = halted {
                log::warn!("{}", error.full_message());
            }
            outcome?;
            match only_failures {
                Some(failure) => Err(failure),
                None => Ok(Ran {
                    metrics,
                    is_stopped,
                }),
            }
        }
        Err(_) => halted.and(Err(Error::new(
            ErrorClass::SourceGone,
            "the scanner ended by itself",
        ))),
    }
}

/// A source that ends after a number of scans.
///
/// Counting in the printing thread would be too late to prevent one more scan.
struct Limited<S> {
    source: S,
    left: u64,
    is_over: bool,
    /// Gets the time of the last scan.
    over_at_ns: Arc<AtomicU64>,
}

impl<S: Source> Source for Limited<S> {
    fn info(&self) -> SourceInfo {
        self.source.info()
    }

    /// Counts scans; the scanner calls this once per scan, retries included.
    fn now(&mut self) -> Timestamp {
        let at = self.source.now();
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => self.is_over = true,
        }
        if self.left == 0 {
            self.over_at_ns
                .fetch_min(at.monotonic_ns, Ordering::Relaxed);
        }
        at
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        if self.is_over {
            return Err(Error::new(ErrorClass::Ended, "all requested scans are done").mark_final());
        }
        self.source.scan(emit)
    }

    fn recheck(&mut self, pids: &[u32], emit: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
        self.source.recheck(pids, emit)
    }

    fn bell(&mut self) -> Option<Bell> {
        self.source.bell()
    }

    fn drain(&mut self, emit: &mut dyn FnMut(Happening<'_>)) -> Heard {
        self.source.drain(emit)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Instant;

    use clap::Parser;
    use process_scanner::ProcessRow;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        schedule: Schedule,
    }

    /// A source with one process that never exits.
    struct One;

    impl Source for One {
        fn info(&self) -> SourceInfo {
            SourceInfo::new("one")
        }

        fn now(&mut self) -> Timestamp {
            Timestamp::now()
        }

        fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
            emit(Row::Process(ProcessRow::unknown(1)));
            Ok(ScanSummary::default())
        }

        fn recheck(&mut self, _: &[u32], _: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
            Ok(Recheck::Unsupported)
        }
    }

    #[test]
    fn session_scans_once_more_after_its_time() {
        let args = ["pscan", "--for", "100ms", "--interval", "1h"];
        let line = Line::try_parse_from(args).expect("the arguments are valid");
        let stats = Stats::new(line.schedule.stats, true).expect("no thread starts");
        let (seen, scans) = channel();
        let began = Instant::now();
        let began_ns = Timestamp::now().monotonic_ns;
        let each = move |batch: &Arc<Batch>| {
            let _ = seen.send(batch.monotonic_ns);
            Step::Continue(())
        };
        let config = line.schedule.pace.config();
        run(One, config, &line.schedule, &never(), &never(), stats, each)
            .expect("the session succeeds");
        assert!(began.elapsed() >= Duration::from_millis(100));
        // Usually the first scan, and one that started after the time was over.
        let scans: Vec<u64> = scans.iter().collect();
        assert!(scans.len() <= 2, "{scans:?}");
        assert!(scans.last() >= Some(&(began_ns + 100_000_000)), "{scans:?}");
    }
}
