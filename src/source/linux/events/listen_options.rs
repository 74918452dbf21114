//! How a source listens.

/// How a source listens to births and exits.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ListenOptions {
    /// CPU time that events may cost, in percent of one core; `None`, the default, sets no limit.
    ///
    /// Where they cost more, command lines are no longer read at an `exec`. If that is not enough,
    /// births are only counted. Scans find the rest.
    pub cpu_percent: Option<f64>,
    /// Buffer in the kernel, in bytes; 8 MiB by default.
    ///
    /// Without CAP_NET_ADMIN, net.core.rmem_max is the limit.
    pub buffer_bytes: usize,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self {
            cpu_percent: None,
            buffer_bytes: 8 << 20,
        }
    }
}
