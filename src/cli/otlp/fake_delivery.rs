//! A delivery without time, chance and standard error, for tests.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use ureq::http::{HeaderName, HeaderValue};

use super::Encryption;
use super::delivery::{Delivery, RESULTS, Surroundings};
use super::http_client::{Client, Headers};
use super::request_queue::{QueueEnd, Request, RequestQueue, Signal};
use crate::cli::exposition::OtlpCounts;
use crate::cli::settings::Otlp;

pub(super) type Happening = Box<dyn FnOnce() + Send>;

/// Waits that are over at once.
#[derive(Clone)]
pub(super) struct Fake {
    begin: Instant,
    waits: Arc<Mutex<Vec<Duration>>>,
    messages: Arc<Mutex<Vec<String>>>,
    /// What happens during the next waits.
    pub(super) meanwhile: Arc<Mutex<VecDeque<Happening>>>,
    /// The program ends, so waits take no time.
    pub(super) is_ending: Arc<AtomicBool>,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            begin: Instant::now(),
            waits: Arc::default(),
            messages: Arc::default(),
            meanwhile: Arc::default(),
            is_ending: Arc::default(),
        }
    }
}

impl Surroundings for Fake {
    fn now(&self) -> Instant {
        let waits = self.waits.lock().expect("no panic");
        self.begin + waits.iter().sum()
    }

    fn wait(&mut self, time: Duration) {
        let meanwhile = self.meanwhile.lock().expect("no panic").pop_front();
        if let Some(happens) = meanwhile {
            happens();
        }
        if !self.is_ending.load(Ordering::Relaxed) {
            self.waits.lock().expect("no panic").push(time);
        }
    }

    fn random(&mut self) -> f64 {
        0.0
    }

    fn report(&mut self, text: &str) {
        self.messages.lock().expect("no panic").push(text.into());
    }
}

pub(super) struct Outcome {
    pub(super) counts: Arc<OtlpCounts>,
    /// In seconds.
    pub(super) waits: Vec<u64>,
    pub(super) messages: Vec<String>,
}

impl Outcome {
    pub(super) fn results(&self) -> [u64; 4] {
        RESULTS.map(|result| self.counts.counts().requests[result])
    }
}

pub(super) fn request(count: u64) -> Request {
    Request {
        count,
        body: vec![b'x'; 3],
        is_gzip: false,
    }
}

/// A delivery of a signal, and its queue.
pub(super) struct Made {
    pub(super) delivery: Delivery<Fake>,
    pub(super) fake: Fake,
    pub(super) counts: Arc<OtlpCounts>,
    pub(super) deadline: Arc<OnceLock<Instant>>,
    pub(super) queue: RequestQueue,
    pub(super) end: QueueEnd,
}

impl Made {
    /// `len`: requests that may wait.
    pub(super) fn new(settings: &Otlp, signal: Signal, len: usize) -> Self {
        let header = (
            HeaderName::from_static("x-key"),
            HeaderValue::from_static("secret"),
        );
        let headers: Headers = Arc::new(Mutex::new(vec![header]));
        let url = match signal {
            Signal::Metrics => settings.metrics_url(),
            Signal::Logs => settings.logs_url(),
        };
        let client = Client::new(
            &url.expect("an endpoint"),
            headers,
            Duration::from_millis(settings.timeout_ms),
            Encryption::read(settings).expect("authorities"),
        );
        let counts = Arc::new(OtlpCounts::new(&RESULTS, &Signal::ALL.map(Signal::as_str)));
        let (queue, end) = RequestQueue::new(signal, len, Arc::clone(&counts), bounded(1).0);
        let (fake, deadline) = (Fake::default(), Arc::default());
        let delivery = Delivery::new(
            client,
            signal,
            Arc::clone(&counts),
            Arc::clone(&deadline),
            fake.clone(),
        );
        Self {
            delivery,
            fake,
            counts,
            deadline,
            queue,
            end,
        }
    }

    /// Sends what is in the queue.
    pub(super) fn run(self) -> Outcome {
        drop(self.queue);
        finish(self.delivery, &self.end, &self.counts, &self.fake)
    }
}

/// Sends what comes until nothing more can.
pub(super) fn finish(
    mut delivery: Delivery<Fake>,
    end: &QueueEnd,
    counts: &Arc<OtlpCounts>,
    fake: &Fake,
) -> Outcome {
    delivery.run(end);
    let waits = fake.waits.lock().expect("no panic");
    Outcome {
        counts: Arc::clone(counts),
        waits: waits.iter().map(Duration::as_secs).collect(),
        messages: fake.messages.lock().expect("no panic").clone(),
    }
}

/// Returns settings of a receiver.
pub(super) fn settings(endpoint: &str, timeout: Duration) -> Otlp {
    Otlp {
        endpoint: Some(endpoint.to_owned()),
        timeout_ms: u64::try_from(timeout.as_millis()).expect("a short time"),
        ..Otlp::default()
    }
}

/// Sends requests of a signal, which have so many data points or records.
pub(super) fn deliver(settings: &Otlp, signal: Signal, requests: &[u64]) -> Outcome {
    let made = Made::new(settings, signal, 100);
    for count in requests {
        made.queue.push(vec![request(*count)]);
    }
    made.run()
}

/// Long enough for any answer.
pub(super) const PATIENT: Duration = Duration::from_secs(60);
