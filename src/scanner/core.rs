//! Makes one scan after another, and decides whether each is trusted.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use log::{info, warn};

use super::hearing::Listening;
use crate::config::Config;
use crate::dispatch::Watchdog;
use crate::metrics::CpuClock;
use crate::model::{
    BreakerState, Cost, Counts, Error, ErrorClass, Facts, ProcessInfo, Result, Timestamp,
    Transition,
};
use crate::source::{Bell, Recheck, ScanSummary, Source};
use crate::table::{Missing, Pass, Table};

/// A source, the table of its rows, and the checks between them.
pub(super) struct Core {
    source: Box<dyn Source>,
    table: Table,
    own_pid: Option<u32>,
    doubt: Doubt,
    watchdog: Watchdog,
    seq: u64,
    /// The time of the last scan.
    last: Option<Timestamp>,
    /// Size of the table after the last scan that returned.
    table_size: TableSize,
    listening: Listening,
    /// The bell of the source, once it was asked for.
    bell: Option<Option<Bell>>,
    /// Processes and threads that the system had started at the last good scan.
    started_total: Option<u64>,
    /// There are no more scans: the source ended or panicked.
    ended: bool,
    /// A scan that takes longer is late.
    deadline: Duration,
    /// The classes of failure that were logged since the last good scan.
    logged: BTreeSet<ErrorClass>,
}

/// The result of a scan, before interval and breaker take it into account.
pub(super) struct Scanned {
    /// What its batch reports.
    pub(super) facts: Facts,
    /// CPU time that the source used on threads of its own.
    pub(super) other_cpu: Duration,
    /// The part of its CPU time that read processes for the first time.
    pub(super) first_reads: Duration,
    /// The changes of what the source hears, and of how closely it listens.
    pub(super) hearing: Vec<Transition>,
    /// The scan took longer than its deadline.
    pub(super) is_late: bool,
    /// The dispatcher reported that while the scan ran.
    pub(super) was_reported_late: bool,
    /// There are no more scans after it.
    pub(super) is_last: bool,
}

/// The result of a scan and its checks.
struct Checked {
    facts: Facts,
    other_cpu: Duration,
    first_reads: Duration,
    hearing: Vec<Transition>,
    /// The source has ended.
    has_ended: bool,
}

#[derive(Default)]
struct TableSize {
    processes: u32,
    table_bytes: u64,
}

