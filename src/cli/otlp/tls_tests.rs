//! Checks of the delivery against receivers with TLS, good and bad ones.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ALL_VERSIONS, ServerConfig, ServerConnection, StreamOwned};

use super::fake_delivery::{Happening, Made, Outcome, PATIENT, deliver, request, settings};
use super::fake_receiver::{Receiver, read_request};
use super::request_queue::Signal;
use crate::cli::settings::Otlp;

/// How a receiver behaves in one connection.
#[derive(Clone, Copy)]
enum Behaviour {
    /// It has the certificate and the key of this file, and answers.
    Certificate(&'static str),
    /// It answers without TLS.
    Plain,
    /// It reads, and never answers.
    Silence,
    /// It begins to answer, and never ends.
    Stall,
}

use Behaviour::{Certificate, Plain, Silence, Stall};

const GOOD: Behaviour = Certificate("good.pem");

fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "fixtures/tls", name]
        .iter()
        .collect()
}

fn server_config(file: &str) -> Arc<ServerConfig> {
    let bytes = fs::read(fixture(file)).expect("a fixture");
    let chain = CertificateDer::pem_slice_iter(&bytes).collect::<Result<_, _>>();
    let key = PrivateKeyDer::from_pem_slice(&bytes).expect("a key");
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(ALL_VERSIONS)
        .expect("all versions")
        .with_no_client_auth();
    let config = builder.with_single_cert(chain.expect("certificates"), key);
    Arc::new(config.expect("a certificate and its key"))
}

/// Answers over TLS, and returns the request; `None` if the client ends the handshake.
fn answer(mut stream: TcpStream, file: &str) -> Option<(String, Vec<u8>)> {
    let mut server = ServerConnection::new(server_config(file)).expect("a connection");
    server.complete_io(&mut stream).ok()?;
    let mut stream = StreamOwned::new(server, stream);
    let request = read_request(&mut stream);
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    stream.write_all(response).expect("a reader");
    stream.conn.send_close_notify();
    stream.flush().expect("a reader");
    Some(request)
}

/// Starts a receiver that gets as many connections as it has behaviours.
fn receiver(behaviours: Vec<Behaviour>) -> Receiver {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("https://{}", listener.local_addr().expect("an address"));
    let thread = thread::spawn(move || {
        let (mut open, mut requests) = (Vec::new(), Vec::new());
        for behaviour in behaviours {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut begin = [0; 5];
            match behaviour {
                Certificate(file) => requests.extend(answer(stream, file)),
                Plain => {
                    stream.read_exact(&mut begin).expect("a handshake");
                    let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
                }
                Silence => open.push(stream),
                Stall => {
                    // The head of a record of a handshake, whose bytes do not come.
                    stream.write_all(&[22, 3, 3, 64, 0, 2]).expect("a reader");
                    open.push(stream);
                }
            }
        }
        requests
    });
    Receiver { address, thread }
}

/// Trusts the authority of the fixtures alone.
fn trusting(endpoint: &str, timeout: Duration) -> Otlp {
    Otlp {
        ca_file: Some(fixture("authority.pem")),
        ..settings(endpoint, timeout)
    }
}

/// Sends one request to a receiver whose first connection fails, and then is good.
fn after(failure: Behaviour) -> Outcome {
    let receiver = receiver(vec![failure, GOOD]);
    let outcome = deliver(&trusting(&receiver.address, PATIENT), Signal::Metrics, &[5]);
    let requests = receiver.thread.join().expect("no panic");
    assert_eq!(requests.len(), 1);
    outcome
}

#[test]
fn requests_arrive_over_tls() {
    let receiver = receiver(vec![GOOD, GOOD]);
    let outcome = deliver(
        &trusting(&receiver.address, PATIENT),
        Signal::Metrics,
        &[5, 2],
    );
    assert_eq!(outcome.messages, [""; 0]);
    assert_eq!(outcome.results(), [2, 0, 0, 0]);
    let requests = receiver.thread.join().expect("no panic");
    let (head, body) = &requests[0];
    assert!(head.starts_with("post /v1/metrics http/1.1"), "{head}");
    assert!(head.contains("x-key: secret"), "{head}");
    assert_eq!(body, b"xxx");
}

