//! Reads what changes whenever a process runs: open files, I/O, switches and memory.

use super::detail_reader::DetailReader;
use super::gathered::Gathered;
use super::proc_status::{has_memory, number_of};
use super::pss_reader::Request;
use crate::model::{Collect, Detail, Status};
use crate::source::linux::command_reader::Target;
use crate::source::linux::known::Known;
use crate::source::linux::proc::procfs::{Procfs, Unread};

/// What `status` is read for, besides the user.
const OF_STATUS: Collect = Collect::SWITCHES
    .with(Collect::SWAP)
    .with(Collect::PEAK_RSS);

impl DetailReader {
    /// Adds what changes whenever the process runs.
    ///
    /// `is_exec`: it has another program than before.
    pub(super) fn add_counters(
        &mut self,
        procfs: &Procfs,
        known: &mut Known,
        is_exec: bool,
        out: &mut Gathered,
    ) {
        let pid = known.pid;
        if self.collect.contains(Collect::OPEN_FILES) {
            // The first thread has closed them, and no other one is known.
            let is_hidden = known.status.is_none();
            let count = match is_hidden {
                true => Err(Unread::Gone),
                false => procfs.open_files_of(known.place(), self.has_fd_count),
            };
            self.add_number(Detail::OpenFiles, count, out);
        }
        if self.collect.contains(Collect::IO) {
            let io = self.read(procfs, known, None, "io");
            let read = io.map(|io| number_of(io, b"read_bytes:"));
            let written = io.map(|io| number_of(io, b"write_bytes:"));
            self.add_number(Detail::ReadBytes, read.and_then(or_malformed), out);
            self.add_number(Detail::WrittenBytes, written.and_then(or_malformed), out);
        }
        if self.collect.has_any(OF_STATUS) {
            self.add_status(procfs, known, out);
        }
        if self.collect.contains(Collect::PSS) && self.pss_pids.binary_search(&pid).is_ok() {
            self.add_pss(procfs, known, is_exec, out);
        }
    }

    /// Adds the share of memory. A late one keeps its last value, unless that is of another program.
    fn add_pss(&mut self, procfs: &Procfs, known: &mut Known, is_exec: bool, out: &mut Gathered) {
        known.has_late_share = false;
        if known.has_no_memory() {
            return out.number(Detail::PssBytes, Some(0));
        }
        let request = Request {
            target: Target {
                pid: known.pid,
                start_ticks: known.start_ticks,
                program: known.program,
            },
            thread: known.thread,
        };
        match self.pss.get(procfs, request) {
            Some(pss) => self.add_number(Detail::PssBytes, pss, out),
            None => {
                known.has_late_share = true;
                if is_exec {
                    out.number(Detail::PssBytes, None);
                }
            }
        }
    }

    fn add_status(&mut self, procfs: &Procfs, known: &Known, out: &mut Gathered) {
        let collect = self.collect;
        let lines: [(Collect, Detail, &[u8]); 2] = [
            (
                Collect::SWITCHES,
                Detail::VoluntarySwitches,
                b"voluntary_ctxt_switches:",
            ),
            (
                Collect::SWITCHES,
                Detail::InvoluntarySwitches,
                b"nonvoluntary_ctxt_switches:",
            ),
        ];
        let status = self.read(procfs, known, None, "status");
        let outcome = status.map(|_| ());
        let numbers = lines.map(|(group, detail, name)| {
            let number = status.and_then(|status| or_malformed(number_of(status, name)));
            (collect.contains(group), detail, number)
        });
        for (_, detail, number) in numbers.into_iter().filter(|(is_read, ..)| *is_read) {
            self.add_number(detail, number, out);
        }
        if collect.has_any(Collect::SWAP.with(Collect::PEAK_RSS)) {
            self.add_memory(procfs, known, outcome, out);
        }
    }

    /// Adds what `status` has of the memory. A kernel thread has no memory, and a zombie has lost it.
    ///
    /// `outcome` is that of reading `status`, just before.
    fn add_memory(
        &mut self,
        procfs: &Procfs,
        known: &Known,
        outcome: Result<(), Unread>,
        out: &mut Gathered,
    ) {
        let is_zombie = known.status == Some(Status::Zombie);
        let (mut swap, mut peak) = (Ok(0), Ok(0));
        if !known.has_no_memory() {
            let status = match known.thread {
                None => outcome.map(|()| self.content.as_slice()),
                thread => self.read(procfs, known, thread, "status"),
            };
            let value = |name: &[u8]| match status {
                Ok(status) if has_memory(status) => or_malformed(number_of(status, name)),
                Ok(_) => Err(Unread::Gone),
                Err(unread) => Err(unread),
            };
            (swap, peak) = (value(b"VmSwap:"), value(b"VmHWM:"));
        }
        if self.collect.contains(Collect::SWAP) {
            self.add_number(Detail::SwapBytes, swap, out);
        }
        // Of a zombie the last one stays.
        if self.collect.contains(Collect::PEAK_RSS) && !is_zombie {
            self.add_number(Detail::PeakRssBytes, peak, out);
        }
    }

