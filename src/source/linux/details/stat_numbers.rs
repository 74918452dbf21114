//! The optional fields in `/proc/PID/stat` (proc_pid_stat(5)).

use crate::source::linux::proc::stat::number;

/// The numbers that are only parsed if they are collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StatNumbers {
    /// Field 5.
    pub(super) process_group: u64,
    /// Field 6.
    pub(super) session: u64,
    /// Field 7: the device of the terminal, 0 without one.
    pub(super) terminal: u64,
    /// Field 10.
    pub(super) minor_faults: u64,
    /// Field 12.
    pub(super) major_faults: u64,
    /// Fields 14 and 15, in ticks.
    pub(super) user_ticks: u64,
    pub(super) system_ticks: u64,
    /// Field 19, -20 to 19.
    pub(super) nice: i64,
    /// Field 20.
    pub(super) threads: u64,
}

impl StatNumbers {
    /// Parses what follows the name of a line of `stat`.
    pub(super) fn parse(after_name: &[u8]) -> Option<Self> {
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
        })
    }
}

fn signed(digits: &[u8]) -> Option<i64> {
    match digits.strip_prefix(b"-") {
        Some(digits) => Some(-i64::try_from(number(digits)?).ok()?),
        None => i64::try_from(number(digits)?).ok(),
    }
}

/// Parses a pid; -1, of a process that is exiting, counts as none.
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
            };
            assert_eq!(ours, expected, "{}", line.escape_ascii());
            lines += 1;
        }
        assert!(lines > 0);
    }

    #[test]
    fn signs_are_parsed_and_other_lines_are_none() {
        let line = b" S 7 -1 0 -5 -1 64 1 2 3 4 5 6 7 8 39 -19 1 0 9";
        let numbers = StatNumbers::parse(line).expect("it is complete");
        assert_eq!((numbers.process_group, numbers.session), (0, 0));
        assert_eq!((numbers.nice, numbers.threads), (-19, 1));
        for line in [&b""[..], b" S", b" S 7 a 0 0 0 0 1 2 3 4 5 6 7 8 9 1 1"] {
            assert_eq!(StatNumbers::parse(line), None, "{}", line.escape_ascii());
        }
    }
}
