//! How a source listens.

use crate::model::ListenStep;

/// How a source listens to births and exits.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ListenOptions {
    /// CPU time that events may cost, in percent of one core; `None`, the default, sets no limit.
    ///
    /// Where they cost more, the source listens less closely, one [`ListenStep`] after the other, and
    /// scans find the rest. It listens more closely again when they are expected to cost less. The
    /// limit holds over any ten minutes; 30 s of it can be spent at once.
    pub cpu_percent: Option<f64>,
    /// How closely it listens at most; [`ListenStep::Prompt`] by default.
    pub closest: ListenStep,
    /// Buffer in the kernel, in bytes; 8 MiB by default.
    ///
    /// Without CAP_NET_ADMIN, net.core.rmem_max is the limit.
    pub buffer_bytes: usize,
    /// Whether the soft limit of file descriptors is raised to the hard limit; false by default.
    ///
    /// See [`Config::raise_descriptor_limit`](crate::Config::raise_descriptor_limit).
    pub raise_descriptor_limit: bool,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self {
            cpu_percent: None,
            closest: ListenStep::Prompt,
            buffer_bytes: 8 << 20,
            raise_descriptor_limit: false,
        }
    }
}
