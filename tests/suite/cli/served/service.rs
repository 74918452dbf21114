//! What a service manager hears, and when its watchdog hears nothing.

use std::fs;
use std::io::{BufRead, BufReader, Read};
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
        Self::start_with(name, watchdog_us, |_| {})
    }

    /// `before`: what happens before pscan starts.
    fn start_with(name: Option<&str>, watchdog_us: &str, before: impl Fn(&Path)) -> Self {
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
    let mut service = Service::start_with(None, "300000", fill);
    let mut stderr = BufReader::new(service.pscan.stderr.take().unwrap());
    let mut messages = String::new();
    while !messages.contains("service manager") {
        assert!(stderr.read_line(&mut messages).unwrap() > 0, "{messages}");
    }
    service.send(Signal::TERM);
    stderr.read_to_string(&mut messages).unwrap();
    assert_eq!(service.pscan.wait().unwrap().code(), Some(0));
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
