//! `pscan serve`, and its clients.

mod client;
mod files;
mod otlp;
mod reload;
mod requests;
mod service;
mod streams;
#[cfg(feature = "tls")]
mod tls;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use self::client::{Response, connect, get, request};
use super::pscan;

/// A server at a port of its own.
struct Server {
    pscan: Child,
    messages: BufReader<ChildStderr>,
    address: String,
    folder: TempDir,
}

impl Server {
    /// Starts a server with a file of settings, and waits until it listens.
    fn start(settings: &str) -> Self {
        Self::start_with(settings, &[])
    }

    fn start_with(settings: &str, args: &[&str]) -> Self {
        Self::start_in(settings, args, &[])
    }

    /// `variables`: additional ones of its environment.
    fn start_in(settings: &str, args: &[&str], variables: &[(&str, &Path)]) -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("pscan.toml");
        fs::write(&file, settings).unwrap();
        let mut command = pscan(&["serve", "--listen", "127.0.0.1:0", "--config"]);
        let mut pscan = command
            .arg(&file)
            .args(args)
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let messages = BufReader::new(pscan.stderr.take().unwrap());
        let mut server = Self {
            pscan,
            messages,
            address: String::new(),
            folder,
        };
        let line = server.message("serving http://");
        server.address = line.rsplit('/').next().unwrap().to_owned();
        server
    }

    /// Returns the next message that contains a text.
    fn message(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            let len = self.messages.read_line(&mut line).unwrap();
            assert!(len > 0, "pscan has ended without {text:?}");
            let is_refused =
                line.contains("the settings stay") && !text.contains("the settings stay");
            assert!(!is_refused, "no {text:?}: the settings were refused");
            if line.contains(text) {
                return line.trim_end().to_owned();
            }
        }
    }

    fn get(&self, path: &str) -> Response {
        get(&self.address, path)
    }

    /// Sends requests until the metrics have a text.
    fn metrics_with(&self, text: &str) -> String {
        loop {
            let body = self.get("/metrics").body;
            if body.contains(text) {
                return body;
            }
        }
    }

    /// Sends requests until a scan has succeeded.
    fn scanned(self) -> Self {
        while self.get("/readyz").status != 200 {}
        self
    }

    /// Replaces the settings, and requests a reload.
    fn reload(&self, settings: &str) {
        fs::write(self.settings(), settings).unwrap();
        self.send(Signal::HUP);
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("pscan.toml")
    }

    fn send(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pscan.id().cast_signed()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Ends it by a signal, and returns the exit status and the rest of the messages.
    ///
    /// That births come from scans is no trouble: in a container the kernel does not report them.
    fn end(mut self, signal: Signal) -> (Option<i32>, String) {
        self.send(signal);
        let mut rest = String::new();
        self.messages.read_to_string(&mut rest).unwrap();
        let lines = rest.split_inclusive('\n');
        let rest = lines.filter(|line| !line.contains("births and exits come from scans"));
        (self.pscan.wait().unwrap().code(), rest.collect())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.pscan.kill();
        let _ = self.pscan.wait();
    }
}

/// Returns the value of a sample: a name with its labels.
fn sample(metrics: &str, series: &str) -> Option<f64> {
    let lines = metrics.lines();
    let mut values = lines.filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    values.next().map(|value| value.parse().unwrap())
}

/// Copies a program under another name.
fn copied(program: &str, folder: &Path, name: &str) -> PathBuf {
    let copy = folder.join(name);
    fs::copy(program, &copy).unwrap();
    copy
}
