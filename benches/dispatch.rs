//! The time from the end of a scan until all consumers have its batch.
//!
//! The source is in memory, and every process changes with every scan: 1000 events a batch.
//!
//! `cargo bench --bench dispatch`

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use process_scanner::{
    Batch, ConsumerOptions, Consumers, ProcessRow, Result, Row, ScanSummary, Scanner, Source,
    SourceInfo,
};

const PROCESSES: u32 = 1000;
const CONSUMERS: [usize; 3] = [1, 10, 100];

/// How consumers receive batches.
type Join = fn(&Consumers, &Arc<Deliveries>) -> Result<()>;

const KINDS: [(&str, Join); 2] = [("subscriptions", subscribe), ("callbacks", register)];

fn subscribe(consumers: &Consumers, deliveries: &Arc<Deliveries>) -> Result<()> {
    let batches = consumers.subscribe(ConsumerOptions::default());
    let deliveries = Arc::clone(deliveries);
    thread::spawn(move || {
        for batch in batches.iter() {
            deliveries.note(&batch);
        }
    });
    Ok(())
}

fn register(consumers: &Consumers, deliveries: &Arc<Deliveries>) -> Result<()> {
    let deliveries = Arc::clone(deliveries);
    consumers.register(ConsumerOptions::default(), move |batch: &Arc<Batch>| {
        deliveries.note(batch)
    })?;
    Ok(())
}

/// The deliveries of one batch.
struct Deliveries {
    /// Consumers that do not have the batch yet.
    missing: AtomicUsize,
    /// The age of the batch at the last consumer.
    longest_ns: AtomicU64,
    /// The thread that scans. It sleeps until the last consumer has the batch.
    scanning: Thread,
}

impl Deliveries {
    fn note(&self, batch: &Batch) {
        let age_ns = batch.age().as_nanos() as u64;
        self.longest_ns.fetch_max(age_ns, Ordering::Relaxed);
        if self.missing.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.scanning.unpark();
        }
    }

    /// Expects a batch at this many consumers.
    fn expect(&self, consumers: usize) {
        self.longest_ns.store(0, Ordering::Relaxed);
        self.missing.store(consumers, Ordering::Release);
    }

    /// Waits until all consumers have the batch, and returns its age at the last one.
    fn wait(&self) -> Duration {
        while self.missing.load(Ordering::Acquire) > 0 {
            thread::park();
        }
        Duration::from_nanos(self.longest_ns.load(Ordering::Relaxed))
    }
}

/// A source whose processes use CPU time between any two scans.
struct Busy {
    cpu_time_ns: u64,
}

impl Source for Busy {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("in memory")
    }

    fn scan(&mut self, hand_over: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        self.cpu_time_ns += 1_000_000;
        for pid in 1..=PROCESSES {
            let mut row = ProcessRow::unknown(pid);
            row.start_time_ms = Some(u64::from(pid));
            row.cpu_time_ns = Some(self.cpu_time_ns);
            hand_over(Row::Process(row));
        }
        Ok(ScanSummary::default())
    }
}

fn deliver(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("deliver");
    group.sample_size(20);
    for (kind, join) in KINDS {
        for consumers in CONSUMERS {
            group.bench_function(BenchmarkId::new(kind, consumers), |bencher| {
                let deliveries = Arc::new(Deliveries {
                    missing: AtomicUsize::new(0),
                    longest_ns: AtomicU64::new(0),
                    scanning: thread::current(),
                });
                let scanner = Scanner::builder().source(Busy { cpu_time_ns: 0 }).build();
                let mut scanner = scanner.expect("the settings are valid");
                scanner.scan_once();
                // Each new consumer gets a full batch at once.
                deliveries.expect(consumers);
                for _ in 0..consumers {
                    join(scanner.consumers(), &deliveries).expect("a thread can be started");
                }
                deliveries.wait();
                bencher.iter_custom(|batches| {
                    let one = |_| {
                        deliveries.expect(consumers);
                        scanner.scan_once();
                        deliveries.wait()
                    };
                    (0..batches).map(one).sum()
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, deliver);
criterion_main!(benches);
