//! Makes a scan: finds the processes, and reads and emits each.

use rustix::time::ClockId;

use super::adopt::adopt;
use super::first_reads::FirstReads;
use super::idle_turns::Cycle;
use super::inspect::{Inspected, Why};
use super::known::Known;
use super::proc::births;
use super::proc::boot::{ns, since_ms};
use super::proc::cpu::{CpuClock, cpu_clock};
use super::proc::procfs::Procfs;
use super::source::LinuxSource;
use crate::model::{Result, Status, Timestamp};
use crate::source::exited::TICK_MS;
use crate::source::{Row, ScanSummary};

impl LinuxSource {
    /// Makes one scan. `before` are the processes of the scan before.
    pub(super) fn read_all(
        &mut self,
        before: &[Known],
        emit: &mut dyn FnMut(Row<'_>),
    ) -> Result<ScanSummary> {
        let procfs = self.open()?;
        let began_ns = Timestamp::monotonic_now_ns();
        let buffers = &mut self.buffers;
        let counted_ns = ns(ClockId::Monotonic);
        let own_started_total = births::own_started_total(&procfs, &mut buffers.counters);
        let started_total = || births::started_total(&procfs, &mut buffers.counters);
        let mut seen = ScanSummary {
            vanished: Some(0),
            // Before the processes are listed, so that it counts none that the list lacks.
            started_total: own_started_total.or_else(started_total),
            ..ScanSummary::default()
        };
        if let Some(ear) = &mut self.ear {
            ear.count(seen.started_total, counted_ns);
        }
        let is_denied = self.namespace.denies_any(&procfs);
        if is_denied {
            // Which processes the list has can change without any event.
            self.expected.doubt();
            // A file that was opened before could still be read. Or no descriptor is left.
            buffers.readers.files.give_up();
        }
        let began_ticks = since_ms() / TICK_MS;
        let has_all_births = match &self.ear {
            Some(ear) => ear.reports_all(),
            None => {
                let (started, limit) = (own_started_total, before.len());
                let pids = self.new_pids.begin_scan(&procfs, started, began_ns, limit);
                pids.is_some_and(|pids| self.expected.may_be_born(pids))
            }
        };
        if !has_all_births {
            self.expected.doubt();
        }
        let is_listed = self.expected.needs_list(began_ns, self.ear.is_some());
        if !is_listed {
            let mut hidden = None;
            let inode_of = |pid| {
                let inode = procfs.inode_of(pid);
                if inode.is_none() && cpu_clock(pid) != CpuClock::Gone {
                    hidden = Some(pid);
                }
                inode
            };
            self.expected.list(before, &mut buffers.listed, inode_of);
            if let (Some(pid), None) = (hidden, &self.ear) {
                // It can become visible without being born.
                self.new_pids
                    .distrust(&format!("/proc hides process {pid}"));
            }
        } else {
            procfs.list(&self.proc, &mut buffers.list, &mut buffers.listed)?;
            if has_all_births || (self.ear.is_none() && self.new_pids.are_counted()) {
                self.expected.was_listed(began_ns);
            }
        }
        self.scans = self.scans.wrapping_add(1);
        (self.rules.has_new_names, self.rules.has_new_shares) = self.details.begin_scan();
        self.awaited.begin_scan();
        // The end of a hidden parent cannot be noticed.
        let hides_parents = is_denied && self.rules.has_clocks;
        let is_reclaiming = self.reclaim.has_moved(&procfs, began_ns);
        self.turns
            .begin_scan(began_ns, hides_parents || is_reclaiming);
        self.known = std::mem::take(&mut buffers.known);
        self.known.clear();
        buffers.ended.begin_scan(before, &buffers.listed);
        let has_found_all = self.walk(&procfs, before, &mut seen, emit);
        if !has_found_all {
            self.expected.doubt();
        } else if self.ear.is_none() && !is_denied {
            let listed = is_listed.then_some(&*self.buffers.listed);
            self.new_pids.end_scan(before, listed);
            self.expected.look_began(began_ticks);
        }
        let find = |own: u32| self.known.binary_search_by_key(&own, |known| known.pid);
        if self.namespace.own_pid.is_some_and(|own| find(own).is_err()) {
            self.expected.doubt();
        }
        self.exited.end_scan(began_ns);
        seen.first_read_cpu_ns += self.watch_exits();
        let cpu_ns = self.commands.cpu_ns() + self.details.cpu_ns();
        seen.other_cpu_ns = cpu_ns - std::mem::replace(&mut self.reported_cpu_ns, cpu_ns);
        let new_share = self.buffers.waiting.new_share();
        seen.first_read_cpu_ns += (seen.other_cpu_ns as f64 * new_share) as u64;
        Ok(seen)
    }

    /// Reads and emits all listed processes. Returns whether the next scan knows all that are there by now,
    /// but for those born later.
    fn walk(
        &mut self,
        procfs: &Procfs,
        before: &[Known],
        seen: &mut ScanSummary,
        emit: &mut dyn FnMut(Row<'_>),
    ) -> bool {
        let buffers = &mut self.buffers;
        let mut has_found_all = true;
        let mut before = before.iter().peekable();
        let mut first_reads = FirstReads::default();
        let owner_cycle = match self.details.is_expensive() {
            true => Cycle::ExpensiveOwner,
            false => Cycle::Full,
        };
        for &listed in &buffers.listed {
            while before.next_if(|before| before.pid < listed.pid).is_some() {}
            let before = before.next_if(|before| before.pid == listed.pid);
            let before = before.filter(|before| !before.has_exited);
            let has_turn = |cycle| self.turns.has_come(listed.pid, cycle);
            let has_lost_parent = before.is_some_and(|before| buffers.ended.has(before.parent));
            let why = match has_turn(Cycle::Memory) {
                true if has_lost_parent || has_turn(Cycle::Full) => Why::Turn,
                false if has_lost_parent => Why::LostParent,
                true => Why::Memory,
                false => Why::Changes,
            };
            let (line, readers) = (&mut buffers.line, &mut buffers.readers);
            let entry = self.rules.entry(listed, before, &mut readers.clocks);
            if let Some((idle, read_at_ns)) = self.rules.idle(procfs, &entry, why) {
                first_reads.end_of_row();
                emit(Row::Unchanged {
                    pid: listed.pid,
                    read_at_ns: Some(read_at_ns),
                });
                self.known.push(idle.read_again(Some(read_at_ns)));
                continue;
            }
            first_reads.begin(before);
            let mut inspected = self.rules.inspect(procfs, entry, why, line, readers);
            inspected.count_earlier(&self.exited);
            self.details.gather_if_read(
                procfs,
                &mut inspected,
                has_turn(owner_cycle),
                &mut buffers.waiting.gathered,
            );
            let ear = self.ear.as_ref();
            let is_left_out =
                ear.is_some_and(|ear| adopt(ear, &self.expected, &mut inspected, before));
            first_reads.end(&inspected);
            has_found_all &= match &inspected {
                Inspected::Failed(lost) => lost.is_some(),
                // Another process can have its pid by now.
                Inspected::Gone if before.is_some() => cpu_clock(listed.pid) == CpuClock::Gone,
                _ => true,
            };
            let has_ended = match &inspected {
                Inspected::Read(read) => {
                    let is_zombie = |known: &Known| known.status == Some(Status::Zombie);
                    let is_new_zombie = is_zombie(&read.known) && !before.is_some_and(is_zombie);
                    is_new_zombie || (read.is_new && before.is_some())
                }
                Inspected::Gone => before.is_some(),
                _ => false,
            };
            if has_ended {
                buffers.ended.add(listed.pid);
            }
            if let Inspected::Read(read) = &inspected
                && read.is_new
            {
                buffers.ended.add_parent_of_new(read.known.parent);
            }
            if is_left_out {
                continue;
            }
            let (rules, known) = (&self.rules, &mut self.known);
            buffers
                .waiting
                .add(rules, listed.pid, inspected, known, seen, emit);
        }
        seen.first_read_cpu_ns += first_reads.total_ns();
        buffers.ended.end_scan(&self.known);
        self.emit_waiting(seen, emit);
        has_found_all
    }

    pub(super) fn emit_waiting(&mut self, seen: &mut ScanSummary, emit: &mut dyn FnMut(Row<'_>)) {
        let (commands, known) = (&mut self.commands, &mut self.known);
        let waiting = &mut self.buffers.waiting;
        waiting.emit_all(&self.rules, commands, self.ear.as_ref(), known, seen, emit);
        seen.count_all_unreadable(&self.details.take_unreadable());
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::time::{Duration, Instant};

    use crossbeam_channel::unbounded;

    use super::*;
    use crate::model::{Collect, Detail};
    use crate::source::linux::details::PssReader;
    use crate::source::linux::made_up_proc::{Idle, PATIENCE};
    use crate::source::{DetailValue, Source};

    /// Scans, and returns the share of memory that the scan emits of a process; `None` if it emits
    /// nothing but that the process is unchanged.
    fn scanned(source: &mut LinuxSource, pid: u32) -> Option<Option<u64>> {
        let mut found = None;
        let scan = source.scan(&mut |row| {
            let Row::Process(row) = row else { return };
            if row.pid == pid {
                let mut details = row.details.iter();
                let share = details.find(|reading| reading.detail == Detail::PssBytes);
                found = Some(share.and_then(|reading| match reading.value {
                    DetailValue::Number(bytes) => Some(bytes),
                    _ => None,
                }));
            }
        });
        scan.expect("/proc is there");
        found
    }

    #[test]
    fn the_late_share_of_an_idle_process_comes_with_the_next_scan() {
        let child = Idle::start();
        let pid = child.pid();
        let source = LinuxSource::new(Collect::PSS).expect("there is a /proc here");
        let mut source = source.with_pss_of(&[pid]);
        let (go, waits) = unbounded::<()>();
        source.details.pss = PssReader::with(Box::new(move |_, _| {
            let _ = waits.recv();
            Ok(4096)
        }));
        source.details.pss.set_patience(Duration::ZERO);
        assert_eq!(scanned(&mut source, pid), Some(None));
        while scanned(&mut source, pid).is_some() {}
        go.send(()).expect("the thread lives");
        source.details.pss.wait_for_answer();
        assert_eq!(scanned(&mut source, pid), Some(Some(4096)));
        // It can have its turn in one of them.
        let mut scans = (0..2).map(|_| scanned(&mut source, pid));
        assert!(scans.any(|scanned| scanned.is_none()));
    }

    #[test]
    fn files_of_processes_that_are_read_but_idle_are_not_kept() {
        let child = Idle::start();
        let pid = child.pid();
        let file = PathBuf::from(format!("/proc/{pid}/stat"));
        let is_kept = || {
            let files = fs::read_dir("/proc/self/fd").expect("there is a /proc here");
            let mut links = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
            links.any(|link| link == file)
        };
        let mut source = LinuxSource::new(Collect::default()).expect("there is a /proc here");
        // It can run at the start, also for the sources of other tests.
        let until = Instant::now() + PATIENCE;
        loop {
            scanned(&mut source, pid);
            source.proc = "/proc/missing".into();
            assert!(source.scan(&mut |_| {}).is_err());
            source.proc = "/proc".into();
            assert!(scanned(&mut source, pid).is_some(), "all are read then");
            if !is_kept() {
                return;
            }
            assert!(Instant::now() < until, "its file is open");
        }
    }
}
