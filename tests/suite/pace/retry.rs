//! Failed scans and their retry.

use super::*;

/// A world whose next scans fail with these errors, one each, and emit no rows.
struct Shaky {
    world: World,
    errors: VecDeque<Error>,
    good_scans: u32,
}

impl Source for Shaky {
    fn info(&self) -> SourceInfo {
        self.world.info()
    }

    fn now(&mut self) -> process_scanner::Timestamp {
        self.world.now()
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        match self.errors.pop_front() {
            Some(error) => Err(error),
            None if self.good_scans == 0 => {
                Err(Error::new(ErrorClass::Ended, "all was shown").mark_final())
            }
            None => {
                self.good_scans -= 1;
                self.world.scan(emit)
            }
        }
    }
}

fn shaky(errors: &[Error]) -> Shaky {
    let world = World::new();
    world.add(1, Made::new("p", 5));
    Shaky {
        world,
        errors: errors.iter().cloned().collect(),
        good_scans: u32::MAX,
    }
}

fn transient() -> Error {
    Error::new(ErrorClass::ResourcesExhausted, "no descriptor left")
}

#[test]
fn a_transient_error_is_retried_before_it_counts() {
    let mut scanner = Scanner::builder()
        .source(shaky(&[transient()]))
        .build()
        .unwrap();
    let batches = scanner.consumers().subscribe(ConsumerOptions::default());
    let batch = scanner.scan_once().unwrap();
    assert!(batch.failure.is_none() && batch.full, "{batch:?}");
    assert_eq!((batch.counts.retries, batch.events.len()), (1, 1));
    batches.recv().unwrap();
    let metrics = scanner.consumers().metrics();
    assert_eq!(
        (metrics.scans_total.good, metrics.scans_total.failed),
        (1, 0)
    );
    assert_eq!(metrics.retries_total, 1);
    assert!(metrics.errors_total.is_empty());
}

#[test]
fn a_scan_is_retried_once_and_only_after_a_transient_error() {
    for (errors, retries) in [
        (vec![transient(), transient()], 1),
        (vec![transient().mark_permanent()], 0),
        (vec![transient().mark_final()], 0),
        (vec![Error::new(ErrorClass::Permission, "not for us")], 0),
    ] {
        let builder = Scanner::builder().source(shaky(&errors));
        let mut scanner = builder.build().unwrap();
        let batch = scanner.scan_once().unwrap();
        assert!(batch.failure.is_some(), "{errors:?}");
        assert_eq!(batch.counts.retries, retries, "{errors:?}");
    }
}

/// Emits one process and fails with a transient error.
struct Halfway;

impl Source for Halfway {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("halfway")
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        show(1, &Made::new("p", 5), emit);
        Err(transient())
    }
}

#[test]
fn a_scan_that_emitted_rows_is_not_retried() {
    let mut scanner = Scanner::builder().source(Halfway).build().unwrap();
    let batch = scanner.scan_once().unwrap();
    assert!(batch.failure.as_ref().is_some_and(Error::is_transient));
    assert_eq!((batch.counts.retries, batch.events.len()), (0, 1));
}

#[test]
fn a_source_that_ends_in_a_retry_still_reports_the_failure() {
    let mut source = shaky(&[transient()]);
    source.good_scans = 0;
    let mut scanner = Scanner::builder().source(source).build().unwrap();
    let batch = scanner.scan_once().unwrap();
    assert!(batch.failure.as_ref().is_some_and(Error::is_transient));
    assert!(scanner.scan_once().is_none());
}

#[test]
fn a_recording_replays_a_retry() {
    let mut source = shaky(&[transient(), transient(), transient()]);
    source.good_scans = 2;
    let (recording, live) = record(source);
    // A scan that failed twice, one that succeeded in the retry, and a good one.
    let retries: Vec<u32> = live.iter().map(|batch| batch.counts.retries).collect();
    assert_eq!(retries, [1, 1, 0]);
    assert!(live[0].failure.is_some() && live[1].failure.is_none());
    let source = ReplaySource::new(std::io::Cursor::new(recording.clone())).unwrap();
    let (again, played) = record(source);
    assert!(again == recording, "the recording of the replay differs");
    assert_eq!(played.len(), live.len());
    for (played, live) in played.iter().zip(&live) {
        assert_eq!(played.counts.retries, live.counts.retries);
        assert_eq!(text::whole(played), text::whole(live));
    }
}
