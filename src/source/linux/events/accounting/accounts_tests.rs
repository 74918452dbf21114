//! Tests of [`Accounts`].

use super::accounts::{Accounts, Ended};
use super::intake::Records;
use super::thread_record::{Record, ThreadName};
use crate::model::ExitUsage;

const MS: u64 = 1_000_000;

/// The only thread of process 7, which has lived for 3 ms.
const RECORD: Record = Record {
    pid: 7,
    is_last: Some(true),
    name: ThreadName::new(b"make"),
    elapsed_ns: Some(3 * MS),
    cpu_ns: Some(MS),
    delay_ns: Some(MS / 2),
    never_slept: false,
    peak_rss_bytes: Some(4096),
    read_bytes: Some(1),
    written_bytes: Some(10),
    group: None,
};

/// It was born at 1000 ms.
const ENDED: Ended = Ended {
    pid: 7,
    born_ns: Some(1000 * MS),
    ended_ns: 1003 * MS,
    lived_ns: [3 * MS; 2],
};

/// What is known of [`RECORD`].
fn usage() -> ExitUsage {
    ExitUsage {
        cpu_time_ns: Some(MS),
        peak_rss_bytes: Some(4096),
        read_bytes: Some(1),
        written_bytes: Some(10),
    }
}

impl Accounts {
    /// Returns what a process has used, if anything of it is known.
    fn used(&mut self, process: Ended) -> Option<ExitUsage> {
        let usage = self.take(process)?.usage;
        (!usage.is_unknown()).then_some(usage)
    }
}

/// Takes these records, complete since 500 ms, in one drain at 1010 ms.
fn accounts(list: &[Record]) -> Accounts {
    let mut accounts = Accounts::new(4 * MS);
    hear(&mut accounts, list, 500, 1010);
    accounts
}

fn hear(accounts: &mut Accounts, list: &[Record], since_ms: u64, now_ms: u64) {
    let mut records = Records {
        list: list.to_vec(),
        since_ns: Some(since_ms * MS),
    };
    accounts.hear(&mut records, now_ms * MS);
}

#[test]
fn a_process_has_its_record_once() {
    let mut accounts = accounts(&[RECORD]);
    assert_eq!(accounts.used(Ended { pid: 8, ..ENDED }), None);
    assert_eq!(accounts.used(ENDED), Some(usage()));
    assert_eq!(accounts.used(ENDED), None);
}

#[test]
fn threads_are_summed_and_memory_is_that_of_the_last_one() {
    let thread = Record {
        is_last: Some(false),
        peak_rss_bytes: Some(1),
        ..RECORD
    };
    let last = Record {
        group: Some(Some(5 * MS)),
        ..RECORD
    };
    let expected = ExitUsage {
        cpu_time_ns: Some(5 * MS),
        read_bytes: Some(3),
        written_bytes: Some(30),
        ..usage()
    };
    // A thread that ended before the last one can be late. The kernel's sum may lack it.
    let mut late = accounts(&[thread, last, thread]);
    let cpu_time_ns = Some(3 * MS);
    let summed = ExitUsage {
        cpu_time_ns,
        ..expected
    };
    assert_eq!(late.used(ENDED), Some(summed));
    let unheard = Ended {
        born_ns: None,
        ..ENDED
    };
    let usage_of_late = accounts(&[thread, last, thread]).used(unheard);
    assert_eq!(usage_of_late.and_then(|usage| usage.cpu_time_ns), None);
    // The next process with this pid begins at 0.
    let mut all = accounts(&[thread, thread, last]);
    assert_eq!(all.used(ENDED), Some(expected));
    hear(&mut all, &[RECORD], 500, 1020);
    assert_eq!(all.used(ENDED), Some(usage()));
    // Threads of a process that is older than the records may have ended before.
    for born_ns in [None, Some(400 * MS)] {
        let usage = accounts(&[thread, last]).used(Ended { born_ns, ..ENDED });
        let unknown = ExitUsage {
            read_bytes: None,
            written_bytes: None,
            ..expected
        };
        assert_eq!(usage, Some(unknown));
    }
}

#[test]
fn an_old_kernel_does_not_report_the_process_of_a_thread() {
    let old = Record {
        is_last: None,
        ..RECORD
    };
    assert_eq!(accounts(&[old]).used(ENDED), Some(usage()));
    let last = Record {
        elapsed_ns: Some(3 * MS),
        group: Some(None),
        ..old
    };
    let cpu_unknown = ExitUsage {
        peak_rss_bytes: Some(4096),
        ..ExitUsage::default()
    };
    assert_eq!(accounts(&[last]).used(ENDED), Some(cpu_unknown));
    // The first thread ended before the last one, whose record has no time of the process.
    let other = Record {
        elapsed_ns: None,
        group: Some(Some(5 * MS)),
        ..old
    };
    let summed = ExitUsage {
        cpu_time_ns: Some(5 * MS),
        ..cpu_unknown
    };
    assert_eq!(accounts(&[old, other]).used(ENDED), Some(summed));
    assert_eq!(
        accounts(&[old, other, other]).used(ENDED),
        Some(cpu_unknown)
    );
    // The record of another thread, which had this number before.
    assert_eq!(accounts(&[old, old]).used(ENDED), None);
}

