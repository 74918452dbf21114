//! What can go wrong, sorted into classes that an agent can act on.
//!
//! Everything fallible in this crate returns [`Error`]; a scan that failed carries one in its
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

/// An error: what was tried and on what, its [class](ErrorClass), the platform's own error as
/// [`source()`](StdError::source), and where one is known the next step.
///
/// Cheap to clone.
///
/// A source makes one, and an agent reads it from the batch of the scan:
///
/// ```
/// use std::fs;
/// use process_scanner::{Error, ErrorClass, Result, Row, Scanner, Seen, Source, SourceInfo};
///
/// struct List;
///
/// impl Source for List {
///     fn info(&self) -> SourceInfo {
///         SourceInfo::new("list")
///     }
///
///     fn scan(&mut self, _hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Seen> {
///         let list = fs::read_to_string("/nowhere/jobs").map_err(|error| {
///             Error::from_io("cannot read the jobs in /nowhere/jobs", error)
///                 .with_advice("see that the job server runs")
///         })?;
///         Err(Error::new(ErrorClass::BadData, format!("no list of jobs: {list}")).mark_lasting())
///     }
/// }
///
/// let mut scanner = Scanner::builder().source(List).build()?;
/// let batch = scanner.scan_once().expect("no failure of it is final");
/// let failure = batch.failure.as_ref().expect("there is no such file");
/// match failure.class() {
///     // It may be there again: the next scan tries.
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
    is_lasting: bool,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `class`; `message` says what was tried, on what, and what came of it.
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            class,
            message: message.into(),
            advice: None,
            is_final: false,
            is_lasting: false,
            source: None,
        }))
    }

    /// An error whose class follows from what the system said.
    ///
    /// `message` says what was tried, on what.
    pub fn from_io(message: impl Into<String>, source: io::Error) -> Self {
        Self::new(ErrorClass::of_io(&source), message).with_source(source)
    }

    /// That `who` panicked, and with what words.
    pub(crate) fn of_panic(who: &str, panic: &(dyn Any + Send)) -> Self {
        Self::new(
            ErrorClass::SourceGone,
            format!("{who} panicked: {}", panic_text(panic)),
        )
    }

    /// The same error with the error that caused it.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.edit(|inner| inner.source = Some(Arc::from(source.into())))
    }

    /// The same error with what its reader should do next.
    #[must_use]
    pub fn with_advice(self, advice: impl Into<Cow<'static, str>>) -> Self {
        self.edit(|inner| inner.advice = Some(advice.into()))
    }

    /// The same error, saying also that its source will never give another scan.
    #[must_use]
    pub fn mark_final(self) -> Self {
        self.edit(|inner| inner.is_final = true)
    }

    /// The same error, saying also that it is no use to try again at once.
    #[must_use]
    pub fn mark_lasting(self) -> Self {
        self.edit(|inner| inner.is_lasting = true)
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// The class.
    pub fn class(&self) -> ErrorClass {
        self.0.class
    }

    /// What to do about it, where that is known.
    pub fn advice(&self) -> Option<&str> {
        self.0.advice.as_deref()
    }

    /// Whether the source that returned it will never give another scan.
    pub fn is_final(&self) -> bool {
        self.0.is_final
    }

    /// Whether the same may well succeed if it is tried again at once: it is of class
    /// [`ResourcesExhausted`](ErrorClass::ResourcesExhausted) or [`SourceGone`](ErrorClass::SourceGone),
    /// and nothing says that it is [final](Self::mark_final) or [lasting](Self::mark_lasting).
    pub fn is_transient(&self) -> bool {
        let class = self.class();
        matches!(
            class,
            ErrorClass::ResourcesExhausted | ErrorClass::SourceGone
        ) && !self.0.is_final
            && !self.0.is_lasting
    }

    /// The message with the messages of all that caused it, on one line: a recording or a source of one's own
    /// can have put anything into it, and all that is not for reading is [escaped](crate::escape). The
    /// [advice](Self::advice) is not in it: what to do is for a person to read, who may be shown it elsewhere
    /// or not at all.
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

/// The message alone, as it was given.
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

/// As a failed scan stands in JSON: its class and its whole message.
impl Serialize for Error {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("Error", 2)?;
        out.serialize_field("class", &self.class())?;
        out.serialize_field("message", &self.full_message())?;
        out.end()
    }
}

/// The words of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    match panic.downcast_ref::<String>() {
        Some(text) => text,
        None => panic.downcast_ref::<&str>().unwrap_or(&"without a text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_carries_its_causes_and_the_source_is_kept() {
        let error = Error::from_io("cannot list /proc", io::Error::from_raw_os_error(24));
        assert!(error.full_message().starts_with("cannot list /proc: "));
        assert!(error.source().is_some());
        assert_eq!(error.to_string(), "cannot list /proc");
        assert!(error.is_transient() && !error.clone().mark_lasting().is_transient());
        let advised = error.clone().with_advice(format!("raise it to {}", 4096));
        assert_eq!(advised.advice(), Some("raise it to 4096"));
        assert_eq!(advised.full_message(), error.full_message());
        let forged = Error::new(ErrorClass::BadData, "x\n[ERROR] \x1b[2J\u{202e}");
        assert_eq!(forged.full_message(), r"x\n[ERROR] \x1b[2J\u{202e}");
        // One that somebody else holds too can still be added to.
        assert!(error.clone().mark_final().is_final() && !error.is_final());
    }

    #[test]
    #[cfg(unix)]
    fn classes_follow_from_the_errno() {
        let class = |errno| Error::from_io("x", io::Error::from_raw_os_error(errno)).class();
        assert_eq!(class(1), ErrorClass::Permission);
        assert_eq!(class(2), ErrorClass::SourceGone);
        assert_eq!(class(12), ErrorClass::ResourcesExhausted);
        assert_eq!(class(13), ErrorClass::Permission);
        assert_eq!(class(24), ErrorClass::ResourcesExhausted);
    }
}
