//! How a command ends, and what it says of that on standard error.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use process_scanner::{Error, ErrorClass, Result, escape};

/// How a command ended that did not fail.
pub(crate) enum Done {
    /// It did what it was asked to.
    All,
    /// What it was asked for is not there. To whoever asks, as to grep, that is an answer.
    Nothing(String),
}

/// Says something of what was done, beside what was asked for.
pub(crate) fn remark(text: &str) {
    // There is nobody left to tell if even this cannot be written.
    let _ = writeln!(io::stderr(), "pscan: {}", escape(text));
}

pub(crate) fn fail(error: &Error) -> ExitCode {
    // There is nobody left to tell if even this cannot be written.
    let _ = writeln!(io::stderr(), "pscan: {}", told(error));
    ExitCode::FAILURE
}

/// An error on one line, with what to do about it.
pub(crate) fn told(error: &Error) -> String {
    let mut text = error.full_message();
    if let Some(advice) = error.advice() {
        text.push_str(&format!(" ({})", escape(advice)));
    }
    text
}

/// The error with the file that it is about.
pub(crate) fn in_file(file: &str, error: Error) -> Error {
    let advice = error.advice().map(str::to_owned);
    let told = Error::new(error.class(), file).with_source(error);
    match advice {
        Some(advice) => told.with_advice(advice),
        None => told,
    }
}

/// A file that cannot be opened or made, and what helps where that is known.
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

/// What a write to standard output comes to: a reader that went away has seen what it wanted.
pub(crate) fn printed(outcome: io::Result<()>) -> Result<()> {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::new(
            ErrorClass::Output,
            "cannot write to standard output",
        )
        .with_source(error)
        .with_advice("make room where it goes, or send it somewhere else")),
        _ => Ok(()),
    }
}
