//! What paths return, and which requests are refused.

use std::io::{Read, Write};
use std::net::TcpStream;

use rustix::process::Signal;

use super::{Response, Server, connect, get, request, sample};

#[test]
fn metrics_have_groups_and_no_process() {
    let server = Server::start("").scanned();
    let text = server.metrics_with("pscan_group_processes{group=\"pscan\"");
    assert!(
        sample(
            &text,
            "pscan_group_resident_memory_bytes{group=\"pscan\",kind=\"named\"}"
        ) > Some(0.0)
    );
    assert!(sample(&text, "pscan_scan_total{result=\"good\"}") >= Some(1.0));
    assert!(
        !text.contains("pid=") && !text.contains("--config"),
        "{text}"
    );
    let open = request(
        &server.address,
        "GET /metrics",
        &[
            "Host: localhost",
            "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
        ],
    );
    assert!(
        open.head
            .contains("content-type: application/openmetrics-text"),
        "{}",
        open.head
    );
    assert!(open.body.ends_with("# EOF\n"));
    let (status, rest) = server.end(Signal::TERM);
    assert_eq!((status, rest.as_str()), (Some(0), ""));
}

#[test]
fn metrics_are_compressed_for_clients_that_take_gzip() {
    let server = Server::start("[scan]\ninterval_ms = 3600000\nlisten = \"off\"\n").scanned();
    let plain = server.metrics_with("pscan_scan_total{result=\"good\"} 1");
    for (accepted, is_gzip) in [
        ("gzip", true),
        ("br, GZIP;q=0.5", true),
        ("gzip;q=0", false),
        ("deflate", false),
    ] {
        let mut stream = connect(&server.address);
        write!(
            stream,
            "GET /metrics HTTP/1.0\r\nHost: localhost\r\nAccept-Encoding: {accepted}\r\n\r\n"
        )
        .unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap()
            + 4;
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        assert_eq!(
            head.contains("content-encoding: gzip"),
            is_gzip,
            "{accepted}"
        );
        if is_gzip {
            let mut text = String::new();
            flate2::read::GzDecoder::new(&bytes[end..])
                .read_to_string(&mut text)
                .unwrap();
            assert!(text.len() > 2 * (bytes.len() - end));
            assert_eq!(text, plain);
        }
    }
}

#[test]
fn a_scrape_does_not_scan() {
    let server = Server::start("[scan]\ninterval_ms = 3600000\nlisten = \"off\"\n").scanned();
    let scans = |text: &str| sample(text, "pscan_scan_total{result=\"good\"}");
    let first = server.metrics_with("pscan_scan_total{result=\"good\"} 1");
    for _ in 0..20 {
        assert_eq!(scans(&server.get("/metrics").body), scans(&first));
    }
}

