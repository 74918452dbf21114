//! Converts what happened to a process into what a source emits.

use super::accounting::ThreadName;
use super::event_clock::Moment;
use super::exec_reading::{ExecReading, ExecStat};
use super::life::{LastExit, Start, Step};
use crate::model::{Exit, ExitStatus, ExitUsage, Status};
use crate::source::linux::proc::boot::Boot;
use crate::source::{Happening, ProcessRow, Reading};

/// Converts a step. `likely_oom` and `usage` are of the process that has exited.
pub(super) fn happening(
    step: &Step,
    boot: Boot,
    likely_oom: Option<bool>,
    usage: Option<ExitUsage>,
) -> Option<Happening<'_>> {
    Some(match step {
        Step::Void => return None,
        Step::Born {
            pid,
            start,
            parent,
            is_kernel_thread,
            at,
            reading,
        } => {
            let mut row = row(*pid, *start, *at, boot);
            row.parent_pid = (*parent != 0).then_some(*parent);
            row.kernel_thread = *is_kernel_thread;
            if let Some(reading) = reading {
                fill(&mut row, reading);
            }
            Happening::Born(row)
        }
        Step::Execed {
            pid,
            start,
            reading,
        } => {
            let mut row = ProcessRow::unknown(*pid);
            row.start_time_ms = start.time_ms(boot);
            fill(&mut row, reading);
            row.is_other_program = reading.may_be_of_exec();
            // An empty row would only remove what is known.
            row.read_at_ns?;
            Happening::Changed(row)
        }
        Step::Zombie {
            pid,
            start,
            at,
            stat,
            unread_exec_ns: _,
        } => {
            let mut row = row(*pid, *start, *at, boot);
            if let Some(stat) = stat {
                fill_stat(&mut row, stat);
            }
            row.status = Some(Status::Zombie);
            Happening::Changed(row)
        }
        Step::Exited {
            pid,
            start,
            born,
            end,
            final_cpu_ns: _,
            unread_exec_ns: _,
        } => {
            let start_time_ms = start.time_ms(boot);
            let mut exit = exit(*born, *end, boot, likely_oom);
            // Of several lives in a tick, later ones are reported with a start later in it.
            exit.ended_at_ms = exit
                .ended_at_ms
                .max(start_time_ms.filter(|_| end.is_some()));
            exit.usage = usage;
            Happening::Exited {
                pid: *pid,
                start_time_ms,
                exit,
            }
        }
    })
}

/// Returns the `exec` before an exit or an end of which nothing was read, so that what was known is
/// of an earlier program. `name` is that at the end, if a record has it.
pub(super) fn unread_exec<'a>(
    step: &Step,
    boot: Boot,
    name: Option<&'a ThreadName>,
) -> Option<(Happening<'a>, ExecReading)> {
    let &(Step::Zombie {
        pid,
        start,
        unread_exec_ns: Some(exec_ns),
        ..
    }
    | Step::Exited {
        pid,
        start,
        unread_exec_ns: Some(exec_ns),
        ..
    }) = step
    else {
        return None;
    };
    let mut row = ProcessRow::unknown(pid);
    row.start_time_ms = start.time_ms(boot);
    row.read_at_ns = Some(exec_ns);
    row.is_other_program = true;
    if let Some(name) = name {
        row.name = Reading::Known(name.bytes());
    }
    let reading = ExecReading::unread(pid, exec_ns);
    Some((Happening::Changed(row), reading))
}

fn row<'a>(pid: u32, start: Start, at: Moment, boot: Boot) -> ProcessRow<'a> {
    let mut row = ProcessRow::unknown(pid);
    row.start_time_ms = start.time_ms(boot);
    row.read_at_ns = Some(at.at_ns);
    row
}

fn fill<'a>(row: &mut ProcessRow<'a>, reading: &'a ExecReading) {
    if let Some((command, at_ns)) = &reading.command {
        row.command = Reading::Known(command);
        row.read_at_ns = Some(*at_ns);
    }
    if let Some(stat) = &reading.stat {
        fill_stat(row, stat);
    }
}

fn fill_stat<'a>(row: &mut ProcessRow<'a>, (stat, at_ns): &'a (ExecStat, u64)) {
    row.name = Reading::Known(stat.name());
    row.status = Some(stat.status);
    row.parent_pid = (stat.parent != 0).then_some(stat.parent);
    row.kernel_thread = Some(stat.is_kernel_thread);
    row.read_at_ns = Some(*at_ns);
}

fn exit(born: Option<Moment>, end: Option<LastExit>, boot: Boot, likely_oom: Option<bool>) -> Exit {
    let Some(LastExit { status, at }) = end else {
        // It is known by now, and not when it happened.
        return Exit {
            ended_by_ms: Some(boot.by_now_ms()),
            ..Exit::default()
        };
    };
    let status = Some(ExitStatus::from_wait_status(status));
    // The system was suspended just before or after, and may have been in between.
    if !at.is_sure {
        return Exit {
            status,
            ended_by_ms: Some(boot.by_now_ms()),
            likely_oom,
            ..Exit::default()
        };
    }
    let lived_ns = born
        .filter(|born| born.is_sure)
        .map(|born| at.since_boot_ns.saturating_sub(born.since_boot_ns));
    Exit {
        status,
        ended_at_ms: Some(boot.time_ms(at.since_boot_ns)),
        lived_ns,
        likely_oom,
        ..Exit::default()
    }
}
