//! A change of interval or breaker, with its reason.

/// Old state, new state and reason.
#[derive(Debug)]
pub(super) struct Change<T> {
    pub(super) from: T,
    pub(super) to: T,
    pub(super) reason: String,
}
