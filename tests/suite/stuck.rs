//! Sources and consumers that are stuck.

mod stopping;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use process_scanner::{
    Batch, BreakerState, Config, ConsumerOptions, Error, ErrorClass, Overflow, Result, Row,
    ScanSummary, Scanner, ScannerHandle, Source, SourceInfo, Subscription, Transition,
};

use crate::support::{Made, World, show};

fn config() -> Config {
    let mut config = Config::default();
    config.interval_ms = 50;
    // On a busy machine a scan that is not stuck can take some time too.
    config.scan_deadline_ms = 1000;
    config
}

/// Emits one process per scan; the second scan is stuck until it receives a message.
struct Hanging {
    scans: u32,
    go_on: Receiver<()>,
}

impl Source for Hanging {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("hanging")
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        self.scans += 1;
        if self.scans == 2 {
            // Returns on a message, or when the sender is dropped.
            let _ = self.go_on.recv();
        }
        show(1, &Made::new("p", 5), emit);
        Ok(ScanSummary::default())
    }
}

/// Returns a source whose scans send a message when they begin, and end on a message.
fn slow() -> (Slow, Receiver<()>, Sender<()>) {
    let (begun, is_begun) = channel();
    let (go_on, wait) = channel();
    let source = Slow { begun, go_on: wait };
    (source, is_begun, go_on)
}

fn hanging() -> (Hanging, Sender<()>) {
    let (sender, go_on) = channel();
    (Hanging { scans: 0, go_on }, sender)
}

fn start(source: impl Source + 'static) -> ScannerHandle {
    let builder = Scanner::builder().config(config()).source(source);
    builder.start().unwrap()
}

/// Starts a scanner that makes a second scan only on request.
fn start_hourly(source: impl Source + 'static) -> ScannerHandle {
    let mut config = config();
    config.interval_ms = 3_600_000;
    let builder = Scanner::builder().config(config).source(source);
    builder.start().unwrap()
}

fn quiet() -> World {
    let world = World::new();
    world.add(1, Made::new("p", 5));
    world
}

/// Starts a scanner of a world in which nothing happens.
fn start_quiet() -> ScannerHandle {
    start(quiet())
}

fn is_stuck(batch: &Batch) -> bool {
    batch
        .failure
        .as_ref()
        .is_some_and(|failure| failure.class() == ErrorClass::Stuck)
}

#[test]
fn a_stuck_scan_is_reported_once_and_the_scanner_continues_when_it_returns() {
    let (source, go_on) = hanging();
    let handle = start_hourly(source);
    let batches = handle.consumers().subscribe(ConsumerOptions::default());
    let first = batches.recv().unwrap();
    assert!(first.full && first.seq == 1);
    handle.control().scan_now();
    let notice = batches.recv().unwrap();
    assert!(is_stuck(&notice), "{notice:?}");
    assert_eq!((notice.seq, notice.events.len()), (1, 0));
    // The stuck scan opens the breaker. That is reported once: while the scan is stuck, not when it
    // returns.
    let [Transition::Breaker { from, to, .. }] = &notice.transitions[..] else {
        panic!("{notice:?}");
    };
    assert_eq!((*from, *to), (BreakerState::Closed, BreakerState::Open));
    assert_eq!(notice.pace.unwrap().breaker, BreakerState::Open);
    assert_eq!(handle.consumers().metrics().breaker, BreakerState::Open);
    // A consumer that joins while the scan is stuck finds the failure in its first batch.
    let late = handle.consumers().subscribe(ConsumerOptions::default());
    let full = late.recv().unwrap();
    assert!(full.full && is_stuck(&full), "{full:?}");
    assert_eq!((full.seq, full.events.len()), (1, 1));
    assert_eq!(full.pace.unwrap().breaker, BreakerState::Open);
    go_on.send(()).unwrap();
    assert_eq!(late.recv().unwrap().seq, 2);
    let second = batches.recv().unwrap();
    assert!(second.failure.is_none(), "{second:?}");
    assert_eq!(second.seq, 2);
    assert_eq!(second.pace.unwrap().breaker, BreakerState::Open);
    let is_of_the_breaker =
        |transition: &Transition| !matches!(transition, Transition::Interval { .. });
    assert!(!second.transitions.iter().any(is_of_the_breaker));
    assert_eq!(handle.consumers().metrics().breaker_opened_total, 1);
    let later = handle
        .consumers()
        .subscribe(ConsumerOptions::default())
        .recv()
        .unwrap();
    assert!(later.full && later.failure.is_none(), "{later:?}");
    handle.stop().unwrap();
}

