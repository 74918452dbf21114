//! Receives batches in an async task, through a callback that sends them to a channel.
//!
//! The channel is short, and only the callback's own thread waits for room in it: neither the
//! runtime nor the scanner does. A slow task first receives its batches late, while the consumer's
//! queue (`queue_len`) has room. After that batches are lost, and the next one is full and has the
//! number of lost batches.
//!
//! `cargo run --example tokio_consumer`

// Examples print.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::sync::Arc;

use process_scanner::{Batch, Config, ConsumerOptions, Consumers, Result, Scanner, Snapshot};
use tokio::runtime;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

/// Returns a channel of batches. It closes when the scanner has ended.
fn channel(consumers: &Consumers) -> Result<mpsc::Receiver<Arc<Batch>>> {
    // Batches wait in the scanner's queue, where lost ones are counted, not in the channel.
    let (sender, receiver) = mpsc::channel(1);
    consumers.register(ConsumerOptions::default(), move |batch: &Arc<Batch>| {
        // Waits for room. An error means that the task has ended and needs no more batches.
        let _ = sender.blocking_send(Arc::clone(batch));
    })?;
    Ok(receiver)
}

async fn watch(mut batches: mpsc::Receiver<Arc<Batch>>, scans: u64) -> Snapshot {
    let mut snapshot = Snapshot::new();
    while let Some(batch) = batches.recv().await {
        if batch.lost_batches > 0 {
            println!("{} batches lost; this one is full", batch.lost_batches);
        }
        if let Some(failure) = &batch.failure {
            println!("failed: {}", failure.full_message());
        }
        println!("scan {}: {} events", batch.seq, batch.events.len());
        snapshot.apply(&batch);
        if batch.seq >= scans {
            break;
        }
    }
    snapshot
    // The receiver is dropped here, so that the callback does not wait when the scanner stops.
}

async fn run() -> std::result::Result<(), Box<dyn Error>> {
    let mut config = Config::default();
    config.interval_ms = 200;
    let scanner = Scanner::builder().config(config).start()?;
    let task = tokio::spawn(watch(channel(scanner.consumers())?, 3));
    let snapshot = task.await?;
    println!("{} processes", snapshot.len());
    // Stopping joins threads, and async tasks must not wait for that.
    spawn_blocking(|| scanner.stop()).await??;
    if snapshot.is_empty() {
        return Err("no scan has read a process".into());
    }
    Ok(())
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    runtime::Builder::new_current_thread()
        .build()?
        .block_on(run())
}

#[cfg(test)]
mod tests {
    use process_scanner::{ProcessRow, Row, ScanSummary, Source, SourceInfo};

    use super::*;

    /// Emits one process more in each scan.
    struct Growing(u32);

    impl Source for Growing {
        fn info(&self) -> SourceInfo {
            SourceInfo::new("growing")
        }

        fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
            self.0 += 1;
            (1..=self.0).for_each(|pid| emit(Row::Process(ProcessRow::unknown(pid))));
            Ok(ScanSummary::default())
        }
    }

    #[test]
    fn a_slow_task_receives_the_lost_count_and_a_full_batch() {
        const SCANS: u64 = 50;
        let mut scanner = Scanner::builder().source(Growing(0)).build().unwrap();
        let mut batches = channel(scanner.consumers()).unwrap();
        // All scans are made before the task receives a batch.
        for _ in 0..SCANS {
            scanner.scan_once().unwrap();
        }
        let mut snapshot = Snapshot::new();
        let (mut received, mut lost) = (0, 0);
        while let Some(batch) = batches.blocking_recv() {
            snapshot.apply(&batch);
            received += 1;
            lost += batch.lost_batches;
            if batch.seq == SCANS {
                break;
            }
        }
        assert!(lost > 0);
        // The full batch that replaces lost ones counts as lost too.
        let full = received + lost - SCANS;
        assert!(
            (1..=lost).contains(&full),
            "{received} received, {lost} lost"
        );
        assert_eq!(snapshot.len() as u64, SCANS);
    }
}
