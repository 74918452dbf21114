//! Consumers that join late, are slow, block, panic or leave.

use std::sync::Arc;
use std::sync::mpsc;

use process_scanner::{
    Batch, Consumer, ConsumerOptions, ErrorClass, Overflow, RecvError, Scanner, Snapshot,
    Subscription,
};

use crate::support::{Made, World, assert_folded};

fn world(processes: u32) -> (World, Scanner) {
    let world = World::new();
    for pid in 1..=processes {
        world.add(pid, Made::new("p", 5));
    }
    let scanner = world.scanner();
    (world, scanner)
}

/// Subscribes a consumer that loses no batches.
///
/// Subscribed last, it receives a batch after all other consumers.
fn barrier(scanner: &Scanner) -> Subscription {
    let options = ConsumerOptions::default()
        .with_overflow(Overflow::Block)
        .with_queue_len(64);
    scanner.consumers().subscribe(options)
}

fn with_queue_len(scanner: &Scanner, queue_len: usize) -> Subscription {
    let options = ConsumerOptions::default().with_queue_len(queue_len);
    scanner.consumers().subscribe(options)
}

#[test]
fn all_consumers_receive_the_same_batch() {
    let (_, mut scanner) = world(3);
    let consumers = [
        scanner.consumers().subscribe(ConsumerOptions::default()),
        barrier(&scanner),
    ];
    for _ in 0..3 {
        let batch = scanner.scan_once().unwrap();
        for consumer in &consumers {
            assert!(Arc::ptr_eq(&consumer.recv().unwrap(), &batch));
        }
    }
}

#[test]
fn a_new_consumer_starts_with_a_full_batch() {
    let (world, mut scanner) = world(3);
    let first = barrier(&scanner);
    scanner.scan_once().unwrap();
    world.add(9, Made::new("late", 6));
    scanner.scan_once().unwrap();
    first.recv().unwrap();
    first.recv().unwrap();
    // The first batch does not wait for the next scan.
    let late = scanner.consumers().subscribe(ConsumerOptions::default());
    let batch = late.recv().unwrap();
    assert!(batch.full);
    assert_eq!((batch.seq, batch.lost_batches), (2, 0));
    assert!(batch.events.iter().all(|event| event.kind() == "existing"));
    let mut snapshot = Snapshot::new();
    snapshot.apply(&batch);
    assert_folded(&snapshot, &scanner);
}

#[test]
fn a_slow_consumer_receives_the_number_of_lost_batches_and_recovers() {
    let (world, mut scanner) = world(3);
    let slow = with_queue_len(&scanner, 1);
    let barrier = barrier(&scanner);
    for round in 0..4 {
        world.add(10 + round, Made::new("new", 6));
        scanner.scan_once().unwrap();
        barrier.recv().unwrap();
    }
    let mut snapshot = Snapshot::new();
    let first = slow.recv().unwrap();
    assert_eq!((first.seq, first.lost_batches), (1, 0));
    snapshot.apply(&first);
    // Now there is room in the queue: the full batch comes without another scan.
    let full = slow.recv().unwrap();
    assert!(full.full);
    assert_eq!(full.seq - first.seq, full.lost_batches);
    assert_eq!(full.lost_batches, 3);
    snapshot.apply(&full);
    assert_folded(&snapshot, &scanner);
    // The next batches are partial again.
    scanner.scan_once().unwrap();
    let next = slow.recv().unwrap();
    assert!(!next.full && next.lost_batches == 0);
}

#[test]
fn a_blocking_consumer_loses_no_batches_and_delays_the_scanner() {
    let (_, mut scanner) = world(3);
    let options = ConsumerOptions::default()
        .with_overflow(Overflow::Block)
        .with_queue_len(1);
    let blocking = scanner.consumers().subscribe(options);
    let reader = std::thread::spawn(move || {
        blocking
            .iter()
            .map(|batch| (batch.seq, batch.lost_batches))
            .collect::<Vec<_>>()
    });
    for _ in 0..200 {
        scanner.scan_once().unwrap();
    }
    scanner.finish();
    let expected: Vec<_> = (1..=200).map(|seq| (seq, 0)).collect();
    assert_eq!(reader.join().unwrap(), expected);
}

#[test]
fn a_consumer_that_blocks_for_ever_does_not_block_the_stop() {
    let (_, mut scanner) = world(3);
    let options = ConsumerOptions::default()
        .with_overflow(Overflow::Block)
        .with_queue_len(1);
    let blocking = scanner.consumers().subscribe(options);
    scanner.scan_once().unwrap();
    scanner.scan_once().unwrap();
    drop(scanner);
    // The batch that did not fit is counted as lost.
    let got: Vec<_> = blocking
        .iter()
        .map(|batch| (batch.seq, batch.lost_batches))
        .collect();
    assert_eq!(got, [(1, 0), (2, 1)]);
}

