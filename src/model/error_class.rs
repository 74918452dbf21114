//! The classes of errors: what an agent decides by.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

/// The kind of an [`Error`](crate::Error): what an agent would decide by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorClass {
    /// This system cannot do what was asked. It will not get better by itself.
    Unsupported,
    /// The system refused for lack of rights.
    Permission,
    /// Descriptors, memory or threads ran out. Usually passes.
    ResourcesExhausted,
    /// The place that process data comes from does not answer or answers with nothing.
    SourceGone,
    /// Something did not come back in its time.
    Stuck,
    /// Data that cannot be true or cannot be read.
    BadData,
    /// A setting outside its limits.
    Config,
    /// Output could not be written.
    Output,
    /// The source has no more scans: a recording is over. Not a failure.
    Ended,
}

impl ErrorClass {
    /// The class's name as JSON has it, `snake_case`.
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

    /// The class of an error of the system.
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

/// EAGAIN (no thread to be had), ENFILE and EMFILE have no `io::ErrorKind` of their own.
/// Their numbers: errno(3); the same three on Linux, macOS and FreeBSD but for EAGAIN.
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
