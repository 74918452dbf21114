//! The interval of a running scanner: its CPU budget, its breaker and the retry.

mod retry;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use process_scanner::{
    Batch, BreakerState, Config, ConsumerOptions, Error, ErrorClass, ReplaySource, Result, Row,
    ScanSummary, Scanner, ScannerHandle, Source, SourceInfo, Subscription, Transition,
};

use crate::fixtures::story::record;
use crate::fixtures::text;
use crate::support::{Made, World, show};

fn config() -> Config {
    let mut config = Config::default();
    config.interval_ms = 50;
    config
}

fn start(config: Config, source: impl Source + 'static) -> (ScannerHandle, Subscription) {
    let scanner = Scanner::builder().config(config).source(source).build();
    let scanner = scanner.unwrap();
    let batches = scanner.consumers().subscribe(ConsumerOptions::default());
    (scanner.start().unwrap(), batches)
}

/// Returns the batches up to the one with this transition of the breaker.
fn until(batches: &Subscription, last: (BreakerState, BreakerState)) -> Vec<Arc<Batch>> {
    /// Ten times as many as any of these tests needs.
    const ENOUGH: usize = 200;

    let mut seen = Vec::new();
    for batch in batches.iter().take(ENOUGH) {
        let is_last = batch.transitions.iter().any(|transition| {
            matches!(transition, Transition::Breaker { from, to, .. } if (*from, *to) == last)
        });
        seen.push(batch);
        if is_last {
            return seen;
        }
    }
    panic!(
        "not {last:?} in {} batches: {:?}",
        seen.len(),
        transitions(&seen)
    );
}

fn transitions(batches: &[Arc<Batch>]) -> Vec<String> {
    let transitions = batches.iter().flat_map(|batch| &batch.transitions);
    transitions.map(ToString::to_string).collect()
}

/// Emits one process per scan, after it has worked and waited.
struct Costly {
    work: Duration,
    wait: Duration,
}

/// Returns the CPU time of this thread, which a busy machine does not distort.
///
/// On other systems than Linux it is the elapsed time.
fn worked() -> Duration {
    #[cfg(target_os = "linux")]
    {
        use rustix::time::{ClockId, clock_gettime};

        let time = clock_gettime(ClockId::ThreadCPUTime);
        let seconds = u64::try_from(time.tv_sec).unwrap();
        Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap())
    }
    #[cfg(not(target_os = "linux"))]
    {
        static BEGUN: std::sync::LazyLock<std::time::Instant> =
            std::sync::LazyLock::new(std::time::Instant::now);
        BEGUN.elapsed()
    }
}

impl Source for Costly {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("costly")
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        let begun = worked();
        while worked() - begun < self.work {
            std::hint::black_box(begun);
        }
        if self.wait > Duration::ZERO {
            // No message is ever sent: this waits for the whole time.
            let (_open, nothing) = channel::<()>();
            let _ = nothing.recv_timeout(self.wait);
        }
        show(1, &Made::new("p", 5), emit);
        Ok(ScanSummary::default())
    }
}

#[test]
fn a_scanner_over_its_budget_slows_down_and_reports_why() {
    let mut config = config();
    config.cpu_budget_percent = Some(0.01);
    let source = Costly {
        work: Duration::from_millis(40),
        wait: Duration::ZERO,
    };
    let (handle, batches) = start(config, source);
    // What a first scan costs is not what the next ones cost.
    let first = batches.recv().unwrap();
    assert!(cfg!(not(target_os = "linux")) || first.transitions.is_empty());
    let second = batches.recv().unwrap();
    let mut transitions = first.transitions.iter().chain(&second.transitions);
    let Some(Transition::Interval {
        from_ms,
        to_ms,
        reason,
        ..
    }) = transitions.next()
    else {
        panic!("{first:?}, {second:?}");
    };
    assert!(*from_ms == 50 && *to_ms > 1000, "{from_ms} to {to_ms}");
    assert!(
        reason.starts_with("a scan costs ") && reason.contains("ms, budget 0.01 %"),
        "{reason}"
    );
    assert_eq!(second.pace.unwrap().interval_ms, *to_ms);
    // The two have used more than ten minutes' budget.
    let exceeded = transitions.next().map(ToString::to_string);
    assert!(
        cfg!(windows)
            || exceeded
                .as_ref()
                .is_some_and(|text| text.starts_with("budget exceeded: scans used ")),
        "{exceeded:?}"
    );
    let metrics = handle.consumers().metrics();
    assert_eq!(
        (metrics.interval_asked_ms, metrics.interval_ms),
        (50, *to_ms)
    );
    assert_eq!(metrics.interval_changes_total, 1);
    // On Windows the CPU time may be 0: it was less than a step of the clock.
    assert!(
        cfg!(windows) || metrics.cpu_total.is_none_or(|cpu| cpu.scan_ms > 0.0),
        "{metrics:?}"
    );
    // The CPU time of the scan is counted, and not only that of the dispatch.
    let worked_ms = 40;
    assert!(
        cfg!(not(target_os = "linux")) || *to_ms >= worked_ms * 10_000,
        "{to_ms}"
    );
    // A long interval does not delay the stop.
    handle.stop().unwrap();
}

