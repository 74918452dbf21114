//! What a change of the pace is told with.

/// A state that changed, and why.
#[derive(Debug)]
pub(super) struct Change<T> {
    pub(super) from: T,
    pub(super) to: T,
    pub(super) reason: String,
}