#[test]
fn every_path_answers() {
    let server = Server::start("[serve]\nprocesses = true\n").scanned();
    assert_eq!(server.get("/healthz").body, "ok\n");
    assert_eq!(server.get("/readyz").body, "ready\n");
    let page = server.get("/");
    assert!(
        page.head
            .contains("content-security-policy: default-src 'none'"),
        "{}",
        page.head
    );
    assert!(
        page.body.contains("<td>") && page.body.contains("pscan"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("<script"));
    assert!(server.get("/style.css").head.contains("text/css"));
    let pid = server.pscan.id();
    let listed = |query: &str| {
        let response = server.get(&format!("/processes{query}"));
        let listing: serde_json::Value = serde_json::from_str(&response.body).unwrap();
        assert_eq!(listing["schema"], 1);
        let processes = listing["processes"].as_array().unwrap().iter();
        processes.filter(|process| process["pid"] == pid).count()
    };
    let user = rustix::process::geteuid().as_raw();
    assert_eq!(listed(""), 1);
    assert_eq!(listed(&format!("?name=%5Epscan%24&user={user}")), 1);
    assert_eq!(listed(&format!("?user={}", user.wrapping_add(1))), 0);
    assert_eq!(listed(&format!("?pid={pid}&state=zombie")), 0);
}

#[test]
fn what_is_off_or_wrong_is_refused_with_advice() {
    let server = Server::start("");
    for (path, status, text) in [
        ("/events", 404, "serve.events = true"),
        ("/processes", 404, "serve.processes = true"),
        ("/nothing", 404, "there are /metrics, /healthz, /readyz"),
        ("//metrics", 404, "no such page"),
        ("/../etc/passwd", 404, "no such page"),
    ] {
        let response = server.get(path);
        assert_eq!(response.status, status, "{path}");
        assert!(response.body.contains(text), "{path}: {}", response.body);
    }
    let post = request(
        &server.address,
        "POST /metrics",
        &["Host: localhost", "Content-Length: 0"],
    );
    assert_eq!(post.status, 405);
    assert!(post.head.contains("allow: get, head"), "{}", post.head);
    let head = request(&server.address, "HEAD /metrics", &["Host: localhost"]);
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    for host in [
        "evil.example",
        "evil.example:9257",
        "localhost.evil.example",
    ] {
        let other = request(&server.address, "GET /metrics", &[&format!("Host: {host}")]);
        assert_eq!(other.status, 403, "{host}");
        assert!(other.body.contains("serve.allowed_hosts"), "{}", other.body);
    }
}

#[test]
fn a_filter_needs_fields_that_are_collected() {
    let mut server = Server::start("").scanned();
    server.reload("[serve]\nprocesses = true\n");
    server.message("changed serve.processes");
    assert_eq!(server.get("/processes?name=pscan").status, 200);
    let refused = server.get("/processes?user=root");
    assert_eq!(refused.status, 400);
    assert!(
        refused.body.contains("needs user, which is not collected"),
        "{}",
        refused.body
    );
}

#[test]
fn a_parameter_that_is_wrong_is_refused() {
    let server = Server::start("[serve]\nprocesses = true\nevents = true\n").scanned();
    for path in [
        "/processes?nam=x",
        "/processes?state=lost",
        "/events?events=death",
        "/processes?name=%28",
    ] {
        let response = server.get(path);
        assert_eq!(response.status, 400, "{path}: {}", response.body);
    }
}

#[test]
fn a_token_opens_all_but_the_probes() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "0123456789abcdef0123\n").unwrap();
    let server = Server::start(&format!("[serve]\ntoken_file = {token:?}\n")).scanned();
    for path in ["/metrics", "/", "/events", "/nothing"] {
        let response = server.get(path);
        assert_eq!(response.status, 401, "{path}");
        assert!(response.head.contains("www-authenticate: bearer"));
    }
    let open = |token: &str| {
        let header = format!("Authorization: Bearer {token}");
        request(
            &server.address,
            "GET /metrics",
            &["Host: localhost", &header],
        )
        .status
    };
    assert_eq!(open("0123456789abcdef0123"), 200);
    assert_eq!(open("0123456789abcdef0124"), 401);
    assert_eq!(open(""), 401);
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn what_is_no_request_ends_the_connection_alone() {
    let server = Server::start("");
    let long = format!(
        "GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "x".repeat(20_000)
    );
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(5000));
    for text in ["\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\x02", &long, &many] {
        let mut stream = connect(&server.address);
        // The server may answer and close before all is written.
        let _ = stream.write_all(text.as_bytes());
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{text:?}");
    }
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn idle_clients_do_not_block_others() {
    let server = Server::start("[serve]\nmax_connections = 20\n");
    let idle: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut stream = connect(&server.address);
            stream.write_all(b"GET /metr").unwrap();
            stream
        })
        .collect();
    for _ in 0..30 {
        assert_eq!(server.get("/healthz").status, 200);
    }
    drop(idle);
}

#[test]
fn a_unix_socket_is_served_and_its_file_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pscan.sock");
    // What a server that was killed leaves behind.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let socket = format!("unix:{}", path.display());
    let mut server = Server::start_with("", &["--listen", &socket]);
    server.message("serving unix:");
    let mut stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    assert_eq!(Response::read(stream).body, "ok\n");
    assert_eq!(get(&server.address, "/healthz").status, 200);
    assert_eq!(server.end(Signal::INT).0, Some(0));
    assert!(!path.exists());
}

#[test]
fn the_page_escapes_names() {
    let folder = tempfile::tempdir().unwrap();
    let program = super::copied("/bin/sh", folder.path(), "<b>&x");
    let mut child = std::process::Command::new(program)
        .args(["-c", "read line"])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let server = Server::start("");
    server.metrics_with("group=\"<b>&x\"");
    let page = server.get("/").body;
    assert!(
        page.contains("&lt;b&gt;&amp;x") && !page.contains("<b>"),
        "{page}"
    );
    drop(child.stdin.take());
    child.wait().unwrap();
}
