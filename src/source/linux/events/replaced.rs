//! Finds the pids that may have had several processes since the last drain.

use std::collections::HashSet;

use super::kernel_event::{KernelEvent, What};

/// Such pids, among the events that wait to be drained.
#[derive(Debug, Default)]
pub(in crate::source) struct Replaced {
    pids: HashSet<u32, ahash::RandomState>,
    /// Pids of processes that were born or have ended so far.
    had: HashSet<u32, ahash::RandomState>,
}

impl Replaced {
    /// Takes an event into account. `is_known`: an earlier process has had the pid.
    pub(super) fn hear(&mut self, event: &KernelEvent, is_known: impl Fn(u32) -> bool) {
        match event.what {
            What::Exit { tid, pid, .. } if tid == pid => {
                self.had.insert(pid);
            }
            // The end of the process before can be reported later.
            What::Fork { tid, pid, .. }
                if tid == pid && (!self.had.insert(pid) || is_known(pid)) =>
            {
                self.pids.insert(pid);
            }
            _ => {}
        }
    }

    pub(in crate::source) fn has(&self, pid: u32) -> bool {
        self.pids.contains(&pid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn fork(tid: u32) -> What {
        What::Fork {
            parent: 1,
            tid,
            pid: 7,
        }
    }

    const fn exit(tid: u32) -> What {
        What::Exit {
            tid,
            pid: 7,
            status: 0,
            is_released: false,
        }
    }

    #[test]
    fn a_pid_is_replaced_by_a_birth_after_another_process() {
        for (events, is_known, expected) in [
            (&[][..], true, false),
            (&[fork(7)], false, false),
            (&[fork(7), fork(8), exit(8), exit(7)], false, false),
            // It is that process still, or has just ended.
            (&[exit(7)], true, false),
            (&[fork(8), exit(8)], true, false),
            (&[exit(7), fork(7)], true, true),
            (&[fork(7), exit(7), fork(7)], false, true),
            // The end of the one before is reported late, or it was never heard of.
            (&[fork(7)], true, true),
            (&[fork(7), fork(7)], false, true),
            (&[exit(7), fork(7)], false, true),
        ] {
            let mut replaced = Replaced::default();
            for &what in events {
                let event = KernelEvent {
                    seq: 0,
                    cpu: 0,
                    at_ns: 0,
                    what,
                };
                replaced.hear(&event, |_| is_known);
            }
            assert_eq!(replaced.has(7), expected, "{events:?} {is_known}");
        }
    }
}
