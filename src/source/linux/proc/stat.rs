//! Parses `/proc/PID/stat` (proc_pid_stat(5)).

use crate::model::Status;

/// Longer than any line of `stat`: 52 numbers and a name.
pub(in crate::source) const STAT_LEN: usize = 2048;

/// The fields that are needed, borrowed from the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) struct Stat<'a> {
    /// Field 2, without its parentheses. It can contain anything, even `)` and newlines.
    pub(in crate::source) name: &'a [u8],
    /// What follows it, from field 3 on.
    pub(in crate::source) after_name: &'a [u8],
    /// Field 3.
    pub(in crate::source) state: u8,
    /// Field 4; 0 if there is none.
    pub(in crate::source) parent: u32,
    /// From field 9.
    pub(in crate::source) is_kernel_thread: bool,
    /// It has not called `exec`, so it has the program of its parent.
    pub(in crate::source) has_only_forked: bool,
    /// The thread is ending, or has ended: it has lost its memory, or is about to.
    pub(in crate::source) is_exiting: bool,
    /// Fields 14 and 15, user and system, in ticks.
    pub(in crate::source) cpu_ticks: u64,
    /// Field 20.
    pub(in crate::source) threads: u64,
    /// Field 22, in ticks since boot.
    pub(in crate::source) start_ticks: u64,
    /// Field 23: virtual memory in bytes.
    pub(in crate::source) virtual_bytes: u64,
    /// From field 23: it has memory. A process that exits loses it before it becomes a zombie.
    pub(in crate::source) has_memory: bool,
    /// Field 24: resident pages, a rough count per CPU.
    pub(in crate::source) rough_rss_pages: u64,
    /// Fields 28, 48 and 49, mixed: the random addresses of stack and arguments, which an `exec`
    /// changes. All are 0 for readers without the rights of ptrace(2).
    pub(in crate::source) image: u64,
    /// From field 51: its arguments are in place, which an `exec` does last. False for readers without
    /// the rights of ptrace(2).
    pub(in crate::source) has_arguments: bool,
}

/// `PF_EXITING`, `PF_FORKNOEXEC` and `PF_KTHREAD` of include/linux/sched.h.
const EXITING: u64 = 0x4;
const FORKED: u64 = 0x40;
const KERNEL_THREAD: u64 = 0x0020_0000;

impl<'a> Stat<'a> {
    /// Parses a line; `None` if it is not one of `stat`.
    pub(in crate::source) fn parse(line: &'a [u8]) -> Option<Self> {
        let begin = line.iter().position(|&byte| byte == b'(')? + 1;
        let end = line.iter().rposition(|&byte| byte == b')')?;
        let name = line.get(begin..end)?;
        let after_name = line.get(end + 1..)?;
        let mut fields = Fields(after_name);
        let state = *fields.next()?.first()?;
        let parent = fields.number()?;
        let flags = fields.skip(4)?.number()?;
        let utime = fields.skip(4)?.number()?;
        let stime = fields.number()?;
        let threads = fields.skip(4)?.number()?;
        let start_ticks = fields.skip(1)?.number()?;
        let virtual_bytes = fields.number()?;
        let rough_rss_pages = fields.number().unwrap_or(0);
        let stack = fields.skip(3)?.number()?;
        // Linux 3.5 and later. Missing fields count as unchanged.
        let mut rest = fields.skip(19);
        let mut rest = || rest.as_mut()?.number();
        let (args_begin, args_end) = (rest().unwrap_or(0), rest().unwrap_or(0));
        let environment_end = rest().and_then(|_| rest()).unwrap_or(0);
        Some(Self {
            name,
            after_name,
            state,
            parent: u32::try_from(parent).ok()?,
            is_kernel_thread: flags & KERNEL_THREAD != 0,
            has_only_forked: flags & FORKED != 0,
            is_exiting: flags & EXITING != 0,
            cpu_ticks: utime.saturating_add(stime),
            threads,
            start_ticks,
            virtual_bytes,
            has_memory: virtual_bytes != 0,
            rough_rss_pages,
            image: stack ^ args_begin.rotate_left(21) ^ args_end.rotate_left(42),
            has_arguments: environment_end != 0,
        })
    }

