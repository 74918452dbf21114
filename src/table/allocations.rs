//! Tests of the memory that the table allocates and keeps.

use super::{Missing, Table};
use crate::config::Config;
use crate::model::{Batch, Detail, Snapshot, Timestamp};
use crate::source::{DetailReading, DetailValue, ProcessRow, Reading, Row, SourceInfo};

const DETAILS: &[DetailReading<'static>] = &[
    DetailReading {
        detail: Detail::Threads,
        value: DetailValue::Number(2),
    },
    DetailReading {
        detail: Detail::Cgroup,
        value: DetailValue::Text(b"/system.slice/a.service"),
    },
    DetailReading {
        detail: Detail::Tty,
        value: DetailValue::Unknown,
    },
];

fn at(scan: u64) -> Timestamp {
    Timestamp::new(1_700_000_000_000 + scan * 1000, scan * 1_000_000_000)
}

fn table() -> Table {
    Table::new(&Config::default(), &SourceInfo::new("test"))
}

fn row<'a>(pid: u32, start_time_ms: u64, name: &'a [u8], command: &'a [u8]) -> Row<'a> {
    let mut row = ProcessRow::unknown(pid);
    row.start_time_ms = Some(start_time_ms);
    row.name = Reading::Known(name);
    row.command = Reading::Known(command);
    row.cpu_time_ns = Some(5);
    row.resources.rss_bytes = Some(4096);
    row.details = DETAILS;
    Row::Process(row)
}

#[test]
fn a_scan_without_changes_allocates_nothing() {
    let mut table = table();
    let names: [&[u8]; 3] = [b"plain", b"not \xff utf-8", b""];
    // It shares the values of the table, which no scan may copy for nothing.
    let mut snapshot = Snapshot::new();
    let mut scan = |number, unchanged: bool| {
        let mut events = Vec::new();
        let counted = allocation_counter::measure(|| {
            let mut pass = table.begin(at(number));
            for pid in 1..=3000 {
                let name = names[pid as usize % 3];
                pass.apply(match unchanged {
                    true => Row::unchanged(pid),
                    false => row(pid, 7, name, b"a\0b\xff\0"),
                });
            }
            events = pass.finish(Missing::Exited).events;
        });
        let count = events.len();
        snapshot.apply(&Batch::new(number, number * 1000, events));
        (count, counted.count_total)
    };
    assert_eq!(scan(1, false).0, 3000);
    // CPU shares become known in the second scan, so every process changes.
    assert_eq!(scan(2, false).0, 3000);
    assert_eq!(scan(3, false), (0, 0));
    assert_eq!(scan(4, true), (0, 0));
}

#[test]
fn a_snapshot_shares_the_values_of_the_table() {
    let mut table = table();
    let mut pass = table.begin(at(1));
    for pid in 1..=3000 {
        pass.apply(row(pid, 7, b"name", b"command\0"));
    }
    let batch = Batch::new(1, 1000, pass.finish(Missing::Exited).events);
    let mut snapshot = Snapshot::new();
    let applied = allocation_counter::measure(|| _ = snapshot.apply(&batch));
    let copied = allocation_counter::measure(|| drop(snapshot.clone()));
    for counted in [applied, copied] {
        let each = counted.bytes_total / 3000;
        assert!(each < 40, "{each} bytes a process");
    }
    drop(batch);
    // A value that changes is copied, so that the snapshot keeps the old one.
    let mut pass = table.begin(at(2));
    for pid in 1..=3000 {
        pass.apply(row(pid, 7, b"other", b"command\0"));
    }
    pass.finish(Missing::Exited);
    assert!(
        snapshot
            .iter()
            .all(|process| process.name.as_deref() == Some("name"))
    );
    assert!(
        table
            .processes()
            .all(|process| process.name.as_deref() == Some("other"))
    );
}

#[test]
fn a_million_exited_processes_leave_no_memory_behind() {
    const LIVING: u32 = 3000;
    const SCANS: u32 = 340;
    let mut table = table();
    let mut sizes = Vec::new();
    for scan in 0..SCANS {
        let mut pass = table.begin(at(u64::from(scan)));
        for process in 0..LIVING {
            // New pids, names and command lines in each scan.
            let pid = 1 + (scan * LIVING + process) % 4_000_000;
            let text = format!("{scan}-{process}");
            pass.apply(row(pid, u64::from(scan), text.as_bytes(), text.as_bytes()));
        }
        let result = pass.finish(Missing::Exited);
        let expected = LIVING * if scan == 0 { 1 } else { 2 };
        assert_eq!(result.events.len(), expected as usize);
        assert_eq!(table.len(), LIVING as usize);
        // The control group is that of all.
        assert_eq!(table.texts.len(), LIVING as usize + 1);
        sizes.push(table.heap_bytes());
    }
    assert!(u64::from(SCANS * LIVING) > 1_000_000);
    // The first scans set the sizes. Later growth comes only from longer names.
    let early = *sizes[2..20].iter().max().expect("there were scans");
    let late = *sizes[20..].iter().max().expect("there were scans");
    assert!(late < early + early / 10, "{early} bytes became {late}");
}

#[test]
fn a_mass_exit_frees_memory() {
    let mut table = table();
    for (scan, living) in [(1, 50_000), (2, 50_000), (3, 100), (4, 100)] {
        let mut pass = table.begin(at(scan));
        for pid in 1..=living {
            pass.apply(row(pid, 7, b"many", b""));
        }
        pass.finish(Missing::Exited);
    }
    assert_eq!(table.len(), 100);
    assert!(table.heap_bytes() < 100_000, "{} bytes", table.heap_bytes());
    // The remaining processes are still found.
    let mut pass = table.begin(at(5));
    for pid in 1..=100 {
        pass.apply(Row::unchanged(pid));
    }
    assert!(pass.take_fault().is_none());
    assert!(pass.finish(Missing::Exited).events.is_empty());
}
