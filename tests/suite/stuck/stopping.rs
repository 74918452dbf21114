//! The end of a scanner on `stop` or `wait`, even if a scan or a callback is stuck.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[test]
fn a_stuck_scan_does_not_delay_the_stop() {
    let (source, go_on) = hanging();
    let handle = start(source);
    let batches = handle.consumers().subscribe(ConsumerOptions::default());
    assert!(batches.iter().any(|batch| is_stuck(&batch)));
    // `stop` returns although the scan does not, and its error reports that.
    let error = handle.stop().unwrap_err();
    assert_eq!(error.class(), ErrorClass::Stuck);
    assert!(
        error.to_string().contains("the scan that began "),
        "{error}"
    );
    assert_eq!(error.advice(), Some("find what the source waits for"));
    assert!(batches.recv().is_err());
    // The detached thread ends with the scan.
    drop(go_on);
}

#[test]
fn a_callback_that_never_returns_does_not_delay_the_stop() {
    let (handle, go_on) = start_with_callback(quiet());
    let idle = handle
        .consumers()
        .register(ConsumerOptions::default(), |_: &Arc<Batch>| ())
        .unwrap();
    let error = handle.stop().unwrap_err();
    assert_eq!(error.class(), ErrorClass::Stuck);
    let message = error.to_string();
    assert!(message.contains(" (sender)"), "{message}");
    assert!(!message.contains(&idle.to_string()), "{message}");
    assert!(error.advice().unwrap().contains("stop_within"));
    drop(go_on);
}

/// Starts a scanner with the callback `sender`, which waits for a message in each batch.
fn start_with_callback(source: impl Source + 'static) -> (ScannerHandle, Sender<()>) {
    let handle = start(source);
    let (go_on, wait) = channel::<()>();
    let (called, is_called) = channel();
    let options = ConsumerOptions::default().with_name("sender");
    handle
        .consumers()
        .register(options, move |_: &Arc<Batch>| {
            let _ = called.send(());
            let _ = wait.recv();
        })
        .unwrap();
    is_called.recv().unwrap();
    (handle, go_on)
}

#[test]
fn stop_within_waits_for_callbacks_as_long_as_requested() {
    let (handle, go_on) = start_with_callback(quiet());
    let error = handle.stop_within(Duration::ZERO).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Stuck);
    drop(go_on);
    let (handle, go_on) = start_with_callback(quiet());
    let batches = handle.consumers().subscribe(ConsumerOptions::default());
    let stopping = thread::spawn(move || handle.stop_within(Duration::MAX));
    // `stop_within` still waits when all subscriptions are closed, and returns when the callback
    // does.
    batches.iter().for_each(drop);
    drop(go_on);
    stopping.join().unwrap().unwrap();
}

#[test]
fn a_blocking_consumer_loses_no_batches_if_the_stop_waits_for_it() {
    let (source, is_begun, go_on) = slow();
    let handle = start(source);
    let options = ConsumerOptions::default()
        .with_overflow(Overflow::Block)
        .with_queue_len(1);
    let blocking = handle.consumers().subscribe(options);
    // Scan until the queue of the blocking consumer is full.
    drop(go_on);
    for _ in 0..5 {
        is_begun.recv().unwrap();
    }
    let stopped = handle.control().clone();
    let stopping = thread::spawn(move || handle.stop_within(Duration::MAX));
    // It receives the batches of all scans, whether the scanner has stopped or not.
    let received: Vec<_> = blocking
        .iter()
        .filter(|batch| !is_stuck(batch))
        .map(|batch| (batch.seq, batch.lost_batches))
        .collect();
    stopping.join().unwrap().unwrap();
    assert!(!stopped.is_running());
    assert!(received.len() >= 5, "{received:?}");
    assert!(
        (1..)
            .zip(&received)
            .all(|(seq, received)| (seq, 0) == *received),
        "{received:?}"
    );
}

#[test]
fn a_requested_stop_ends_the_wait() {
    // From another thread.
    let handle = start_quiet();
    let batches = handle.consumers().subscribe(ConsumerOptions::default());
    let control = handle.control().clone();
    let waiting = thread::spawn(move || handle.wait());
    batches.recv().unwrap();
    assert!(control.is_running());
    control.request_stop();
    control.request_stop();
    waiting.join().unwrap().unwrap();
    assert!(!control.is_running());
    batches.iter().for_each(drop);
    // From within a callback.
    let handle = start_quiet();
    let control = handle.control().clone();
    handle
        .consumers()
        .register(ConsumerOptions::default(), move |_: &Arc<Batch>| {
            control.request_stop()
        })
        .unwrap();
    handle.wait().unwrap();
    // Before `wait` is called, and without `wait`.
    let handle = start_quiet();
    handle.control().request_stop();
    handle
        .consumers()
        .subscribe(ConsumerOptions::default())
        .iter()
        .for_each(drop);
    handle.wait().unwrap();
    let handle = start_quiet();
    handle.control().request_stop();
    drop(handle);
}

