//! Outcomes of commands: exit status and messages on standard error.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use process_scanner::{Error, ErrorClass, Result, escape};

use super::terminal::{Priority, fold, stderr_width, write_stderr};

/// Exit status of `pscan run` if pscan failed, wrong usage included, as env(1) and timeout(1) have it.
///
/// The command can end with any other.
pub(crate) const RUN_FAILED: u8 = 125;

/// Outcome of a command that did not fail.
pub(crate) enum Done {
    /// The command is done.
    All,
    /// No process matches, for the reason in the text.
    ///
    /// The exit status is 1, as with grep.
    Nothing(String),
    /// The command ends with this exit status.
    Status(i32),
}

/// Indentation of a folded message after its first line.
const INDENT: usize = 2;

/// Prints a line to standard error, folded to the terminal.
///
/// `line`: escaped, since it can quote names and arguments.
pub(crate) fn write_to_stderr(line: &str) {
    write(line, Priority::Info);
}

fn write(line: &str, priority: Priority) {
    let text = line.trim_start();
    let (begin, _) = line.split_at(line.len() - text.len());
    let lines = fold(begin, begin.len() + INDENT, text, stderr_width());
    let prefix = priority.prefix();
    let lines = lines.into_iter();
    let lines = lines.map(|(begin, text)| format!("{prefix}{begin}{text}\n"));
    // In one piece, so that no other output splits it.
    write_stderr(&lines.collect::<String>());
}

/// Prints a remark to standard error.
pub(crate) fn remark(text: &str) {
    write_to_stderr(&format!("pscan: {}", escape(text)));
}

/// Prints a warning to standard error: a remark that the journal keeps as one.
#[cfg_attr(not(feature = "serve"), allow(dead_code, reason = "`serve` uses it"))]
pub(crate) fn warn(text: &str) {
    write(&format!("pscan: {}", escape(text)), Priority::Warning);
}

/// Prints an error to standard error, and returns the exit status.
pub(crate) fn fail(error: &Error) -> ExitCode {
    complain(error);
    ExitCode::FAILURE
}

/// Prints an error to standard error.
pub(crate) fn complain(error: &Error) {
    write(&format!("pscan: {}", message(error)), Priority::Error);
}

/// Formats an error and its advice on one line.
pub(crate) fn message(error: &Error) -> String {
    let mut text = error.full_message();
    if let Some(advice) = error.advice() {
        text.push_str(&format!(" ({})", escape(advice)));
    }
    text
}

/// Adds the name of a file to an error.
pub(crate) fn in_file(file: &str, error: Error) -> Error {
    let advice = error.advice().map(str::to_owned);
    let named = Error::new(error.class(), file).with_source(error);
    match advice {
        Some(advice) => named.with_advice(advice),
        None => named,
    }
}

/// Builds the error for a file that cannot be opened or created.
pub(crate) fn cannot(
    what: &str,
    path: &Path,
    error: io::Error,
    advice: Option<&'static str>,
) -> Error {
    let error = Error::from_io(format!("cannot {what} {}", path.display()), error);
    match advice {
        Some(advice) => error.with_advice(advice),
        None => error,
    }
}

/// Returns the outcome of a write to standard output.
///
/// A closed pipe is no error: the reader has read what it needs.
pub(crate) fn printed(outcome: io::Result<()>) -> Result<()> {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::new(
            ErrorClass::Output,
            "cannot write to standard output",
        )
        .with_source(error)
        .with_advice("free space there, or redirect the output")),
        _ => Ok(()),
    }
}
