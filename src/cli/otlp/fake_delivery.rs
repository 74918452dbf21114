//! A delivery without time, chance and standard error, for tests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use ureq::http::{HeaderName, HeaderValue};

use super::Encryption;
use super::backoff::Backoff;
use super::delivery::{Delivery, RESULTS, Surroundings};
use super::http_client::{Client, Headers};
use super::request_queue::{Request, RequestQueue, Signal};
use crate::cli::exposition::OtlpCounts;
use crate::cli::settings::Otlp;

pub(super) type Happening = Box<dyn FnOnce() + Send>;

/// Waits that are over at once.
#[derive(Clone, Default)]
pub(super) struct Fake {
    waits: Arc<Mutex<Vec<Duration>>>,
    messages: Arc<Mutex<Vec<String>>>,
    /// What happens during the next waits.
    pub(super) meanwhile: Arc<Mutex<VecDeque<Happening>>>,
}

impl Surroundings for Fake {
    fn wait(&mut self, time: Duration) {
        self.waits.lock().expect("no panic").push(time);
        let meanwhile = self.meanwhile.lock().expect("no panic").pop_front();
        if let Some(happens) = meanwhile {
            happens();
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

    pub(super) fn dropped(&self) -> (u64, u64) {
        let dropped = self.counts.counts().dropped;
        (dropped["metrics"], dropped["logs"])
    }
}

pub(super) fn request(signal: Signal, count: u64) -> Request {
    Request {
        signal,
        count,
        body: vec![b'x'; 3],
        is_gzip: false,
    }
}

pub(super) fn delivery(settings: &Otlp, fake: &Fake) -> Delivery<Fake> {
    let header = (
        HeaderName::from_static("x-key"),
        HeaderValue::from_static("secret"),
    );
    let headers: Headers = Arc::new(Mutex::new(vec![header]));
    Delivery {
        client: Client::new(
            settings.endpoint.as_deref().expect("an endpoint"),
            headers,
            Duration::from_millis(settings.timeout_ms),
            Encryption::read(settings).expect("authorities"),
        ),
        counts: Arc::new(OtlpCounts::new(&RESULTS, &Signal::ALL.map(Signal::as_str))),
        deadline: Arc::new(OnceLock::new()),
        surroundings: fake.clone(),
        backoff: Backoff::default(),
        before_failure: None,
        reported_at: None,
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

/// Sends these requests.
pub(super) fn deliver(settings: &Otlp, requests: Vec<Request>) -> Outcome {
    let fake = Fake::default();
    let mut delivery = delivery(settings, &fake);
    let counts = Arc::clone(&delivery.counts);
    let (queue, end) = RequestQueue::new(100, Arc::clone(&counts));
    for request in requests {
        queue.push(request);
    }
    drop(queue);
    delivery.run(&end);
    outcome(counts, &fake)
}

pub(super) fn outcome(counts: Arc<OtlpCounts>, fake: &Fake) -> Outcome {
    let waits = fake.waits.lock().expect("no panic");
    Outcome {
        counts,
        waits: waits.iter().map(Duration::as_secs).collect(),
        messages: fake.messages.lock().expect("no panic").clone(),
    }
}

/// Long enough for any answer.
pub(super) const PATIENT: Duration = Duration::from_secs(60);
