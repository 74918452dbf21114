//! The optional fields that sysinfo has.

use std::sync::Arc;

use sysinfo::{Process, ProcessRefreshKind, UpdateKind};

use super::fresh::Judged;
use crate::model::{Collect, Detail, Unreadable};
use crate::source::{DetailReading, DetailValue};

/// The groups of fields that this source has on this system.
pub(super) const HAS: Collect = {
    let everywhere = Collect::CPU
        .with(Collect::MEMORY)
        .with(Collect::COMMAND)
        .with(Collect::VIRTUAL_MEMORY)
        .with(Collect::EXECUTABLE)
        .with(Collect::OPEN_FILES)
        .with(Collect::IO);
    match (cfg!(target_os = "linux"), cfg!(unix)) {
        (true, _) => everywhere.with(Collect::USER).with(Collect::THREADS),
        (false, true) => everywhere.with(Collect::USER),
        (false, false) => everywhere,
    }
};

/// Makes sysinfo read them.
pub(super) fn refreshed(kind: ProcessRefreshKind, collect: Collect) -> ProcessRefreshKind {
    let mut kind = kind;
    if collect.contains(Collect::USER) {
        kind = kind.with_user(UpdateKind::Always);
    }
    if collect.contains(Collect::EXECUTABLE) {
        kind = kind.with_exe(UpdateKind::Always);
    }
    if collect.contains(Collect::IO) {
        kind = kind.with_disk_usage();
    }
    if collect.contains(Collect::VIRTUAL_MEMORY) {
        kind = kind.with_memory();
    }
    kind
}

/// What is known of a process beside what sysinfo has of it.
#[derive(Debug)]
pub(super) struct Beside {
    /// It could be opened, so that 0 is a value.
    pub(super) is_opened: bool,
    pub(super) is_kernel_thread: bool,
    pub(super) judged: Option<Judged>,
    pub(super) user: EffectiveUser,
    pub(super) threads: Option<u64>,
}

/// The effective user of a process.
#[derive(Debug, Default)]
pub(super) struct EffectiveUser {
    /// `None`: unknown, or without a number in this user namespace.
    pub(super) id: Option<u64>,
    pub(super) name: Option<Arc<str>>,
}

/// The optional fields of one process.
pub(super) struct Readings<'p> {
    pub(super) list: Vec<DetailReading<'p>>,
    pub(super) unreadable: Unreadable,
}

impl<'p> Readings<'p> {
    fn add(&mut self, detail: Detail, value: Option<DetailValue<'p>>) {
        let value = value.unwrap_or(DetailValue::Unknown);
        self.list.push(DetailReading { detail, value });
    }

    /// Adds a value that the process has, so that an unknown one could not be read.
    fn add_its(&mut self, detail: Detail, value: Option<DetailValue<'p>>) {
        if value.is_none() {
            self.unreadable.add(detail.field().name, 1);
        }
        self.add(detail, value);
    }
}

/// Returns those that are collected.
pub(super) fn readings<'p>(
    process: &'p Process,
    collect: Collect,
    beside: &'p Beside,
) -> Readings<'p> {
    let mut readings = Readings {
        list: Vec::new(),
        unreadable: Unreadable::default(),
    };
    let collect = collect.details().filter(|detail| {
        let group = detail.field().collect.and_then(Collect::named);
        group.is_some_and(|group| HAS.contains(group))
    });
    let has_ended = matches!(beside.judged, Some(Judged::Ended));
    // sysinfo has read the first thread, which has ended.
    let has_lost_first = matches!(beside.judged, Some(Judged::Lives { .. }));
    let known = |number: u64| beside.is_opened.then_some(DetailValue::Number(number));
    for detail in collect {
        match detail {
            Detail::UserId if user_id(process).is_some() => {
                readings.add(detail, beside.user.id.map(DetailValue::Number));
            }
            Detail::UserId => readings.add_its(detail, None),
            Detail::UserName => {
                let name = beside.user.name.as_deref();
                readings.add(detail, name.map(|name| DetailValue::Text(name.as_bytes())));
            }
            Detail::Threads => {
                readings.add_its(detail, beside.threads.map(DetailValue::Number));
            }
            Detail::VirtualBytes => {
                let bytes = known(process.virtual_memory());
                readings.add_its(detail, bytes.filter(|_| !has_lost_first));
            }
            // A kernel thread has none, and a zombie has lost it.
            Detail::Executable if beside.is_kernel_thread || has_ended => {
                readings.add(detail, None);
            }
            Detail::Executable => {
                let path = process.exe();
                let path = path.map(|path| path.as_os_str().as_encoded_bytes());
                let path = path.filter(|path| !path.is_empty());
                readings.add_its(detail, path.map(DetailValue::Text));
            }
            Detail::OpenFiles if has_ended => readings.add(detail, Some(DetailValue::Number(0))),
            Detail::OpenFiles => {
                let count = process.open_files().map(|count| count as u64);
                let count = count.filter(|_| !has_lost_first);
                readings.add_its(detail, count.map(DetailValue::Number));
            }
            Detail::ReadBytes | Detail::WrittenBytes => {
                let usage = process.disk_usage();
                let (read, written) = (usage.total_read_bytes, usage.total_written_bytes);
                let bytes = match detail {
                    Detail::ReadBytes => read,
                    _ => written,
                };
                // It has 0 for what it may not read.
                let is_known = read > 0 || written > 0;
                readings.add_its(detail, is_known.then_some(DetailValue::Number(bytes)));
            }
            _ => {}
        }
    }
    readings
}

