//! A scanner in a process of its own, so that it can be another user's, be stopped, and be measured alone.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, fs, thread, vec};

use process_scanner::{
    Collect, Config, ConsumerOptions, LinuxSource, Listen, ListenOptions, Scanner, Source,
    live_source,
};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::clock::{cpu_ns, now_ns};
use super::seen::Seen;

/// The role of a child that scans. Its argument is a [`Setting`] as JSON.
pub(crate) const WATCH: &str = "--watch-lives";

/// Scans after the last request, so that the last exits and the count of the unseen are reported.
const LAST_SCANS: usize = 3;

/// How long those may take.
const PATIENCE: Duration = Duration::from_secs(60);

const NOBODY: u32 = 65534;

/// How the scanner is set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Setting {
    pub(crate) name: String,
    pub(crate) is_nobody: bool,
    pub(crate) listens: bool,
    /// In percent of one core; `None`: no limit.
    pub(crate) budget: Option<f64>,
    /// `None`: the default.
    pub(crate) buffer_bytes: Option<usize>,
    pub(crate) interval_ms: u64,
}

impl Setting {
    /// Listens without a budget, as this user.
    pub(crate) fn new(name: &str, is_quick: bool) -> Self {
        Self {
            name: name.into(),
            is_nobody: false,
            listens: true,
            budget: None,
            buffer_bytes: None,
            interval_ms: if is_quick { 200 } else { 1000 },
        }
    }

    /// Listens with the default budget.
    pub(crate) fn with_default_budget() -> Self {
        Self {
            budget: Config::default().cpu_budget_percent,
            ..Self::new("default budget", false)
        }
    }

    /// Only scans.
    pub(crate) fn polling(is_quick: bool) -> Self {
        Self {
            listens: false,
            ..Self::new("polling", is_quick)
        }
    }
}

/// What the child reports before it begins.
#[derive(Debug, Serialize, Deserialize)]
struct Ready {
    /// Why it does not listen.
    why: Option<String>,
}

/// A child that scans.
pub(crate) struct Watcher {
    pub(super) setting: Setting,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// Why it does not listen though it should.
    pub(crate) why: Option<String>,
    /// A copy of this executable that every user can run.
    _copy: Option<TempDir>,
}

impl Watcher {
    /// Starts a scanner, and returns when it has made its first scan.
    pub(crate) fn start(setting: Setting) -> Result<Self, Box<dyn Error>> {
        let mut program = env::current_exe()?;
        let mut copy = None;
        if setting.is_nobody {
            let folder = tempfile::Builder::new()
                .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
                .tempdir()?;
            let path = folder.path().join("lab");
            fs::copy(&program, &path)?;
            (program, copy) = (path, Some(folder));
        }
        let mut command = Command::new(program);
        command
            .arg(WATCH)
            .arg(serde_json::to_string(&setting)?)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if setting.is_nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        let mut child = command.spawn()?;
        let output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut watcher = Self {
            input: child.stdin.take(),
            setting,
            child,
            output,
            why: None,
            _copy: copy,
        };
        let ready: Ready = watcher.answer()?;
        watcher.setting.listens &= ready.why.is_none();
        watcher.why = ready.why;
        Ok(watcher)
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns the CPU time of all its threads so far, in nanoseconds.
    pub(crate) fn cpu_ns(&mut self) -> Result<u64, Box<dyn Error>> {
        let input = self.input.as_mut().ok_or("its input is closed")?;
        writeln!(input)?;
        self.answer()
    }

    /// Stops it for a time, as if it got no CPU.
    pub(super) fn stop_for(&self, time: Duration) -> io::Result<()> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::STOP)?;
        thread::sleep(time);
        Ok(kill_process(pid, Signal::CONT)?)
    }

    /// Lets it make its last scans, and returns what it has seen.
    pub(super) fn end(mut self) -> Result<Seen, Box<dyn Error>> {
        drop(self.input.take());
        let seen = self.answer()?;
        self.child.wait()?;
        Ok(seen)
    }

    fn answer<T: for<'a> Deserialize<'a>>(&mut self) -> Result<T, Box<dyn Error>> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(format!("the scanner `{}` has ended early", self.setting.name).into());
        }
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // It does not matter if it has ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Does the child's work.
pub(crate) fn watch(mut args: vec::IntoIter<String>) -> io::Result<()> {
    let setting = args.next().ok_or(io::ErrorKind::InvalidInput)?;
    let setting = serde_json::from_str(&setting)?;
    scan(&setting).map_err(|error| io::Error::other(error.to_string()))
}

fn scan(setting: &Setting) -> Result<(), Box<dyn Error>> {
    let mut config = Config::default();
    config.interval_ms = setting.interval_ms;
    config.cpu_budget_percent = setting.budget;
    if !setting.listens {
        config.listen = Listen::Off;
    }
    let source: Box<dyn Source> = match setting.buffer_bytes {
        Some(bytes) => {
            let mut options = ListenOptions::default();
            options.buffer_bytes = bytes;
            Box::new(LinuxSource::new(Collect::default())?.listening(options))
        }
        None => live_source(&config)?,
    };
    let why = source.info().not_listening;
    let scanner = Scanner::builder().config(config).source(source).start()?;
    let mut options = ConsumerOptions::default();
    options.queue_len = Some(65_536);
    let received = scanner.consumers().subscribe(options);
    let first = received.recv_timeout(PATIENCE)?;
    let batches = Arc::new(Mutex::new(vec![(now_ns(), first)]));
    thread::Builder::new().name("consumer".into()).spawn({
        let batches = Arc::clone(&batches);
        move || {
            while let Ok(batch) = received.recv() {
                let at_ns = now_ns();
                let mut batches = batches.lock().unwrap_or_else(PoisonError::into_inner);
                batches.push((at_ns, batch));
            }
        }
    })?;
    let batches = || batches.lock().unwrap_or_else(PoisonError::into_inner);
    answer(&Ready { why })?;
    for _ in io::stdin().lines() {
        answer(&cpu_ns())?;
    }
    let scans = || batches().iter().filter(|(_, batch)| batch.of_scan).count();
    let (last, until) = (scans() + LAST_SCANS, Instant::now() + PATIENCE);
    while scans() < last && Instant::now() < until {
        thread::sleep(Duration::from_millis(20));
    }
    scanner.stop()?;
    let seen = Seen::new(&batches())?;
    Ok(answer(&seen)?)
}

fn answer(answer: &impl Serialize) -> io::Result<()> {
    let mut output = io::stdout().lock();
    serde_json::to_writer(&mut output, answer)?;
    writeln!(output)?;
    output.flush()
}
