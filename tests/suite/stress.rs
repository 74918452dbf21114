//! Many consumers of all kinds on a world that changes a lot.
//!
//! At the end, every remaining consumer has the right processes, and all lost batches were counted.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use process_scanner::{
    Batch, ConsumerOptions, Consumers, Overflow, ProcessInfo, Scanner, Snapshot,
};

use crate::support::{Made, World, in_order};

/// Pseudorandom numbers, the same for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        // Knuth's MMIX generator; its high bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// The state of one consumer, checked with each batch.
#[derive(Default)]
struct Reader {
    snapshot: Snapshot,
    seq: Option<u64>,
}

impl Reader {
    fn take(&mut self, batch: &Batch) {
        match self.seq {
            None => assert!(
                batch.full && batch.lost_batches == 0,
                "the first batch is full"
            ),
            Some(seq) if batch.lost_batches == 0 => {
                assert_eq!(batch.seq, seq + 1, "lost batches are not counted")
            }
            Some(seq) => {
                assert!(batch.full, "the batch after lost batches is full");
                assert_eq!(
                    batch.seq,
                    seq + batch.lost_batches,
                    "the number of lost batches is wrong"
                );
            }
        }
        self.seq = Some(batch.seq);
        self.snapshot.apply(batch);
    }
}

/// The report of one consumer after each batch.
struct Report {
    consumer: usize,
    seq: u64,
    lost: u64,
    processes: Option<Vec<ProcessInfo>>,
}

/// Sends the reports of the consumers; the report of the last scan has all processes.
#[derive(Clone)]
struct Watch {
    reports: Sender<Report>,
    last_seq: u64,
}

impl Watch {
    fn report(&self, consumer: usize, reader: &Reader, batch: &Batch) {
        let is_last = batch.seq == self.last_seq;
        let report = Report {
            consumer,
            seq: batch.seq,
            lost: batch.lost_batches,
            processes: is_last.then(|| reader.snapshot.iter().cloned().collect()),
        };
        // The test stops receiving when it has all it needs.
        let _ = self.reports.send(report);
    }
}

/// Starts a thread that reads a subscription; with `stalls` it waits for a message every five
/// batches.
fn subscriber(
    consumers: &Consumers,
    consumer: usize,
    options: ConsumerOptions,
    watch: &Watch,
    stalls: Option<Receiver<()>>,
) -> thread::JoinHandle<()> {
    let subscription = consumers.subscribe(options);
    let watch = watch.clone();
    thread::spawn(move || {
        let mut reader = Reader::default();
        for batch in subscription.iter() {
            reader.take(&batch);
            watch.report(consumer, &reader, &batch);
            if let Some(stalls) = &stalls
                && batch.seq % 5 == 0
            {
                // Returns on a message, or when the sender is dropped.
                let _ = stalls.recv();
            }
        }
    })
}

fn callback(consumers: &Consumers, consumer: usize, options: ConsumerOptions, watch: &Watch) {
    let watch = watch.clone();
    let mut reader = Reader::default();
    consumers
        .register(options, move |batch: &Arc<Batch>| {
            reader.take(batch);
            watch.report(consumer, &reader, batch);
        })
        .unwrap();
}

fn churn(world: &World, chance: &mut Chance) {
    world.edit(|state| {
        for _ in 0..chance.below(20) {
            let pid = 2 + chance.below(200) as u32;
            let made = Made::new("p", state.wall_ms + chance.below(1000));
            match chance.below(4) {
                0 => drop(state.processes.remove(&pid)),
                1 => drop(state.processes.insert(pid, made)),
                2 => {
                    state.processes.entry(pid).or_insert(made);
                }
                _ => {
                    if let Some(made) = state.processes.get_mut(&pid) {
                        made.name.push(b'x');
                        made.cpu_time_ns = made.cpu_time_ns.map(|ns| ns + chance.below(1 << 30));
                    }
                }
            }
        }
        state.failure =
            (chance.below(20) == 0).then_some(process_scanner::ErrorClass::ResourcesExhausted);
    });
}

