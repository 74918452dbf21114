//! The optional fields in `/proc/PID/stat` (proc_pid_stat(5)).

use super::stat::number;
use crate::model::Collect;

/// The groups of fields in [`StatNumbers`].
pub(in crate::source::linux) const OF_STAT: Collect = Collect::THREADS
    .with(Collect::VIRTUAL_MEMORY)
    .with(Collect::CPU_MODES)
    .with(Collect::FAULTS)
    .with(Collect::NICE)
    .with(Collect::SESSION);

/// The numbers that are only parsed if they are collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source::linux) struct StatNumbers {
    /// Field 5.
    pub(in crate::source::linux) process_group: u64,
    /// Field 6.
    pub(in crate::source::linux) session: u64,
    /// Field 7: the device of the terminal, 0 without one.
    pub(in crate::source::linux) terminal: u64,
    /// Field 10.
    pub(in crate::source::linux) minor_faults: u64,
    /// Field 12.
    pub(in crate::source::linux) major_faults: u64,
    /// Fields 14 and 15, in ticks.
    pub(in crate::source::linux) user_ticks: u64,
    pub(in crate::source::linux) system_ticks: u64,
    /// Field 19, -20 to 19.
    pub(in crate::source::linux) nice: i64,
    /// Field 20.
    pub(in crate::source::linux) threads: u64,
    /// Field 23, in bytes.
    pub(in crate::source::linux) virtual_bytes: u64,
}

impl StatNumbers {
    /// Parses what follows the name of a line of `stat`.
    pub(in crate::source::linux) fn parse(after_name: &[u8]) -> Option<Self> {
        let mut fields = after_name.split(|&byte| byte == b' ').skip(1);
        let mut skip = |count: usize| fields.nth(count);
        // After state and parent.
        let process_group = of_pid_namespace(skip(2)?)?;
        let session = of_pid_namespace(skip(0)?)?;
        let terminal = signed(skip(0)?)?.cast_unsigned() & u64::from(u32::MAX);
        let minor_faults = number(skip(2)?)?;
        let major_faults = number(skip(1)?)?;
        let user_ticks = number(skip(1)?)?;
        let system_ticks = number(skip(0)?)?;
        let nice = signed(skip(3)?)?;
        let threads = number(skip(0)?)?;
        let virtual_bytes = number(skip(2)?)?;
        Some(Self {
            process_group,
            session,
            terminal,
            minor_faults,
            major_faults,
            user_ticks,
            system_ticks,
            nice,
            threads,
            virtual_bytes,
        })
    }

    /// Returns whether the kernel had released the process, which was gone a moment later.
    ///
    /// It then leaves out all that it counts for the process as a whole, and has 0 or -1 instead
    /// (do_task_stat in fs/proc/array.c).
    pub(in crate::source::linux) fn is_of_released(&self) -> bool {
        self.threads == 0
    }
}

fn signed(digits: &[u8]) -> Option<i64> {
    match digits.strip_prefix(b"-") {
        Some(digits) => Some(-i64::try_from(number(digits)?).ok()?),
        None => i64::try_from(number(digits)?).ok(),
    }
}

/// Parses a pid; -1, of a process that was released, counts as none.
fn of_pid_namespace(digits: &[u8]) -> Option<u64> {
    Some(u64::try_from(signed(digits)?).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_name(line: &[u8]) -> &[u8] {
        let end = line.iter().rposition(|&byte| byte == b')');
        &line[end.expect("there is a name") + 1..]
    }

    #[test]
    fn every_process_of_this_host_is_parsed_as_by_procfs() {
        use procfs::FromRead;

        let mut lines = 0;
        for entry in std::fs::read_dir("/proc").expect("it is there").flatten() {
            let Ok(line) = std::fs::read(entry.path().join("stat")) else {
                continue;
            };
            if number(entry.file_name().as_encoded_bytes()).is_none() {
                continue;
            }
            let ours = StatNumbers::parse(after_name(&line)).expect("the kernel writes it");
            let theirs = procfs::process::Stat::from_read(&line[..]).expect("it is a line of stat");
            let expected = StatNumbers {
                process_group: u64::try_from(theirs.pgrp).unwrap_or(0),
                session: u64::try_from(theirs.session).unwrap_or(0),
                terminal: u64::from(theirs.tty_nr.cast_unsigned()),
                minor_faults: theirs.minflt,
                major_faults: theirs.majflt,
                user_ticks: theirs.utime,
                system_ticks: theirs.stime,
                nice: theirs.nice,
                threads: theirs.num_threads.cast_unsigned(),
                virtual_bytes: theirs.vsize,
            };
            assert_eq!(ours, expected, "{}", line.escape_ascii());
            lines += 1;
        }
        assert!(lines > 0);
    }

    #[test]
    fn signs_are_parsed_and_other_lines_are_none() {
        let line = b" S 7 -1 0 -5 -1 64 1 2 3 4 5 6 7 8 39 -19 1 0 9 4096";
        let numbers = StatNumbers::parse(line).expect("it is complete");
        assert_eq!((numbers.process_group, numbers.session), (0, 0));
        assert_eq!((numbers.nice, numbers.threads), (-19, 1));
        assert_eq!(numbers.virtual_bytes, 4096);
        assert!(!numbers.is_of_released());
        for line in [&b""[..], b" S", b" S 7 a 0 0 0 0 1 2 3 4 5 6 7 8 9 1 1"] {
            assert_eq!(StatNumbers::parse(line), None, "{}", line.escape_ascii());
        }
    }
}
