//! Checks of the delivery against receivers that fail in each way. No test waits: time is a list.

use std::collections::VecDeque;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use prost::Message;
use ureq::http::{HeaderName, HeaderValue};

use super::backoff::Backoff;
use super::delivery::{Delivery, RESULTS, Surroundings};
use super::fake_receiver::{Reply, receiver, reply};
use super::http_client::{Client, Headers};
use super::otlp_messages::{ExportResponse, PartialSuccess};
use super::request_queue::{Request, RequestQueue, Signal};
use crate::cli::exposition::OtlpCounts;

type Happening = Box<dyn FnOnce() + Send>;

/// Waits that are over at once.
#[derive(Clone, Default)]
struct Fake {
    waits: Arc<Mutex<Vec<Duration>>>,
    messages: Arc<Mutex<Vec<String>>>,
    /// What happens during the next waits.
    meanwhile: Arc<Mutex<VecDeque<Happening>>>,
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

struct Outcome {
    counts: Arc<OtlpCounts>,
    waits: Vec<u64>,
    messages: Vec<String>,
}

impl Outcome {
    fn results(&self) -> [u64; 4] {
        RESULTS.map(|result| self.counts.counts().requests[result])
    }

    fn dropped(&self) -> (u64, u64) {
        let dropped = self.counts.counts().dropped;
        (dropped["metrics"], dropped["logs"])
    }
}

fn request(signal: Signal, count: u64) -> Request {
    Request {
        signal,
        count,
        body: vec![b'x'; 3],
        is_gzip: false,
    }
}

fn delivery(address: &str, fake: &Fake, timeout: Duration) -> Delivery<Fake> {
    let header = (
        HeaderName::from_static("x-key"),
        HeaderValue::from_static("secret"),
    );
    let headers: Headers = Arc::new(Mutex::new(vec![header]));
    Delivery {
        client: Client::new(address, headers, timeout),
        counts: Arc::new(OtlpCounts::new(&RESULTS, &Signal::ALL.map(Signal::as_str))),
        deadline: Arc::new(OnceLock::new()),
        surroundings: fake.clone(),
        backoff: Backoff::default(),
        before_failure: None,
        reported_at: None,
    }
}

/// Sends these requests.
fn deliver(address: &str, requests: Vec<Request>, timeout: Duration) -> Outcome {
    let fake = Fake::default();
    let mut delivery = delivery(address, &fake, timeout);
    let counts = Arc::clone(&delivery.counts);
    let (queue, end) = RequestQueue::new(100, Arc::clone(&counts));
    for request in requests {
        queue.push(request);
    }
    drop(queue);
    delivery.run(&end);
    outcome(counts, &fake)
}

fn outcome(counts: Arc<OtlpCounts>, fake: &Fake) -> Outcome {
    let waits = fake.waits.lock().expect("no panic");
    Outcome {
        counts,
        waits: waits.iter().map(Duration::as_secs).collect(),
        messages: fake.messages.lock().expect("no panic").clone(),
    }
}

/// Long enough for any answer.
const PATIENT: Duration = Duration::from_secs(60);

#[test]
fn requests_have_path_type_and_headers() {
    let receiver = receiver(vec![reply("200 OK", "", b""), reply("200 OK", "", b"")]);
    let mut gzip = request(Signal::Metrics, 5);
    gzip.is_gzip = true;
    let endpoint = format!("{}/base/", receiver.address);
    let requests = vec![gzip, request(Signal::Logs, 2)];
    let outcome = deliver(&endpoint, requests, PATIENT);
    assert_eq!(outcome.results(), [2, 0, 0, 0]);
    assert_eq!(outcome.messages, [""; 0]);
    let requests = receiver.thread.join().expect("no panic");
    let (head, body) = &requests[0];
    assert_eq!(body, b"xxx");
    for expected in [
        "post /base/v1/metrics http/1.1",
        "content-type: application/x-protobuf",
        "content-encoding: gzip",
        "x-key: secret",
        "user-agent: pscan/",
    ] {
        assert!(head.contains(expected), "{expected}: {head}");
    }
    let (head, _) = &requests[1];
    assert!(head.starts_with("post /base/v1/logs"), "{head}");
    assert!(!head.contains("content-encoding"), "{head}");
}

#[test]
fn what_can_succeed_later_is_repeated_until_it_does() {
    let receiver = receiver(vec![
        reply("503 Service Unavailable", "", b"busy"),
        reply("429 Too Many Requests", "Retry-After: 40\r\n", b""),
        reply("502 Bad Gateway", "", b""),
        Reply::Bytes(b"\x00\x01garbage\r\n\r\n".to_vec()),
        Reply::Bytes(Vec::new()),
        reply("504 Gateway Timeout", "", b""),
        reply("200 OK", "", b""),
        reply("503 Service Unavailable", "", b""),
        reply("200 OK", "", b""),
    ]);
    let requests = vec![request(Signal::Metrics, 5), request(Signal::Logs, 2)];
    let outcome = deliver(&receiver.address, requests, PATIENT);
    assert_eq!(outcome.results(), [2, 0, 0, 7]);
    assert_eq!(outcome.dropped(), (0, 0));
    assert_eq!(outcome.waits, [1, 40, 4, 8, 16, 30, 1]);
    // One message for the trouble, and one for its end.
    assert_eq!(outcome.messages.len(), 4);
    assert!(
        outcome.messages[0].contains("503"),
        "{:?}",
        outcome.messages
    );
    assert!(outcome.messages[1].contains("answers again"));
    receiver.thread.join().expect("no panic");
}

#[test]
fn what_is_refused_is_dropped_and_counted() {
    let receiver = receiver(vec![
        reply("400 Bad Request", "", b""),
        reply("404 Not Found", "Retry-After: 1\r\n", b""),
        reply(
            "307 Temporary Redirect",
            "Location: http://127.0.0.1:1/\r\n",
            b"",
        ),
        reply("200 OK", "", b""),
    ]);
    let requests = vec![
        request(Signal::Metrics, 5),
        request(Signal::Logs, 2),
        request(Signal::Logs, 1),
        request(Signal::Logs, 4),
    ];
    let outcome = deliver(&receiver.address, requests, PATIENT);
    assert_eq!(outcome.results(), [1, 0, 3, 0]);
    assert_eq!(outcome.dropped(), (5, 3));
    assert_eq!(outcome.waits, [0; 0]);
    assert_eq!(
        outcome.messages,
        ["the receiver of OTLP refuses metrics: 400 Bad Request"]
    );
    receiver.thread.join().expect("no panic");
}

#[test]
fn what_is_rejected_in_part_is_counted() {
    let partial = |rejected| {
        let response = ExportResponse {
            partial_success: Some(PartialSuccess {
                rejected,
                error_message: "too old".into(),
            }),
        };
        reply("200 OK", "", &response.encode_to_vec())
    };
    let receiver = receiver(vec![partial(3), partial(0), partial(i64::MAX)]);
    let requests = vec![
        request(Signal::Metrics, 5),
        request(Signal::Metrics, 5),
        request(Signal::Logs, 2),
    ];
    let outcome = deliver(&receiver.address, requests, PATIENT);
    assert_eq!(outcome.results(), [1, 2, 0, 0]);
    assert_eq!(outcome.dropped(), (3, 2));
    assert!(outcome.messages[0].ends_with("a part of the metrics: too old"));
    receiver.thread.join().expect("no panic");
}

#[test]
fn a_silent_receiver_is_left_after_the_timeout() {
    // On a slow machine a good answer can be late too: then there is one more attempt.
    let good = (0..100).map(|_| reply("200 OK", "", b""));
    let receiver = receiver([Reply::Silence].into_iter().chain(good).collect());
    let timeout = Duration::from_secs(1);
    let requests = vec![request(Signal::Metrics, 5)];
    let outcome = deliver(&receiver.address, requests, timeout);
    let [ok, partial, refused, failed] = outcome.results();
    assert_eq!((ok, partial, refused), (1, 0, 0));
    assert!(failed >= 1);
    assert_eq!(outcome.dropped(), (0, 0));
}

#[test]
fn a_full_queue_drops_the_request_that_is_repeated_first() {
    // A port that nothing listens at.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let fake = Fake::default();
    let mut delivery = delivery(&address, &fake, PATIENT);
    let counts = Arc::clone(&delivery.counts);
    let (queue, end) = RequestQueue::new(2, Arc::clone(&counts));
    queue.push(request(Signal::Metrics, 1));
    let deadline = Arc::clone(&delivery.deadline);
    let more: [Happening; 2] = [
        // During the first wait the queue gets full, so the first request is dropped.
        Box::new(move || {
            queue.push(request(Signal::Metrics, 10));
            queue.push(request(Signal::Logs, 100));
        }),
        // Then the program ends, and there are two more attempts for each.
        Box::new(move || {
            let _ = deadline.set(Instant::now() + PATIENT);
        }),
    ];
    fake.meanwhile.lock().expect("no panic").extend(more);
    delivery.run(&end);
    let outcome = outcome(counts, &fake);
    assert_eq!(outcome.dropped(), (11, 100));
    assert_eq!(outcome.waits, [1, 2]);
    assert_eq!(outcome.results(), [0, 0, 0, 6]);
    assert_eq!(outcome.messages.len(), 1);
}

#[test]
fn after_the_deadline_nothing_is_sent() {
    let fake = Fake::default();
    let mut delivery = delivery("http://127.0.0.1:1", &fake, PATIENT);
    let counts = Arc::clone(&delivery.counts);
    let _ = delivery.deadline.set(Instant::now());
    let (queue, end) = RequestQueue::new(2, Arc::clone(&counts));
    queue.push(request(Signal::Logs, 7));
    drop(queue);
    delivery.run(&end);
    let outcome = outcome(counts, &fake);
    assert_eq!(outcome.dropped(), (0, 7));
    assert_eq!(outcome.results(), [0; 4]);
}
