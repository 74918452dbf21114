//! Checks of the delivery against receivers that fail in each way. No test waits: time is a list.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use prost::Message;

use super::delivery::Surroundings;
use super::fake_delivery::{Happening, Made, PATIENT, deliver, finish, request, settings};
use super::fake_receiver::{Reply, receiver, reply};
use super::otlp_messages::{ExportResponse, PartialSuccess};
use super::request_queue::Signal;

#[test]
fn requests_have_path_type_and_headers() {
    for (signal, is_gzip) in [(Signal::Metrics, true), (Signal::Logs, false)] {
        let receiver = receiver(vec![reply("200 OK", "", b"")]);
        let made = Made::new(&settings(&receiver.address, PATIENT), signal, 1);
        let mut request = request(5);
        request.is_gzip = is_gzip;
        made.queue.push(vec![request]);
        let outcome = made.run();
        assert_eq!(outcome.results(), [1, 0, 0, 0]);
        assert_eq!(outcome.messages, [""; 0]);
        let requests = receiver.thread.join().expect("no panic");
        let (head, body) = &requests[0];
        assert_eq!(body, b"xxx");
        let path = format!("post /v1/{} http/1.1", signal.as_str());
        for expected in [
            &path,
            "content-type: application/x-protobuf",
            "x-key: secret",
            "user-agent: pscan/",
        ] {
            assert!(head.contains(expected), "{expected}: {head}");
        }
        assert_eq!(head.contains("content-encoding: gzip"), is_gzip, "{head}");
    }
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
    let outcome = deliver(&settings(&receiver.address, PATIENT), Signal::Logs, &[5, 2]);
    assert_eq!(outcome.results(), [2, 0, 0, 7]);
    assert_eq!(outcome.counts.dropped_of("logs"), 0);
    assert_eq!(outcome.waits, [1, 40, 4, 8, 16, 30, 1]);
    // One message for the trouble, and one for its end; the second is too soon after.
    assert_eq!(
        outcome.messages,
        [
            "cannot send logs to the receiver of OTLP, and will try again: 503 Service Unavailable: busy",
            "the receiver of OTLP answers again after 99 s; logs dropped meanwhile: 0 log records",
        ]
    );
    receiver.thread.join().expect("no panic");
}

#[test]
fn what_is_refused_is_dropped_and_counted() {
    let receiver = receiver(vec![
        reply("400 Bad Request", "", b"no\nroom"),
        reply("404 Not Found", "Retry-After: 1\r\n", b""),
        reply(
            "307 Temporary Redirect",
            "Location: http://127.0.0.1:1/\r\n",
            b"",
        ),
        reply("200 OK", "", b""),
    ]);
    let outcome = deliver(
        &settings(&receiver.address, PATIENT),
        Signal::Metrics,
        &[5, 2, 1, 4],
    );
    assert_eq!(outcome.results(), [1, 0, 3, 0]);
    assert_eq!(outcome.counts.dropped_of("metrics"), 8);
    assert_eq!(outcome.waits, [0; 0]);
    assert_eq!(
        outcome.messages,
        ["the receiver of OTLP refuses metrics: 400 Bad Request: no room; dropped: 5 data points"]
    );
    receiver.thread.join().expect("no panic");
}

#[test]
fn what_is_rejected_in_part_is_counted() {
    let partial = |rejected| {
        let response = ExportResponse {
            partial_success: Some(PartialSuccess {
                rejected,
                error_message: b"too old".to_vec(),
            }),
        };
        reply("200 OK", "", &response.encode_to_vec())
    };
    let receiver = receiver(vec![partial(3), partial(0), partial(i64::MAX)]);
    let outcome = deliver(
        &settings(&receiver.address, PATIENT),
        Signal::Metrics,
        &[5, 5, 2],
    );
    assert_eq!(outcome.results(), [1, 2, 0, 0]);
    assert_eq!(outcome.counts.dropped_of("metrics"), 5);
    assert_eq!(
        outcome.messages,
        ["the receiver of OTLP rejects a part of the metrics: too old; dropped: 3 data points"]
    );
    receiver.thread.join().expect("no panic");
}

#[test]
fn a_silent_receiver_is_left_after_the_timeout() {
    // On a slow machine a good answer can be late too: then there is one more attempt.
    let good = (0..100).map(|_| reply("200 OK", "", b""));
    let receiver = receiver([Reply::Silence].into_iter().chain(good).collect());
    let timeout = Duration::from_secs(1);
    let outcome = deliver(&settings(&receiver.address, timeout), Signal::Metrics, &[5]);
    let [ok, partial, refused, failed] = outcome.results();
    assert_eq!((ok, partial, refused), (1, 0, 0));
    assert!(failed >= 1);
    assert_eq!(outcome.counts.dropped_of("metrics"), 0);
}

/// Returns an address that nothing listens at.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

