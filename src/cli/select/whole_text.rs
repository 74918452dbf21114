//! The name and the command line of a process, as filters match them.

use process_scanner::ProcessInfo;
use regex_lite::Regex;

/// Longest name that Linux keeps, in bytes without the NUL (`TASK_COMM_LEN`, proc_pid_comm(5)).
const LINUX_NAME_BYTES: usize = 15;

/// Returns whether the whole name matches; `None` if it is unknown.
pub(super) fn has_name(process: &ProcessInfo, name: &Regex) -> Option<bool> {
    let full = process.full_name()?;
    // The command line can have the rest of a name that Linux may have cut.
    let may_be_longer = full.len() == LINUX_NAME_BYTES && process.command.is_none();
    let is_match = name.is_match(full);
    (is_match || !may_be_longer).then_some(is_match)
}

/// Joins the arguments by spaces; `None` if they are unknown.
pub(super) fn command_line(process: &ProcessInfo) -> Option<String> {
    let args: Vec<&str> = process.command.as_ref()?.args().collect();
    Some(args.join(" "))
}
