//! The id of a consumer.

use std::fmt;

use serde::Serialize;

/// Identifies one registered consumer.
///
/// Ids are unique within this process, across all its scanners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct ConsumerId(pub(crate) u64);

impl fmt::Display for ConsumerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "consumer {}", self.0)
    }
}