#[test]
fn the_scanner_keeps_the_interval_it_reports() {
    let mut config = config();
    config.cpu_budget_percent = Some(10.0);
    config.overload_wait_ratio = None;
    let source = Costly {
        work: Duration::from_millis(40),
        wait: Duration::ZERO,
    };
    let (handle, batches) = start(config, source);
    batches.recv().unwrap();
    let second = batches.recv().unwrap();
    let reported_ms = second.pace.unwrap().interval_ms;
    assert!(cfg!(windows) || reported_ms > 50, "{reported_ms}");
    let third = batches.recv().unwrap();
    // Intervals are from due time to due time. The second scan may have begun late, the first was due when the
    // scanner started.
    let since_first_ms = second.interval_ms.unwrap() + third.interval_ms.unwrap();
    assert!(
        since_first_ms >= reported_ms as f64,
        "{reported_ms}: {second:?}, {third:?}"
    );
    handle.stop().unwrap();
}

#[test]
fn the_interval_stays_below_its_maximum_and_the_broken_budget_is_reported() {
    let mut config = config();
    config.cpu_budget_percent = Some(1.0);
    config.max_interval_ms = Some(60);
    config.overload_wait_ratio = None;
    let source = Costly {
        work: Duration::from_millis(40),
        wait: Duration::ZERO,
    };
    let (handle, batches) = start(config, source);
    // On Windows, the CPU clock may not have moved before the third scan.
    let seen: Vec<_> = batches.iter().take(4).collect();
    assert!(
        seen.iter()
            .all(|batch| batch.pace.unwrap().interval_ms <= 60)
    );
    let transitions = transitions(&seen);
    let [slower, exceeded] = &transitions[..] else {
        panic!("{transitions:?}");
    };
    assert!(
        slower.starts_with("interval 50ms → 60ms: a scan costs "),
        "{slower}"
    );
    let text = "budget exceeded: scans every 60ms, the longest interval allowed, use ";
    assert!(
        exceeded.starts_with(text) && exceeded.ends_with(" % of one core, and the budget is 1 %"),
        "{exceeded}"
    );
    assert_eq!(handle.consumers().metrics().budget_exceeded_total, 1);
    let error = handle.control().set_interval_ms(61).unwrap_err();
    assert_eq!(
        (error.class(), error.to_string().as_str()),
        (
            ErrorClass::Config,
            "interval_ms is 61: it must be at most max_interval_ms, which is 60"
        )
    );
    handle.control().set_interval_ms(60).unwrap();
    handle.stop().unwrap();
}

#[test]
fn without_a_budget_the_scanner_keeps_the_requested_interval() {
    let mut config = config();
    config.cpu_budget_percent = None;
    config.overload_wait_ratio = None;
    let source = Costly {
        work: Duration::from_millis(40),
        wait: Duration::ZERO,
    };
    let (handle, batches) = start(config, source);
    for batch in batches.iter().take(5) {
        assert_eq!(batch.pace.unwrap().interval_ms, 50);
        assert_eq!(batch.transitions, []);
    }
    handle.stop().unwrap();
}

/// Returns the only transition of a batch, and the new interval.
fn retimed(batch: &Batch) -> (String, u64) {
    let [transition] = &batch.transitions[..] else {
        panic!("{batch:?}");
    };
    (transition.to_string(), batch.pace.unwrap().interval_ms)
}

fn without_budget(interval_ms: u64) -> Config {
    let mut config = config();
    config.interval_ms = interval_ms;
    config.cpu_budget_percent = None;
    config.overload_wait_ratio = None;
    config
}

