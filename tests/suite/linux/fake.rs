//! A fake `/proc` with files that a test writes.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use process_scanner::{Collect, ErrorClass, LinuxSource, Reading, Row, Scanner, Source};
use tempfile::TempDir;

use super::scan;

pub(super) struct Fake(TempDir);

impl Fake {
    pub(super) fn new() -> Self {
        let fake = Self(TempDir::new().unwrap());
        fs::write(
            fake.0.path().join("stat"),
            "cpu 1\nbtime 1700000000\nprocesses 42\n",
        )
        .unwrap();
        fake
    }

    pub(super) fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    pub(super) fn folder(&self, pid: u32) -> PathBuf {
        self.0.path().join(pid.to_string())
    }

    pub(super) fn add(&self, pid: u32, name: &str, start_ticks: u64) {
        fs::create_dir(self.folder(pid)).unwrap();
        self.write(pid, name, start_ticks, 0);
        fs::write(self.folder(pid).join("statm"), "100 25 3 1 0 5 0\n").unwrap();
        fs::write(self.folder(pid).join("cmdline"), "/bin/x\0-v\0").unwrap();
    }

    pub(super) fn write(&self, pid: u32, name: &str, start_ticks: u64, utime: u64) {
        let stat = format!(
            "{pid} ({name}) S 1 1 1 0 -1 0 0 0 0 0 {utime} 0 0 0 20 0 1 0 {start_ticks} 8192 25 \
             18446744073709551615 1 1 7 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 1 1 1 8 9 1 1 0\n"
        );
        fs::write(self.folder(pid).join("stat"), stat).unwrap();
    }

    pub(super) fn source(&self) -> LinuxSource {
        LinuxSource::with_proc(self.path(), Collect::default()).unwrap()
    }

    pub(super) fn scanner(&self) -> Scanner {
        Scanner::builder().source(self.source()).build().unwrap()
    }
}

#[test]
fn a_proc_folder_of_other_pids_is_read_without_cpu_clocks() {
    let fake = Fake::new();
    for pid in [7, 1, 300, 42] {
        fake.add(pid, "x", u64::from(pid));
    }
    let mut scanner = fake.scanner();
    let batch = scan(&mut scanner);
    let pids: Vec<u32> = batch
        .events
        .iter()
        .map(|event| event.process().pid)
        .collect();
    assert_eq!(pids, [1, 7, 42, 300]);
    let process = super::known(&scanner, 42);
    assert_eq!(
        process.resources.rss_bytes,
        Some(25 * rustix::param::page_size() as u64)
    );
    assert_eq!(super::args(&process), ["/bin/x", "-v"]);
    // CPU time comes from `stat`, in ticks of 10 ms.
    fake.write(42, "x", 42, 12);
    scan(&mut scanner);
    assert_eq!(super::known(&scanner, 42).cpu_time_ms, Some(120.0));
    // Another process has the pid.
    fake.write(7, "other", 5000, 0);
    let batch = scan(&mut scanner);
    let about = super::about(&batch, 7);
    let kinds: Vec<&str> = about.iter().map(|event| event.kind()).collect();
    assert_eq!(kinds, ["exited", "created"], "{:?}", batch.events);
    fs::remove_dir_all(fake.folder(300)).unwrap();
    let batch = scan(&mut scanner);
    assert!(batch.events.iter().any(|event| event.kind() == "exited"));
}

#[test]
fn malformed_files_count_as_unreadable_and_cause_no_exits() {
    let fake = Fake::new();
    for pid in [1, 2, 3, 4] {
        fake.add(pid, "x", 5);
    }
    let mut scanner = fake.scanner();
    scan(&mut scanner);
    fs::write(fake.folder(1).join("stat"), "").unwrap();
    fs::write(fake.folder(2).join("stat"), [0xff; 5000]).unwrap();
    fake.write(3, "x", 5, 9);
    fs::write(fake.folder(3).join("statm"), "nothing").unwrap();
    let batch = scan(&mut scanner);
    assert!(batch.events.iter().all(|event| event.kind() == "updated"));
    assert_eq!(super::known(&scanner, 3).resources.rss_bytes, None);
    let unreadable = batch.counts.unreadable;
    assert_eq!(unreadable.get("rss_bytes"), 3);
    // All fields of the two processes without `stat`, the optional ones too.
    for field in [
        "start_time_ms",
        "name",
        "command",
        "cpu_time_ms",
        "threads",
        "tty",
    ] {
        assert_eq!(unreadable.get(field), 2, "{field}");
    }
    assert_eq!(unreadable.get("open_files"), 0);
    let optional = Collect::default().details().count() as u32;
    assert_eq!(unreadable.total(), 2 * (5 + optional) + 1);
    assert_eq!(batch.counts.unreadable_fields, unreadable.total());
    let unconfirmed: Vec<u32> = batch.unconfirmed.iter().map(|key| key.pid).collect();
    assert_eq!(unconfirmed, [1, 2]);
    // Once the files are readable again, the processes keep their keys.
    fake.write(1, "x", 5, 0);
    fake.write(2, "x", 5, 0);
    let batch = scan(&mut scanner);
    assert!(batch.events.iter().all(|event| event.kind() == "updated"));
    assert!(batch.unconfirmed.is_empty());
}

