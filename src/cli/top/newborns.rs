//! Corrects the values of processes that are younger than the interval between scans.

use process_scanner::{Batch, Event, ProcessInfo, Snapshot, Status};

/// Interval until a scan has reported one, in milliseconds.
const ASSUMED_MS: f64 = 1000.0;

/// Returns a batch with the corrected processes; `None` if there are none.
///
/// It applies to `snapshot`, which has just taken `batch`.
pub(super) fn corrected(
    batch: &Batch,
    snapshot: &Snapshot,
    interval_ms: Option<f64>,
) -> Option<Batch> {
    let interval_ms = interval_ms.unwrap_or(ASSUMED_MS);
    let processes = batch.events.iter().filter_map(|event| match event {
        Event::Exited { .. } => None,
        event => {
            // It may have exited in the same batch.
            let process = snapshot.get(event.process().key())?;
            correct(process, batch.taken_at_ms, interval_ms)
        }
    });
    let events: Vec<Event> = processes.map(Event::Existing).collect();
    if events.is_empty() {
        return None;
    }
    let mut corrected = Batch::new(batch.seq, batch.taken_at_ms, events);
    corrected.full = false;
    corrected.of_scan = false;
    // Without it, a snapshot takes a second batch of this number as a notice.
    corrected.skipped_batches = 1;
    Some(corrected)
}

/// Returns a process with other values; `None` if they are as they should be.
fn correct(process: &ProcessInfo, now_ms: u64, interval_ms: f64) -> Option<ProcessInfo> {
    let lived_ms = now_ms.saturating_sub(process.start_time_ms?) as f64;
    if lived_ms >= interval_ms {
        return None;
    }
    // A process is running when it is born, and nothing else is known of it until a scan reads it.
    let is_unread = process.cpu_time_ms.is_none() && process.resources.rss_bytes.is_none();
    if is_unread && process.status == Some(Status::Running) {
        let mut process = process.clone();
        process.status = None;
        return Some(process);
    }
    // A millisecond of CPU time is much for a life of ten, and nothing for an interval. All its
    // CPU time is of this interval.
    let of_life = process.cpu_percent?;
    let of_interval = process.cpu_time_ms? * 100.0 / interval_ms;
    (of_interval < f64::from(of_life)).then(|| {
        let mut process = process.clone();
        process.cpu_percent = Some(of_interval as f32);
        process
    })
}

#[cfg(test)]
mod tests {
    use super::super::made_up_host::Host;
    use super::super::test_screen::{options, screen};
    use super::super::view::Top;
    use super::*;

    fn begun() -> (Host, Top) {
        let (mut host, mut top) = (Host::small(), Top::new(options()));
        top.take(&host.scan());
        host.after(1000, &mut top);
        (host, top)
    }

    fn cpu(top: &Top, pid: u32) -> Option<f32> {
        top.seen.snapshot.by_pid(pid).unwrap().cpu_percent
    }

    #[test]
    fn the_use_of_a_newborn_is_that_of_the_interval() {
        let (mut host, mut top) = begun();
        let born = host.born(3000, 1, &["true"]);
        (born.cpu_time_ms, born.resources.rss_bytes) = (Some(10.0), Some(1000));
        host.uses(3000, 99.0, 1000);
        host.after(0, &mut top);
        assert_eq!(cpu(&top, 3000), Some(1.0));
        assert!(
            screen(&mut top, 80, 24)
                .lines()
                .nth(3)
                .unwrap()
                .starts_with(" 811")
        );
        let curve = top
            .seen
            .curve(top.seen.snapshot.by_pid(3000).unwrap().key());
        let values = curve
            .unwrap()
            .values(super::super::curve::Measure::Cpu, top.seen.step(), 1);
        assert_eq!(values, [Some(1.0)]);
        // It has lived for an interval, and later batches count as always.
        host.uses(3000, 99.0, 1000);
        host.after(1000, &mut top);
        assert_eq!(cpu(&top, 3000), Some(99.0));
    }

    #[test]
    fn a_newborn_that_no_scan_has_read_is_not_running() {
        let (mut host, mut top) = begun();
        let born = host.born(3000, 1, &["sleep"]);
        (born.status, born.cpu_time_ms) = (Some(Status::Running), None);
        let process = born.clone();
        host.updates(process);
        host.after(0, &mut top);
        assert!(screen(&mut top, 80, 24).starts_with("10 processes, 1 running"));
        assert_eq!(top.seen.snapshot.by_pid(3000).unwrap().status, None);
        let born = host.of(3000);
        born.cpu_time_ms = Some(1.0);
        host.uses(3000, 0.0, 1000);
        host.after(0, &mut top);
        assert!(screen(&mut top, 80, 24).starts_with("10 processes, 2 running"));
    }
}
