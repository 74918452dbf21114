//! A client for single requests.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A response that has ended.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// Names in small letters.
    pub head: String,
    pub body: String,
}

impl Response {
    /// Reads a response until the server closes the connection.
    pub fn read(mut from: impl Read) -> Self {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).unwrap_or_default();
        Self {
            status: status.parse().unwrap_or_default(),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }
}

/// Connects to a server. A server that never answers fails the test.
pub fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(120)))
        .unwrap();
    stream
}

/// Sends a request with these header lines, and reads the response.
pub fn request(address: &str, line: &str, headers: &[&str]) -> Response {
    let mut stream = connect(address);
    let headers: String = headers
        .iter()
        .map(|header| format!("{header}\r\n"))
        .collect();
    let text = format!("{line} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).unwrap();
    Response::read(stream)
}

/// Gets a path of a local server.
pub fn get(address: &str, path: &str) -> Response {
    request(address, &format!("GET {path}"), &["Host: localhost"])
}
