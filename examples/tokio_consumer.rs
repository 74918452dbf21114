//! Batches in an async task, by way of a callback that sends them into a channel.
//!
//! The channel is short and nobody but the callback's own thread waits for room in it: neither the
//! runtime nor the scanner. A task that is slow gets batches late at first, as long as the consumer's
//! queue (`queue_len`) has room. After that it loses batches, is told how many, and gets a full one
//! that makes up for them. Nothing is lost without a word.
//!
//! `cargo run --example tokio_consumer`

// An example shows what it does.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::sync::Arc;

use process_scanner::{Batch, Config, ConsumerOptions, Consumers, Result, Scanner, Snapshot};
use tokio::runtime;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

/// The batches from now on. The channel closes when the scanner has ended.
fn channel(consumers: &Consumers) -> Result<mpsc::Receiver<Arc<Batch>>> {
    // What waits is to wait in the scanner's queue, where a loss is counted and made up for.
    let (sender, receiver) = mpsc::channel(1);
    consumers.register(ConsumerOptions::default(), move |batch: &Arc<Batch>| {
        // Waits for room. An error means that the task has gone, and nobody wants the batch.
        let _ = sender.blocking_send(Arc::clone(batch));
    })?;
    Ok(receiver)
}

async fn watch(mut batches: mpsc::Receiver<Arc<Batch>>, scans: u64) -> Snapshot {
    let mut snapshot = Snapshot::new();
    while let Some(batch) = batches.recv().await {
        if batch.lost_batches > 0 {
            println!("{} batches lost, and made up for", batch.lost_batches);
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
    // The receiver goes here, so that the callback is free when the scanner is stopped.
}

async fn run() -> std::result::Result<(), Box<dyn Error>> {
    let mut config = Config::default();
    config.interval_ms = 200;
    let scanner = Scanner::builder().config(config).start()?;
    let task = tokio::spawn(watch(channel(scanner.consumers())?, 3));
    let snapshot = task.await?;
    println!("{} processes", snapshot.len());
    // It joins threads, which no async task may wait for.
    spawn_blocking(|| scanner.stop()).await??;
    if snapshot.is_empty() {
        return Err("no scan has shown a process".into());
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
    use process_scanner::{ProcessRow, Row, Seen, Source, SourceInfo};

    use super::*;

    /// One more process each scan.
    struct Growing(u32);

    impl Source for Growing {
        fn info(&self) -> SourceInfo {
            SourceInfo::new("growing")
        }

        fn scan(&mut self, hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Seen> {
            self.0 += 1;
            (1..=self.0).for_each(|pid| hand_over(Row::Process(ProcessRow::unknown(pid))));
            Ok(Seen::default())
        }
    }

    #[test]
    fn a_slow_task_is_told_what_it_lost_and_is_set_right() {
        const SCANS: u64 = 50;
        let mut scanner = Scanner::builder().source(Growing(0)).build().unwrap();
        let mut batches = channel(scanner.consumers()).unwrap();
        // All are made before the task reads one.
        for _ in 0..SCANS {
            scanner.scan_once().unwrap();
        }
        let mut snapshot = Snapshot::new();
        let (mut got, mut lost) = (0, 0);
        while let Some(batch) = batches.blocking_recv() {
            snapshot.apply(&batch);
            got += 1;
            lost += batch.lost_batches;
            if batch.seq == SCANS {
                break;
            }
        }
        assert!(lost > 0);
        // The batch that makes up for some is itself counted as one that was not got as it was.
        let full = got + lost - SCANS;
        assert!((1..=lost).contains(&full), "{got} got, {lost} lost");
        assert_eq!(snapshot.len() as u64, SCANS);
    }
}
