//! Learn of the scans of a program: from its output, or by a scrape.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use super::programs::INTERVAL;

/// Reads all output.
pub(super) fn discard(mut output: impl Read) {
    // A terminal ends with an error, since no process has the other end open.
    let _ = io::copy(&mut output, &mut io::sink());
}

/// Reads all output, and sends a message at each line that begins with `scan`.
pub(super) fn read(output: impl Read, scan: &str, scanned: &Sender<()>) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line).is_ok_and(|len| len > 0) {
        if line.trim_ascii_start().starts_with(scan.as_bytes()) && scanned.send(()).is_err() {
            return;
        }
        line.clear();
    }
}

/// Scrapes an exporter in each interval until it ends, and sends a message after each scrape.
pub(super) fn scrape(address: &str, scanned: &Sender<()>) {
    let starts_until = Instant::now() + Duration::from_secs(30);
    let mut due = Instant::now();
    let mut has_answered = false;
    loop {
        match page(address) {
            Ok(()) => has_answered = true,
            // It does not listen yet.
            Err(_) if !has_answered && Instant::now() < starts_until => {
                thread::sleep(Duration::from_millis(50));
                continue;
            }
            Err(_) => return,
        }
        if scanned.send(()).is_err() {
            return;
        }
        due = Instant::now().max(due + INTERVAL);
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

fn page(address: &str) -> io::Result<()> {
    let mut server = TcpStream::connect(address)?;
    write!(server, "GET /metrics HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    match answer.starts_with(b"HTTP/1.0 200 ") || answer.starts_with(b"HTTP/1.1 200 ") {
        true => Ok(()),
        false => Err(io::Error::other("the scrape failed")),
    }
}