#[test]
fn a_stuck_scan_or_callback_does_not_delay_the_wait() {
    let (source, go_on_scanning) = hanging();
    let scan = start(source);
    assert!(
        scan.consumers()
            .subscribe(ConsumerOptions::default())
            .iter()
            .any(|batch| is_stuck(&batch))
    );
    let (callback, go_on) = start_with_callback(quiet());
    for (handle, what) in [(scan, "the scan that "), (callback, "consumer ")] {
        let control = handle.control().clone();
        let waiting = thread::spawn(move || handle.wait());
        control.request_stop();
        let error = waiting.join().unwrap().unwrap_err();
        assert_eq!(error.class(), ErrorClass::Stuck);
        assert!(error.to_string().contains(what), "{error}");
    }
    drop((go_on, go_on_scanning));
}

#[test]
fn the_scan_under_way_at_the_stop_is_still_sent() {
    let (source, is_begun, go_on) = slow();
    let handle = start(source);
    let batches = handle.consumers().subscribe(ConsumerOptions::default());
    is_begun.recv().unwrap();
    let stopping = thread::spawn(move || handle.stop());
    go_on.send(()).unwrap();
    stopping.join().unwrap().unwrap();
    assert_eq!(
        batches.iter().map(|batch| batch.seq).collect::<Vec<_>>(),
        [1]
    );
}

#[test]
fn wait_returns_when_the_scanner_has_ended_and_all_batches_are_sent() {
    let world = World::new();
    world.add(1, Made::new("p", 5));
    let (sender, seqs) = channel();
    let handle = start(world.clone());
    assert!(handle.control().is_running());
    handle
        .consumers()
        .register(ConsumerOptions::default(), move |batch: &Arc<Batch>| {
            // After the first batch the source ends.
            world.edit(|state| state.ended = true);
            sender.send(batch.seq).unwrap();
        })
        .unwrap();
    handle.wait().unwrap();
    let seqs: Vec<_> = seqs.try_iter().collect();
    assert!(!seqs.is_empty() && seqs.is_sorted(), "{seqs:?}");
}

#[test]
fn wait_returns_the_final_failure_of_the_scanner() {
    struct Broken;
    impl Source for Broken {
        fn info(&self) -> SourceInfo {
            SourceInfo::new("broken")
        }

        fn scan(&mut self, _emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
            Err(Error::new(ErrorClass::BadData, "broken off").mark_final())
        }
    }
    let scanner = Scanner::builder().source(Broken).build().unwrap();
    let batches = scanner.consumers().subscribe(ConsumerOptions::default());
    let error = scanner.start().unwrap().wait().unwrap_err();
    assert_eq!(error.to_string(), "broken off");
    let failures = batches.iter().map(|batch| batch.failure.clone().unwrap());
    assert_eq!(
        failures.map(|error| error.to_string()).collect::<Vec<_>>(),
        ["broken off"]
    );
}

#[test]
fn a_stuck_callback_is_named_even_if_the_source_failed_finally() {
    struct Broken(u32);
    impl Source for Broken {
        fn info(&self) -> SourceInfo {
            SourceInfo::new("broken")
        }

        fn scan(&mut self, _emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
            self.0 += 1;
            match self.0 {
                1 => Ok(ScanSummary::default()),
                _ => Err(Error::new(ErrorClass::BadData, "broken off").mark_final()),
            }
        }
    }
    let (handle, go_on) = start_with_callback(Broken(0));
    while handle.control().is_running() {
        thread::yield_now();
    }
    let error = handle.stop_within(Duration::from_millis(50)).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Stuck);
    assert!(error.to_string().contains("(sender)"), "{error}");
    drop(go_on);
}

#[test]
fn callbacks_that_register_others_do_not_delay_the_stop() {
    for _ in 0..10 {
        let (source, is_begun, go_on) = slow();
        let handle = start(source);
        let consumers = handle.consumers().clone();
        handle
            .consumers()
            .register(ConsumerOptions::default(), move |_: &Arc<Batch>| {
                let inner = consumers.clone();
                // Registering may fail: the scanner may have stopped already.
                let _ = consumers.register(ConsumerOptions::default(), move |_: &Arc<Batch>| {
                    let _ = inner.register(ConsumerOptions::default(), |_: &Arc<Batch>| ());
                });
            })
            .unwrap();
        is_begun.recv().unwrap();
        let stopping = thread::spawn(move || handle.stop());
        go_on.send(()).unwrap();
        // `stop` returns, with an error or without.
        let _ = stopping.join().unwrap();
    }
}

#[test]
fn dropping_a_scanner_driven_by_hand_waits_for_callbacks_after_a_requested_stop() {
    let mut scanner = Scanner::builder().source(quiet()).build().unwrap();
    let (begin, has_begun) = channel();
    let (go_on, goes_on) = channel();
    let is_done = Arc::new(AtomicBool::new(false));
    let done = Arc::clone(&is_done);
    let callback = move |_: &Arc<Batch>| {
        begin.send(()).unwrap();
        goes_on.recv().unwrap();
        done.store(true, Ordering::Relaxed);
    };
    let consumers = scanner.consumers();
    consumers
        .register(ConsumerOptions::default(), callback)
        .unwrap();
    scanner.scan_once().unwrap();
    has_begun.recv().unwrap();
    let control = scanner.control().clone();
    assert!(control.is_running());
    control.request_stop();
    assert!(!control.is_running());
    assert!(scanner.scan_once().is_none());
    go_on.send(()).unwrap();
    drop(scanner);
    assert!(is_done.load(Ordering::Relaxed));
}