#[test]
fn a_record_of_another_process_is_not_taken() {
    let long = Record {
        elapsed_ns: Some(60_000 * MS),
        ..RECORD
    };
    assert_eq!(accounts(&[long]).used(ENDED), None);
    let lived_ns = [60_000 * MS; 2];
    assert_eq!(accounts(&[RECORD]).used(Ended { lived_ns, ..ENDED }), None);
    // The system was suspended for a minute of a life that is older than the listener.
    let old = Ended {
        lived_ns: [0, 60_003 * MS],
        born_ns: None,
        ..ENDED
    };
    assert_eq!(accounts(&[RECORD]).used(old), Some(usage()));
    let unknown = Record {
        elapsed_ns: None,
        ..RECORD
    };
    assert_eq!(accounts(&[unknown]).used(ENDED), None);
    // It came before the birth.
    let later = Ended {
        born_ns: Some(1011 * MS),
        ended_ns: 1014 * MS,
        ..ENDED
    };
    assert_eq!(accounts(&[RECORD]).used(later), None);
    // Two processes of one pid in one drain.
    let mut both = accounts(&[RECORD, RECORD]);
    assert_eq!((both.used(ENDED), both.used(ENDED)), (None, None));
    let mut both = accounts(&[long, RECORD]);
    assert_eq!(both.used(ENDED), Some(usage()));
}

#[test]
fn after_a_loss_nothing_of_before_is_known() {
    let mut lossy = accounts(&[RECORD]);
    hear(&mut lossy, &[], 1005, 1020);
    assert_eq!(lossy.used(ENDED), None);
    // The record may be of the process before.
    hear(&mut lossy, &[RECORD], 1005, 1030);
    assert_eq!(lossy.used(ENDED), None);
    hear(&mut lossy, &[RECORD], 1005, 1040);
    let later = Ended {
        born_ns: Some(1001 * MS),
        ended_ns: 1006 * MS,
        ..ENDED
    };
    assert_eq!(lossy.used(later), Some(usage()));
    // No socket is open.
    hear(&mut lossy, &[RECORD], 1005, 1050);
    lossy.hear(&mut Records::default(), 1060 * MS);
    assert_eq!(lossy.used(later), None);
    // The end of a process is uncertain.
    let mut uncertain = accounts(&[RECORD]);
    uncertain.skip(7);
    assert_eq!(uncertain.used(ENDED), None);
}

#[test]
fn a_zombie_keeps_its_record_and_others_are_forgotten() {
    let other = Record { pid: 8, ..RECORD };
    let mut accounts = accounts(&[RECORD, other]);
    accounts.forget(120_000 * MS, &|pid| pid == 7);
    assert_eq!(accounts.used(Ended { pid: 8, ..ENDED }), None);
    assert_eq!(accounts.used(ENDED), Some(usage()));
}

#[test]
fn a_process_that_never_slept_was_on_a_cpu_or_waited_for_one() {
    let awake = Record {
        never_slept: true,
        ..RECORD
    };
    let cpu_ns = |record, ended| {
        accounts(&[record])
            .used(ended)
            .and_then(|usage| usage.cpu_time_ns)
    };
    assert_eq!(cpu_ns(awake, ENDED), Some(3 * MS - MS / 2));
    // Its parent was stopped before the event of its birth.
    let started = Record {
        elapsed_ns: Some(9 * MS),
        ..awake
    };
    assert_eq!(cpu_ns(started, ENDED), Some(3 * MS - MS / 2));
    // What is more than the kernel's count and a tick, a hypervisor took.
    let stolen = Record {
        elapsed_ns: Some(30 * MS),
        ..awake
    };
    let long = Ended {
        lived_ns: [30 * MS; 2],
        ..ENDED
    };
    assert_eq!(cpu_ns(stolen, long), Some(5 * MS));
    // The kernel has counted more, or counts no delays.
    let exact = Record {
        cpu_ns: Some(3 * MS),
        ..awake
    };
    assert_eq!(cpu_ns(exact, ENDED), Some(3 * MS));
    let delay_ns = None;
    assert_eq!(cpu_ns(Record { delay_ns, ..awake }, ENDED), Some(MS));
    // The time of a birth that was not heard has a resolution of 10 ms.
    let born_ns = None;
    assert_eq!(cpu_ns(awake, Ended { born_ns, ..ENDED }), Some(MS));
}

#[test]
fn a_process_with_one_thread_has_the_name_of_its_thread() {
    let name = |record| {
        let recorded = accounts(&[record]).take(ENDED).expect("it fits");
        recorded.name.map(|name| name.bytes().to_vec())
    };
    assert_eq!(name(RECORD).as_deref(), Some(&b"make"[..]));
    let unnamed = ThreadName::new(b"");
    assert_eq!(
        name(Record {
            name: unnamed,
            ..RECORD
        }),
        None
    );
    let group = Some(Some(MS));
    assert_eq!(name(Record { group, ..RECORD }), None);
}
