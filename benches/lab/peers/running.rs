//! A program that runs, from its start to its end.

use std::error::Error;
use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::programs::{Program, Scans};
use super::scans;
use crate::pseudoterminal;

/// The longest that a program may take for a scan, or for its end.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a program prints.
type Output = Box<dyn Read + Send>;

/// A program that ends when this is dropped.
pub(super) struct Running {
    child: Child,
    /// Gets a message at each scan; `None` where the experiment does not learn of it.
    scans: Option<Receiver<()>>,
    errors: PathBuf,
}

impl Running {
    pub(super) fn start(program: &Program) -> Result<Self, Box<dyn Error>> {
        let errors = program.folder.join("stderr");
        let mut command = program.command();
        command.stderr(File::create(&errors)?);
        let (child, output) = match program.scans {
            Scans::OnTerminal => start_on_terminal(command)?,
            _ => start_with_pipes(command)?,
        };
        let (scanned, scans) = mpsc::channel();
        let scans = match program.scans {
            Scans::ByClock | Scans::OnTerminal => {
                thread::spawn(move || scans::discard(output));
                None
            }
            Scans::Line(line) | Scans::LineOfEach(line) => {
                thread::spawn(move || scans::read(output, line, &scanned));
                Some(scans)
            }
            Scans::Scraped => {
                let address = program.address.clone();
                thread::spawn(move || scans::discard(output));
                thread::spawn(move || scans::scrape(&address, &scanned));
                Some(scans)
            }
        };
        Ok(Self {
            child,
            scans,
            errors,
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Fails if it has ended.
    pub(super) fn check(&mut self) -> Result<(), Box<dyn Error>> {
        let Some(status) = self.child.try_wait()? else {
            return Ok(());
        };
        let errors = fs::read_to_string(&self.errors).unwrap_or_default();
        let last = errors.lines().rev().find(|line| !line.trim().is_empty());
        let last = last.unwrap_or("it printed no error");
        Err(format!("it ended early, {status}: {last}").into())
    }

    /// Forgets the scans until now.
    pub(super) fn forget_scans(&self) {
        if let Some(scans) = &self.scans {
            while scans.try_recv().is_ok() {}
        }
    }

    /// Waits for a scan that has not been waited for. Returns `false` if scans are not known.
    pub(super) fn wait_for_scan(&mut self) -> Result<bool, Box<dyn Error>> {
        let Some(scans) = &self.scans else {
            return Ok(false);
        };
        match scans.recv_timeout(PATIENCE) {
            Ok(()) => Ok(true),
            Err(RecvTimeoutError::Timeout) => Err("no scan within a minute".into()),
            Err(RecvTimeoutError::Disconnected) => {
                self.check()?;
                Err("it no longer reports scans".into())
            }
        }
    }
}

/// Starts a command. Its end of the terminal, which the command also holds, is dropped with it.
fn start_on_terminal(mut command: Command) -> Result<(Child, Output), Box<dyn Error>> {
    let (output, terminal) = pseudoterminal::open(24, 80)?;
    command.stdin(terminal.try_clone()?).stdout(terminal);
    Ok((command.spawn()?, Box::new(output)))
}

/// Starts a command with an input that does not end: apps.plugin ends with its input.
fn start_with_pipes(mut command: Command) -> Result<(Child, Output), Box<dyn Error>> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let output = child.stdout.take().expect("BUG: its output is a pipe");
    Ok((child, Box::new(output)))
}

impl Drop for Running {
    fn drop(&mut self) {
        // A program that ends in order leaves the terminal and the host as they were.
        if let Ok(None) = self.child.try_wait() {
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        }
        let asked = Instant::now();
        while let Ok(None) = self.child.try_wait() {
            if asked.elapsed() > PATIENCE {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}
