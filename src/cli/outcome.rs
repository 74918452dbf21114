//! Outcomes of commands: exit status and messages on standard error.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use process_scanner::{Error, ErrorClass, Result, escape};

/// Outcome of a command that did not fail.
pub(crate) enum Done {
    /// The command is done.
    All,
    /// No process matches, for the reason in the text.
    ///
    /// The exit status is 1, as with grep.
    Nothing(String),
}

/// Prints a remark to standard error.
pub(crate) fn remark(text: &str) {
    // A failure to write to standard error cannot be reported.
    let _ = writeln!(io::stderr(), "pscan: {}", escape(text));
}

/// Prints an error to standard error, and returns the exit status.
pub(crate) fn fail(error: &Error) -> ExitCode {
    // A failure to write to standard error cannot be reported.
    let _ = writeln!(io::stderr(), "pscan: {}", message(error));
    ExitCode::FAILURE
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
