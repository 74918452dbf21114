//! The optional fields that sysinfo has.

use sysinfo::{Process, ProcessRefreshKind, UpdateKind};

use crate::model::{Collect, Detail};
use crate::source::{DetailReading, DetailValue};

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

/// Returns those that are collected. `is_opened`: the process could be opened, so that 0 is a
/// value.
pub(super) fn readings<'p>(
    process: &'p Process,
    collect: Collect,
    is_opened: bool,
) -> Vec<DetailReading<'p>> {
    let mut readings = Vec::new();
    let mut add = |detail, value: Option<DetailValue<'p>>| {
        let value = value.unwrap_or(DetailValue::Unknown);
        readings.push(DetailReading { detail, value });
    };
    let number = |number: u64| is_opened.then_some(DetailValue::Number(number));
    if collect.contains(Collect::USER) {
        add(Detail::UserId, user_id(process).map(DetailValue::Number));
    }
    if collect.contains(Collect::VIRTUAL_MEMORY) {
        add(Detail::VirtualBytes, number(process.virtual_memory()));
    }
    if collect.contains(Collect::EXECUTABLE) {
        let path = process
            .exe()
            .map(|path| path.as_os_str().as_encoded_bytes());
        let path = path.filter(|path| !path.is_empty());
        add(Detail::Executable, path.map(DetailValue::Text));
    }
    if collect.contains(Collect::OPEN_FILES) {
        let count = process.open_files().map(|count| count as u64);
        add(Detail::OpenFiles, count.map(DetailValue::Number));
    }
    if collect.contains(Collect::IO) {
        let usage = process.disk_usage();
        // It has 0 for what it may not read.
        let is_known = usage.total_read_bytes > 0 || usage.total_written_bytes > 0;
        let known = |bytes: u64| is_known.then_some(DetailValue::Number(bytes));
        add(Detail::ReadBytes, known(usage.total_read_bytes));
        add(Detail::WrittenBytes, known(usage.total_written_bytes));
    }
    readings
}

#[cfg(unix)]
fn user_id(process: &Process) -> Option<u64> {
    process.effective_user_id().map(|id| u64::from(**id))
}

/// Users have no numbers there.
#[cfg(not(unix))]
fn user_id(_process: &Process) -> Option<u64> {
    None
}
