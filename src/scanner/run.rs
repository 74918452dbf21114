//! What the thread of a running scanner does.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, select_biased};

use super::control::Requests;
use super::core::Core;
use super::pacing::{Next, Throttle, beat};
use crate::dispatch::{Feed, discard};
use crate::model::{Batch, Error, Pacing, Result};

/// From the end of a scan to one that is asked for: as long as the shortest interval.
const LEAST_APART: Duration = Duration::from_millis(50);

/// Scans until it is stopped, or until the source ends; an error is what ended it.
pub(super) fn run(
    mut core: Core,
    mut throttle: Throttle,
    feed: &Feed,
    requests: &Requests,
) -> Result<()> {
    let mut due = Instant::now();
    let mut was_asked_for = false;
    while !requests.is_stopped() {
        let began = Instant::now();
        // What a panic leaves half done is the core's, which makes no scan after it.
        let scan = AssertUnwindSafe(|| core.scan(Some(throttle.breaker())));
        let scan = match catch_unwind(scan) {
            Ok(Some(scan)) => scan,
            Ok(None) => return Ok(()),
            Err(panic) => {
                let failure = Error::of_panic("the source", &*panic).mark_final();
                discard(panic);
                let facts = core.panicked(failure.clone(), began.elapsed());
                feed.send(Arc::new(Batch::build(facts, Pacing::default())));
                return Err(failure);
            }
        };
        let before = throttle.interval();
        let (next, pacing) = throttle.after(&scan);
        let end = scan.facts.failure.clone().filter(Error::is_final);
        let is_sent = feed.send(Arc::new(Batch::build(scan.facts, pacing)));
        if let Some(end) = end {
            return Err(end);
        }
        if scan.is_last || !is_sent {
            return Ok(());
        }
        let now = Instant::now();
        due = match next {
            Next::Beat(interval) => beat::next(due, before, interval, now),
            Next::In(wait) => now + wait,
        };
        let apart = now + LEAST_APART;
        was_asked_for = loop {
            // Rates need their time also after a scan that was asked for just before the beat.
            let next = if was_asked_for { due.max(apart) } else { due };
            select_biased! {
                recv(requests.stopped) -> _ => return Ok(()),
                recv(requests.retime) -> _ => {
                    let due_anew = match throttle.ask(Duration::from_millis(requests.interval_ms())) {
                        Next::Beat(interval) => began + interval,
                        Next::In(wait) => now + wait,
                    };
                    due = due.min(due_anew);
                }
                recv(requests.scan) -> _ => {
                    if requests.stopped.recv_deadline(apart) != Err(RecvTimeoutError::Timeout) {
                        return Ok(());
                    }
                    break true;
                }
                default(next.saturating_duration_since(Instant::now())) => break false,
            }
        };
    }
    Ok(())
}
