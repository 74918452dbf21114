//! One scan after the other, and whether each is believed.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use log::{info, warn};

use crate::config::Config;
use crate::dispatch::Watchdog;
use crate::metrics::CpuClock;
use crate::model::{
    BreakerState, Cost, Counts, Error, ErrorClass, Facts, ProcessInfo, Result, Timestamp,
};
use crate::source::{Recheck, Seen, Source};
use crate::table::{Absent, Pass, Table};

/// A source, the table of what it showed, and the judgement between them.
pub(super) struct Core {
    source: Box<dyn Source>,
    table: Table,
    own_pid: Option<u32>,
    doubt: Doubt,
    watchdog: Watchdog,
    seq: u64,
    /// The time of the last scan.
    last: Option<Timestamp>,
    /// What the table held after the last scan that came back.
    held: Held,
    /// How many processes and threads the system had started at the last good scan.
    started_total: Option<u64>,
    /// No more scans: the source said so, or it panicked.
    ended: bool,
    /// Past this a scan came back too late.
    deadline: Duration,
    /// The classes of failure that were logged since the last good scan.
    logged: BTreeSet<ErrorClass>,
}

/// A scan, before the pace is known that it leads to.
pub(super) struct Scanned {
    /// What its batch reports.
    pub(super) facts: Facts,
    /// CPU time that the source used on threads of its own.
    pub(super) elsewhere: Duration,
    /// It took longer than its deadline.
    pub(super) is_late: bool,
    /// That was reported while it was under way.
    pub(super) was_reported_late: bool,
    /// There are no more after it.
    pub(super) is_last: bool,
}

#[derive(Default)]
struct Held {
    processes: u32,
    table_bytes: u64,
}

/// When a good scan misses so much at once that it is not believed the first time.
struct Doubt {
    share: f64,
    min_processes: usize,
    /// What the last scan missed, if it was doubted, in order of pid: what is still missing in the
    /// next one is gone.
    doubted: Vec<u32>,
}

impl Core {
    pub(super) fn new(config: &Config, source: Box<dyn Source>, watchdog: Watchdog) -> Self {
        let info = source.info();
        Self {
            table: Table::new(config, &info),
            own_pid: info.own_pid,
            doubt: Doubt {
                share: config.doubt_share,
                min_processes: config.doubt_min_processes,
                doubted: Vec::new(),
            },
            watchdog,
            source,
            seq: 0,
            last: None,
            held: Held::default(),
            started_total: None,
            ended: false,
            deadline: config.scan_deadline(),
            logged: BTreeSet::new(),
        }
    }

    pub(super) fn processes(&self) -> impl Iterator<Item = &ProcessInfo> {
        self.table.processes()
    }

    /// One scan as a batch; `None` once the source has ended or panicked. `breaker`: what it is, if one watches.
    pub(super) fn scan(&mut self, breaker: Option<BreakerState>) -> Option<Scanned> {
        if self.ended {
            return None;
        }
        // Unless it comes back: a source that panicked, and a table that it left half way, are not
        // asked again.
        self.ended = true;
        let watchdog = self.watchdog.clone();
        let under_way = watchdog.begin(breaker);
        let judged = self.judged_scan();
        let was_reported_late = under_way.end();
        let (facts, elsewhere, has_ended) = judged?;
        self.ended = has_ended || facts.failure.as_ref().is_some_and(Error::is_final);
        Some(Scanned {
            elsewhere,
            is_last: self.ended,
            is_late: was_reported_late
                || Duration::from_micros(facts.cost.scan_us) >= self.deadline,
            was_reported_late,
            facts,
        })
    }

    /// Reports the scan in which the source panicked, the last there is. Nothing is reported of what it had
    /// shown by then.
    pub(super) fn panicked(&mut self, failure: Error, took: Duration) -> Facts {
        log_failure(&mut self.logged, Some(&failure));
        self.seq += 1;
        let at = self.last.unwrap_or_else(Timestamp::now);
        Facts {
            seq: self.seq,
            taken_at_ms: at.wall_ms,
            monotonic_ns: at.monotonic_ns,
            full: self.seq == 1,
            failure: Some(failure),
            cost: Cost {
                scan_us: took.as_micros() as u64,
                cpu_us: None,
            },
            counts: Counts {
                processes: self.held.processes,
                table_bytes: self.held.table_bytes,
                ..Counts::default()
            },
            ..Facts::default()
        }
    }

