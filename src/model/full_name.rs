//! The name of a process before the kernel cut it.

use super::process::ProcessInfo;

/// Longest name that Linux keeps, in bytes without the NUL (`TASK_COMM_LEN`, proc_pid_comm(5)).
const LINUX_NAME_BYTES: usize = 15;

impl ProcessInfo {
    /// Returns the name as it was before Linux cut it at 15 bytes; `None` if it is unknown.
    ///
    /// If the name may be cut, and the file name of the first argument begins with it, that file
    /// name is the full name. Otherwise it is [`name`](crate::ProcessValues::name): a process can have chosen it,
    /// and the command line can be unknown, or have been overwritten or redacted.
    ///
    /// Other programs choose both: [`escape`](crate::escape) them for terminals and logs.
    ///
    /// ```
    /// use process_scanner::{ProcessInfo, ProcessKey};
    ///
    /// let mut process = ProcessInfo::unknown(ProcessKey { pid: 7, start_time_ms: None });
    /// process.name = Some("systemd-timesyn".into());
    /// assert_eq!(process.full_name(), Some("systemd-timesyn"));
    /// process.command = Some(["/usr/lib/systemd/systemd-timesyncd"].iter().collect());
    /// assert_eq!(process.full_name(), Some("systemd-timesyncd"));
    /// ```
    pub fn full_name(&self) -> Option<&str> {
        let name = self.name.as_deref()?;
        let rest = self.command.as_ref().and_then(|command| {
            let begin = cut_name(name)?;
            let program = command.args().next()?;
            let file = program.rsplit('/').next().unwrap_or(program);
            file.starts_with(begin).then_some(file)
        });
        Some(rest.unwrap_or(name))
    }
}

impl ProcessInfo {
    /// Returns whether the command line could have more of the name, and is unknown.
    pub(crate) fn may_have_longer_name(&self) -> bool {
        self.command.is_none()
            && self
                .name
                .as_deref()
                .is_some_and(|name| cut_name(name).is_some())
    }
}

/// Returns the whole characters of a name that may be cut; `None` if it is too short for that.
///
/// The cut can fall into a character, whose remaining bytes are one U+FFFD then.
fn cut_name(name: &str) -> Option<&str> {
    if name.len() == LINUX_NAME_BYTES {
        return Some(name);
    }
    let whole = name.strip_suffix(char::REPLACEMENT_CHARACTER)?;
    (LINUX_NAME_BYTES - 3..LINUX_NAME_BYTES)
        .contains(&whole.len())
        .then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::process::ProcessKey;

    fn full_name(name: Option<&str>, args: Option<&[&str]>) -> Option<String> {
        let key = ProcessKey {
            pid: 7,
            start_time_ms: None,
        };
        let mut process = ProcessInfo::unknown(key);
        process.name = name.map(Into::into);
        process.command = args.map(|args| args.iter().collect());
        process.full_name().map(str::to_owned)
    }

    #[test]
    fn a_cut_name_is_completed_by_the_command_line() {
        for (name, args, expected) in [
            (
                "systemd-timesyn",
                &["/lib/systemd/systemd-timesyncd"][..],
                "systemd-timesyncd",
            ),
            (
                "exactly-fifteen",
                &["exactly-fifteen", "x"],
                "exactly-fifteen",
            ),
            // Another program, none, and one that is not the first argument.
            ("systemd-timesyn", &["/bin/sh"], "systemd-timesyn"),
            ("systemd-timesyn", &[], "systemd-timesyn"),
            (
                "systemd-timesyn",
                &["sh", "systemd-timesyncd"],
                "systemd-timesyn",
            ),
            // Too short or too long to be cut.
            ("bash", &["/bin/bash-but-longer"], "bash"),
            (
                "kworker/u8:2-events",
                &["kworker/u8:2-events_unbound"],
                "kworker/u8:2-events",
            ),
            // `ż` has two bytes, and the cut fell between them; here it is not one of a cut.
            (
                "fourteen-bytes\u{fffd}",
                &["fourteen-bytesżółw"],
                "fourteen-bytesżółw",
            ),
            ("short\u{fffd}", &["shortżółw"], "short\u{fffd}"),
        ] {
            assert_eq!(
                full_name(Some(name), Some(args)).as_deref(),
                Some(expected),
                "{name} {args:?}"
            );
        }
    }

    #[test]
    fn an_unknown_name_is_unknown() {
        assert_eq!(full_name(None, Some(&["/bin/sh"])), None);
        assert_eq!(full_name(Some(""), None).as_deref(), Some(""));
    }
}
