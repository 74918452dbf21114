//! The name and the command line of a process, as filters match them.

use process_scanner::ProcessInfo;
use regex_lite::Regex;

/// Longest name that Linux keeps, in bytes without the NUL (`TASK_COMM_LEN`, proc_pid_comm(5)).
const LINUX_NAME_BYTES: usize = 15;

/// Returns whether the whole name matches; `None` if it is unknown.
pub(super) fn has_name(process: &ProcessInfo, name: &Regex) -> Option<bool> {
    let full = full_name(process)?;
    // The command line can have the rest of a name that Linux may have cut.
    let may_be_longer = full.len() == LINUX_NAME_BYTES && process.command.is_none();
    let is_match = name.is_match(full);
    (is_match || !may_be_longer).then_some(is_match)
}

/// Returns the whole name.
///
/// If Linux has cut it, the rest is in the command line.
fn full_name(process: &ProcessInfo) -> Option<&str> {
    let name = process.name.as_deref()?;
    let program = process.command.as_ref().and_then(|c| c.args().next());
    let program = program.map(|path| path.rsplit('/').next().unwrap_or(path));
    match program {
        Some(program) if name.len() == LINUX_NAME_BYTES && program.starts_with(name) => {
            Some(program)
        }
        _ => Some(name),
    }
}

/// Joins the arguments by spaces; `None` if they are unknown.
pub(super) fn command_line(process: &ProcessInfo) -> Option<String> {
    let args: Vec<&str> = process.command.as_ref()?.args().collect();
    Some(args.join(" "))
}