    /// Returns what its batch reports, the CPU time that the source used elsewhere, and whether the source has
    /// ended. `None` where it has ended and had nothing more to show.
    fn judged_scan(&mut self) -> Option<(Facts, Duration, bool)> {
        let at = self.source.now();
        let last = self.last.replace(at);
        let began = Instant::now();
        let mut clock = CpuClock::start();
        let mut pass = self.table.begin(at);
        let mut outcome = self.source.scan(&mut |row| pass.see(row));
        // Rows that were handed over stand, and once more a moment later they would be rated over no
        // time at all.
        let may_pass = outcome.as_ref().is_err_and(Error::is_transient);
        let retries = u32::from(may_pass && pass.rows() == 0);
        if retries > 0 {
            let again = self.source.scan(&mut |row| pass.see(row));
            // One that has no more to show leaves it at the first error, and ends at the next scan.
            if !again.as_ref().is_err_and(is_end) {
                outcome = again;
            }
        }
        let rows = pass.rows();
        if rows == 0 && outcome.as_ref().is_err_and(is_end) {
            return None;
        }
        let judged = outcome
            .and_then(|seen| believe(seen, &mut pass, self.own_pid))
            .and_then(|seen| {
                let absent = self.doubt.settle(&mut *self.source, &mut pass)?;
                Ok((seen, absent))
            });
        let has_ended = judged.as_ref().is_err_and(is_end);
        let (seen, absent, failure) = match judged {
            Ok((seen, absent)) => (seen, absent, None),
            // An end is no failure, but what it came too early for is not gone.
            Err(_) if has_ended => (Seen::default(), Absent::Stand, pass.take_fault()),
            Err(error) => (Seen::default(), Absent::Stand, Some(error)),
        };
        let told = pass.finish(absent);
        let unseen_at_most = match failure {
            None => self.count_unseen(seen.started_total, told.newborn),
            Some(_) => None,
        };
        log_failure(&mut self.logged, failure.as_ref());
        self.seq += 1;
        self.held = Held {
            processes: self.table.len() as u32,
            table_bytes: self.table.heap_bytes() as u64,
        };
        let cpu = clock.lap();
        let elsewhere = Duration::from_nanos(seen.other_cpu_ns);
        let took = began.elapsed();
        let facts = Facts {
            seq: self.seq,
            taken_at_ms: at.wall_ms,
            monotonic_ns: at.monotonic_ns,
            interval_ms: last
                .map(|last| at.monotonic_ns.saturating_sub(last.monotonic_ns) as f64 / 1e6),
            full: self.seq == 1,
            lost_batches: 0,
            failure,
            cost: Cost {
                scan_us: took.as_micros() as u64,
                cpu_us: cpu.map(|spent| (spent + elsewhere).as_micros() as u64),
            },
            counts: Counts {
                rows,
                unreadable_fields: seen.unreadable_fields,
                vanished: seen.vanished,
                unseen_at_most,
                processes: self.held.processes,
                retries,
                table_bytes: self.held.table_bytes,
            },
            unconfirmed: told.unconfirmed,
            events: told.events,
        };
        Some((facts, elsewhere, has_ended))
    }
}

impl Core {
    /// What the system started since the last good scan, less those of them that were told.
    fn count_unseen(&mut self, total: Option<u64>, newborn: u64) -> Option<u64> {
        let before = std::mem::replace(&mut self.started_total, total);
        // A count that went back is that of another system, restored from a snapshot.
        let started = total?.checked_sub(before?)?;
        Some(started.saturating_sub(newborn))
    }
}

fn is_end(error: &Error) -> bool {
    error.class() == ErrorClass::Ended
}

/// Whether a scan that its source calls good can be one.
fn believe(seen: Seen, pass: &mut Pass<'_>, own_pid: Option<u32>) -> Result<Seen> {
    if let Some(fault) = pass.take_fault() {
        return Err(fault);
    }
    if pass.rows() == 0 {
        return Err(Error::new(
            ErrorClass::SourceGone,
            "the scan showed no process at all",
        ));
    }
    match own_pid {
        Some(pid) if !pass.has_seen(pid) => Err(Error::new(
            ErrorClass::SourceGone,
            format!(
                "the scan showed {} processes and not the scanner's own, pid {pid}",
                pass.rows()
            ),
        )),
        _ => Ok(seen),
    }
}

impl Doubt {
    /// What becomes of the processes that a believable scan did not show: they are looked for once
    /// more, and where the source cannot do that, a large loss has to be seen twice.
    fn settle(&mut self, source: &mut dyn Source, pass: &mut Pass<'_>) -> Result<Absent> {
        let before = pass.processes_before();
        let missing = pass.missing();
        if missing.is_empty() {
            self.doubted.clear();
            return Ok(Absent::AreGone);
        }
        let able = source.recheck(&missing, &mut |row| pass.see(row))?;
        if let Some(fault) = pass.take_fault() {
            return Err(fault);
        }
        let missing = pass.missing();
        let seen_before = |pid: &&u32| self.doubted.binary_search(pid).is_ok();
        let newly_missing = missing.len() - missing.iter().filter(seen_before).count();
        let is_large =
            newly_missing > self.min_processes && newly_missing as f64 > before as f64 * self.share;
        self.doubted.clear();
        Ok(match able {
            Recheck::NotAble if is_large => {
                self.doubted = missing;
                Absent::Stand
            }
            _ => Absent::AreGone,
        })
    }
}

/// Logs a failure of each class once, until a good scan clears them.
fn log_failure(logged: &mut BTreeSet<ErrorClass>, failure: Option<&Error>) {
    match failure {
        Some(error) if is_news(logged, error.class()) => {
            warn!("scan failed ({}): {}", error.class(), error.full_message());
        }
        None if !logged.is_empty() => {
            logged.clear();
            info!("scans are good again");
        }
        _ => {}
    }
}

fn is_news(logged: &mut BTreeSet<ErrorClass>, class: ErrorClass) -> bool {
    logged.insert(class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_is_logged_once_until_a_good_scan() {
        let mut logged = BTreeSet::new();
        let gone = Error::new(ErrorClass::SourceGone, "gone");
        let full = Error::new(ErrorClass::ResourcesExhausted, "full");
        for error in [&gone, &full, &gone, &full] {
            log_failure(&mut logged, Some(error));
        }
        assert_eq!(logged.len(), 2);
        assert!(!is_news(&mut logged, ErrorClass::SourceGone));
        log_failure(&mut logged, None);
        assert!(is_news(&mut logged, ErrorClass::SourceGone));
    }
}