#[test]
fn the_interval_can_be_changed_while_running() {
    let world = World::new();
    world.add(1, Made::new("p", 5));
    let (handle, batches) = start(without_budget(3_600_000), world);
    assert_eq!(batches.recv().unwrap().transitions, []);
    // The new interval does not wait for the end of the hour.
    handle.control().set_interval_ms(50).unwrap();
    assert_eq!(handle.consumers().metrics().interval_asked_ms, 50);
    let batch = batches.recv().unwrap();
    assert_eq!(
        retimed(&batch),
        ("interval 60m → 50ms: requested".into(), 50)
    );
    for batch in batches.iter().take(3) {
        assert_eq!(batch.transitions, []);
    }
    // The next scan still comes at the old interval, and its batch reports the new one.
    handle.control().set_interval_ms(3_600_000).unwrap();
    let batch = batches
        .iter()
        .find(|batch| !batch.transitions.is_empty())
        .unwrap();
    assert_eq!(
        retimed(&batch),
        ("interval 50ms → 60m: requested".into(), 3_600_000)
    );
    let metrics = handle.consumers().metrics();
    assert_eq!(
        (
            metrics.interval_asked_ms,
            metrics.interval_ms,
            metrics.interval_changes_total
        ),
        (3_600_000, 3_600_000, 2)
    );
    // A change that is undone before the next scan is not reported.
    handle.control().set_interval_ms(3_599_999).unwrap();
    handle.control().set_interval_ms(3_600_000).unwrap();
    handle.control().scan_now();
    assert_eq!(batches.recv().unwrap().transitions, []);
    let control = handle.control().clone();
    handle.stop().unwrap();
    control.set_interval_ms(50).unwrap();
    control.scan_now();
}

#[test]
fn an_interval_outside_its_limits_is_refused_while_running() {
    let world = World::new();
    world.add(1, Made::new("p", 5));
    let (handle, _batches) = start(without_budget(1000), world);
    for interval_ms in [0, 49, 3_600_001, u64::MAX] {
        let error = handle.control().set_interval_ms(interval_ms).unwrap_err();
        assert_eq!(error.class(), ErrorClass::Config);
        let expected = without_budget(interval_ms).validate().unwrap_err();
        assert_eq!(error.to_string(), expected.to_string());
    }
    assert_eq!(handle.consumers().metrics().interval_asked_ms, 1000);
    handle.stop().unwrap();
}

#[test]
fn the_budget_and_an_open_breaker_use_the_interval_requested_last() {
    let mut config = without_budget(3_600_000);
    config.cpu_budget_percent = Some(0.01);
    let source = Costly {
        work: Duration::from_millis(40),
        wait: Duration::ZERO,
    };
    let (handle, batches) = start(config, source);
    batches.recv().unwrap();
    // From the second scan on, the cost is known.
    handle.control().scan_now();
    batches.recv().unwrap();
    handle.control().set_interval_ms(50).unwrap();
    handle.control().scan_now();
    let batch = batches.recv().unwrap();
    let first = batch.transitions.first().map(ToString::to_string).unwrap();
    assert!(
        first.contains(": 50ms requested, but a scan costs "),
        "{first}"
    );
    assert!(batch.pace.unwrap().interval_ms > 50);
    handle.stop().unwrap();
    // A probe that was due in an hour comes soon.
    let world = World::new();
    world.edit(|state| state.failure = Some(ErrorClass::SourceGone));
    let mut config = without_budget(3_600_000);
    config.breaker_failed_scans = 1;
    config.breaker_max_wait_ms = 100;
    let (handle, batches) = start(config, world);
    assert_eq!(
        batches.recv().unwrap().pace.unwrap().breaker,
        BreakerState::Open
    );
    handle.control().set_interval_ms(50).unwrap();
    let probe = batches.recv().unwrap();
    assert_eq!(
        retimed(&probe),
        ("interval 60m → 50ms: requested".into(), 50)
    );
    handle.stop().unwrap();
}

