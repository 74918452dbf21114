//! A receiver of HTTP for tests.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

/// What a receiver does with a connection.
pub(super) enum Reply {
    /// Writes these bytes, and closes.
    Bytes(Vec<u8>),
    /// Reads the request, and keeps the connection open without a word.
    Silence,
    /// Closes in the middle of the request.
    Reset,
}

/// Returns a whole response.
pub(super) fn reply(status: &str, headers: &str, body: &[u8]) -> Reply {
    let len = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {len}\r\n{headers}Connection: close\r\n\r\n");
    Reply::Bytes([head.as_bytes(), body].concat())
}

/// Reads a request: its head, and as many bytes as that has.
pub(super) fn read_request(stream: &mut impl Read) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).expect("a request");
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let (_, len) = head.split_once("content-length: ").expect("a length");
            let len: usize = len
                .lines()
                .next()
                .expect("a line")
                .parse()
                .expect("a number");
            let start = head.len() + 4;
            if bytes.len() >= start + len {
                return (head, bytes[start..start + len].to_vec());
            }
        }
        assert!(count > 0, "the request ends too early");
    }
}

/// A receiver that answers each connection by the next reply, and returns the requests.
pub(super) struct Receiver {
    pub(super) address: String,
    pub(super) thread: JoinHandle<Vec<(String, Vec<u8>)>>,
}

/// Starts a receiver that gets as many connections as it has replies.
pub(super) fn receiver(replies: Vec<Reply>) -> Receiver {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let thread = thread::spawn(move || {
        let mut silent = Vec::new();
        let mut requests = Vec::new();
        for reply in replies {
            let (mut stream, _) = listener.accept().expect("a connection");
            if let Reply::Reset = reply {
                stream.read_exact(&mut [0; 5]).expect("a request");
                continue;
            }
            requests.push(read_request(&mut stream));
            match reply {
                Reply::Bytes(bytes) => stream.write_all(&bytes).expect("a reader"),
                Reply::Silence | Reply::Reset => silent.push(stream),
            }
        }
        requests
    });
    Receiver { address, thread }
}
