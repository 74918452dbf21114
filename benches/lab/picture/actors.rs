//! The processes in the picture: this executable under other names.

use std::error::Error;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio, exit};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{env, fs, io};

use rustix::process::{Signal, getpid, kill_process};

/// The environment variable with the part of a process: CPU use in percent, megabytes, milliseconds to live,
/// exit code, and signal at the end or 0.
pub(crate) const PART: &str = "PICTURE_PART";

/// The command line of a process, and its CPU use and memory.
type Actor = (&'static str, &'static str);

/// The life of a process that is killed at the end.
const AN_HOUR: &str = "3600000 0 0";

const LONG_LIVED: [Actor; 7] = [
    ("/usr/sbin/sshd -D", "0 9"),
    (
        "/usr/lib/postgresql/bin/postgres -D /var/lib/postgresql",
        "4 180",
    ),
    ("nginx: worker process", "2 24"),
    ("/usr/bin/node server.js --port 8080", "31 212"),
    ("/usr/bin/python3 -m celery worker -Q mail", "0 96"),
    ("/usr/bin/redis-server 127.0.0.1:6379", "1 41"),
    (
        "/usr/bin/pg_dump --dbname postgres://backup:hunter2@db/shop",
        "74 33",
    ),
];

/// Processes that begin and end while `pscan` watches: start in milliseconds, process, life in milliseconds with
/// exit code and signal.
pub(crate) const SHORT_LIVED: [(u64, Actor, &str); 5] = [
    (600, ("/usr/bin/make -j2", "3 12"), "2000 2 0"),
    (900, ("/usr/bin/cc -O2 -c main.c", "90 30"), "700 0 0"),
    (
        1200,
        (
            "/usr/bin/curl -H Authorization:Bearer-hunter2 https:/shop/ok",
            "0 1",
        ),
        "2 3 0",
    ),
    (1400, ("/usr/bin/cc -O2 -c shop.c", "90 30"), "900 0 0"),
    (2200, ("/usr/bin/ld -o shop", "60 20"), "300 0 9"),
];

/// The names of the short-lived processes, as an option of `pscan`.
pub(crate) const SHORT_LIVED_NAMES: &str = "^(make|cc|curl|ld)$";

/// The long-lived processes, which end when this is dropped.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
    children: Vec<Child>,
}

impl Stage {
    pub(crate) fn open() -> Result<Self, Box<dyn Error>> {
        let mut stage = Self {
            folder: tempfile::TempDir::new()?,
            children: Vec::new(),
        };
        for (words, part) in LONG_LIVED {
            let child = start(stage.folder.path(), words, &format!("{part} {AN_HOUR}"))?;
            stage.children.push(child);
        }
        // By then their CPU use is steady.
        thread::sleep(Duration::from_secs(2));
        Ok(stage)
    }
}

/// Starts the short-lived processes, each at its time from now.
pub(crate) fn start_short_lived() -> io::Result<JoinHandle<io::Result<()>>> {
    let folder = tempfile::TempDir::new()?;
    let began = Instant::now();
    thread::Builder::new().spawn(move || {
        let mut threads = Vec::new();
        for (when_ms, (words, part), lives_ms) in SHORT_LIVED {
            thread::sleep(Duration::from_millis(when_ms).saturating_sub(began.elapsed()));
            let mut child = start(folder.path(), words, &format!("{part} {lives_ms}"))?;
            threads.push(thread::spawn(move || child.wait().map(drop)));
        }
        for thread in threads {
            thread
                .join()
                .map_err(|_| io::Error::other("waiting has failed"))??;
        }
        Ok(())
    })
}

impl Drop for Stage {
    fn drop(&mut self) {
        for child in &mut self.children {
            // It does not matter if it has ended before.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn start(folder: &Path, words: &str, part: &str) -> io::Result<Child> {
    // A process title is a single argument.
    let args: Vec<&str> = match words.contains(": ") {
        true => vec![words],
        false => words.split(' ').collect(),
    };
    let program = args[0].rsplit('/').next().unwrap_or(args[0]);
    let program = program.split(':').next().unwrap_or(program);
    let path = folder.join(program);
    if !path.exists() {
        symlink(env::current_exe()?, &path)?;
    }
    Command::new(path)
        .arg0(args[0])
        .args(&args[1..])
        .env(PART, part)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
}

/// Does the work of such a process until its life is over.
pub(crate) fn play(part: &str) -> Result<(), Box<dyn Error>> {
    let numbers: Result<Vec<u64>, _> = part.split(' ').map(str::parse).collect();
    let [percent, megabytes, lives_ms, code, signal] = numbers?[..] else {
        return Err(format!("not a part: {part}").into());
    };
    let began = Instant::now();
    let memory = vec![1_u8; usize::try_from(megabytes)? * 1_000_000];
    let slice = Duration::from_millis(20);
    while began.elapsed() < Duration::from_millis(lives_ms) {
        let busy = Instant::now();
        while busy.elapsed() < slice.mul_f64(percent as f64 / 100.0) {
            std::hint::black_box(&memory);
        }
        thread::sleep(slice.saturating_sub(busy.elapsed()));
    }
    // Without this use the compiler could drop the memory.
    fs::write("/dev/null", &memory[..1])?;
    if let Some(signal) = Signal::from_named_raw(i32::try_from(signal)?) {
        kill_process(getpid(), signal)?;
    }
    exit(i32::try_from(code)?)
}
