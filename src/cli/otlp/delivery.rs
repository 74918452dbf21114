//! Delivers the requests of a signal in order, and repeats those that fail.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::backoff::Backoff;
use super::http_answer::Answer;
use super::http_client::Client;
use super::request_queue::{QueueEnd, Request, Signal};
use super::troubles::{Finding, Trouble, Troubles};
use crate::cli::exposition::OtlpCounts;

/// Results of requests: the values of a label.
pub(super) const RESULTS: [&str; 4] = ["ok", "partial", "refused", "failed"];

/// Attempts of a request whose connection breaks each time while it is sent.
///
/// A receiver that closes while it reads can mean that the request is too large. About three minutes are enough for
/// one that restarts.
const MAX_BROKEN: u32 = 10;

/// Time, chance and standard error.
pub(super) trait Surroundings {
    fn now(&self) -> Instant;
    /// Waits, or until the program ends.
    fn wait(&mut self, time: Duration);
    /// Returns a number from 0 to 1.
    fn random(&mut self) -> f64;
    /// Prints a message.
    fn report(&mut self, text: &str);
}

/// The thread that sends a signal.
pub(super) struct Delivery<S> {
    client: Client,
    signal: Signal,
    counts: Arc<OtlpCounts>,
    /// When sending must end. It is set when the program ends.
    deadline: Arc<OnceLock<Instant>>,
    surroundings: S,
    backoff: Backoff,
    troubles: Troubles,
    /// The receiver requests no attempt before.
    not_before: Option<Instant>,
    /// A request has failed at the end, so that the others are not tried.
    has_given_up: bool,
    has_reported_unclear: bool,
}

impl<S: Surroundings> Delivery<S> {
    pub(super) fn new(
        client: Client,
        signal: Signal,
        counts: Arc<OtlpCounts>,
        deadline: Arc<OnceLock<Instant>>,
        surroundings: S,
    ) -> Self {
        Self {
            client,
            signal,
            counts,
            deadline,
            surroundings,
            backoff: Backoff::default(),
            troubles: Troubles::new(signal),
            not_before: None,
            has_given_up: false,
            has_reported_unclear: false,
        }
    }

    /// Sends all requests until no more can come.
    pub(super) fn run(&mut self, queue: &QueueEnd) {
        while let Some(moment) = queue.next() {
            for request in moment {
                self.deliver(&request, queue);
            }
        }
    }

    /// Sends a request until the receiver accepts or refuses it, or others need its room.
    fn deliver(&mut self, request: &Request, queue: &QueueEnd) {
        let overflows = queue.overflows();
        let mut broken = 0;
        loop {
            let Some(within) = self.time_left() else {
                return self.drop(request.count);
            };
            match self.client.post(request, within) {
                Answer::Taken => {
                    self.counts.answered("ok");
                    return self.answered(Finding::Accepted);
                }
                Answer::Unclear => {
                    self.counts.answered("ok");
                    if !std::mem::replace(&mut self.has_reported_unclear, true) {
                        let signal = self.signal.as_str();
                        self.surroundings.report(&format!(
                            "an answer of the receiver of OTLP to {signal} cannot be read: what it rejects is not counted"
                        ));
                    }
                    return self.answered(Finding::Accepted);
                }
                Answer::Partly { rejected, reason } => {
                    self.counts.answered("partial");
                    let rejected = rejected.min(request.count);
                    self.drop(rejected);
                    let partial = Finding::Rejected(Trouble::Partial, rejected, &reason);
                    return self.answered(partial);
                }
                Answer::Refused(reason) => {
                    self.counts.answered("refused");
                    self.drop(request.count);
                    let refused = Finding::Rejected(Trouble::Refused, request.count, &reason);
                    return self.answered(refused);
                }
                Answer::Failed {
                    reason,
                    wait,
                    is_broken,
                } => {
                    self.counts.answered("failed");
                    broken = if is_broken { broken + 1 } else { 0 };
                    if broken == MAX_BROKEN {
                        self.drop(request.count);
                        let refused = Finding::Rejected(Trouble::Refused, request.count, &reason);
                        return self.report(refused);
                    }
                    self.report(Finding::Failed(&reason));
                    if self.deadline.get().is_some() {
                        // There is no time to wait, and a receiver that fails needs no more requests.
                        self.has_given_up = true;
                        return self.drop(request.count);
                    }
                    let random = self.surroundings.random();
                    let time = self.backoff.next(wait, random);
                    self.not_before = wait.map(|_| self.surroundings.now() + time);
                    self.surroundings.wait(time);
                    // It is the oldest. A request that always fails cannot stop the others for ever.
                    if queue.overflows() > overflows {
                        return self.drop(request.count);
                    }
                }
            }
        }
    }

    /// Returns the time that a request may take; `None` if none may be sent any more.
    fn time_left(&self) -> Option<Duration> {
        let Some(deadline) = self.deadline.get() else {
            return Some(self.client.timeout);
        };
        let now = self.surroundings.now();
        let is_too_soon = self.not_before.is_some_and(|at| now < at);
        if self.has_given_up || is_too_soon {
            return None;
        }
        let left = deadline.saturating_duration_since(now);
        (!left.is_zero()).then(|| left.min(self.client.timeout))
    }

    fn drop(&mut self, count: u64) {
        self.counts.dropped(self.signal.as_str(), count);
    }

    /// Notes that the receiver works.
    fn answered(&mut self, finding: Finding<'_>) {
        self.backoff.succeeded();
        self.not_before = None;
        self.report(finding);
    }

    fn report(&mut self, finding: Finding<'_>) {
        let lost = self.counts.dropped_of(self.signal.as_str());
        let now = self.surroundings.now();
        for message in self.troubles.after(finding, now, lost) {
            self.surroundings.report(&message);
        }
    }
}