/// Decides whether a good scan misses too many processes at once to be trusted.
struct Doubt {
    share: f64,
    min_processes: usize,
    /// Processes that the last scan missed, if it was doubted, in order of pid. They have exited if
    /// the next scan misses them too.
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
            table_size: TableSize::default(),
            listening: Listening::default(),
            bell: None,
            started_total: None,
            ended: false,
            deadline: config.scan_deadline(),
            logged: BTreeSet::new(),
        }
    }

    pub(super) fn processes(&self) -> impl Iterator<Item = &ProcessInfo> {
        self.table.processes()
    }

    /// Makes one scan. Returns `None` once the source has ended or panicked. `breaker` is its
    /// state, if there is one.
    pub(super) fn scan(&mut self, breaker: Option<BreakerState>) -> Option<Scanned> {
        if self.ended {
            return None;
        }
        // Reset below if the scan returns. If the source panics, the table may be half updated, and
        // neither is used again.
        self.ended = true;
        let watchdog = self.watchdog.clone();
        let guard = watchdog.begin(breaker);
        let checked = self.checked_scan();
        let was_reported_late = guard.end();
        let Checked {
            facts,
            other_cpu,
            first_reads,
            hearing,
            has_ended,
        } = checked?;
        self.ended = has_ended || facts.failure.as_ref().is_some_and(Error::is_final);
        Some(Scanned {
            other_cpu,
            first_reads,
            hearing,
            is_last: self.ended,
            is_late: was_reported_late
                || Duration::from_micros(facts.cost.scan_us) >= self.deadline,
            was_reported_late,
            facts,
        })
    }

    /// Reports the scan in which the source panicked, which is the last one, without the rows that
    /// it emitted.
    pub(super) fn panicked(&mut self, failure: Error, took: Duration) -> Facts {
        log_failure(&mut self.logged, Some(&failure));
        self.seq += 1;
        let at = self.last.unwrap_or_else(Timestamp::now);
        Facts {
            seq: self.seq,
            of_scan: true,
            hearing: self.listening.now(),
            taken_at_ms: at.wall_ms,
            monotonic_ns: at.monotonic_ns,
            full: self.seq == 1,
            failure: Some(failure),
            cost: Cost {
                scan_us: took.as_micros() as u64,
                cpu_us: None,
            },
            counts: Counts {
                processes: self.table_size.processes,
                table_bytes: self.table_size.table_bytes,
                ..Counts::default()
            },
            ..Facts::default()
        }
    }

    /// Returns the bell of the source, if it hears what happens between scans.
    pub(super) fn bell(&mut self) -> Option<Bell> {
        let source = &mut self.source;
        self.bell.get_or_insert_with(|| source.bell()).clone()
    }

    /// Applies what the source has heard since the last scan or the last call. Returns `None` if
    /// that changes nothing.
    pub(super) fn hear(&mut self) -> Option<(Facts, Vec<Transition>)> {
        let last = self.last.filter(|_| !self.ended)?;
        // Reset below, as in a scan.
        self.ended = true;
        let watchdog = self.watchdog.clone();
        // A source that hangs here is reported. Only scans open the breaker.
        let guard = watchdog.begin(None);
        let began = Instant::now();
        let mut clock = CpuClock::start();
        let mut pass = self.table.begin_between(last);
        let at = self.listening.drain(&mut *self.source, &mut pass);
        let found = pass.finish(Missing::Unconfirmed);
        guard.end();
        self.ended = false;
        let spent = clock.lap();
        let changes = self.listening.changes(false);
        if found.events.is_empty() && changes.is_empty() {
            return None;
        }
        self.seq += 1;
        self.measure_table();
        let facts = Facts {
            seq: self.seq,
            of_scan: false,
            hearing: self.listening.now(),
            usage: self.listening.take_usage(),
            taken_at_ms: at.wall_ms,
            monotonic_ns: at.monotonic_ns,
            cost: Cost {
                scan_us: began.elapsed().as_micros() as u64,
                cpu_us: spent.map(|spent| spent.as_micros() as u64),
            },
            counts: Counts {
                processes: self.table_size.processes,
                table_bytes: self.table_size.table_bytes,
                ..Counts::default()
            },
            events: found.events,
            ..Facts::default()
        };
        Some((facts, changes))
    }

    fn measure_table(&mut self) {
        self.table_size = TableSize {
            processes: self.table.len() as u32,
            table_bytes: self.table.heap_bytes() as u64,
        };
    }

    /// Makes a scan and its checks. Returns `None` if the source has ended without rows.
    fn checked_scan(&mut self) -> Option<Checked> {
        let at = self.source.now();
        let last = self.last.replace(at);
        let began = Instant::now();
        let mut clock = CpuClock::start();
        let mut pass = self.table.begin(at);
        // Exits and births that the scan would otherwise find without knowing how they happened.
        self.listening.drain(&mut *self.source, &mut pass);
        let mut outcome = self.source.scan(&mut |row| pass.apply(row));
        // Emitted rows stand. Rows of a retry moments later would give rates over almost no time.
        let is_transient = outcome.as_ref().is_err_and(Error::is_transient);
        let retries = u32::from(is_transient && pass.rows() == 0);
        if retries > 0 {
            let again = self.source.scan(&mut |row| pass.apply(row));
            // A source that ended keeps the first error, and ends at the next scan.
            if !again.as_ref().is_err_and(is_end) {
                outcome = again;
            }
        }
        let rows = pass.rows();
        pass.end_rows();
        self.listening.drain(&mut *self.source, &mut pass);
        if rows == 0 && outcome.as_ref().is_err_and(is_end) {
            return None;
        }
        let checked = outcome
            .and_then(|seen| check(seen, &mut pass, self.own_pid))
            .and_then(|seen| {
                let absent = self.doubt.settle(&mut *self.source, &mut pass)?;
                Ok((seen, absent))
            });
        let has_ended = checked.as_ref().is_err_and(is_end);
        let (seen, absent, failure) = match checked {
            Ok((seen, absent)) => (seen, absent, None),
            // The end of a source is not a failure. Processes that it no longer emitted have not
            // exited.
            Err(_) if has_ended => (
                ScanSummary::default(),
                Missing::Unconfirmed,
                pass.take_fault(),
            ),
            Err(error) => (ScanSummary::default(), Missing::Unconfirmed, Some(error)),
        };
        let found = pass.finish(absent);
        let unseen_at_most = match failure {
            None => self.count_unseen(seen.started_total, found.births),
            Some(_) => None,
        };
        let hearing = self.listening.changes(true);
        log_failure(&mut self.logged, failure.as_ref());
        self.seq += 1;
        self.measure_table();
        let cpu = clock.lap();
        let other_cpu = Duration::from_nanos(seen.other_cpu_ns) + self.listening.take_cpu();
        let took = began.elapsed();
        let facts = Facts {
            seq: self.seq,
            of_scan: true,
            hearing: self.listening.now(),
            usage: self.listening.take_usage(),
            start_clock_ms: Some(self.table.start_clock_ms(at)),
            taken_at_ms: at.wall_ms,
            monotonic_ns: at.monotonic_ns,
            interval_ms: last
                .map(|last| at.monotonic_ns.saturating_sub(last.monotonic_ns) as f64 / 1e6),
            full: self.seq == 1,
            lost_batches: 0,
            failure,
            cost: Cost {
                scan_us: took.as_micros() as u64,
                cpu_us: cpu.map(|spent| (spent + other_cpu).as_micros() as u64),
            },
            counts: Counts {
                rows,
                unreadable_fields: seen.unreadable_fields,
                vanished: seen.vanished,
                unseen_at_most,
                processes: self.table_size.processes,
                retries,
                table_bytes: self.table_size.table_bytes,
            },
            unconfirmed: found.unconfirmed,
            events: found.events,
        };
        Some(Checked {
            facts,
            other_cpu,
            first_reads: Duration::from_nanos(seen.first_read_cpu_ns) + found.first_time,
            hearing,
            has_ended,
        })
    }

    /// Returns the processes started since the last good scan, minus the births reported. If the
    /// source listens to births: those that it may not have heard until the scan before.
    fn count_unseen(&mut self, total: Option<u64>, newborn: u64) -> Option<u64> {
        let before = std::mem::replace(&mut self.started_total, total);
        if self.listening.hears_births() {
            return self.listening.take_missed();
        }
        // A count that went back is that of another system, restored from a snapshot.
        let started = total?.checked_sub(before?)?;
        Some(started.saturating_sub(newborn))
    }
}

