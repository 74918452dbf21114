//! Checks of the delivery against receivers that fail in each way. No test waits: time is a list.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prost::Message;

use super::fake_delivery::{
    Fake, Happening, Outcome, PATIENT, delivery, outcome, request, settings,
};
use super::fake_receiver::{Reply, receiver, reply};
use super::otlp_messages::{ExportResponse, PartialSuccess};
use super::request_queue::{Request, RequestQueue, Signal};

/// Sends these requests.
fn deliver(address: &str, requests: Vec<Request>, timeout: Duration) -> Outcome {
    super::fake_delivery::deliver(&settings(address, timeout), requests)
}

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
    let mut delivery = delivery(&settings(&address, PATIENT), &fake);
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
    let mut delivery = delivery(&settings("http://127.0.0.1:1", PATIENT), &fake);
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
