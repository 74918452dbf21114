//! The command as a child process, where there are no signals.

use std::ffi::OsString;
use std::process::Command;
use std::thread;

use crossbeam_channel::{Receiver, bounded};
use process_scanner::{Error, ErrorClass, ExitStatus, Result, Timestamp};

use super::{End, Refusal};

/// Exit status of a command whose own one is unknown.
const UNKNOWN: i32 = 125;

/// A command that has been started.
#[derive(Debug)]
pub(crate) struct Child {
    pid: u32,
    ended: Receiver<End>,
}

impl Child {
    /// Starts a command with the standard input, output and error of this process.
    pub(crate) fn start(command: &[OsString]) -> Result<Self, Refusal> {
        let [program, args @ ..] = command else {
            return Err(Error::new(ErrorClass::Config, "there is no command").into());
        };
        let child = Command::new(program).args(args).spawn();
        let mut child = child.map_err(|error| Refusal::of(program, error))?;
        let (sender, ended) = bounded(1);
        let pid = child.id();
        thread::Builder::new()
            .name("pscan-wait".into())
            .spawn(move || {
                let code = child.wait().ok().and_then(|status| status.code());
                let byte = code.and_then(|code| u8::try_from(code).ok());
                let exit = byte.map(|code| ExitStatus::from_wait_status(u32::from(code) << 8));
                let _ = sender.send(End {
                    exit,
                    code: code.unwrap_or(UNKNOWN),
                    at_ns: Timestamp::now().monotonic_ns,
                });
            })
            .map_err(|error| Error::from_io("cannot wait for the command", error))?;
        Ok(Self { pid, ended })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns the channel that gets the end of the command.
    pub(crate) fn ended(&self) -> &Receiver<End> {
        &self.ended
    }

    /// Does nothing: Ctrl-C reaches all programs of a console.
    pub(crate) fn send(&self, signal: i32) {
        let _ = signal;
    }
}