#[test]
fn a_request_that_always_fails_makes_room() {
    let Made {
        delivery,
        fake,
        counts,
        deadline,
        queue,
        end,
    } = Made::new(&settings(&nowhere(), PATIENT), Signal::Logs, 2);
    queue.push(vec![request(1)]);
    let is_ending = Arc::clone(&fake.is_ending);
    let more: [Happening; 2] = [
        // During the first wait the queue overflows, so that the first request is dropped too.
        Box::new(move || {
            for count in [10, 100, 1000] {
                queue.push(vec![request(count)]);
            }
        }),
        // During the second the program ends. There is one more attempt, and the others are not sent.
        Box::new(move || {
            is_ending.store(true, Ordering::Relaxed);
            let _ = deadline.set(Instant::now() + PATIENT);
        }),
    ];
    fake.meanwhile.lock().expect("no panic").extend(more);
    let outcome = finish(delivery, &end, &counts, &fake);
    assert_eq!(counts.dropped_of("logs"), 1111);
    assert_eq!(outcome.waits, [1]);
    assert_eq!(outcome.results(), [0, 0, 0, 3]);
    assert_eq!(outcome.messages.len(), 1);
}

#[test]
fn a_request_at_which_the_receiver_always_closes_is_dropped() {
    // It closes with unread bytes, so that the connection is reset.
    let resets = (0..10).map(|_| Reply::Reset);
    let receiver = receiver(resets.chain([reply("200 OK", "", b"")]).collect());
    let made = Made::new(&settings(&receiver.address, PATIENT), Signal::Metrics, 9);
    let mut large = request(7);
    large.body = vec![b'x'; 8 << 20];
    made.queue.push(vec![large, request(1)]);
    let outcome = made.run();
    assert_eq!(outcome.counts.dropped_of("metrics"), 7);
    assert_eq!(outcome.results(), [1, 0, 0, 10]);
    receiver.thread.join().expect("no panic");
}

#[test]
fn an_answer_that_is_no_http_ends_no_thread() {
    let receiver = receiver(vec![
        Reply::Bytes(b"HTTP/1.1 000 L\r\nContent-Length: 0\r\n\r\n".to_vec()),
        Reply::Bytes(b"HTTP/1.1 999 L\r\nContent-Length: 0\r\n\r\n".to_vec()),
        reply(
            "200 OK",
            "Content-Type: application/x-protobuf\r\n",
            b"\x0a\x05",
        ),
        reply(
            "200 OK",
            "Content-Type: application/x-protobuf\r\n",
            b"\x0a\x05",
        ),
    ]);
    let settings = settings(&receiver.address, PATIENT);
    let outcome = deliver(&settings, Signal::Logs, &[1, 2, 3]);
    assert_eq!(outcome.results(), [2, 0, 1, 1]);
    assert_eq!(outcome.counts.dropped_of("logs"), 1);
    let unclear = |text: &&String| text.contains("cannot be read");
    assert_eq!(outcome.messages.iter().filter(unclear).count(), 1);
    receiver.thread.join().expect("no panic");
}

#[test]
fn a_slow_receiver_is_reported_with_what_is_lost() {
    let receiver = receiver(vec![reply("200 OK", "", b"")]);
    let made = Made::new(&settings(&receiver.address, PATIENT), Signal::Metrics, 1);
    for count in [3, 4, 5] {
        made.queue.push(vec![request(count)]);
    }
    let outcome = made.run();
    assert_eq!(outcome.counts.dropped_of("metrics"), 7);
    assert_eq!(
        outcome.messages,
        [
            "the receiver of OTLP is too slow for the metrics: the oldest make room; dropped: 7 data points"
        ]
    );
    receiver.thread.join().expect("no panic");
}

#[test]
fn at_the_end_a_requested_wait_holds() {
    let receiver = receiver(vec![reply(
        "429 Too Many Requests",
        "Retry-After: 600\r\n",
        b"",
    )]);
    let made = Made::new(&settings(&receiver.address, PATIENT), Signal::Metrics, 9);
    for count in [3, 4, 5] {
        made.queue.push(vec![request(count)]);
    }
    let (is_ending, deadline) = (Arc::clone(&made.fake.is_ending), Arc::clone(&made.deadline));
    let end: Happening = Box::new(move || {
        is_ending.store(true, Ordering::Relaxed);
        let _ = deadline.set(Instant::now() + PATIENT);
    });
    made.fake.meanwhile.lock().expect("no panic").push_back(end);
    let outcome = made.run();
    // A second connection would fail, and count.
    assert_eq!(outcome.results(), [0, 0, 0, 1]);
    assert_eq!(outcome.counts.dropped_of("metrics"), 12);
    receiver.thread.join().expect("no panic");
}

#[test]
fn after_the_deadline_nothing_is_sent() {
    let made = Made::new(&settings("http://127.0.0.1:1", PATIENT), Signal::Logs, 2);
    let _ = made.deadline.set(made.fake.now());
    made.queue.push(vec![request(7)]);
    let outcome = made.run();
    assert_eq!(outcome.counts.dropped_of("logs"), 7);
    assert_eq!(outcome.results(), [0; 4]);
}
