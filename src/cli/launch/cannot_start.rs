//! Commands that cannot be started.

use std::ffi::OsStr;
use std::io;

use process_scanner::Error;

use crate::cli::outcome::RUN_FAILED;

/// Exit status if the command was not found, as in shells.
const NOT_FOUND: u8 = 127;

/// Exit status if the command cannot be executed.
const NOT_EXECUTABLE: u8 = 126;

/// Why `pscan run` fails, and its exit status.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: Error,
    pub(crate) status: u8,
}

impl Refusal {
    /// Returns why a command was not started.
    pub(super) fn of(program: &OsStr, error: io::Error) -> Self {
        // E2BIG, ENOMEM and EAGAIN are no fault of the program; of all others POSIX makes one case.
        let status = match error.kind() {
            io::ErrorKind::NotFound => NOT_FOUND,
            io::ErrorKind::OutOfMemory
            | io::ErrorKind::WouldBlock
            | io::ErrorKind::ArgumentListTooLong => RUN_FAILED,
            _ => NOT_EXECUTABLE,
        };
        let advice = match error.kind() {
            io::ErrorKind::NotFound => "check the name, PATH, and the interpreter of a script",
            io::ErrorKind::PermissionDenied => "name a program that you may execute",
            _ => "name a program of this system; a script needs `#!` in its first line",
        };
        let text = format!("cannot run {}", program.to_string_lossy());
        let error = Error::from_io(text, error).with_advice(advice);
        Self { error, status }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = RUN_FAILED;
        Self { error, status }
    }
}
