//! Buckets of made-up scans.

use std::sync::Arc;

use process_scanner::{Batch, Collect, Event, ProcessInfo, ProcessKey};

use super::timeline::{MAX_BUCKETS, Timeline};
use crate::cli::history::ExitKind;

/// A timeline of scans at these times, in each of which process 7 has used as much CPU time.
fn timeline(times_ms: impl IntoIterator<Item = u64>) -> Timeline {
    let mut times_ms = times_ms.into_iter().peekable();
    let mut timeline = Timeline::new(times_ms.peek().copied().unwrap_or(0));
    timeline.begin_recording(Collect::NONE);
    for (seq, at_ms) in (1..).zip(times_ms) {
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid: 7,
            start_time_ms: Some(5),
        });
        process.name = Some("a".into());
        process.cpu_time_ms = Some(at_ms as f64);
        process.resources.rss_bytes = Some(at_ms);
        let event = match seq {
            1 => Event::Existing(process),
            _ => Event::updated(process, process_scanner::Changes::CPU),
        };
        let batch = Arc::new(Batch::new(seq, at_ms, vec![event]));
        timeline.take(&batch, at_ms, 1, std::iter::once(ExitKind::Ok));
    }
    timeline.finish();
    timeline
}

fn cpu_ms(timeline: &Timeline) -> f64 {
    let uses = timeline.buckets.iter().flat_map(|bucket| &bucket.uses[0]);
    uses.filter_map(|used| used.cpu_ms).sum()
}

#[test]
fn there_are_never_too_many_buckets_and_nothing_is_lost() {
    for scans in [2, 599, 600, 601, 1200, 1801, 10_000] {
        let timeline = timeline((0..scans).map(|scan| 1000 + scan * 100));
        let len = timeline.buckets.len() as u64;
        assert!(
            len <= MAX_BUCKETS as u64 && len >= (scans - 1).min(250),
            "{scans} {len}"
        );
        let exits: u64 = timeline.buckets.iter().map(|bucket| bucket.exits[0]).sum();
        assert_eq!(exits, scans);
        let expected = (scans - 1) as f64 * 100.0;
        assert!((cpu_ms(&timeline) - expected).abs() < 0.01, "{scans}");
        let last = timeline.buckets.last().unwrap();
        assert_eq!(last.end_ms, 1000 + (scans - 1) * 100);
        assert_eq!(last.uses[0][0].rss_bytes, Some(last.end_ms));
        assert!(timeline.lens_ms().iter().all(|len| *len > 0));
    }
}

#[test]
fn a_short_rest_belongs_to_the_last_bucket() {
    let ends = |times: &[u64]| -> Vec<u64> {
        let timeline = timeline(times.iter().copied());
        timeline
            .buckets
            .iter()
            .map(|bucket| bucket.end_ms)
            .collect()
    };
    assert_eq!(ends(&[1000, 2000, 3000]), [2000, 3000]);
    // The rest is after the last scan.
    let mut timeline = timeline([1000, 2000]);
    let mut heard = Batch::new(9, 2020, Vec::new());
    heard.of_scan = false;
    timeline.take(&Arc::new(heard), 2020, 1, std::iter::empty());
    timeline.finish();
    let ends: Vec<u64> = timeline
        .buckets
        .iter()
        .map(|bucket| bucket.end_ms)
        .collect();
    assert_eq!(ends, [2020]);
}

#[test]
fn a_single_scan_is_a_bucket_without_cpu_time() {
    let timeline = timeline([1000]);
    let [bucket] = &timeline.buckets[..] else {
        panic!("{}", timeline.buckets.len());
    };
    assert_eq!((bucket.end_ms, bucket.has_cpu), (1000, false));
    assert_eq!(bucket.uses[0][0].rss_bytes, Some(1000));
}

#[test]
fn the_time_between_two_recordings_has_no_cpu_time() {
    let mut timeline = Timeline::new(1000);
    let scan = |timeline: &mut Timeline, at_ms: u64, cpu_ms: f64| {
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid: 7,
            start_time_ms: Some(5),
        });
        process.name = Some("a".into());
        process.cpu_time_ms = Some(cpu_ms);
        let batch = Batch::new(1, at_ms, vec![Event::Existing(process)]);
        timeline.take(&Arc::new(batch), at_ms, 1, std::iter::empty());
    };
    timeline.begin_recording(Collect::NONE);
    scan(&mut timeline, 1000, 50.0);
    scan(&mut timeline, 2000, 150.0);
    // However many scans a bucket has.
    timeline.scans_per_bucket = 4;
    scan(&mut timeline, 3000, 170.0);
    timeline.begin_recording(Collect::NONE);
    scan(&mut timeline, 9000, 900.0);
    timeline.scans_per_bucket = 1;
    scan(&mut timeline, 10_000, 950.0);
    timeline.finish();
    let found: Vec<_> = timeline
        .buckets
        .iter()
        .map(|bucket| (bucket.end_ms, bucket.has_cpu, bucket.uses[0][0].cpu_ms))
        .map(|(end_ms, has_cpu, cpu_ms)| (end_ms, has_cpu, cpu_ms.map(f64::round)))
        .collect();
    let expected = [
        (2000, true, Some(100.0)),
        (3000, true, Some(20.0)),
        (9000, false, Some(0.0)),
        (10_000, true, Some(50.0)),
    ];
    assert_eq!(found, expected);
}

#[test]
fn buckets_in_a_gap_are_left_out() {
    let mut timeline = timeline([1000, 2000, 9000, 10_000]);
    timeline.leave_out(&[(2000, 9000)]);
    let in_gap: Vec<bool> = timeline
        .buckets
        .iter()
        .map(|bucket| bucket.is_in_gap)
        .collect();
    assert_eq!(in_gap, [false, true, false]);
}