#[test]
fn the_memory_of_an_idle_process_is_read_in_its_turn() {
    let fake = Fake::new();
    for pid in 1..=40 {
        fake.add(pid, "x", 5);
    }
    let renewed = |period, pages: u64| {
        let source = fake.source().with_idle_reads_every(period);
        let mut scanner = Scanner::builder().source(source).build().unwrap();
        scan(&mut scanner);
        for pid in 1..=40 {
            // `stat` stays the same.
            let statm = format!("100 {pages} 3 1 0 5 0\n");
            fs::write(fake.folder(pid).join("statm"), statm).unwrap();
        }
        let batch = scan(&mut scanner);
        let events = batch.events.iter().filter(|event| {
            let rss_bytes = event.process().resources.rss_bytes;
            rss_bytes == Some(pages * rustix::param::page_size() as u64)
        });
        events.count()
    };
    assert_eq!(renewed(Duration::ZERO, 26), 40);
    // Some can have their turn just now.
    assert!(renewed(Duration::from_secs(86_400), 27) < 20);
}

#[test]
fn the_first_reads_of_a_crowd_are_reported_apart() {
    let fake = Fake::new();
    fake.add(1, "a", 10);
    let mut source = fake.source();
    let mut first_reads = || source.scan(&mut |_| {}).unwrap().first_read_cpu_ns;
    assert!(first_reads() > 0);
    assert_eq!(first_reads(), 0);
    for pid in 2..50 {
        fake.add(pid, "b", 20);
    }
    assert!(first_reads() > 0);
    assert_eq!(first_reads(), 0);
}

#[test]
fn the_name_of_a_kernel_worker_is_reported_once_although_it_changes() {
    let fake = Fake::new();
    let write = |name: &str, utime| {
        fake.write(2, name, 5, utime);
        let path = fake.folder(2).join("stat");
        let stat = fs::read_to_string(&path).unwrap();
        // PF_KTHREAD, field 9.
        fs::write(&path, stat.replacen(" -1 0 ", " -1 2097152 ", 1)).unwrap();
    };
    fake.add(1, "x", 5);
    fake.add(2, "x", 5);
    write("kworker/0:1", 0);
    let mut scanner = fake.scanner();
    scan(&mut scanner);
    write("kworker/0:1-events", 7);
    let batch = scan(&mut scanner);
    assert_eq!(super::changed(&batch, 2), process_scanner::Changes::CPU);
    assert_eq!(
        super::known(&scanner, 2).name.as_deref(),
        Some("kworker/0:1")
    );
}

#[test]
fn a_process_unreadable_in_one_scan_keeps_its_key() {
    let fake = Fake::new();
    fake.add(1, "x", 5);
    fake.add(2, "x", 5);
    let mut scanner = fake.scanner();
    scan(&mut scanner);
    let before = crate::support::scan_for_command(&mut scanner, 2);
    // The folder is unreadable for one scan; then the same pid started at the same tick.
    fs::write(fake.folder(2).join("stat"), "").unwrap();
    let batch = scan(&mut scanner);
    assert_eq!(batch.unconfirmed, [before.key()]);
    fake.write(2, "x", 5, 7);
    let batch = scan(&mut scanner);
    assert!(batch.events.iter().all(|event| event.kind() == "updated"));
    assert_eq!(super::known(&scanner, 2).key(), before.key());
    assert_eq!(super::known(&scanner, 2).command, before.command);
}

#[test]
fn a_scan_without_changes_allocates_nothing() {
    let fake = Fake::new();
    for pid in 1..=200 {
        fake.add(pid, "x", 5);
    }
    assert_allocates_nothing(fake.source());
    // Every process has its turn in each scan.
    assert_allocates_nothing(fake.source().with_idle_reads_every(Duration::ZERO));
}

fn assert_allocates_nothing(mut source: LinuxSource) {
    let mut unchanged = || {
        let mut rows = 0;
        source
            .scan(&mut |row| {
                // In its turn a process is emitted with its optional fields.
                let is_whole =
                    matches!(row, Row::Process(row) if row.command != Reading::Unchanged);
                rows += u32::from(!is_whole);
            })
            .unwrap();
        rows
    };
    // On a busy machine a command line can come in a later scan.
    while unchanged() < 200 {}
    unchanged();
    let mut rows = 0;
    let allocated = allocation_counter::measure(|| {
        for _ in 0..60 {
            rows += unchanged();
        }
    });
    assert_eq!(allocated.count_total, 0, "{allocated:?}");
    assert_eq!(rows, 200 * 60);
}

#[test]
fn a_folder_that_is_not_proc_is_refused_at_the_start() {
    let refused = |path: PathBuf| {
        LinuxSource::with_proc(path, Collect::default())
            .err()
            .unwrap()
    };
    let empty = TempDir::new().unwrap();
    let error = refused(empty.path().to_owned());
    assert_eq!(error.class(), ErrorClass::Unsupported);
    assert!(error.to_string().contains(empty.path().to_str().unwrap()));
    let error = refused("/nowhere/at/all".into());
    assert_eq!(error.class(), ErrorClass::SourceGone);
    let fake = Fake::new();
    fake.add(1, "x", 5);
    fs::write(fake.folder(1).join("stat"), "1 (x)").unwrap();
    assert_eq!(refused(fake.path()).class(), ErrorClass::Unsupported);
}

#[test]
fn a_removed_proc_folder_fails_the_scan() {
    let fake = Fake::new();
    fake.add(1, "x", 5);
    let mut scanner = fake.scanner();
    scan(&mut scanner);
    let path = fake.path();
    drop(fake);
    let batch = scanner.scan_once().unwrap();
    let failure = batch.failure.as_ref().unwrap();
    assert_eq!(failure.class(), ErrorClass::SourceGone);
    assert!(failure.full_message().contains(path.to_str().unwrap()));
    assert_eq!((batch.counts.retries, batch.unconfirmed.len()), (1, 1));
}
