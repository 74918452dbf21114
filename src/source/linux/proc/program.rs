//! Distinguishes the programs of a process.

/// Distinguishes the program of a process from the one before an `exec`, as far as possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(in crate::source) struct Program {
    image: u64,
    /// The first bytes of its name, and the whole name of anything but a kernel thread.
    pub(in crate::source) comm: [u8; 16],
}

impl Program {
    pub(in crate::source) fn new(image: u64, name: &[u8]) -> Self {
        let mut comm = [0; 16];
        let len = name.len().min(comm.len());
        comm[..len].copy_from_slice(&name[..len]);
        Self { image, comm }
    }
}
