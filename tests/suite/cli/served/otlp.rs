//! `[otlp]`: a receiver gets metrics and records, or is away.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::{Server, copied, pscan, sample};

/// A request that a receiver got.
pub(super) struct Request {
    /// The first line.
    line: String,
    /// Names in small letters.
    head: String,
    body: Vec<u8>,
}

impl Request {
    pub(super) fn read(stream: &mut BufReader<impl Read>) -> Option<Self> {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|len| *len > 0)?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") && head != "\r\n" {
            stream.read_line(&mut head).ok().filter(|len| *len > 0)?;
        }
        let head = head.to_ascii_lowercase();
        let len = head.split_once("content-length: ").unwrap().1;
        let mut body = vec![0; len.lines().next().unwrap().parse().unwrap()];
        stream.read_exact(&mut body).unwrap();
        Some(Self { line, head, body })
    }

    pub(super) fn is_of(&self, signal: &str) -> bool {
        self.line.starts_with(&format!("POST /v1/{signal} "))
    }

    /// Returns whether the message has this text in some field.
    pub(super) fn has(&self, text: &str) -> bool {
        let mut windows = self.body.windows(text.len());
        windows.any(|window| window == text.as_bytes())
    }
}

/// A receiver that answers all requests with a status, and passes them on.
fn receiver(status: &'static str) -> (String, Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, requests) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, sender) = (stream.unwrap(), sender.clone());
            thread::spawn(move || answer_all(stream, status, &sender));
        }
    });
    (address, requests)
}

fn answer_all(stream: TcpStream, status: &str, requests: &Sender<Request>) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(request) = Request::read(&mut reader) {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        let _ = writer.write_all(answer.as_bytes());
        if requests.send(request).is_err() {
            return;
        }
    }
}

/// Waits for a request; one that never comes fails the test.
pub(super) fn next(requests: &Receiver<Request>, is_it: impl Fn(&Request) -> bool) -> Request {
    loop {
        let request = requests.recv_timeout(Duration::from_secs(120)).unwrap();
        if is_it(&request) {
            return request;
        }
    }
}

fn settings(address: &str, more: &str) -> String {
    format!(
        "[scan]\ninterval_ms = 100\n[otlp]\nendpoint = \"http://{address}\"\ninterval_ms = 1000\n{more}"
    )
}

