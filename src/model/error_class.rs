//! The classes of errors.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

/// The class of an [`Error`](crate::Error). A program decides by the class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorClass {
    /// This system cannot do what was requested. Retrying does not help.
    Unsupported,
    /// The system denied access.
    Permission,
    /// File descriptors, memory or threads ran out. Usually passes.
    ResourcesExhausted,
    /// The source of process data does not answer, or returns nothing.
    SourceGone,
    /// An operation exceeded its time limit.
    Stuck,
    /// Data is impossible or cannot be parsed.
    BadData,
    /// A setting is outside its limits.
    Config,
    /// Output could not be written.
    Output,
    /// The source has no more scans: a recording has ended. Not a failure.
    Ended,
}

impl ErrorClass {
    /// Returns the name of the class in JSON, in `snake_case`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unsupported => "unsupported",
            Self::Permission => "permission",
            Self::ResourcesExhausted => "resources_exhausted",
            Self::SourceGone => "source_gone",
            Self::Stuck => "stuck",
            Self::BadData => "bad_data",
            Self::Config => "config",
            Self::Output => "output",
            Self::Ended => "ended",
        }
    }

    /// Returns the class of an I/O error.
    pub(super) fn of_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::SourceGone,
            io::ErrorKind::PermissionDenied => Self::Permission,
            io::ErrorKind::OutOfMemory | io::ErrorKind::StorageFull => Self::ResourcesExhausted,
            io::ErrorKind::Unsupported => Self::Unsupported,
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::BadData,
            io::ErrorKind::TimedOut => Self::Stuck,
            io::ErrorKind::BrokenPipe => Self::Output,
            _ if is_exhaustion(error) => Self::ResourcesExhausted,
            _ => Self::SourceGone,
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns whether threads or descriptors ran out: EAGAIN (no free thread), ENFILE or EMFILE.
///
/// They have no `io::ErrorKind` of their own, except EAGAIN, which is `WouldBlock`. Their numbers,
/// from errno(3), are the same on Linux, macOS and FreeBSD, except EAGAIN.
fn is_exhaustion(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    cfg!(unix)
        && (matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
            || error.kind() == io::ErrorKind::WouldBlock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_class_is_its_name_in_json() {
        for class in [
            ErrorClass::Unsupported,
            ErrorClass::ResourcesExhausted,
            ErrorClass::BadData,
            ErrorClass::Ended,
        ] {
            let json = serde_json::to_value(class).expect("a class is a string");
            assert_eq!(json, class.as_str());
        }
    }
}
