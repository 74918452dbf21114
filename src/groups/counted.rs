//! The counters of one group, exactly.

use super::group::{GroupCounters, GroupExits};

/// What a group has counted, exactly: the sum over groups must be that of the host.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    /// 128 bits, because a thousand cores use 64 bits of nanoseconds in seven months.
    cpu_ns: Option<u128>,
    pub(super) births: u64,
    pub(super) exits: GroupExits,
    pub(super) exits_unmeasured: u64,
}

impl Counted {
    pub(super) fn add_cpu(&mut self, used_ns: u128) {
        let before_ns = self.cpu_ns.unwrap_or(0);
        self.cpu_ns = Some(before_ns.saturating_add(used_ns));
    }

    #[cfg(test)]
    pub(super) fn cpu_ns(&self) -> Option<u128> {
        self.cpu_ns
    }

    pub(super) fn add(&mut self, other: &Self) {
        if let Some(cpu_ns) = other.cpu_ns {
            self.add_cpu(cpu_ns);
        }
        self.births += other.births;
        self.exits.add(other.exits);
        self.exits_unmeasured += other.exits_unmeasured;
    }
}

impl From<&Counted> for GroupCounters {
    fn from(counted: &Counted) -> Self {
        Self {
            cpu_seconds: counted.cpu_ns.map(|ns| ns as f64 / 1e9),
            births: counted.births,
            exits: counted.exits,
            exits_unmeasured: counted.exits_unmeasured,
        }
    }
}