#[test]
fn a_stuck_first_scan_is_reported_before_any_process_is_known() {
    let (mut source, go_on) = hanging();
    source.scans = 1;
    let handle = start_hourly(source);
    let batches = handle.consumers().subscribe(ConsumerOptions::default());
    let notice = batches.recv().unwrap();
    assert!(is_stuck(&notice) && !notice.full && notice.seq == 0);
    // A consumer that joins now receives the notice too, once.
    let late = handle.consumers().subscribe(ConsumerOptions::default());
    let reported = late.recv().unwrap();
    assert!(is_stuck(&reported) && !reported.full && reported.seq == 0);
    assert_eq!(reported.transitions, notice.transitions);
    go_on.send(()).unwrap();
    let assert_good = |batches: &Subscription| {
        let first = batches.recv().unwrap();
        assert!(first.full && first.failure.is_none(), "{first:?}");
        assert_eq!(first.events.len(), 1);
    };
    assert_good(&batches);
    assert_good(&late);
    // The notice is gone after the first good scan.
    assert_good(&handle.consumers().subscribe(ConsumerOptions::default()));
    handle.stop().unwrap();
}

#[test]
fn a_stalled_blocking_consumer_is_reported_to_the_others() {
    let handle = start_quiet();
    let options = ConsumerOptions::default()
        .with_name("reader")
        .with_overflow(Overflow::Block)
        .with_queue_len(1);
    let stalling = handle.consumers().subscribe(options);
    // Its queue is long enough to lose no batches while the scanner waits.
    let options = ConsumerOptions::default().with_queue_len(64);
    let other = handle.consumers().subscribe(options);
    let notice = other.iter().find(|batch| is_stuck(batch)).unwrap();
    let failure = notice.failure.as_ref().unwrap().to_string();
    let expected = format!(
        "{} (reader) blocks, and its queue has been full",
        stalling.id()
    );
    assert!(failure.starts_with(&expected), "{failure}");
    let metrics = handle.consumers().metrics();
    assert_eq!(metrics.consumer_stalls_total, 1);
    assert_eq!(metrics.errors(ErrorClass::Stuck), 1);
    // When the stalled consumer reads again, the scanner continues, and no batch is lost.
    let seqs: Vec<u64> = stalling.iter().take(5).map(|batch| batch.seq).collect();
    assert!(
        seqs.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{seqs:?}"
    );
    assert!(other.iter().any(|batch| batch.seq > notice.seq));
    // A consumer that stops reading does not delay the stop.
    handle.stop().unwrap();
    drop(stalling);
}

#[test]
fn a_panic_whose_payload_panics_is_reported_like_any_other() {
    struct Again;
    impl Drop for Again {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("and again"));
        }
    }
    struct Panicking;
    impl Source for Panicking {
        fn info(&self) -> SourceInfo {
            SourceInfo::new("panicking")
        }

        fn scan(&mut self, _emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
            std::panic::resume_unwind(Box::new(Again));
        }
    }
    let scanner = Scanner::builder().source(Panicking).build().unwrap();
    let batches = scanner.consumers().subscribe(ConsumerOptions::default());
    let error = scanner.start().unwrap().wait().unwrap_err();
    assert!(
        error.to_string().starts_with("the source panicked"),
        "{error}"
    );
    let last = batches.recv().unwrap();
    assert!(last.failure.as_ref().is_some_and(Error::is_final));
}

/// Waits in each scan until it receives a message.
struct Slow {
    begun: Sender<()>,
    go_on: Receiver<()>,
}

impl Source for Slow {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("slow")
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        let _ = self.begun.send(());
        let _ = self.go_on.recv();
        show(1, &Made::new("p", 5), emit);
        Ok(ScanSummary::default())
    }
}

/// Emits one process per scan, and panics after the good scans.
struct Panicking {
    good_scans: u32,
    _alive: Sender<()>,
}

impl Source for Panicking {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("panicking")
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        show(1, &Made::new("p", 5), emit);
        self.good_scans = self.good_scans.checked_sub(1).unwrap_or_else(|| {
            // Not `panic!`, whose hook would print into the test's output.
            std::panic::resume_unwind(Box::new("on purpose"));
        });
        Ok(ScanSummary::default())
    }
}

