//! What names a consumer.

use std::fmt;

use serde::Serialize;

/// Names one registered consumer. No two of a process are alike, be they of different scanners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct ConsumerId(pub(crate) u64);

impl fmt::Display for ConsumerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "consumer {}", self.0)
    }
}