#[test]
fn consumers_that_stay_end_with_the_right_processes() {
    for seed in [1, 2026, 0xdead_beef] {
        eprintln!("seed {seed}");
        run(&mut Chance(seed));
    }
}

fn run(chance: &mut Chance) {
    const SCANS: u64 = 400;
    let world = World::new();
    world.add(1, Made::new("init", 5));
    let mut scanner: Scanner = world.scanner();
    let consumers = scanner.consumers().clone();
    let (reports, received) = channel();
    let watch = Watch {
        reports,
        last_seq: SCANS,
    };
    let blocking = || {
        ConsumerOptions::default()
            .with_overflow(Overflow::Block)
            .with_queue_len(2)
    };
    let mut threads = Vec::new();
    let mut wakes = Vec::new();
    let mut survivors = 0;
    let mut panicking = 0;
    for scan in 0..SCANS {
        churn(&world, chance);
        let queue_len = 1 + chance.below(4) as usize;
        let options = ConsumerOptions::default().with_queue_len(queue_len);
        // Most consumers join in the first half, so that they receive many batches.
        match chance.below(if scan < SCANS / 2 { 24 } else { 400 }) {
            0 => {
                threads.push(subscriber(&consumers, survivors, options, &watch, None));
                survivors += 1;
            }
            1 => {
                let (wake, stalls) = channel();
                wakes.push(wake);
                threads.push(subscriber(
                    &consumers,
                    survivors,
                    options,
                    &watch,
                    Some(stalls),
                ));
                survivors += 1;
            }
            2 => {
                threads.push(subscriber(&consumers, survivors, blocking(), &watch, None));
                survivors += 1;
            }
            3 => {
                callback(&consumers, survivors, options, &watch);
                survivors += 1;
            }
            4 => {
                callback(&consumers, survivors, blocking(), &watch);
                survivors += 1;
            }
            // Registers another from inside a callback, once.
            5 => {
                let (inner, watch, consumer) = (consumers.clone(), watch.clone(), survivors);
                let mut is_done = false;
                consumers
                    .register(ConsumerOptions::default(), move |_: &Arc<Batch>| {
                        if !std::mem::replace(&mut is_done, true) {
                            callback(&inner, consumer, blocking(), &watch);
                        }
                    })
                    .unwrap();
                survivors += 1;
            }
            6 => {
                let mut left = chance.below(10);
                consumers
                    .register(blocking(), move |_: &Arc<Batch>| {
                        left = left.checked_sub(1).unwrap_or_else(|| {
                            std::panic::resume_unwind(Box::new("on purpose"));
                        });
                    })
                    .unwrap();
                panicking += 1;
            }
            // Leaves after some batches, whether read or not.
            7 => {
                let subscription = consumers.subscribe(options);
                let batches = chance.below(5) as usize;
                threads.push(thread::spawn(move || {
                    assert!(subscription.iter().take(batches).count() <= batches);
                }));
            }
            8 => {
                let id = consumers
                    .register(ConsumerOptions::default(), |_: &Arc<Batch>| ())
                    .unwrap();
                consumers.leave(id);
            }
            _ => {}
        }
        if chance.below(10) == 0 {
            for wake in &wakes {
                let _ = wake.send(());
            }
        }
        scanner.scan_once().unwrap();
    }
    // Stalling consumers continue, so that all reach the last batch.
    drop(wakes);
    let expected = in_order(&scanner);
    let mut done = 0;
    let mut lost = 0;
    while done < survivors {
        let report = received.recv().unwrap();
        lost += report.lost;
        if let Some(processes) = report.processes {
            assert_eq!(processes, expected, "consumer {} is wrong", report.consumer);
            assert_eq!(report.seq, SCANS);
            done += 1;
        }
    }
    eprintln!("{survivors} consumers had the right processes, with {lost} lost batches");
    scanner.finish();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(consumers.metrics().consumer_panics_total, panicking);
    assert!(
        survivors > 0 && lost > 0,
        "the test needs consumers and lost batches"
    );
}
