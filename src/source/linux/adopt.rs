//! Makes scans and events agree about a process that both have seen.

use super::events::Ear;
use super::expected::Expected;
use super::inspect::Inspected;
use super::known::{CommandState, Known};

/// Gives a process that a scan has read for the first time the start time that it was reported with
/// when its birth was heard.
///
/// Returns whether to leave it out of this scan: it has replaced another one since the drain before,
/// and the drain that follows reports the exit of that one with its status, and this birth.
pub(super) fn adopt(
    ear: &Ear,
    expected: &Expected,
    inspected: &mut Inspected<'_>,
    before: Option<&Known>,
) -> bool {
    let Inspected::Read(read) = inspected else {
        return false;
    };
    if !read.is_new {
        return false;
    }
    let known = &mut read.known;
    if let Some(start) = ear.start_of(known.pid, known.start_ticks) {
        known.set_start(start);
        read.is_heard = true;
    }
    if !ear.reports_all() {
        return false;
    }
    read.is_young = expected.is_young(known.start_ticks);
    // It usually calls `exec` at once, and until then it has the command line of its parent.
    if read.is_young && read.has_only_forked && known.command == CommandState::Needed {
        known.command = CommandState::NeededLater;
    }
    before.is_some_and(|before| before.start() != known.start())
}
