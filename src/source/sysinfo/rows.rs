//! Emits the rows of processes.

use sysinfo::{Process, ThreadKind};

use super::fresh::{CpuTime, Fresh, Judged};
use super::known::Known;
use super::listed::{Emitted, Listed};
use super::optional::{self, Beside, EffectiveUser};
use super::source::SysinfoSource;
use super::status::status;
use crate::model::{Collect, Resources, Status};
use crate::source::exited::within_tick;
use crate::source::{ProcessRow, Reading, Row};

impl SysinfoSource {
    /// Emits the row of one process.
    pub(super) fn emit_row(
        &mut self,
        listed: Listed,
        read_at_ns: u64,
        emit: &mut dyn FnMut(Row<'_>),
    ) -> Emitted {
        let Listed { pid, is_due, cpu } = listed;
        let Some(process) = self.system.process(pid) else {
            return Emitted::NotReadable;
        };
        // Until it is settled, another process can have its pid and start time.
        let known_zombie = self.known.get(&pid).is_some_and(|known| {
            known.is_zombie && known.is_settled && known.start_time == process.start_time()
        });
        let is_kernel_thread = process.thread_kind() == Some(ThreadKind::Kernel);
        // sysinfo reads state and memory of the first thread, and others may live.
        let judged = match status(process.status()) {
            Some(Status::Zombie | Status::Dead) if known_zombie => Some(Judged::Ended),
            Some(Status::Zombie | Status::Dead) => Some(self.supplement.judge(process)),
            _ if self
                .collect
                .has_any(Collect::MEMORY.with(Collect::VIRTUAL_MEMORY))
                && process.memory() == 0
                && !is_kernel_thread =>
            {
                Some(self.supplement.judge(process))
            }
            _ => None,
        };
        if process.thread_kind() == Some(ThreadKind::Userland) {
            return Emitted::Gone;
        }
        // A process that could not be opened has a start time of 0, and all its numbers are 0.
        let is_opened = process.start_time() != 0;
        let user = match self.collect.contains(Collect::USER) {
            true => optional::user_id(process)
                .map(|uid| self.supplement.user(uid))
                .unwrap_or_default(),
            false => EffectiveUser::default(),
        };
        let with_command = self.collect.contains(Collect::COMMAND) && !is_kernel_thread;
        let start_time = process.start_time();
        let parent_pid = self.parent(process);
        let known = self.known.get(&pid);
        // A process that recent scans did not emit counts as new, so all fields are emitted.
        let is_new = known.is_none_or(|known| {
            known.start_time != start_time || self.scans.wrapping_sub(known.last_scan) > 1
        });
        let fresh = match known {
            Some(known) if !is_due => Fresh {
                start_time_ms: known.read_start_ms,
                name: Reading::Unchanged,
                command: Reading::Unchanged,
                threads: match cpu {
                    _ if !self.collect.contains(Collect::THREADS) => None,
                    Some(CpuTime::Clock { .. }) => known.threads,
                    _ => self.supplement.threads(process),
                },
                identity: None,
                is_settled: known.is_settled,
            },
            _ => match self.supplement.read(process, is_new, with_command) {
                Some(fresh) => fresh,
                None => return Emitted::NotReadable,
            },
        };
        let identity = fresh
            .identity
            .or_else(|| known.filter(|_| !is_new)?.identity);
        let nth = fresh.start_time_ms.map_or(0, |start_ms| match known {
            Some(known) if known.read_start_ms == fresh.start_time_ms => known.nth_of(identity),
            _ => self.exited.count(pid.as_u32(), start_ms),
        });
        let start_time_ms = fresh
            .start_time_ms
            .map(|start_ms| within_tick(start_ms, nth));
        let (status, rss_bytes) = match judged {
            Some(Judged::Lives { status, rss_bytes }) => (status, rss_bytes),
            _ => {
                let rss_bytes = is_opened.then(|| process.memory());
                (status(process.status()), rss_bytes)
            }
        };
        let beside = Beside {
            is_opened,
            is_kernel_thread,
            judged,
            user,
            threads: fresh.threads,
        };
        let details = optional::readings(process, self.collect, &beside);
        let row = ProcessRow {
            pid: pid.as_u32(),
            start_time_ms,
            parent_pid,
            name: fresh.name,
            command: match self.collect.contains(Collect::COMMAND) {
                true if is_kernel_thread => Reading::Known(&[]),
                true => fresh.command,
                false => Reading::Unknown,
            },
            status,
            cpu_time_ns: (is_opened && self.collect.contains(Collect::CPU))
                .then(|| process.accumulated_cpu_time().saturating_mul(1_000_000)),
            read_at_ns: Some(read_at_ns),
            resources: Resources {
                rss_bytes: rss_bytes.filter(|_| self.collect.contains(Collect::MEMORY)),
                ..Resources::default()
            },
            kernel_thread: cfg!(target_os = "linux").then_some(is_kernel_thread),
            is_other_program: false,
            details: &details.list,
        };
        let may_lack_command = !self.collect.contains(Collect::COMMAND)
            || matches!(status, Some(Status::Zombie | Status::Dead));
        let mut unreadable = details.unreadable;
        let has_no_rss = row.resources.rss_bytes.is_none();
        for (field, is_unread) in [
            ("start_time_ms", row.start_time_ms.is_none()),
            ("name", row.name == Reading::Unknown),
            (
                "command",
                row.command == Reading::Unknown && !may_lack_command,
            ),
            (
                "cpu_time_ms",
                row.cpu_time_ns.is_none() && self.collect.contains(Collect::CPU),
            ),
            (
                "rss_bytes",
                has_no_rss && self.collect.contains(Collect::MEMORY),
            ),
        ] {
            unreadable.add(field, u32::from(is_unread));
        }
        emit(Row::Process(row));
        let is_the_same = known.is_some_and(|known| known.start_time_ms == start_time_ms);
        let now = Known {
            start_time,
            read_start_ms: fresh.start_time_ms,
            start_time_ms,
            nth,
            identity,
            is_settled: fresh.is_settled,
            is_zombie: matches!(judged, Some(Judged::Ended)),
            cpu,
            threads: fresh.threads,
            scans: match known {
                Some(known) if is_the_same => known.scans.saturating_add(1),
                _ => 1,
            },
            last_scan: self.scans,
        };
        self.known.insert(pid, now);
        Emitted::Row(unreadable)
    }

    fn parent(&self, process: &Process) -> Option<u32> {
        let parent = process.parent()?;
        // Windows keeps the pid of a parent that has exited, and may have reused it.
        if cfg!(windows)
            && self
                .system
                .process(parent)
                .is_none_or(|parent| parent.start_time() > process.start_time())
        {
            return None;
        }
        Some(parent.as_u32())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::model::Detail;
    use crate::source::{DetailValue, Source};

    /// Emits this process, which is not due, and returns its number of threads; `None`: unknown.
    fn threads(source: &mut SysinfoSource, cpu: CpuTime) -> Option<u64> {
        let mut emitted = None;
        let listed = Listed {
            pid: source.own_pid,
            is_due: false,
            cpu: Some(cpu),
        };
        source.emit_row(listed, 1, &mut |row| {
            let Row::Process(row) = row else { return };
            let mut details = row.details.iter();
            let threads = details.find(|reading| reading.detail == Detail::Threads);
            emitted = threads.map(|reading| match reading.value {
                DetailValue::Number(threads) => Some(threads),
                _ => None,
            });
        });
        emitted.expect("it has a row with threads")
    }

    #[test]
    fn only_an_equal_clock_proves_that_a_process_has_as_many_threads_as_before() {
        let mut source = SysinfoSource::new(Collect::THREADS).expect("sysinfo works here");
        source.scan(&mut |_| ()).expect("there is a /proc here");
        let pid = source.own_pid;
        for wrong in [Some(u64::MAX), None] {
            let known = source.known.get_mut(&pid).expect("it was scanned");
            known.threads = wrong;
            assert_eq!(threads(&mut source, CpuTime::Clock { ns: 1 }), wrong);
            // As after a sandbox has begun to deny the clock.
            let read = threads(&mut source, CpuTime::Ticks { ms: 1 });
            assert!(read.is_some() && read != wrong, "{read:?}");
        }
    }
}