#[test]
fn a_panic_in_the_source_is_reported_in_a_last_batch_and_by_stop() {
    for round in 0..20 {
        let good_scans = round % 3;
        let (sender, dropped) = channel();
        let mut config = Config::default();
        config.interval_ms = 50;
        let scanner = Scanner::builder()
            .config(config)
            .source(Panicking {
                good_scans,
                _alive: sender,
            })
            .build()
            .unwrap();
        let batches = scanner.consumers().subscribe(ConsumerOptions::default());
        let handle = scanner.start().unwrap();
        let reported: Vec<_> = batches.iter().collect();
        assert!(
            !handle.control().is_running(),
            "the scanner has ended when it closes subscriptions"
        );
        assert!(dropped.recv().is_err());
        let (last, good) = reported.split_last().unwrap();
        assert!(good.iter().all(|batch| batch.failure.is_none()));
        assert_eq!(good.len(), good_scans as usize);
        let failure = last.failure.as_ref().unwrap();
        assert!(failure.is_final() && last.events.is_empty());
        assert_eq!(failure.to_string(), "the source panicked: on purpose");
        assert_eq!(
            (last.seq, last.full),
            (good.len() as u64 + 1, good_scans == 0)
        );
        // The result of the scan before is unchanged.
        assert_eq!(last.counts.processes, u32::from(good_scans > 0));
        assert_eq!(
            handle.consumers().snapshot().len(),
            usize::from(good_scans > 0)
        );
        let metrics = handle.consumers().metrics();
        assert_eq!(metrics.scans_total.failed, 1);
        assert_eq!(metrics.errors(ErrorClass::SourceGone), 1);
        let error = match round % 2 {
            0 => handle.stop().unwrap_err(),
            _ => handle.wait().unwrap_err(),
        };
        assert_eq!(error.class(), ErrorClass::SourceGone);
        assert_eq!(error.to_string(), failure.to_string());
    }
}

#[test]
fn a_full_queue_still_receives_the_last_batch() {
    let world = World::new();
    world.add(1, Made::new("p", 5));
    for finish in [true, false] {
        let mut scanner = world.scanner();
        let options = ConsumerOptions::default().with_queue_len(1);
        let lazy = scanner.consumers().subscribe(options);
        for _ in 0..5 {
            scanner.scan_once().unwrap();
        }
        match finish {
            true => scanner.finish(),
            false => drop(scanner),
        }
        let got: Vec<_> = lazy
            .iter()
            .map(|batch| (batch.seq, batch.full, batch.lost_batches))
            .collect();
        assert_eq!(got, [(1, true, 0), (5, true, 4)]);
    }
}

#[test]
fn a_queue_can_have_any_requested_length() {
    let world = World::new();
    world.add(1, Made::new("p", 5));
    let mut scanner = world.scanner();
    for queue_len in [0, usize::MAX] {
        let options = ConsumerOptions::default().with_queue_len(queue_len);
        let batches = scanner.consumers().subscribe(options);
        scanner.scan_once().unwrap();
        assert!(batches.recv().unwrap().full);
    }
}

/// Combines a full Block consumer, queued batches and a scan past its deadline.
#[test]
#[cfg(target_os = "linux")]
fn waiting_for_a_stuck_scan_uses_no_cpu_time() {
    fn cpu_ticks() -> u64 {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        let fields: Vec<_> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }
    const ROLE: &str = "PSCAN_TEST_STUCK";
    const THIS: &str = "stuck::waiting_for_a_stuck_scan_uses_no_cpu_time";
    // In a process of its own, so that the CPU time of other tests does not count.
    if std::env::var_os(ROLE).is_none() {
        let mut this = std::process::Command::new(std::env::current_exe().unwrap());
        let output = this
            .args(["--exact", THIS])
            .env(ROLE, "1")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        return;
    }
    let (source, is_begun, go_on) = slow();
    let mut config = config();
    config.scan_deadline_ms = 100;
    let builder = Scanner::builder().config(config).source(source);
    let handle = builder.start().unwrap();
    let options = ConsumerOptions::default()
        .with_overflow(Overflow::Block)
        .with_queue_len(1);
    let blocked = handle.consumers().subscribe(options);
    let options = ConsumerOptions::default().with_queue_len(64);
    let other = handle.consumers().subscribe(options);
    for _ in 0..4 {
        is_begun.recv().unwrap();
        go_on.send(()).unwrap();
    }
    // The fifth scan is stuck. Wait for the report of the stall, then for ten more deadlines.
    is_begun.recv().unwrap();
    assert!(other.iter().any(|batch| is_stuck(&batch)));
    let before = cpu_ticks();
    while other.recv_timeout(Duration::from_secs(1)).is_ok() {}
    let used = cpu_ticks() - before;
    assert!(used < 50, "{used} ticks of 10 ms in a second of waiting");
    drop(go_on);
    drop(blocked);
    handle.stop().unwrap();
}
