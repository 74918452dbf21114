//! A live source scanned at its beat until it is told to stop: what `watch` and `record` share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, after, bounded, never, select};
use process_scanner::{
    Batch, Config, ConsumerOptions, Error, ErrorClass, Metrics, Recheck, Result, Row, Scanner,
    Seen, Source, SourceInfo, Timestamp,
};

use crate::cli::args::Schedule;
use crate::cli::format::printer::Step;
use crate::cli::format::stats::Stats;

/// How long the end waits for the last look at the host: for one that answers, however busy it is.
const LAST_LOOK_WITHIN: Duration = Duration::from_secs(5);

/// How it went, when nothing failed.
pub(crate) struct Ran {
    /// What the scanner says of itself in the end.
    pub(crate) metrics: Metrics,
    /// A signal has ended it, as Ctrl-C does.
    pub(crate) is_stopped: bool,
}

/// Scans the source and gives each batch to `each`, until that ends it, the scans are done, the time
/// is over, or somebody stops the program. When the time is over it looks once more, so that all of it
/// was watched. Where no scan was good it ends with the failure of the last.
pub(crate) fn run(
    source: impl Source + 'static,
    config: Config,
    schedule: &Schedule,
    stopped: &Receiver<()>,
    stats: Stats,
    mut each: impl FnMut(&Batch) -> Step + Send + 'static,
) -> Result<Ran> {
    let scans = schedule.scans.unwrap_or(u64::MAX);
    let mut time_is_over = schedule.run_for.map_or_else(never, after);
    let mut last_look_is_late = never();
    // A scan that begins from then on is the last.
    let over_at_ns = Arc::new(AtomicU64::new(u64::MAX));
    let is_last = {
        let over_at_ns = Arc::clone(&over_at_ns);
        move |batch: &Batch| {
            batch.seq >= scans || batch.monotonic_ns >= over_at_ns.load(Ordering::Relaxed)
        }
    };
    let scanner = Scanner::builder()
        .config(config)
        .source(Limited {
            source,
            left: scans,
            is_over: false,
        })
        .build()?;
    let (done, outcome) = bounded(1);
    let mut has_ended = false;
    let mut has_seen = false;
    let blind = Arc::new(Mutex::new(None));
    let telling_why = Arc::clone(&blind);
    // It joins before the first scan, so that it misses none. The one that prints is a consumer
    // like any other: however slow its reader is, the scans go on.
    let options = ConsumerOptions::default().with_name("output");
    let consumers = scanner.consumers().clone();
    consumers.register(options, move |batch: &Arc<Batch>| {
        if has_ended {
            return;
        }
        has_seen |= batch.failure.is_none();
        let why = batch.failure.clone().filter(|_| !has_seen);
        *telling_why.lock().unwrap_or_else(PoisonError::into_inner) = why;
        let step = match each(batch) {
            // The scanner itself would notice only when the next scan is due.
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
                last_look_is_late = after(LAST_LOOK_WITHIN);
            }
            recv(last_look_is_late) -> _ => break None,
            recv(outcome) -> outcome => break Some(outcome),
            recv(stats.asked) -> _ => stats.print(&consumers.metrics()),
        }
    };
    let halted = handle.stop();
    let metrics = consumers.metrics();
    stats.print_last(&metrics);
    let blind = blind.lock().unwrap_or_else(PoisonError::into_inner).take();
    // What goes wrong with the last batch is a failure also if the end was asked for.
    let ended = ended.unwrap_or_else(|| Ok(outcome.try_recv().unwrap_or(Ok(()))));
    match ended {
        Ok(outcome) => {
            // A reader that takes nothing, or a host that does not answer, must not turn a wish
            // to stop into a failure. What was printed so far stands.
            if let Err(error) = halted {
                log::warn!("{}", error.full_message());
            }
            outcome?;
            match blind {
                Some(failure) => Err(failure),
                None => Ok(Ran {
                    metrics,
                    is_stopped,
                }),
            }
        }
        Err(_) => halted.and(Err(Error::new(
            ErrorClass::SourceGone,
            "the scanner has ended by itself",
        ))),
    }
}

/// A source that ends after so many scans, so that not one more is made however late the printing
/// thread gets to count them.
struct Limited<S> {
    source: S,
    left: u64,
    is_over: bool,
}

impl<S: Source> Source for Limited<S> {
    fn info(&self) -> SourceInfo {
        self.source.info()
    }

    /// Asked once a scan, however often that is tried.
    fn now(&mut self) -> Timestamp {
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => self.is_over = true,
        }
        self.source.now()
    }

    fn scan(&mut self, hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Seen> {
        if self.is_over {
            return Err(Error::new(ErrorClass::Ended, "all scans are made").mark_final());
        }
        self.source.scan(hand_over)
    }

    fn recheck(&mut self, pids: &[u32], hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
        self.source.recheck(pids, hand_over)
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

    /// One process that is always there.
    struct One;

    impl Source for One {
        fn info(&self) -> SourceInfo {
            SourceInfo::new("one")
        }

        fn now(&mut self) -> Timestamp {
            Timestamp::now()
        }

        fn scan(&mut self, hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Seen> {
            hand_over(Row::Process(ProcessRow::unknown(1)));
            Ok(Seen::default())
        }

        fn recheck(&mut self, _: &[u32], _: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
            Ok(Recheck::NotAble)
        }
    }

    #[test]
    fn when_its_time_is_over_it_looks_once_more() {
        let args = ["pscan", "--for", "100ms", "--interval-ms", "3600000"];
        let line = Line::try_parse_from(args).expect("it is fine");
        let stats = Stats::new(line.schedule.stats, true).expect("nobody is asked");
        let (seen, scans) = channel();
        let began = Instant::now();
        let began_ns = Timestamp::now().monotonic_ns;
        let each = move |batch: &Batch| {
            let _ = seen.send(batch.monotonic_ns);
            Step::Continue(())
        };
        let config = line.schedule.config();
        run(One, config, &line.schedule, &never(), stats, each).expect("it goes well");
        assert!(began.elapsed() >= Duration::from_millis(100));
        // The first as a rule, and one that began when the time was over.
        let scans: Vec<u64> = scans.iter().collect();
        assert!(scans.len() <= 2, "{scans:?}");
        assert!(scans.last() >= Some(&(began_ns + 100_000_000)), "{scans:?}");
    }
}