    /// Returns whether the thread has ended: the first one, if it is the line of a process.
    pub(in crate::source) fn has_ended(&self) -> bool {
        matches!(self.status(), Status::Zombie | Status::Dead)
    }

    /// Returns whether the first thread has ended, but not all.
    ///
    /// The kernel keeps the first thread as a zombie until all have ended, and counts it. Threads
    /// that a debugger has not released are counted too, so all may have ended nevertheless. None is
    /// counted if another thread has replaced the first one by an `exec` while this was read.
    pub(in crate::source) fn has_lost_first_thread(&self) -> bool {
        self.has_ended() && self.threads != 1
    }

    /// Returns whether an empty command line, read before this line, is what the process has.
    ///
    /// It is empty too while a process exits and in the middle of an `exec`.
    pub(in crate::source) fn can_be_without_arguments(&self) -> bool {
        self.has_memory && self.has_arguments
    }

    /// Replaces what a first thread that has ended has lost by what this thread of its process has.
    pub(in crate::source) fn with_thread(self, thread: &Stat<'_>) -> Self {
        Self {
            state: thread.state,
            is_exiting: thread.is_exiting,
            virtual_bytes: thread.virtual_bytes,
            has_memory: thread.has_memory,
            rough_rss_pages: thread.rough_rss_pages,
            image: thread.image,
            has_arguments: thread.has_arguments,
            ..self
        }
    }

    /// Drops the texts, to be independent of the line.
    pub(in crate::source) fn without_name(self) -> Stat<'static> {
        Stat {
            name: &[],
            after_name: &[],
            ..self
        }
    }

    /// Converts field 3, a letter of task_state_array in fs/proc/array.c.
    pub(in crate::source) fn status(&self) -> Status {
        match self.state {
            b'R' => Status::Running,
            b'S' => Status::Sleeping,
            b'D' => Status::DiskSleep,
            b'I' => Status::Idle,
            b'T' => Status::Stopped,
            b't' => Status::Traced,
            b'Z' => Status::Zombie,
            b'X' | b'x' => Status::Dead,
            _ => Status::Other,
        }
    }
}

/// The fields after the name.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        // One space before each, and a newline after the last.
        let rest = self.0.strip_prefix(b" ")?;
        let end = rest.iter().position(|&byte| byte == b' ' || byte == b'\n');
        let (field, rest) = rest.split_at(end.unwrap_or(rest.len()));
        self.0 = rest;
        Some(field)
    }

    fn skip(&mut self, fields: usize) -> Option<&mut Self> {
        let is_space = |(_, byte): &(usize, &u8)| **byte == b' ';
        let (begin, _) = self.0.iter().enumerate().filter(is_space).nth(fields)?;
        self.0 = &self.0[begin..];
        Some(self)
    }

    fn number(&mut self) -> Option<u64> {
        number(self.next()?)
    }
}