#[test]
fn a_name_in_the_url_is_that_of_the_certificate() {
    let receiver = receiver(vec![GOOD]);
    let address = receiver.address.replace("127.0.0.1", "localhost");
    let outcome = deliver(&trusting(&address, PATIENT), Signal::Metrics, &[5]);
    assert_eq!(outcome.messages, [""; 0]);
    assert_eq!(outcome.results(), [1, 0, 0, 0]);
    receiver.thread.join().expect("no panic");
}

#[test]
fn a_bad_certificate_is_a_failure_that_can_pass() {
    for (file, reason) in [
        ("expired.pem", "its certificate was valid until 2001-01-01T"),
        ("early.pem", "its certificate is valid from 2100-01-01T"),
        (
            "other_name.pem",
            "its certificate is not for 127.0.0.1, but for DnsName(\"other.example\")",
        ),
        (
            "of_other_authority.pem",
            "no trusted authority has signed its certificate; otlp.ca_file names others",
        ),
    ] {
        let outcome = after(Certificate(file));
        assert_eq!(outcome.results(), [1, 0, 0, 1], "{file}");
        assert_eq!(outcome.counts.dropped_of("metrics"), 0, "{file}");
        assert_eq!(outcome.waits, [1], "{file}");
        let [failure, end] = &outcome.messages[..] else {
            panic!("one message, and one at its end: {:?}", outcome.messages);
        };
        let begin = "cannot send metrics to the receiver of OTLP, and will try again: ";
        assert!(
            failure.starts_with(&format!("{begin}{reason}")),
            "{failure}"
        );
        assert!(end.contains("answers again"), "{end}");
    }
}

#[test]
fn a_certificate_that_stays_bad_drops_requests_at_the_end() {
    let bad = Certificate("expired.pem");
    let receiver = receiver(vec![bad; 2]);
    let made = Made::new(&trusting(&receiver.address, PATIENT), Signal::Logs, 9);
    for count in [5, 2] {
        made.queue.push(vec![request(count)]);
    }
    // During the first wait the program ends. There is one more attempt.
    let (is_ending, deadline) = (Arc::clone(&made.fake.is_ending), Arc::clone(&made.deadline));
    let end: Happening = Box::new(move || {
        is_ending.store(true, Ordering::Relaxed);
        let _ = deadline.set(Instant::now() + PATIENT);
    });
    made.fake.meanwhile.lock().expect("no panic").push_back(end);
    let outcome = made.run();
    assert_eq!(outcome.counts.dropped_of("logs"), 7);
    assert_eq!(outcome.results(), [0, 0, 0, 2]);
    assert_eq!(outcome.messages.len(), 1);
    assert_eq!(receiver.thread.join().expect("no panic"), []);
}

#[test]
fn a_receiver_without_tls_is_a_failure() {
    let outcome = after(Plain);
    assert_eq!(outcome.results(), [1, 0, 0, 1]);
    let failure = &outcome.messages[0];
    assert!(failure.contains("its answer is not TLS"), "{failure}");
}

#[test]
fn a_handshake_that_hangs_is_left_after_the_timeout() {
    for hanging in [Silence, Stall] {
        // On a slow machine a good handshake can be late too: then there is one more attempt.
        let behaviours = [hanging].into_iter().chain([GOOD; 100]).collect();
        let receiver = receiver(behaviours);
        let settings = trusting(&receiver.address, Duration::from_secs(1));
        let outcome = deliver(&settings, Signal::Metrics, &[5]);
        let [ok, partial, refused, failed] = outcome.results();
        assert_eq!((ok, partial, refused), (1, 0, 0));
        assert!(failed >= 1);
        assert_eq!(outcome.counts.dropped_of("metrics"), 0);
        assert!(
            outcome.messages[0].contains("timeout"),
            "{:?}",
            outcome.messages
        );
    }
}