fn is_end(error: &Error) -> bool {
    error.class() == ErrorClass::Ended
}

/// Checks a scan that its source returned as good.
fn check(seen: ScanSummary, pass: &mut Pass<'_>, own_pid: Option<u32>) -> Result<ScanSummary> {
    if let Some(fault) = pass.take_fault() {
        return Err(fault);
    }
    if pass.rows() == 0 {
        return Err(
            Error::new(ErrorClass::SourceGone, "the scan read no process at all")
                .with_advice("check that the source can list the processes"),
        );
    }
    match own_pid {
        Some(pid) if !pass.has(pid) => Err(Error::new(
            ErrorClass::SourceGone,
            format!(
                "the scan read {} processes, but not the scanner's own, pid {pid}",
                pass.rows()
            ),
        )
        .with_advice("check that the source reads the host on which the scanner runs")),
        _ => Ok(seen),
    }
}

impl Doubt {
    /// Rechecks the processes that a trusted scan missed. If the source cannot recheck, a large
    /// loss must be seen twice.
    fn settle(&mut self, source: &mut dyn Source, pass: &mut Pass<'_>) -> Result<Missing> {
        let before = pass.processes_before();
        let missing = pass.missing();
        if missing.is_empty() {
            self.doubted.clear();
            return Ok(Missing::Exited);
        }
        let rechecked = source.recheck(&missing, &mut |row| pass.apply(row))?;
        if let Some(fault) = pass.take_fault() {
            return Err(fault);
        }
        let missing = pass.missing();
        let was_missing = |pid: &&u32| self.doubted.binary_search(pid).is_ok();
        let newly_missing = missing.len() - missing.iter().filter(was_missing).count();
        let is_large =
            newly_missing > self.min_processes && newly_missing as f64 > before as f64 * self.share;
        self.doubted.clear();
        Ok(match rechecked {
            Recheck::Unsupported if is_large => {
                self.doubted = missing;
                Missing::Unconfirmed
            }
            _ => Missing::Exited,
        })
    }
}

/// Logs the first failure of each class, until a good scan clears them.
fn log_failure(logged: &mut BTreeSet<ErrorClass>, failure: Option<&Error>) {
    match failure {
        Some(error) if logged.insert(error.class()) => {
            warn!("scan failed ({}): {}", error.class(), error.full_message());
        }
        None if !logged.is_empty() => {
            logged.clear();
            info!("scans succeed again");
        }
        _ => {}
    }
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
        log_failure(&mut logged, None);
        assert!(logged.is_empty());
    }
}
