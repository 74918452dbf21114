//! The optional fields that `stat` has, which is read anyway.

use super::detail_reader::DetailReader;
use super::gathered::Gathered;
use super::terminal_name::terminal_name;
use crate::model::{Collect, Detail};
use crate::source::exited::TICK_MS;
use crate::source::linux::proc::stat_numbers::StatNumbers;

impl DetailReader {
    /// Adds the fields of `stat`; `None` if it could not be parsed.
    ///
    /// `virtual_bytes` is that of a living thread. Of a process that was released, all keep their
    /// last values.
    pub(super) fn add_stat(
        &self,
        numbers: Option<&StatNumbers>,
        virtual_bytes: Option<u64>,
        out: &mut Gathered,
    ) {
        if numbers.is_some_and(StatNumbers::is_of_released) {
            return;
        }
        let mut add = |group: Collect, detail: Detail, of: fn(&StatNumbers) -> Option<u64>| {
            if self.collect.contains(group) {
                out.number(detail, numbers.and_then(of));
            }
        };
        add(Collect::THREADS, Detail::Threads, |stat| Some(stat.threads));
        add(Collect::CPU_MODES, Detail::CpuUserMs, |stat| {
            ms_of(stat.user_ticks)
        });
        add(Collect::CPU_MODES, Detail::CpuSystemMs, |stat| {
            ms_of(stat.system_ticks)
        });
        add(Collect::FAULTS, Detail::MinorFaults, |stat| {
            Some(stat.minor_faults)
        });
        add(Collect::FAULTS, Detail::MajorFaults, |stat| {
            Some(stat.major_faults)
        });
        add(Collect::NICE, Detail::Nice, |stat| {
            Some(stat.nice.cast_unsigned())
        });
        add(Collect::SESSION, Detail::SessionId, |stat| {
            pid_of(stat.session)
        });
        add(Collect::SESSION, Detail::ProcessGroupId, |stat| {
            pid_of(stat.process_group)
        });
        if self.collect.contains(Collect::SESSION) {
            let name = numbers.and_then(|stat| terminal_name(stat.terminal));
            out.text(Detail::Tty, name.as_ref().map(String::as_bytes));
        }
        if self.collect.contains(Collect::VIRTUAL_MEMORY) {
            out.number(Detail::VirtualBytes, virtual_bytes);
        }
    }
}

fn ms_of(ticks: u64) -> Option<u64> {
    Some(ticks.saturating_mul(TICK_MS))
}

fn pid_of(pid: u64) -> Option<u64> {
    (pid != 0).then_some(pid)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::source::linux::proc::procfs::Procfs;
    use crate::source::linux::proc::stat_numbers::OF_STAT;

    fn gathered(after_name: &[u8]) -> Vec<(Detail, crate::source::DetailValue<'static>)> {
        use crate::source::DetailValue;

        let procfs = Procfs::open(Path::new("/proc")).expect("there is a /proc here");
        let reader = DetailReader::new(&procfs, OF_STAT, false);
        let mut out = Gathered::default();
        let numbers = StatNumbers::parse(after_name);
        reader.add_stat(numbers.as_ref(), Some(0), &mut out);
        let readings = out.readings(0..out.len());
        let values = readings.iter().map(|reading| match reading.value {
            DetailValue::Number(number) => (reading.detail, DetailValue::Number(number)),
            _ => (reading.detail, DetailValue::Unknown),
        });
        values.collect()
    }

    #[test]
    fn a_process_that_was_released_keeps_its_last_values() {
        // What Linux 6.18 writes then.
        let released = b" X 0 -1 -1 0 -1 4227084 0 0 0 0 0 0 0 0 20 0 0 0 500 0 0 1 0";
        assert_eq!(gathered(released), []);
        // One that could not be parsed is unknown, and not 0.
        for (detail, value) in gathered(b" S 7") {
            let is_ours = detail == Detail::VirtualBytes;
            assert!(
                is_ours || value == crate::source::DetailValue::Unknown,
                "{detail:?}"
            );
        }
        let living = gathered(b" S 7 7 7 0 -1 4194560 3 0 0 0 1 2 0 0 20 0 1 0 500 8192 9 1 0");
        assert_eq!(living.len(), 10);
        let threads = (Detail::Threads, crate::source::DetailValue::Number(1));
        assert!(living.contains(&threads), "{living:?}");
    }
}
