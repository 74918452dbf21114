//! The optional fields that were read at an `exec` or soon after a birth, between two scans.

use std::ops::Range;

use super::cgroup_paths::Cgroup;
use super::detail_reader::{DetailReader, put_cgroup};
use super::gathered::Gathered;
use crate::model::{Collect, Detail};
use crate::source::linux::events::ExecReading;

/// What an `exec` replaces and only scans read.
const OF_PROGRAM: [(Collect, Detail); 3] = [
    (Collect::SWAP, Detail::SwapBytes),
    (Collect::PSS, Detail::PssBytes),
    (Collect::PEAK_RSS, Detail::PeakRssBytes),
];

impl DetailReader {
    /// Converts what was read, and returns where it is in `out`.
    ///
    /// After an `exec` the values of before are of an earlier program, so those that were not read
    /// are unknown until the next scan.
    pub(in crate::source::linux) fn gather_heard(
        &self,
        reading: &ExecReading,
        out: &mut Gathered,
    ) -> Range<usize> {
        let begin = out.len();
        let is_exec = reading.may_be_of_exec();
        if is_exec {
            for (group, detail) in OF_PROGRAM {
                if self.collect.contains(group) {
                    out.number(detail, None);
                }
            }
        }
        match reading.numbers().filter(|stat| !stat.is_of_released()) {
            Some(stat) => {
                let virtual_bytes = Some(stat.virtual_bytes).filter(|_| !reading.may_be_ending());
                self.add_stat(Some(stat), virtual_bytes, out);
            }
            None if is_exec && self.collect.contains(Collect::VIRTUAL_MEMORY) => {
                out.number(Detail::VirtualBytes, None);
            }
            None => {}
        }
        if self.collect.contains(Collect::USER) && (is_exec || reading.user().is_some()) {
            let user = reading.user().and_then(|uid| self.users.known(uid));
            let names = self.names.as_ref();
            let name = user.and_then(|uid| names?.so_far(uid));
            out.number(Detail::UserId, user.map(u64::from));
            out.text(Detail::UserName, name.map(|name| name.as_bytes()));
        }
        if self.collect.contains(Collect::CGROUP)
            && let Some(cgroup) = reading.cgroup().and_then(Cgroup::parse)
            && !(cgroup.may_be_lost() && reading.may_be_ending())
        {
            put_cgroup(Some(&cgroup), out);
        }
        let executable = reading.executable();
        if self.collect.contains(Collect::EXECUTABLE) && (is_exec || executable.is_some()) {
            out.text(Detail::Executable, executable);
        }
        begin..out.len()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::source::DetailValue;
    use crate::source::linux::proc::procfs::Procfs;
    use crate::source::linux::proc::stat_numbers::OF_STAT;

    fn gathered(collect: Collect) -> Vec<Detail> {
        let procfs = Procfs::open(Path::new("/proc")).expect("there is a /proc here");
        let reader = DetailReader::new(&procfs, collect, false);
        // Nothing but the command line and `stat` was read.
        let reading = ExecReading::made_up(7, 1, b"x\0", 2, 3, 4);
        let mut out = Gathered::default();
        let range = reader.gather_heard(&reading, &mut out);
        let readings = out.readings(range);
        let is_unknown = |value| value == DetailValue::Unknown;
        assert!(readings.iter().all(|reading| is_unknown(reading.value)));
        readings.iter().map(|reading| reading.detail).collect()
    }

    #[test]
    fn after_an_exec_the_fields_of_the_program_are_unknown_if_they_were_not_read() {
        let unknown = gathered(Collect::ALL);
        for detail in [
            Detail::UserId,
            Detail::UserName,
            Detail::Executable,
            Detail::VirtualBytes,
            Detail::SwapBytes,
            Detail::PssBytes,
            Detail::PeakRssBytes,
        ] {
            assert!(unknown.contains(&detail), "{detail:?}");
        }
        // These are not of a program.
        for detail in [Detail::Cgroup, Detail::SessionId, Detail::ReadBytes] {
            assert!(!unknown.contains(&detail), "{detail:?}");
        }
        assert_eq!(gathered(Collect::COMMAND), []);
        assert_eq!(gathered(Collect::EXECUTABLE), [Detail::Executable]);
    }

    #[test]
    fn each_field_is_emitted_once() {
        let procfs = Procfs::open(Path::new("/proc")).expect("there is a /proc here");
        let reader = DetailReader::new(&procfs, Collect::ALL, true);
        let own = std::process::id();
        let reading = ExecReading::read(&procfs, own, 1, Collect::ALL, &mut Vec::new());
        let mut out = Gathered::default();
        let range = reader.gather_heard(&reading, &mut out);
        let readings = out.readings(range);
        let mut details: Vec<Detail> = readings.iter().map(|reading| reading.detail).collect();
        let count = details.len();
        details.sort();
        details.dedup();
        assert_eq!(details.len(), count);
        assert!(count > 10, "{details:?}");
    }

    #[test]
    fn after_a_birth_nothing_is_removed() {
        let proc = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(proc.path().join("7")).expect("a folder");
        // PF_FORKNOEXEC is set.
        let stat = "7 (x) S 1 5 6 0 -1 4194368 3 0 0 0 1 2 0 0 20 0 1 0 100 4096 1 \
            18446744073709551615 1 1 1 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 1 1 1 1 1 1 1 0\n";
        std::fs::write(proc.path().join("7/stat"), stat).expect("a file");
        let procfs = Procfs::open(proc.path()).expect("a folder");
        let not_stat = Collect::ALL.without(OF_STAT).without(Collect::USER);
        for (collect, count) in [(not_stat, 0), (not_stat | OF_STAT, 10)] {
            let reader = DetailReader::new(&procfs, collect, false);
            let reading = ExecReading::read(&procfs, 7, 1, collect, &mut Vec::new());
            let mut out = Gathered::default();
            assert_eq!(reader.gather_heard(&reading, &mut out).len(), count);
        }
    }
}
