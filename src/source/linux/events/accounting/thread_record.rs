//! Parses the kernel's record of a thread that ends (include/uapi/linux/taskstats.h).

use super::message::{attributes, long, number, short};

/// `TASKSTATS_TYPE_STATS`, and what contains it: one thread, or all of a process.
const TYPE_TGID: u16 = 2;
const TYPE_STATS: u16 = 3;
const TYPE_AGGR_PID: u16 = 4;
const TYPE_AGGR_TGID: u16 = 5;

/// `AGROUP`: the thread is the last one of its process.
const IS_LAST: u8 = 0x20;

/// The first version with the process of a thread.
const WITH_PROCESS: u16 = 12;

/// It inserted fields in the middle, and version 16 moved them to the end.
const DISPLACED: u16 = 15;

/// What a thread has used. The kernel sends it when the thread ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source::linux::events) struct Record {
    /// The number of its process. Before version 12 that of the thread, which is the same for the first.
    pub(super) pid: u32,
    /// It is the last thread; `None` before version 12.
    pub(super) is_last: Option<bool>,
    pub(super) name: ThreadName,
    /// Time from the start of its process, in nanoseconds; `None` if unknown.
    pub(super) elapsed_ns: Option<u64>,
    /// CPU time in nanoseconds; `None` if the kernel does not count it.
    ///
    /// Since the last tick or change of threads it is not counted.
    pub(super) cpu_ns: Option<u64>,
    /// Nanoseconds in which it could have run and had no CPU; `None` if the kernel does not count it.
    pub(super) delay_ns: Option<u64>,
    /// It has never slept or waited.
    pub(super) never_slept: bool,
    pub(super) peak_rss_bytes: Option<u64>,
    pub(super) read_bytes: Option<u64>,
    pub(super) written_bytes: Option<u64>,
    /// The process has had other threads. CPU time of all of them, if the kernel counts it.
    pub(super) group: Option<Option<u64>>,
}

/// The name of a thread: `ac_comm`, which is NUL-terminated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::source::linux::events) struct ThreadName([u8; NAME_LEN]);

/// `TASK_COMM_LEN`.
const NAME_LEN: usize = 16;

impl ThreadName {
    #[cfg(test)]
    pub(super) const fn new(name: &[u8]) -> Self {
        let mut bytes = [0; NAME_LEN];
        let (begin, _) = bytes.split_at_mut(name.len());
        begin.copy_from_slice(name);
        Self(bytes)
    }

    fn of(stats: &Stats<'_>) -> Self {
        let mut name = Self::default();
        if let Some(bytes) = stats.0.get(80..80 + NAME_LEN) {
            name.0.copy_from_slice(bytes);
        }
        name
    }

    /// Returns the bytes before the NUL; empty if the thread has no name.
    pub(in crate::source::linux::events) fn bytes(&self) -> &[u8] {
        let len = self.0.iter().position(|&byte| byte == 0);
        &self.0[..len.unwrap_or(NAME_LEN)]
    }
}

impl Record {
    /// Parses the attributes of a message; `None` if they are no record that this crate knows.
    pub(super) fn parse(message: &[u8]) -> Option<Self> {
        let (mut thread, mut group) = (None, None);
        for (kind, value) in attributes(message) {
            let stats = || Some(Stats(attribute(value, TYPE_STATS)?));
            match kind {
                TYPE_AGGR_PID => thread = stats(),
                TYPE_AGGR_TGID => group = attribute(value, TYPE_TGID).zip(stats()),
                _ => {}
            }
        }
        let thread = thread?;
        let version = short(thread.0, 0)?;
        if version == DISPLACED {
            return None;
        }
        let has_process = version >= WITH_PROCESS;
        let own = thread.number(128)?;
        // Only the message of the last thread has a part of all.
        let of_group = group.as_ref().and_then(|(pid, _)| number(pid, 0));
        let pid = has_process.then(|| thread.number(368)).flatten();
        let pid = pid.or(of_group).unwrap_or(own);
        let elapsed_us = match has_process {
            true => thread.long(376),
            false => thread.long(144).filter(|_| own == pid),
        };
        let flag = thread.0.get(8)?;
        Some(Self {
            pid,
            is_last: has_process.then_some(flag & IS_LAST != 0),
            name: ThreadName::of(&thread),
            elapsed_ns: elapsed_us.map(|us| us.saturating_mul(1000)),
            cpu_ns: thread.cpu_ns(),
            delay_ns: thread
                .long(16)
                .filter(|&count| count > 0)
                .and_then(|_| thread.long(24)),
            never_slept: thread.long(272) == Some(0),
            peak_rss_bytes: thread
                .long(200)
                .filter(|&kib| kib > 0)
                .map(|kib| kib.saturating_mul(1024)),
            read_bytes: thread.long(248),
            written_bytes: thread.long(256),
            group: group.map(|(_, stats)| stats.cpu_ns()),
        })
    }
}

/// A `struct taskstats`, by offsets. Later versions only add to its end, but for version 15.
struct Stats<'a>(&'a [u8]);