/// Parses digits and nothing else, up to the maximum of u64.
pub(in crate::source) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, &digit| {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::FileFailurePersistence;

    use super::*;

    fn line_of(name: &[u8], start: &str) -> Vec<u8> {
        let mut line = b"42 (".to_vec();
        line.extend_from_slice(name);
        line.extend_from_slice(b") S 7 42 42 0 -1 2097152 10 11 12 13 30 12 16 17 20 0 1 0 ");
        line.extend_from_slice(start.as_bytes());
        line.extend_from_slice(
            b" 8192 99 18446744073709551615 1 2 3 4 5 0 0 0 0 0 0 0 17 1 0 0 0 0 0 6 7 8 9 10 11 12 0\n",
        );
        line
    }

    #[test]
    fn each_field_is_found_at_its_place() {
        let line = line_of(b"a) (b", "1234");
        let stat = Stat::parse(&line).expect("it is a line of stat");
        assert_eq!(
            stat,
            Stat {
                name: b"a) (b",
                after_name: &line[10..],
                state: b'S',
                parent: 7,
                is_kernel_thread: true,
                has_only_forked: false,
                is_exiting: false,
                cpu_ticks: 42,
                threads: 1,
                start_ticks: 1234,
                virtual_bytes: 8192,
                has_memory: true,
                rough_rss_pages: 99,
                image: 3 ^ 9_u64.rotate_left(21) ^ 10_u64.rotate_left(42),
                has_arguments: true,
            }
        );
        assert_eq!(stat.status(), Status::Sleeping);
    }

    #[test]
    fn our_own_line_is_parsed() {
        let line = std::fs::read("/proc/self/stat").expect("there is a /proc here");
        let stat = Stat::parse(&line).expect("the kernel writes it");
        assert!(stat.start_ticks > 0 && !stat.is_kernel_thread && stat.image != 0);
        assert!(stat.rough_rss_pages > 0 && stat.parent > 0);
        assert!(stat.has_memory && stat.has_arguments);
    }

    /// Parses a line with this module and with the crate procfs.
    fn assert_equal_to_procfs(line: &[u8]) {
        use procfs::FromRead;

        let ours = Stat::parse(line).expect("the kernel writes it");
        let theirs = procfs::process::Stat::from_read(line).expect("the kernel writes it");
        let context = line.escape_ascii();
        assert_eq!(String::from_utf8_lossy(ours.name), theirs.comm, "{context}");
        assert_eq!(char::from(ours.state), theirs.state, "{context}");
        assert_eq!(i64::from(ours.parent), i64::from(theirs.ppid), "{context}");
        let is_kernel_thread = u64::from(theirs.flags) & KERNEL_THREAD != 0;
        assert_eq!(ours.is_kernel_thread, is_kernel_thread, "{context}");
        assert_eq!(ours.cpu_ticks, theirs.utime + theirs.stime, "{context}");
        assert_eq!(ours.threads.cast_signed(), theirs.num_threads, "{context}");
        assert_eq!(ours.start_ticks, theirs.starttime, "{context}");
        assert_eq!(ours.has_memory, theirs.vsize != 0, "{context}");
        assert_eq!(ours.rough_rss_pages, theirs.rss, "{context}");
        let has_arguments = theirs.env_end.unwrap_or(0) != 0;
        assert_eq!(ours.has_arguments, has_arguments, "{context}");
        let (begin, end) = (theirs.arg_start.unwrap_or(0), theirs.arg_end.unwrap_or(0));
        let image = theirs.startstack ^ begin.rotate_left(21) ^ end.rotate_left(42);
        assert_eq!(ours.image, image, "{context}");
    }

    #[test]
    fn every_process_of_this_host_is_parsed_as_by_procfs() {
        let mut lines = 0;
        for entry in std::fs::read_dir("/proc")
            .expect("there is a /proc here")
            .flatten()
        {
            // Other entries of /proc have no `stat`, and neither has a process that has just
            // exited.
            if let Ok(line) = std::fs::read(entry.path().join("stat"))
                && number(entry.file_name().as_encoded_bytes()).is_some()
            {
                assert_equal_to_procfs(&line);
                lines += 1;
            }
        }
        assert!(lines > 0);
    }

    #[test]
    fn hostile_names_are_parsed_as_by_procfs() {
        for name in [
            "",
            ")",
            "((sd-pam))",
            ") S 1 (",
            "a\nb",
            "\u{1b}[31m",
            " ",
            "9) R 9 9",
        ] {
            assert_equal_to_procfs(&line_of(name.as_bytes(), "77"));
        }
    }

    #[test]
    fn other_lines_are_none() {
        for line in [
            &b""[..],
            b")",
            b")(",
            b"42 (x) S",
            &line_of(b"x", ""),
            &line_of(b"x", "-1"),
            &line_of(b"x", "18446744073709551616"),
        ] {
            assert_eq!(Stat::parse(line), None, "{}", line.escape_ascii());
        }
        assert_eq!(number(b""), None);
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_failure_persistence(FileFailurePersistence::Direct(
            "tests/proptest-regressions/stat.txt"
        )))]

        #[test]
        fn fields_are_found_after_any_name(name: Vec<u8>, start: u64) {
            let line = line_of(&name, &start.to_string());
            let stat = Stat::parse(&line).expect("it is a line of stat");
            prop_assert_eq!(stat.start_ticks, start);
            prop_assert_eq!(stat.name, &name[..]);
        }

        #[test]
        fn it_never_panics(line: Vec<u8>, at in 0..200_usize, byte: u8) {
            let _ = Stat::parse(&line);
            let mut line = line_of(&line, "5");
            if let Some(there) = line.get_mut(at) {
                *there = byte;
            }
            let _ = Stat::parse(&line);
            line.truncate(at);
            let _ = Stat::parse(&line);
        }
    }
}