#[test]
fn the_budget_covers_callbacks_only_on_request() {
    for covers_callbacks in [false, true] {
        let mut config = config();
        // A scan of one made-up process is far below the budget, and the callback above it, on a
        // busy machine too. The clock of Windows moves in steps of 15.6 ms.
        config.cpu_budget_percent = Some(if cfg!(windows) { 50.0 } else { 5.0 });
        config.budget_covers_callbacks = covers_callbacks;
        let world = World::new();
        world.add(1, Made::new("p", 5));
        let (handle, batches) = start(config, world);
        let (called, is_called) = channel();
        // With a queue of one batch the stop does not take long.
        let options = ConsumerOptions::default().with_queue_len(1);
        handle
            .consumers()
            .register(options, move |_: &Arc<Batch>| {
                // Uses CPU time, independent of how busy the machine is.
                for step in 0..30_000_000 {
                    std::hint::black_box(step);
                }
                let _ = called.send(());
            })
            .unwrap();
        let mut batches = batches.iter();
        match covers_callbacks {
            true => {
                let mut paces = batches.take(200).filter_map(|batch| batch.pace);
                assert!(paces.any(|pace| pace.interval_ms > 50));
            }
            false => {
                is_called.recv().unwrap();
                is_called.recv().unwrap();
                assert_eq!(batches.next().unwrap().pace.unwrap().interval_ms, 50);
                assert_eq!(handle.consumers().metrics().interval_ms, 50);
                let cpu = handle.consumers().metrics().cpu_total;
                assert!(cfg!(windows) || cpu.is_none_or(|cpu| cpu.callbacks_ms > 0.0));
            }
        }
        // Waits for the callback to read all queued batches.
        handle.stop_within(Duration::MAX).unwrap();
    }
}

#[test]
fn failed_scans_open_the_breaker_without_exits_and_good_ones_close_it() {
    let world = World::new();
    for pid in 1..=3 {
        world.add(pid, Made::new("p", 5));
    }
    let mut config = config();
    config.cpu_budget_percent = None;
    config.breaker_failed_scans = 2;
    // A busy machine must not open the breaker in this test.
    config.overload_wait_ratio = None;
    config.breaker_max_wait_ms = 1000;
    let (handle, batches) = start(config, world.clone());
    assert_eq!(batches.recv().unwrap().events.len(), 3);
    world.edit(|state| {
        state.failure = Some(ErrorClass::SourceGone);
        state.hidden = vec![1, 2, 3];
        state.processes.remove(&2);
    });
    let failing = until(&batches, (BreakerState::Closed, BreakerState::Open));
    assert_eq!(
        transitions(&failing),
        ["breaker closed → open: 2 failed scans in a row"]
    );
    assert_eq!(handle.consumers().metrics().breaker, BreakerState::Open);
    // A failed probe changes nothing, and the next one comes after 200 ms, less a fifth.
    let probe = batches.recv().unwrap();
    let second = batches.recv().unwrap();
    let between_ns = second.monotonic_ns - probe.monotonic_ns;
    assert!(between_ns >= 155_000_000, "{between_ns}");
    assert!(probe.failure.is_some() && probe.transitions.is_empty());
    assert_eq!(probe.pace.unwrap().breaker, BreakerState::Open);
    assert_eq!(probe.counts.retries, 1);
    let mut all = failing;
    all.push(probe);
    assert!(all.iter().all(|batch| {
        batch.events.iter().all(|event| event.kind() != "exited")
            && (batch.failure.is_none() || batch.unconfirmed.len() == 3)
    }));
    world.edit(|state| {
        state.failure = None;
        state.hidden.clear();
    });
    let healed = until(&batches, (BreakerState::HalfOpen, BreakerState::Closed));
    assert_eq!(
        transitions(&healed),
        [
            "breaker open → half_open: a good probe",
            "breaker half_open → closed: 3 good scans in a row"
        ]
    );
    let exited: Vec<u32> = healed
        .iter()
        .flat_map(|batch| &batch.events)
        .filter(|event| event.kind() == "exited")
        .map(|event| event.process().pid)
        .collect();
    assert_eq!(exited, [2]);
    let metrics = handle.consumers().metrics();
    assert_eq!(metrics.breaker, BreakerState::Closed);
    assert_eq!(metrics.breaker_opened_total, 1);
    assert!(metrics.retries_total >= metrics.errors(ErrorClass::SourceGone));
    handle.stop().unwrap();
}

#[test]
fn scans_that_wait_far_longer_than_they_work_open_the_breaker() {
    let mut config = config();
    config.cpu_budget_percent = None;
    let source = Costly {
        work: Duration::ZERO,
        wait: Duration::from_millis(110),
    };
    let (handle, batches) = start(config, source);
    let open = until(&batches, (BreakerState::Closed, BreakerState::Open));
    assert!(open.len() >= 5 && open.iter().all(|batch| batch.failure.is_none()));
    let [transition] = &transitions(&open)[..] else {
        panic!("{open:?}");
    };
    assert!(
        transition.contains("5 scans in a row waited far longer than they worked"),
        "{transition}"
    );
    handle.stop().unwrap();
}
