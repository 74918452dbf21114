//! Facts about the host of a source.

use serde::{Deserialize, Serialize};

/// Describes the host whose processes a source reports.
///
/// The values are those of the moment when the source was created. `None` and missing fields are
/// unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct HostInfo {
    /// Its name in the network, as uname(1) reports it.
    ///
    /// A container has a name of its own. `None` for another pid namespace's `/proc`, which does
    /// not contain its name.
    pub name: Option<String>,
    /// Its kernel with version, such as `Linux 6.1.0-13-amd64`.
    pub kernel: Option<String>,
    /// Logical CPUs that are online, at least 1.
    pub cpus: Option<u32>,
    /// Physical memory that the kernel manages, in bytes.
    pub memory_bytes: Option<u64>,
}

impl HostInfo {
    /// Returns whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}
