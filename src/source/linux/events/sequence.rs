//! Finds gaps in the kernel's events.

use std::collections::HashMap;

use super::kernel_event::KernelEvent;

/// Finds gaps in the events of each CPU.
#[derive(Debug, Default)]
pub(super) struct Sequence(HashMap<u32, u32>);

impl Sequence {
    /// Returns how many events are missing before this one.
    pub(super) fn missing_before(&mut self, event: &KernelEvent) -> u32 {
        // Answers count too, also those to other listeners. Those of older kernels are of no CPU, and have
        // the number of their request.
        if event.cpu == u32::MAX {
            return 0;
        }
        let Some(before) = self.0.insert(event.cpu, event.seq) else {
            return 0;
        };
        // Older kernels can send two in the wrong order, which is no gap.
        let step = event.seq.wrapping_sub(before).cast_signed();
        u32::try_from(step.saturating_sub(1)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::linux::events::kernel_event::What;

    #[test]
    fn gaps_are_found_for_each_cpu() {
        let mut sequence = Sequence::default();
        let mut missing = |cpu, seq| {
            sequence.missing_before(&KernelEvent {
                seq,
                cpu,
                at_ns: 0,
                what: What::Other,
            })
        };
        assert_eq!([missing(0, 7), missing(1, 3), missing(0, 8)], [0; 3]);
        assert_eq!(missing(1, 6), 2);
        // A kernel that sends two in the wrong order.
        assert_eq!([missing(0, 7), missing(1, 7)], [0, 0]);
        assert_eq!([missing(2, u32::MAX), missing(2, 1)], [0, 1]);
        // An answer of an older kernel.
        assert_eq!([missing(u32::MAX, 0), missing(u32::MAX, 5)], [0, 0]);
    }
}
