//! Delivers requests in order, and repeats those that fail.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::backoff::Backoff;
use super::http_client::{Answer, Client};
use super::request_queue::{Request, Signal};
use crate::cli::exposition::OtlpCounts;

/// Results of requests: the values of a label.
pub(super) const RESULTS: [&str; 4] = ["ok", "partial", "refused", "failed"];

/// Shortest time between two messages about what the receiver rejects.
const BETWEEN_MESSAGES: Duration = Duration::from_secs(600);

/// Time, chance and standard error.
pub(super) trait Surroundings {
    /// Waits, or until the program ends.
    fn wait(&mut self, time: Duration);
    /// Returns a number from 0 to 1.
    fn random(&mut self) -> f64;
    /// Prints a message.
    fn report(&mut self, text: &str);
}

/// The thread that sends.
pub(super) struct Delivery<S> {
    pub(super) client: Client,
    pub(super) counts: Arc<OtlpCounts>,
    /// When sending must end. It is set when the program ends.
    pub(super) deadline: Arc<OnceLock<Instant>>,
    pub(super) surroundings: S,
    pub(super) backoff: Backoff,
    /// What had been dropped when the receiver began to fail; `None` if it does not fail.
    pub(super) before_failure: Option<[u64; 2]>,
    pub(super) reported_at: Option<Instant>,
}

impl<S: Surroundings> Delivery<S> {
    /// Sends all requests until no more can come.
    pub(super) fn run(&mut self, queue: &Receiver<Request>) {
        for request in queue {
            self.counts.waiting(queue.len());
            self.deliver(&request, queue);
        }
    }

    /// Sends a request until the receiver takes or refuses it, or others need its room.
    fn deliver(&mut self, request: &Request, queue: &Receiver<Request>) {
        // At the end there is no time to wait, but an old connection can have failed alone.
        let mut last_attempts = 2;
        loop {
            let Some(within) = self.time_left() else {
                return self.drop(request.signal, request.count);
            };
            match self.client.post(request, within) {
                Answer::Taken => {
                    self.counts.answered("ok");
                    return self.recovered();
                }
                Answer::Partly { rejected, reason } => {
                    self.counts.answered("partial");
                    self.drop(request.signal, rejected.min(request.count));
                    self.recovered();
                    let signal = request.signal.as_str();
                    self.complain(&format!(
                        "the receiver of OTLP has rejected a part of the {signal}: {reason}"
                    ));
                    return;
                }
                Answer::Refused(reason) => {
                    self.counts.answered("refused");
                    self.drop(request.signal, request.count);
                    self.recovered();
                    let signal = request.signal.as_str();
                    self.complain(&format!("the receiver of OTLP refuses {signal}: {reason}"));
                    return;
                }
                Answer::Failed { reason, wait } => {
                    self.counts.answered("failed");
                    if self.before_failure.is_none() {
                        self.before_failure = Some(self.dropped());
                        self.surroundings.report(&format!(
                            "cannot send to the receiver of OTLP, and will try again: {reason}"
                        ));
                    }
                    if self.deadline.get().is_some() {
                        last_attempts -= 1;
                        if last_attempts == 0 {
                            return self.drop(request.signal, request.count);
                        }
                        continue;
                    }
                    let random = self.surroundings.random();
                    let time = self.backoff.next(wait, random);
                    self.surroundings.wait(time);
                    // It is the oldest. A request that always fails cannot stop the others for ever.
                    if queue.is_full() {
                        return self.drop(request.signal, request.count);
                    }
                }
            }
        }
    }

    /// Returns the time that a request may take; `None` if the program must end.
    fn time_left(&self) -> Option<Duration> {
        let Some(deadline) = self.deadline.get() else {
            return Some(self.client.timeout);
        };
        let left = deadline.saturating_duration_since(Instant::now());
        (!left.is_zero()).then(|| left.min(self.client.timeout))
    }

    fn drop(&mut self, signal: Signal, count: u64) {
        self.counts.dropped(signal.as_str(), count);
    }

    /// Returns what has been dropped since the start, by signal.
    fn dropped(&self) -> [u64; 2] {
        let counts = self.counts.counts();
        Signal::ALL.map(|signal| {
            let count = counts.dropped.get(signal.as_str());
            count.copied().unwrap_or_default()
        })
    }

    /// Notes that the receiver has answered.
    fn recovered(&mut self) {
        self.backoff.succeeded();
        if let Some(before) = self.before_failure.take() {
            let now = self.dropped();
            let (metrics, logs) = (now[0] - before[0], now[1] - before[1]);
            self.surroundings.report(&format!(
                "the receiver of OTLP answers again; dropped meanwhile: {metrics} data points, {logs} log records"
            ));
        }
    }

    /// Prints a message about what is rejected, unless there was one recently.
    fn complain(&mut self, text: &str) {
        let is_recent = |at: Instant| at.elapsed() < BETWEEN_MESSAGES;
        if !self.reported_at.is_some_and(is_recent) {
            self.reported_at = Some(Instant::now());
            self.surroundings.report(text);
        }
    }
}
