//! Looks what there is with a pid now.

use super::exec_reading::ExecStat;
use super::life::Fact;
use crate::source::linux::proc::cpu::{CpuClock as ProcessClock, cpu_clock};
use crate::source::linux::proc::procfs::Procfs;
use crate::source::linux::proc::stat::{STAT_LEN, Stat};

/// Finds out what there is with a pid.
pub(super) fn fact(pid: u32, procfs: Option<&Procfs>) -> Fact {
    let clock = cpu_clock(pid);
    if clock == ProcessClock::Gone {
        return Fact::Gone;
    }
    let mut line = [0; STAT_LEN];
    let stat = procfs.and_then(|procfs| procfs.read_of(pid, "stat", &mut line).ok());
    match stat.and_then(Stat::parse) {
        Some(stat) => Fact::There {
            start_ticks: stat.start_ticks,
            leader_ended: stat.has_ended(),
            threads: stat.threads,
            stat: Some(ExecStat::new(&stat)),
            cpu_ns: match clock {
                ProcessClock::Ns(cpu_ns) => Some(cpu_ns),
                ProcessClock::Gone | ProcessClock::Unknown => None,
            },
        },
        None => Fact::Unknown,
    }
}