#[test]
fn a_callback_that_panics_is_removed_and_the_others_continue() {
    let (_, mut scanner) = world(3);
    let (sender, receiver) = mpsc::channel();
    let consumers = scanner.consumers().clone();
    // Dropped with the callback, which shows that the callback was removed.
    let (alive, removed) = mpsc::channel::<()>();
    consumers
        .register(ConsumerOptions::default(), move |_: &Arc<Batch>| {
            let _alive = &alive;
            // Not `panic!`, whose hook would print into the test's output.
            std::panic::resume_unwind(Box::new("on purpose"));
        })
        .unwrap();
    consumers
        .register(ConsumerOptions::default(), move |batch: &Arc<Batch>| {
            sender.send(batch.seq).unwrap()
        })
        .unwrap();
    scanner.scan_once().unwrap();
    assert!(removed.recv().is_err());
    scanner.scan_once().unwrap();
    // `finish` waits for the threads; one of them has not yet counted the panic.
    scanner.finish();
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(consumers.metrics().consumer_panics_total, 1);
}

#[test]
fn a_callback_can_register_another() {
    let (_, mut scanner) = world(3);
    let (sender, receiver) = mpsc::channel();
    let consumers = scanner.consumers().clone();
    let inner = consumers.clone();
    let mut registered = false;
    consumers
        .register(ConsumerOptions::default(), move |_: &Arc<Batch>| {
            if !std::mem::replace(&mut registered, true) {
                let sender = sender.clone();
                inner
                    .register(ConsumerOptions::default(), move |batch: &Arc<Batch>| {
                        sender.send(batch.full).unwrap()
                    })
                    .unwrap();
            }
        })
        .unwrap();
    scanner.scan_once().unwrap();
    assert!(receiver.recv().unwrap(), "its first batch is full");
}

#[test]
fn a_consumer_that_left_receives_no_more_batches() {
    let (_, mut scanner) = world(3);
    let (sender, receiver) = mpsc::channel();
    let id = scanner
        .consumers()
        .register(ConsumerOptions::default(), move |batch: &Arc<Batch>| {
            sender.send(batch.seq).unwrap()
        })
        .unwrap();
    scanner.scan_once().unwrap();
    assert_eq!(receiver.recv().unwrap(), 1);
    scanner.consumers().leave(id);
    scanner.consumers().leave(id);
    scanner.scan_once().unwrap();
    // The sender is dropped with the callback.
    assert!(receiver.recv().is_err());
}

#[test]
fn a_consumer_that_joins_after_the_end_gets_an_error() {
    let (_, scanner) = world(3);
    let consumers = scanner.consumers().clone();
    drop(scanner);
    assert_eq!(
        consumers.subscribe(ConsumerOptions::default()).recv().err(),
        Some(RecvError::Closed)
    );
    let error = consumers
        .register(ConsumerOptions::default(), |_: &Arc<Batch>| ())
        .unwrap_err();
    assert_eq!(error.class(), ErrorClass::Ended);
    // A consumer that could not register is not listed.
    assert_eq!(consumers.metrics().consumers, []);
}

#[test]
fn a_consumer_that_joins_after_the_source_ended_gets_an_error() {
    let (world, scanner) = world(1);
    world.edit(|state| state.ended = true);
    let handle = scanner.start().unwrap();
    // The dispatcher closes its subscriptions when it ends.
    assert!(
        handle
            .consumers()
            .subscribe(ConsumerOptions::default())
            .recv()
            .is_err()
    );
    while handle
        .consumers()
        .register(ConsumerOptions::default(), |_: &Arc<Batch>| ())
        .is_ok()
    {
        std::thread::yield_now();
    }
    let error = handle
        .consumers()
        .register(ConsumerOptions::default(), |_: &Arc<Batch>| ())
        .unwrap_err();
    assert_eq!(error.class(), ErrorClass::Ended);
    handle.stop().unwrap();
}

#[test]
fn a_consumer_can_be_boxed_and_ids_are_unique_across_scanners() {
    struct Seqs(mpsc::Sender<u64>);
    impl Consumer for Seqs {
        fn on_batch(&mut self, batch: &Arc<Batch>) {
            self.0.send(batch.seq).unwrap();
        }
    }
    let (sender, receiver) = mpsc::channel();
    let mut ids = std::collections::HashSet::new();
    for _ in 0..2 {
        let (_, mut scanner) = world(1);
        let boxed: Box<dyn Consumer> = Box::new(Seqs(sender.clone()));
        ids.insert(
            scanner
                .consumers()
                .register(ConsumerOptions::default(), boxed)
                .unwrap(),
        );
        let seqs = sender.clone();
        let id = scanner
            .consumers()
            .register(ConsumerOptions::default(), move |batch: &Arc<Batch>| {
                seqs.send(batch.seq).unwrap()
            });
        ids.insert(id.unwrap());
        scanner.scan_once().unwrap();
        scanner.finish();
    }
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1; 4]);
    assert_eq!(ids.len(), 4);
}
