//! The mark that stands for a secret.

/// What stands for a secret.
pub(super) const MARK: &str = "[redacted]";
