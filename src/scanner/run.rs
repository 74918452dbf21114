//! The loop of a running scanner's thread.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, never, select_biased};

use super::control::Requests;
use super::core::Core;
use super::pacing::{Next, Throttle, due};
use crate::dispatch::{Feed, discard};
use crate::model::{Batch, Error, Hearing, Pacing, Result, Transition};

/// Least time between the end of a scan and a requested one: the shortest interval.
const LEAST_APART: Duration = Duration::from_millis(50);

/// Least time between two batches of what the source hears, so that a storm comes in few of them.
const HEAR_APART: Duration = Duration::from_millis(20);

/// Scans until the scanner is stopped or the source ends. The error is what ended it.
pub(super) fn run(
    mut core: Core,
    mut throttle: Throttle,
    second_scan_after: Option<Duration>,
    feed: &Feed,
    requests: &Requests,
) -> Result<()> {
    // The first scan is at once: where the schedule begins later, it is one before the first that is due.
    let mut due = Instant::now()
        + second_scan_after
            .unwrap_or_default()
            .min(throttle.interval());
    let mut was_requested = second_scan_after.is_some();
    let bell = core.bell();
    let mut rings = bell
        .as_ref()
        .map_or_else(never, |bell| bell.rings().clone());
    let mut last_heard = Instant::now();
    // When to apply what the source has heard, if there is anything.
    let mut hear_at = None;
    while !requests.is_stopped() {
        let began = Instant::now();
        // A panic can only leave the core half updated, and the core makes no scan after it.
        let scan = AssertUnwindSafe(|| core.scan(Some(throttle.breaker())));
        let scan = match catch_unwind(scan) {
            Ok(Some(scan)) => scan,
            Ok(None) => return Ok(()),
            Err(panic) => return Err(end_by_panic(&mut core, feed, panic, began)),
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
            let next = hear_at.map_or(next, |at: Instant| at.min(next));
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
                recv(rings) -> ring => match ring {
                    Ok(()) => {
                        hear_at.get_or_insert(last_heard + HEAR_APART);
                    }
                    Err(_) => rings = never(),
                },
                default(next.saturating_duration_since(Instant::now())) => {
                    if hear_at.is_none_or(|at| at > Instant::now()) {
                        break false;
                    }
                    hear_at = None;
                    last_heard = Instant::now();
                    match hear(&mut core, &throttle, feed)? {
                        AfterHearing::Wait => {}
                        AfterHearing::Scan => break true,
                        AfterHearing::End => return Ok(()),
                    }
                }
            }
        };
    }
    Ok(())
}

/// What follows what the source has heard.
enum AfterHearing {
    /// The next scan is due when it was.
    Wait,
    /// Something was missed: a scan finds what is left of it.
    Scan,
    /// No consumer can receive anything any more.
    End,
}

/// Sends what the source has heard since the last batch.
fn hear(core: &mut Core, throttle: &Throttle, feed: &Feed) -> Result<AfterHearing> {
    let began = Instant::now();
    let (facts, transitions) = match catch_unwind(AssertUnwindSafe(|| core.hear())) {
        Ok(Some(heard)) => heard,
        Ok(None) => return Ok(AfterHearing::Wait),
        Err(panic) => return Err(end_by_panic(core, feed, panic, began)),
    };
    let is_loss = transitions.iter().any(|transition| {
        let Transition::Hearing { to, .. } = transition else {
            return false;
        };
        matches!(to, Hearing::Lossy | Hearing::Deaf)
    });
    let batch = Batch::build(facts, throttle.pacing(transitions));
    Ok(match feed.send(Arc::new(batch)) {
        false => AfterHearing::End,
        true if is_loss => AfterHearing::Scan,
        true => AfterHearing::Wait,
    })
}

/// Reports that the source panicked, and returns the error that ends the scanner.
fn end_by_panic(core: &mut Core, feed: &Feed, panic: Box<dyn Any + Send>, began: Instant) -> Error {
    let failure = Error::of_panic("the source", &*panic).mark_final();
    discard(panic);
    let facts = core.panicked(failure.clone(), began.elapsed());
    feed.send(Arc::new(Batch::build(facts, Pacing::default())));
    failure
}