/// Returns the effective user id as sysinfo has it.
#[cfg(unix)]
pub(super) fn user_id(process: &Process) -> Option<u32> {
    process.effective_user_id().map(|id| **id)
}

/// Users have no numbers there.
#[cfg(not(unix))]
pub(super) fn user_id(_process: &Process) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use sysinfo::{Pid, ProcessesToUpdate, System};

    use super::*;

    const COLLECT: Collect = Collect::VIRTUAL_MEMORY
        .with(Collect::OPEN_FILES)
        .with(Collect::EXECUTABLE)
        .with(Collect::CGROUP);

    /// Returns the fields of this process, as if it were judged so, and the unreadable ones.
    fn of_this_process(
        judged: Option<Judged>,
        is_opened: bool,
    ) -> (Vec<(Detail, bool)>, Vec<&'static str>) {
        let mut system = System::new().expect("sysinfo works here");
        let pid = Pid::from_u32(std::process::id());
        let kind = refreshed(ProcessRefreshKind::nothing().without_tasks(), COLLECT);
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, kind);
        let process = system.process(pid).expect("it is this process");
        let beside = Beside {
            is_opened,
            is_kernel_thread: false,
            judged,
            user: EffectiveUser::default(),
            threads: None,
        };
        let readings = readings(process, COLLECT, &beside);
        let list = readings.list.iter();
        let list = list.map(|reading| (reading.detail, reading.value != DetailValue::Unknown));
        let unreadable = readings.unreadable.iter().map(|(name, _)| name).collect();
        (list.collect(), unreadable)
    }

    #[test]
    fn values_of_a_first_thread_that_has_ended_are_not_those_of_the_process() {
        use Detail::{Executable, OpenFiles, VirtualBytes};

        let as_read = of_this_process(Some(Judged::AsRead), true);
        let all = [(VirtualBytes, true), (Executable, true), (OpenFiles, true)];
        assert_eq!(as_read, (all.to_vec(), vec![]));
        let lives = Judged::Lives {
            status: None,
            rss_bytes: None,
        };
        let lives = of_this_process(Some(lives), true);
        let known = [
            (VirtualBytes, false),
            (Executable, true),
            (OpenFiles, false),
        ];
        let unreadable = vec!["virtual_bytes", "open_files"];
        assert_eq!(lives, (known.to_vec(), unreadable));
        // A zombie has lost its program, and that is no fault.
        let ended = of_this_process(Some(Judged::Ended), true);
        let known = [(VirtualBytes, true), (Executable, false), (OpenFiles, true)];
        assert_eq!(ended, (known.to_vec(), vec![]));
        let closed = of_this_process(None, false).1;
        assert_eq!(closed, ["virtual_bytes"]);
    }

    #[test]
    fn input_and_output_of_0_bytes_are_unknown() {
        let mut system = System::new().expect("sysinfo works here");
        let pid = Pid::from_u32(std::process::id());
        // It is not refreshed, as if it could not be read.
        let kind = ProcessRefreshKind::nothing().without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, kind);
        let process = system.process(pid).expect("it is this process");
        let beside = Beside {
            is_opened: true,
            is_kernel_thread: false,
            judged: None,
            user: EffectiveUser::default(),
            threads: None,
        };
        let readings = readings(process, Collect::IO, &beside);
        let values = readings.list.iter().map(|reading| reading.value);
        assert!(values.eq([DetailValue::Unknown; 2]));
        let counted: Vec<_> = readings.unreadable.iter().collect();
        assert_eq!(counted, [("read_bytes", 1), ("written_bytes", 1)]);
    }
}
