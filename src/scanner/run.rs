//! The loop of a running scanner's thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, select_biased};

use super::control::Requests;
use super::core::Core;
use super::pacing::{Next, Throttle, due};
use crate::dispatch::{Feed, discard};
use crate::model::{Batch, Error, Pacing, Result};

/// Least time between the end of a scan and a requested one: the shortest interval.
const LEAST_APART: Duration = Duration::from_millis(50);

/// Scans until the scanner is stopped or the source ends. The error is what ended it.
pub(super) fn run(
    mut core: Core,
    mut throttle: Throttle,
    feed: &Feed,
    requests: &Requests,
) -> Result<()> {
    let mut due = Instant::now();
    let mut was_requested = false;
    while !requests.is_stopped() {
        let began = Instant::now();
        // A panic can only leave the core half updated, and the core makes no scan after it.
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
            Next::EveryInterval(interval) => due::next(due, before, interval, now),
            Next::After(wait) => now + wait,
        };
        let apart = now + LEAST_APART;
        was_requested = loop {
            // Rates also need their time after a scan that was requested just before the due one.
            let next = if was_requested { due.max(apart) } else { due };
            select_biased! {
                recv(requests.stopped) -> _ => return Ok(()),
                recv(requests.retime) -> _ => {
                    let new_due = match throttle.request(Duration::from_millis(requests.interval_ms())) {
                        Next::EveryInterval(interval) => began + interval,
                        Next::After(wait) => now + wait,
                    };
                    due = due.min(new_due);
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
