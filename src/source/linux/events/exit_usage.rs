//! What a process that has exited has used in its whole life: its record, and the clock of a zombie.

use super::accounting::{Accounts, Ended, ThreadName};
use super::event_clock::EventClock;
use super::life::{LastExit, Step};
use crate::model::ExitUsage;

/// Returns what a process has used, and its name at the end, if this is its exit.
pub(super) fn usage(
    step: &Step,
    accounts: &mut Accounts,
    clock: &EventClock,
) -> (Option<ExitUsage>, Option<ThreadName>) {
    let &Step::Exited {
        pid,
        start,
        born,
        end,
        final_cpu_ns,
        unread_exec_ns: _,
    } = step
    else {
        return (None, None);
    };
    let recorded = end.and_then(|LastExit { at, .. }| {
        let since_start_ns = at.since_boot_ns.saturating_sub(start.since_boot_ns());
        let lived_ns = match born {
            Some(born) => [at.at_ns.saturating_sub(born.at_ns); 2],
            // The kernel counts the time of a life without suspends.
            None => [
                since_start_ns.saturating_sub(clock.suspended_ns()),
                since_start_ns,
            ],
        };
        accounts.take(Ended {
            pid,
            born_ns: born.map(|born| born.at_ns),
            ended_ns: at.at_ns,
            lived_ns,
        })
    });
    if end.is_none() {
        accounts.skip(pid);
    }
    let name = recorded.and_then(|recorded| recorded.name);
    let mut usage = recorded.map(|recorded| recorded.usage).unwrap_or_default();
    // A record lacks what a process has used since. Just after the end, the clock lacks a part too.
    usage.cpu_time_ns = usage.cpu_time_ns.max(final_cpu_ns);
    ((!usage.is_unknown()).then_some(usage), name)
}