    fn add_number(&mut self, detail: Detail, number: Result<u64, Unread>, out: &mut Gathered) {
        if let Err(unread) = number {
            self.denials.add(detail, unread);
        }
        out.number(detail, number.ok());
    }
}

fn or_malformed(number: Option<u64>) -> Result<u64, Unread> {
    number.ok_or(Unread::NotAFile)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::source::DetailValue;
    use crate::source::linux::proc::procfs::Listed;
    use crate::source::linux::proc::stat::Stat;

    fn known(pid: u32, state: char) -> Known {
        let line = format!(
            "{pid} (x) {state} 1 1 1 0 -1 4194560 0 0 0 0 7 8 0 0 20 0 1 0 100 4096 1 \
             18446744073709551615 1 1 1 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 1 1 1 1 1 1 1 0\n"
        );
        let stat = Stat::parse(line.as_bytes()).expect("a line of stat");
        Known::new(Listed { pid, inode: 1 }, &stat, &Ok(None), 0)
    }

    fn gather(reader: &mut DetailReader, proc: &Path, known: &Known) -> Vec<(Detail, Option<u64>)> {
        let procfs = Procfs::open(proc).expect("a folder");
        let mut gathered = Gathered::default();
        reader.add_counters(&procfs, &mut known.clone(), false, &mut gathered);
        let readings = gathered.readings(0..gathered.len());
        let number = |value| match value {
            DetailValue::Number(number) => Some(number),
            _ => None,
        };
        let readings = readings.iter();
        readings
            .map(|reading| (reading.detail, number(reading.value)))
            .collect()
    }

    fn folder() -> tempfile::TempDir {
        let proc = tempfile::tempdir().expect("a folder");
        for pid in ["7", "8"] {
            fs::create_dir(proc.path().join(pid)).expect("a folder");
        }
        let status = "VmSize:\t9 kB\nVmHWM:\t2 kB\nVmSwap:\t1 kB\n";
        fs::write(proc.path().join("7/status"), status).expect("a file");
        proc
    }

    #[test]
    fn a_status_that_cannot_be_read_leaves_nothing_of_another_process() {
        let proc = folder();
        let procfs = Procfs::open(proc.path()).expect("a folder");
        let collect = Collect::SWAP.with(Collect::PEAK_RSS);
        let mut reader = DetailReader::new(&procfs, collect, false);
        let (swap, peak) = (Detail::SwapBytes, Detail::PeakRssBytes);
        assert_eq!(
            gather(&mut reader, proc.path(), &known(7, 'S')),
            [(swap, Some(1024)), (peak, Some(2048))]
        );
        assert_eq!(
            gather(&mut reader, proc.path(), &known(8, 'S')),
            [(swap, None), (peak, None)]
        );
        assert!(reader.content.is_empty());
    }

    #[test]
    fn a_living_thread_stands_for_the_first_one() {
        let proc = folder();
        let fds = proc.path().join("7/task/9/fd");
        fs::create_dir_all(&fds).expect("a folder");
        fs::create_dir(proc.path().join("7/fd")).expect("a folder");
        for fd in ["0", "11"] {
            fs::write(fds.join(fd), "").expect("a file");
        }
        let smaps = proc.path().join("7/task/9/smaps_rollup");
        fs::write(smaps, "Pss:\t3 kB\n").expect("a file");
        let stat = "7 (x) S 1 1 1 0 -1 4194560 0 0 0 0 7 8 0 0 20 0 1 0 100 4096 1 \
            18446744073709551615 1 1 1 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 1 1 1 1 1 1 1 0\n";
        fs::write(proc.path().join("7/stat"), stat).expect("a file");
        let procfs = Procfs::open(proc.path()).expect("a folder");
        let collect = Collect::OPEN_FILES.with(Collect::PSS);
        let mut reader = DetailReader::new(&procfs, collect, false);
        reader.pss_pids = vec![7];
        reader.pss.set_patience(Duration::from_secs(3600));
        let (files, pss) = (Detail::OpenFiles, Detail::PssBytes);
        let mut process = known(7, 'S');
        process.thread = Some(9);
        let values = gather(&mut reader, proc.path(), &process);
        assert_eq!(values, [(files, Some(2)), (pss, Some(3072))]);
        // No thread is known that lives.
        (process.thread, process.status) = (None, None);
        let values = gather(&mut reader, proc.path(), &process);
        assert_eq!(values, [(files, None), (pss, None)]);
    }

    #[test]
    fn a_zombie_keeps_its_last_peak() {
        let proc = folder();
        let procfs = Procfs::open(proc.path()).expect("a folder");
        let collect = Collect::SWAP.with(Collect::PEAK_RSS);
        let mut reader = DetailReader::new(&procfs, collect, false);
        let values = gather(&mut reader, proc.path(), &known(7, 'Z'));
        assert_eq!(values, [(Detail::SwapBytes, Some(0))]);
    }
}
