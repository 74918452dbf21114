//! `[otlp]` with https: a real receiver with TLS.

use std::fs;
use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use rustix::process::Signal;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ALL_VERSIONS, ServerConfig, ServerConnection, StreamOwned};

use super::otlp::{PATIENT, Request, assert_no_delay, next};
use super::{Server, pscan, sample};

fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "fixtures/tls", name]
        .iter()
        .collect()
}

/// A receiver with a certificate, which passes on what it gets.
fn receiver(file: &str) -> (String, Receiver<Request>) {
    let bytes = fs::read(fixture(file)).unwrap();
    let chain = CertificateDer::pem_slice_iter(&bytes).map(Result::unwrap);
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(ALL_VERSIONS)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            chain.collect(),
            PrivateKeyDer::from_pem_slice(&bytes).unwrap(),
        )
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, requests) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut server = ServerConnection::new(Arc::clone(&config)).unwrap();
            if server.complete_io(&mut stream).is_err() {
                continue;
            }
            let mut stream = BufReader::new(StreamOwned::new(server, stream));
            while let Some(request) = Request::read(&mut stream) {
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                let _ = stream.get_mut().write_all(answer);
                let _ = stream.get_mut().flush();
                if sender.send(request).is_err() {
                    return;
                }
            }
        }
    });
    (address, requests)
}

fn settings(address: &str, more: &str) -> String {
    format!(
        "[scan]\ninterval_ms = 100\n[otlp]\nendpoint = \"https://{address}\"\ninterval_ms = 1000\n\
         gzip = false\nlogs = false\n{more}"
    )
}

fn trusting(file: &str) -> String {
    format!("ca_file = {:?}\n", fixture(file))
}

#[test]
fn metrics_arrive_by_https() {
    let (address, requests) = receiver("good.pem");
    let server = Server::start(&settings(&address, &trusting("authority.pem"))).scanned();
    let request = next(&requests, |request| request.has("process.memory.usage"));
    assert!(request.is_of("metrics"));
    let text = server.metrics_with("pscan_otlp_requests_total{result=\"ok\"} 1");
    assert_eq!(
        sample(&text, "pscan_otlp_requests_total{result=\"failed\"}"),
        Some(0.0)
    );
    let (status, messages) = server.end(Signal::TERM);
    assert_eq!(status, Some(0));
    assert!(!messages.contains("OTLP"), "{messages}");
}

/// rustls-native-certs reads the variable where the system has no other way.
#[cfg(target_os = "linux")]
#[test]
fn authorities_of_the_system_are_trusted_without_a_file() {
    let (address, requests) = receiver("good.pem");
    let authority = fixture("authority.pem");
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none");
    fs::write(&none, "").unwrap();
    let start = |settings: &str, system: &Path| {
        let variables = [("SSL_CERT_FILE", system), ("SSL_CERT_DIR", Path::new(""))];
        Server::start_in(settings, &[], &variables)
    };
    let server = start(&settings(&address, ""), &authority);
    next(&requests, |request| request.is_of("metrics"));
    server.end(Signal::TERM);
    // Those of a file replace them.
    let other = trusting("other_authority.pem");
    let mut server = start(&settings(&address, &other), &authority);
    server.message("no trusted authority has signed its certificate");
    // An empty container has none.
    let mut server = start(&settings(&address, ""), &none);
    let message = server.message("cannot send metrics to the receiver of OTLP");
    assert!(
        message.contains("no certificates of authorities"),
        "{message}"
    );
}

#[test]
fn a_bad_certificate_is_counted_and_delays_no_scan() {
    let (address, requests) = receiver("expired.pem");
    let more = trusting("authority.pem") + "queue = 1\n";
    let mut server = Server::start(&settings(&address, &more)).scanned();
    let message = server.message("OTLP");
    assert!(
        message.contains("its certificate was valid until 2001"),
        "{message}"
    );
    let failed = |text: &str| sample(text, "pscan_otlp_requests_total{result=\"failed\"}");
    let lost = |text: &str| sample(text, "pscan_otlp_dropped_total{signal=\"metrics\"}");
    let good = |text: &str| sample(text, "pscan_scan_total{result=\"good\"}").unwrap();
    let first = loop {
        let text = server.get("/metrics").body;
        if lost(&text) > Some(0.0) {
            break text;
        }
    };
    assert!(failed(&first) > Some(0.0));
    while good(&server.get("/metrics").body) <= good(&first) {}
    assert_eq!(server.get("/readyz").status, 200);
    let (status, _) = server.end(Signal::TERM);
    assert_eq!(status, Some(0));
    assert!(requests.try_recv().is_err());
}

#[test]
fn a_handshake_that_hangs_delays_no_scan() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let more = trusting("authority.pem") + PATIENT;
    assert_no_delay(&settings(&address, &more));
}

#[test]
fn a_file_without_certificates_is_an_error_at_the_check() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    for (file, reason) in [
        ("/does/not/exist", "cannot read"),
        (empty.path().to_str().unwrap(), "there are none"),
        ("/dev/null", "it is a device"),
    ] {
        let output = pscan(&["serve", "--check"])
            .env("PSCAN_OTLP__ENDPOINT", "https://collector")
            .env("PSCAN_OTLP__CA_FILE", file)
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{file}");
        assert!(
            message.contains(file) && message.contains(reason),
            "{message}"
        );
    }
}
