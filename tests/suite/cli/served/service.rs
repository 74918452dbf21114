//! What a service manager hears, and when its watchdog hears nothing.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::linux::fs::MetadataExt;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::cli::pscan;

/// A server that a service manager has started.
struct Service {
    pscan: Child,
    socket: UnixDatagram,
    // Removed after the end of the process.
    folder: TempDir,
}

impl Service {
    /// `name`: that of an abstract socket; `None`: it has a file.
    fn start(name: Option<&str>, watchdog_us: &str) -> Self {
        Self::start_with(name, watchdog_us, &[], |_| {})
    }

    /// `before`: what happens before pscan starts, with the path of the socket.
    fn start_with(
        name: Option<&str>,
        watchdog_us: &str,
        args: &[&str],
        before: impl Fn(&Path),
    ) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("notify");
        let (socket, variable) = match name {
            Some(name) => {
                let address = SocketAddr::from_abstract_name(name).unwrap();
                (
                    UnixDatagram::bind_addr(&address).unwrap(),
                    format!("@{name}"),
                )
            }
            None => (
                UnixDatagram::bind(&path).unwrap(),
                path.display().to_string(),
            ),
        };
        before(&path);
        let pscan = pscan(&["serve", "--listen", "127.0.0.1:0"])
            .args(args)
            .env("NOTIFY_SOCKET", variable)
            .env("WATCHDOG_USEC", watchdog_us)
            .env_remove("WATCHDOG_PID")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            pscan,
            socket,
            folder,
        }
    }

    fn message(&self) -> String {
        let mut text = [0; 256];
        let len = self.socket.recv(&mut text).unwrap();
        String::from_utf8(text[..len].to_vec()).unwrap()
    }

    /// Returns the next message that is no ping.
    fn message_but_pings(&self) -> String {
        loop {
            let message = self.message();
            if message != "WATCHDOG=1" {
                return message;
            }
        }
    }

    fn send(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pscan.id().cast_signed()).unwrap();
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.pscan.kill();
        let _ = self.pscan.wait();
    }
}

#[test]
fn a_service_manager_hears_start_reload_and_end() {
    let mut service = Service::start(None, "3000");
    assert_eq!(service.message_but_pings(), "READY=1");
    assert_eq!(service.message(), "WATCHDOG=1");
    service.send(Signal::HUP);
    let reloading = service.message_but_pings();
    let now_us = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
    assert!(now_us.unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(service.message_but_pings(), "READY=1");
    service.send(Signal::TERM);
    assert_eq!(service.message_but_pings(), "STOPPING=1");
    assert_eq!(service.pscan.wait().unwrap().code(), Some(0));
}

#[test]
fn a_watchdog_that_is_off_gets_no_pings() {
    let name = format!("pscan-test-{}", std::process::id());
    let mut service = Service::start(Some(&name), "0");
    assert_eq!(service.message(), "READY=1");
    service.send(Signal::TERM);
    assert_eq!(service.message(), "STOPPING=1");
    let mut messages = String::new();
    let mut stderr = service.pscan.stderr.take().unwrap();
    stderr.read_to_string(&mut messages).unwrap();
    assert!(!messages.contains("service manager"), "{messages}");
}

#[test]
fn a_service_manager_that_reads_nothing_delays_nothing() {
    let fill = |path: &Path| {
        let socket = UnixDatagram::unbound().unwrap();
        socket.set_nonblocking(true).unwrap();
        while socket.send_to(b"x", path).is_ok() {}
    };
    // Pings fail too, and only the first failure is reported.
    let mut service = Service::start_with(None, "300000", &[], fill);
    let mut stderr = BufReader::new(service.pscan.stderr.take().unwrap());
    let mut messages = String::new();
    while !messages.contains("service manager") {
        assert!(stderr.read_line(&mut messages).unwrap() > 0, "{messages}");
    }
    service.send(Signal::TERM);
    stderr.read_to_string(&mut messages).unwrap();
    let status = service.pscan.wait().unwrap().code();
    // On a busy machine its first scan may not return in the time for that.
    let is_slow = messages.contains("cannot stop the scanner within");
    assert!(status == Some(0) || is_slow, "{status:?}: {messages}");
    assert_eq!(messages.matches("service manager").count(), 1, "{messages}");
}

#[test]
fn a_service_manager_with_a_new_socket_hears_more() {
    let mut service = Service::start(None, "0");
    assert_eq!(service.message(), "READY=1");
    let path = service.folder.path().join("notify");
    fs::remove_file(&path).unwrap();
    service.socket = UnixDatagram::bind(&path).unwrap();
    service.send(Signal::HUP);
    assert!(service.message().starts_with("RELOADING=1"));
    assert_eq!(service.message(), "READY=1");
}

#[test]
fn a_service_manager_hears_why_a_reload_failed() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("pscan.toml");
    fs::write(&file, "").unwrap();
    let service = Service::start_with(None, "0", &["--config", file.to_str().unwrap()], |_| {});
    assert_eq!(service.message(), "READY=1");
    let reload = |settings: &str| {
        fs::write(&file, settings).unwrap();
        service.send(Signal::HUP);
        assert!(service.message().starts_with("RELOADING=1"));
    };
    reload("[scan]\ninterval_ms = 1\n");
    let status = service.message();
    assert!(status.starts_with("STATUS=reload failed: "), "{status}");
    assert!(status.contains("interval_ms is 1"), "{status}");
    assert_eq!(service.message(), "READY=1");
    reload("");
    assert_eq!(service.message(), "STATUS=");
    assert_eq!(service.message(), "READY=1");
}

#[test]
fn messages_have_a_priority_in_the_journal_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("journal");
    let file = File::create(&path).unwrap();
    let found = file.metadata().unwrap();
    let own = format!("{}:{}", found.st_dev(), found.st_ino());
    for (stream, begin) in [(own.as_str(), "<3>pscan: "), ("1:1", "pscan: ")] {
        fs::write(&path, "").unwrap();
        let status = pscan(&["serve", "--check", "/does/not/exist"])
            .env("JOURNAL_STREAM", stream)
            .stderr(File::options().append(true).open(&path).unwrap())
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(1));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(begin), "{text}");
    }
}
