//! Errors, and their causes and advice.
//!
//! Every fallible function of this crate returns [`Error`]. A failed scan has one in its
//! [`Batch`](crate::Batch).

use std::any::Any;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use serde::Serialize;

use super::error_class::ErrorClass;
use super::escape::escape;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error: a message with its [class](ErrorClass), cause and advice.
///
/// The message has what was tried, and on what. The cause is the platform's own error, returned by [`source()`](StdError::source). The
/// [advice](Self::advice) is the next step, where one is known. Errors are cheap to clone.
///
/// A source makes an error, and a program reads it from the batch of the scan:
///
/// ```
/// use std::fs;
/// use process_scanner::{Error, ErrorClass, Result, Row, Scanner, ScanSummary, Source, SourceInfo};
///
/// struct List;
///
/// impl Source for List {
///     fn info(&self) -> SourceInfo {
///         SourceInfo::new("list")
///     }
///
///     fn scan(&mut self, _emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
///         let list = fs::read_to_string("/nowhere/jobs").map_err(|error| {
///             Error::from_io("cannot read the jobs in /nowhere/jobs", error)
///                 .with_advice("check that the job server runs")
///         })?;
///         let message = format!("cannot parse the jobs in /nowhere/jobs: {list}");
///         Err(Error::new(ErrorClass::BadData, message).mark_permanent())
///     }
/// }
///
/// let mut scanner = Scanner::builder().source(List).build()?;
/// let batch = scanner.scan_once().expect("no failure of this source is final");
/// let failure = batch.failure.as_ref().expect("there is no such file");
/// match failure.class() {
///     // The file may exist again: the next scan reads it.
///     ErrorClass::SourceGone => println!("{}", failure.full_message()),
///     _ => println!("{} ({})", failure.full_message(), failure.advice().unwrap_or("no advice")),
/// }
/// # assert_eq!(failure.class(), ErrorClass::SourceGone);
/// # assert!(failure.advice().is_some() && failure.full_message().contains("/nowhere/jobs: "));
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    class: ErrorClass,
    message: String,
    advice: Option<Cow<'static, str>>,
    is_final: bool,
    is_permanent: bool,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Creates an error of `class`.
    ///
    /// `message` has what was tried, on what, and the result.
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            class,
            message: message.into(),
            advice: None,
            is_final: false,
            is_permanent: false,
            source: None,
        }))
    }

    /// Creates an error from an I/O error.
    ///
    /// Its class follows from the I/O error. `message` has what was tried, on what.
    pub fn from_io(message: impl Into<String>, source: io::Error) -> Self {
        Self::new(ErrorClass::of_io(&source), message).with_source(source)
    }

    /// Creates the error of a thread that could not be started, with advice.
    pub(crate) fn of_thread(message: &str, source: io::Error) -> Self {
        Self::from_io(message, source).with_advice("raise the limit of threads, or free memory")
    }

    /// Creates the error of a panic in `what`, with the text of the panic.
    pub(crate) fn of_panic(what: &str, panic: &(dyn Any + Send)) -> Self {
        Self::new(
            ErrorClass::SourceGone,
            format!("{what} panicked: {}", panic_text(panic)),
        )
        .with_advice("report the panic as a bug, and start another scanner")
    }

    /// Sets the error that caused it.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.edit(|inner| inner.source = Some(Arc::from(source.into())))
    }

    /// Sets the advice: what the reader should do next.
    #[must_use]
    pub fn with_advice(self, advice: impl Into<Cow<'static, str>>) -> Self {
        self.edit(|inner| inner.advice = Some(advice.into()))
    }

    /// Marks the error as final: the source returns no scan after it.
    #[must_use]
    pub fn mark_final(self) -> Self {
        self.edit(|inner| inner.is_final = true)
    }

    /// Marks the error as permanent: an immediate retry does not help.
    #[must_use]
    pub fn mark_permanent(self) -> Self {
        self.edit(|inner| inner.is_permanent = true)
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Returns the class.
    pub fn class(&self) -> ErrorClass {
        self.0.class
    }

    /// Returns what to do about it, where that is known.
    pub fn advice(&self) -> Option<&str> {
        self.0.advice.as_deref()
    }

    /// Returns whether the source returns no scan after this error.
    pub fn is_final(&self) -> bool {
        self.0.is_final
    }

    /// Returns whether an immediate retry can succeed.
    ///
    /// True for the classes [`ResourcesExhausted`](ErrorClass::ResourcesExhausted) and
    /// [`SourceGone`](ErrorClass::SourceGone), unless the error is marked [final](Self::mark_final)
    /// or [permanent](Self::mark_permanent).
    pub fn is_transient(&self) -> bool {
        let class = self.class();
        matches!(
            class,
            ErrorClass::ResourcesExhausted | ErrorClass::SourceGone
        ) && !self.0.is_final
            && !self.0.is_permanent
    }

    /// Returns the message and those of all causes, on one line.
    ///
    /// It is [escaped](crate::escape), since a recording or a source can put any text into it. The
    /// [advice](Self::advice) is not included: it is for people, and a program may print it
    /// elsewhere or not at all.
    pub fn full_message(&self) -> String {
        let mut text = self.0.message.clone();
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        match escape(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(escaped) => escaped,
        }
    }
}

/// Writes the message alone, without causes and not escaped.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("class", &self.0.class)
            .field("message", &self.0.message)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

/// Serialises the class and the full message, as a failed scan has them in JSON.
impl Serialize for Error {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("Error", 2)?;
        out.serialize_field("class", &self.class())?;
        out.serialize_field("message", &self.full_message())?;
        out.end()
    }
}

/// Returns the text of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    match panic.downcast_ref::<String>() {
        Some(text) => text,
        None => panic.downcast_ref::<&str>().unwrap_or(&"(no text)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_message_has_all_causes_and_source_returns_the_first() {
        let error = Error::from_io("cannot list /proc", io::Error::from_raw_os_error(24));
        assert!(error.full_message().starts_with("cannot list /proc: "));
        assert!(error.source().is_some());
        assert_eq!(error.to_string(), "cannot list /proc");
        assert!(error.is_transient() && !error.clone().mark_permanent().is_transient());
        let advised = error.clone().with_advice(format!("raise it to {}", 4096));
        assert_eq!(advised.advice(), Some("raise it to 4096"));
        assert_eq!(advised.full_message(), error.full_message());
        let forged = Error::new(ErrorClass::BadData, "x\n[ERROR] \x1b[2J\u{202e}");
        assert_eq!(forged.full_message(), r"x\n[ERROR] \x1b[2J\u{202e}");
        // A shared error can be changed; its other clones stay as they were.
        assert!(error.clone().mark_final().is_final() && !error.is_final());
    }

    #[test]
    #[cfg(unix)]
    fn class_is_derived_from_errno() {
        let class = |errno| Error::from_io("x", io::Error::from_raw_os_error(errno)).class();
        assert_eq!(class(1), ErrorClass::Permission);
        assert_eq!(class(2), ErrorClass::SourceGone);
        assert_eq!(class(12), ErrorClass::ResourcesExhausted);
        assert_eq!(class(13), ErrorClass::Permission);
        assert_eq!(class(24), ErrorClass::ResourcesExhausted);
    }
}