#[test]
fn metrics_and_records_arrive() {
    let (address, requests) = receiver("200 OK");
    // Variables of a proxy are ignored.
    let proxy = Path::new("http://127.0.0.1:1");
    let variables = ["HTTP_PROXY", "http_proxy", "ALL_PROXY"].map(|name| (name, proxy));
    let settings = settings(&address, "gzip = false\n");
    let server = Server::start_in(&settings, &[], &variables).scanned();
    let metrics = next(&requests, |request| {
        request.is_of("metrics") && request.has("process.memory.usage")
    });
    for text in [
        "service.name",
        "host.name",
        "pscan.group.kind",
        "pscan.group.births",
        "process.thread.count",
        "system.process.count",
    ] {
        assert!(metrics.has(text), "{text}");
    }
    assert!(
        metrics
            .head
            .contains("content-type: application/x-protobuf")
    );
    // It lives until a scan has seen it, for systems where only scans find births.
    let program = copied("/bin/sh", server.folder.path(), "short-lived");
    let mut child = Command::new(&program)
        .args(["-c", "read line", "x", "--password=hunter2hunter2"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    // Its birth may be reported before its `exec`, with the name of its parent.
    let born = next(&requests, |request| {
        let is_new = request.has("pscan.process.created") || request.has("pscan.process.exec");
        let is_its = request.has("short-lived") && request.has("--password=[redacted]");
        request.is_of("logs") && is_new && is_its
    });
    assert!(!born.has("hunter2hunter2"));
    child.kill().unwrap();
    child.wait().unwrap();
    next(&requests, |request| {
        request.is_of("logs") && request.has("pscan.process.exited") && request.has("short-lived")
    });
    let text = server.metrics_with("pscan_otlp_requests_total{result=\"ok\"}");
    assert!(sample(&text, "pscan_otlp_requests_total{result=\"ok\"}") >= Some(2.0));
    for signal in ["metrics", "logs"] {
        let dropped = format!("pscan_otlp_dropped_total{{signal=\"{signal}\"}}");
        assert_eq!(sample(&text, &dropped), Some(0.0));
    }
    let waiting = "pscan_otlp_queue_length{signal=\"logs\"}";
    assert_eq!(sample(&text, waiting), Some(0.0));
    let (status, messages) = server.end(Signal::TERM);
    assert_eq!(status, Some(0));
    assert!(!messages.contains("OTLP"), "{messages}");
}

#[test]
fn the_last_values_are_sent_at_the_end() {
    let (address, requests) = receiver("200 OK");
    // Long enough that nothing else is sent, but for the first metrics, whose time is random.
    let settings = settings(&address, "gzip = false\nlogs = false\n");
    let settings = settings.replace("interval_ms = 1000\n", "interval_ms = 3600000\n");
    let server = Server::start(&settings).scanned();
    let (status, messages) = server.end(Signal::TERM);
    assert_eq!(status, Some(0), "{messages}");
    next(&requests, |request| {
        request.is_of("metrics") && request.has("process.memory.usage")
    });
}

#[test]
fn a_receiver_that_is_away_delays_no_scan_and_the_loss_is_counted() {
    // It takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    assert_no_delay(&settings(&address, PATIENT));
}

/// Settings of a queue that is soon full.
pub(super) const PATIENT: &str = "queue = 1\ntimeout_ms = 600000\n";

/// Checks that a receiver which never answers delays nothing.
pub(super) fn assert_no_delay(settings: &str) {
    let mut server = Server::start(settings).scanned();
    let lost = |text: &str| sample(text, "pscan_otlp_dropped_total{signal=\"metrics\"}");
    let good = |text: &str| sample(text, "pscan_scan_total{result=\"good\"}").unwrap();
    let first = loop {
        let text = server.get("/metrics").body;
        if lost(&text) > Some(0.0) {
            break text;
        }
    };
    let waiting = "pscan_otlp_queue_length{signal=\"metrics\"}";
    assert_eq!(sample(&first, waiting), Some(1.0));
    // Scans go on.
    while good(&server.get("/metrics").body) <= good(&first) {}
    assert_eq!(server.get("/readyz").status, 200);
    server.send(Signal::TERM);
    let message = server.message("OTLP");
    assert!(message.contains("not sent"), "{message}");
    let (status, _) = server.end(Signal::TERM);
    assert_eq!(status, Some(0));
}

#[test]
fn a_receiver_that_refuses_is_reported_once() {
    let (address, requests) = receiver("400 Bad Request");
    let mut server = Server::start(&settings(&address, "logs = false\n")).scanned();
    let message = server.message("OTLP");
    assert!(
        message.contains("refuses metrics: 400 Bad Request; dropped: "),
        "{message}"
    );
    for _ in 0..2 {
        let request = next(&requests, |request| request.is_of("metrics"));
        assert!(request.head.contains("content-encoding: gzip"));
    }
    let text = server.metrics_with("pscan_otlp_requests_total{result=\"refused\"}");
    assert!(sample(&text, "pscan_otlp_dropped_total{signal=\"metrics\"}") > Some(0.0));
    let (_, messages) = server.end(Signal::TERM);
    assert!(!messages.contains("refuses"), "{messages}");
}

#[test]
fn headers_are_read_again_at_a_reload() {
    let (address, requests) = receiver("200 OK");
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    fs::write(&key, "Bearer one\n").unwrap();
    let more = format!(
        "headers = {{ X-Scope-OrgID = \"hosts\" }}\nheaders_files = {{ Authorization = {key:?} }}\n"
    );
    let mut server = Server::start(&settings(&address, &more));
    let request = next(&requests, |_| true);
    assert!(request.head.contains("authorization: bearer one"));
    assert!(request.head.contains("x-scope-orgid: hosts"));
    fs::write(&key, "Bearer two\n").unwrap();
    server.send(Signal::HUP);
    let message = server.message("reloaded");
    assert!(message.ends_with("changed headers of OTLP"), "{message}");
    next(&requests, |request| {
        request.head.contains("authorization: bearer two")
    });
    fs::remove_file(&key).unwrap();
    server.send(Signal::HUP);
    server.message("the settings stay as they were");
    next(&requests, |request| {
        request.head.contains("authorization: bearer two")
    });
}

#[test]
fn a_reload_without_a_receiver_does_not_need_its_files() {
    let (address, requests) = receiver("200 OK");
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    fs::write(&key, "Bearer one\n").unwrap();
    let more = format!("headers_files = {{ Authorization = {key:?} }}\n");
    let mut server = Server::start(&settings(&address, &more)).scanned();
    fs::remove_file(&key).unwrap();
    server.reload("[scan]\ninterval_ms = 100\n[serve]\nprocesses = true\n");
    let message = server.message("reloaded");
    assert!(message.ends_with("changed serve.processes"), "{message}");
    let message = server.message("need a restart");
    assert!(message.contains("otlp.endpoint"), "{message}");
    assert_eq!(server.get("/processes").status, 200);
    // Until then it sends as before.
    next(&requests, |request| {
        request.head.contains("authorization: bearer one")
    });
}

#[test]
fn wrong_settings_are_refused() {
    for (settings, reasons) in [
        (
            "ca_file = \"/x\"\nendpoint = \"http://a\"",
            ["line 2", "no use"],
        ),
        ("endpiont = \"http://collector\"", ["line 2", "endpiont"]),
        ("interval_ms = 5", ["line 2", "otlp.interval_ms"]),
        (
            "endpoint = \"http://a\"\nheaders_files = { a = \"/does/not/exist\" }",
            ["/does/not/exist", "header"],
        ),
        ("endpoint = \"http://a:b\"", ["line 2", "port"]),
        ("headers = { Host = \"a\" }", ["line 2", "endpoint"]),
        ("log_events = [\"exits\"]", ["line 2", "did you mean exit?"]),
        (
            "resource = { k8s.node.name = \"a\" }",
            ["line 2", "without quotes"],
        ),
        (
            "endpoint = \"http://a\"\nmetrics_endpoint = \"http://a:99999/\"",
            ["line 3", "port"],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pscan.toml");
        fs::write(&file, format!("[otlp]\n{settings}\n")).unwrap();
        let output = pscan(&["serve", "--check"]).arg(&file).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{settings}");
        for reason in reasons {
            assert!(message.contains(reason), "{settings}: {message}");
        }
    }
    #[cfg(not(feature = "tls"))]
    {
        let output = pscan(&["serve", "--check"])
            .env("PSCAN_OTLP__ENDPOINT", "https://collector")
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        for part in ["PSCAN_OTLP__ENDPOINT", "without TLS", "--features tls"] {
            assert!(message.contains(part), "{message}");
        }
    }
    let output = pscan(&["serve", "--check"])
        .env("PSCAN_OTLP__ENDPOINT", "http://127.0.0.1:4318")
        .env("PSCAN_OTLP__HEADERS", "{ X-Key = \"hunter2\" }")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains("endpoint = \"http://127.0.0.1:4318\""),
        "{printed}"
    );
    assert!(printed.contains("X-Key = \"[redacted]\""), "{printed}");
    assert!(!printed.contains("hunter2"), "{printed}");
    // Nothing is sent without an endpoint, so no file is read.
    let output = pscan(&["serve", "--check"])
        .env("PSCAN_OTLP__HEADERS_FILES", "{ a = \"/does/not/exist\" }")
        .output()
        .unwrap();
    assert!(output.status.success());
    let output = pscan(&["serve", "--check"])
        .env("PSCAN_OTLP__HEADERS", "X-Key: hunter2")
        .output()
        .unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("PSCAN_OTLP__HEADERS"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
}

#[test]
fn an_agent_without_a_port_sends_what_is_wanted() {
    let (address, requests) = receiver("200 OK");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pscan.toml");
    let more = format!(
        "gzip = false\nlogs_endpoint = \"http://{address}/insert/logs?stream=host\"\n\
         log_events = \"failed_exit\"\nresource = {{ \"k8s.node.name\" = \"node-seven\" }}\n"
    );
    let settings = settings(&address, &more) + "[serve]\nlisten = []\n";
    fs::write(&file, settings).unwrap();
    let mut serve = pscan(&["serve", "--config"])
        .arg(&file)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let metrics = next(&requests, |request| {
        request.is_of("metrics") && request.has("process.memory.usage")
    });
    for text in [
        "service.instance.id",
        "node-seven",
        "https://opentelemetry.io/schemas/",
        "Resident memory of the processes",
    ] {
        assert!(metrics.has(text), "{text}");
    }
    let pid = rustix::process::Pid::from_raw(serve.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    let mut messages = String::new();
    let mut stderr = serve.stderr.take().unwrap();
    stderr.read_to_string(&mut messages).unwrap();
    assert!(serve.wait().unwrap().success());
    assert!(!messages.contains("serving"), "{messages}");
    let url = format!("sending log records to http://{address}/insert/logs\n");
    assert!(messages.contains(&url), "{messages}");
    // Births are not wanted.
    let others = requests.try_iter();
    let births = others.filter(|request| request.has("pscan.process.created"));
    assert_eq!(births.count(), 0);
}
