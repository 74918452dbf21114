//! Warnings about filters that need fields which are not collected.

use std::sync::{Mutex, Once};

use log::{LevelFilter, Log, Metadata, Record};
use process_scanner::{
    Collect, ConsumerOptions, Filter, ProcessRow, Result, Row, ScanSummary, Scanner, Source,
    SourceInfo,
};

/// Keeps the warnings about filters of all tests.
struct Warnings(Mutex<Vec<String>>);

static WARNINGS: Warnings = Warnings(Mutex::new(Vec::new()));
static INSTALLED: Once = Once::new();

impl Log for Warnings {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let text = record.args().to_string();
        if text.contains("filter") {
            self.0.lock().unwrap().push(text);
        }
    }

    fn flush(&self) {}
}

/// A source that collects these fields.
struct Collecting(Collect);

impl Source for Collecting {
    fn info(&self) -> SourceInfo {
        let mut info = SourceInfo::new("collecting");
        info.collects = self.0;
        info
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        emit(Row::Process(ProcessRow::unknown(1)));
        Ok(ScanSummary::default())
    }
}

/// Returns the warnings about a consumer with this filter.
fn warnings(collects: Collect, name: &str, filter: Filter) -> Vec<String> {
    INSTALLED.call_once(|| {
        log::set_logger(&WARNINGS).unwrap();
        log::set_max_level(LevelFilter::Warn);
    });
    let mut scanner = Scanner::builder().source(Collecting(collects)).build();
    let scanner = scanner.as_mut().unwrap();
    let options = ConsumerOptions::default()
        .with_name(name)
        .with_filter(filter);
    let consumer = scanner.consumers().subscribe(options);
    for _ in 0..3 {
        scanner.scan_once().unwrap();
    }
    assert!(consumer.recv().unwrap().full);
    let warnings = WARNINGS.0.lock().unwrap();
    let is_of_consumer = |text: &&String| text.contains(&format!("({name})"));
    warnings.iter().filter(is_of_consumer).cloned().collect()
}

#[test]
fn a_filter_that_needs_fields_that_are_not_collected_is_a_warning_once() {
    let of_user = Filter::new().with_user("root").with_unit("nginx");
    let usual = Collect::default();
    let warned = warnings(usual | Collect::CGROUP, "of no user", of_user.clone());
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert!(warned[0].contains("does not collect (user):"), "{warned:?}");
    let both = usual | Collect::USER | Collect::CGROUP;
    assert_eq!(warnings(both, "of a user", of_user), [""; 0]);
    let by_name = Filter::new().with_name("^sh$").unwrap();
    assert_eq!(warnings(usual, "by name", by_name.clone()), [""; 0]);
    // A source of the host program need not list what all sources have.
    assert_eq!(warnings(Collect::NONE, "own", by_name), [""; 0]);
}
