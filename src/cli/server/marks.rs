//! What is known of an open connection.

use std::sync::atomic::{AtomicBool, AtomicU64};

/// What is known of a connection.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Number of the last request of all connections, or of the connection itself.
    pub(super) used_at: AtomicU64,
    /// It streams events.
    pub(super) is_stream: AtomicBool,
}