impl Stats<'_> {
    fn number(&self, at: usize) -> Option<u32> {
        number(self.0, at)
    }

    fn long(&self, at: usize) -> Option<u64> {
        long(self.0, at)
    }

    /// `cpu_run_virtual_total`, which is 0 without CONFIG_TASK_DELAY_ACCT.
    fn cpu_ns(&self) -> Option<u64> {
        self.long(72).filter(|&ns| ns > 0)
    }
}

fn attribute(value: &[u8], kind: u16) -> Option<&[u8]> {
    attributes(value)
        .find(|(of, _)| *of == kind)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number in a structure: its offset and its value.
    type Put = (usize, u64);

    fn stats(version: u16, len: usize, puts: &[Put]) -> Vec<u8> {
        let mut bytes = vec![0; len];
        bytes[..2].copy_from_slice(&version.to_ne_bytes());
        for &(at, value) in puts {
            let value = value.to_ne_bytes();
            let bytes = bytes[at..].iter_mut().zip(value);
            bytes.for_each(|(to, byte)| *to = byte);
        }
        bytes
    }

    fn nested(kind: u16, parts: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        for (kind, value) in parts {
            let len = 4 + value.len() as u16;
            bytes.extend(len.to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend_from_slice(value);
        }
        let len = bytes.len() as u16;
        bytes[..2].copy_from_slice(&len.to_ne_bytes());
        bytes[2..4].copy_from_slice(&(kind | 0x8000).to_ne_bytes());
        bytes
    }

    /// The message of a thread, and of its process if that has had several.
    fn message(tid: u32, thread: &[u8], group: Option<(u32, &[u8])>) -> Vec<u8> {
        let tid = tid.to_ne_bytes();
        let mut bytes = nested(TYPE_AGGR_PID, &[(1, &tid), (TYPE_STATS, thread)]);
        if let Some((pid, stats)) = group {
            let pid = pid.to_ne_bytes();
            bytes.extend(nested(
                TYPE_AGGR_TGID,
                &[(TYPE_TGID, &pid), (TYPE_STATS, stats)],
            ));
        }
        bytes
    }

    const FULL: [Put; 13] = [
        (8, 0x20),
        (16, 3),
        (24, 4_000),
        (72, 5_000),
        (80, u64::from_ne_bytes(*b"rustdoc\0")),
        (128, 71),
        (144, 6),
        (200, 2_048),
        (248, 1_024),
        (256, 4_096),
        (272, 0),
        (368, 70),
        (376, 9),
    ];

    #[test]
    fn a_record_has_what_its_version_has() {
        let whole = stats(16, 560, &FULL);
        let record = Record::parse(&message(71, &whole, None)).expect("it is complete");
        let expected = Record {
            pid: 70,
            is_last: Some(true),
            name: ThreadName::new(b"rustdoc"),
            elapsed_ns: Some(9_000),
            cpu_ns: Some(5_000),
            delay_ns: Some(4_000),
            never_slept: true,
            peak_rss_bytes: Some(2 << 20),
            read_bytes: Some(1_024),
            written_bytes: Some(4_096),
            group: None,
        };
        assert_eq!(record, expected);
        // Before version 12 there is no process. A record of Linux 4.19 has 344 bytes.
        let old = stats(9, 344, &FULL[..11]);
        let record = Record::parse(&message(71, &old, None)).expect("it is complete");
        let expected_old = Record {
            pid: 71,
            is_last: None,
            elapsed_ns: Some(6_000),
            ..expected
        };
        assert_eq!(record, expected_old);
        let shorter = stats(2, 200, &FULL[..7]);
        let record = Record::parse(&message(71, &shorter, None)).expect("it is complete");
        let unknown = Record {
            never_slept: false,
            peak_rss_bytes: None,
            read_bytes: None,
            written_bytes: None,
            ..expected_old
        };
        assert_eq!(record, unknown);
        assert_eq!(
            Record::parse(&message(71, &stats(15, 560, &FULL), None)),
            None
        );
    }

    #[test]
    fn the_last_thread_has_the_cpu_time_of_all() {
        let group = stats(16, 560, &[(72, 8_000)]);
        let whole = stats(16, 560, &FULL);
        let record = Record::parse(&message(71, &whole, Some((70, &group))));
        assert_eq!(record.and_then(|record| record.group), Some(Some(8_000)));
        // Of an old kernel, the other thread's time is not the process's.
        let old = stats(9, 344, &FULL[..11]);
        let record = Record::parse(&message(71, &old, Some((70, &group)))).expect("it is complete");
        assert_eq!((record.pid, record.elapsed_ns), (70, None));
    }

    #[test]
    fn what_the_kernel_does_not_count_is_unknown() {
        let empty = stats(16, 560, &[(128, 70), (368, 70), (376, 9), (272, 1)]);
        let record = Record::parse(&message(70, &empty, None)).expect("it is complete");
        assert_eq!((record.cpu_ns, record.delay_ns), (None, None));
        assert_eq!((record.peak_rss_bytes, record.read_bytes), (None, Some(0)));
        assert_eq!((record.is_last, record.never_slept), (Some(false), false));
        assert_eq!(Record::parse(&[]), None);
        let whole = message(71, &empty, None);
        for cut in 0..whole.len() {
            assert_eq!(Record::parse(&whole[..cut]), None, "{cut}");
        }
    }
}
