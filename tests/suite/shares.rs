//! CPU shares of a source that reports when it read each process.

use process_scanner::{
    ProcessInfo, ProcessRow, Result, Row, ScanSummary, Scanner, Source, SourceInfo, Timestamp,
};
use proptest::prelude::*;

const MS_NS: u64 = 1_000_000;
const TICK_NS: u64 = 10 * MS_NS;

/// The wall clock at monotonic time 0.
const BEGIN_MS: u64 = 1_700_000_000_000;

/// A process that uses the same share of a core throughout its life.
#[derive(Debug, Clone)]
struct Steady {
    share: f64,
    /// Monotonic time of its start.
    started_ns: u64,
    /// When each scan reads it, after the begin of the scan.
    read_after_ns: Vec<u64>,
}

impl Steady {
    fn cpu_ns(&self, at_ns: u64) -> u64 {
        (at_ns.saturating_sub(self.started_ns) as f64 * self.share) as u64
    }
}

/// Scans at these times that read steady processes whenever they get to them.
struct Walk {
    begins_ns: Vec<u64>,
    processes: Vec<Steady>,
    scans: usize,
}

impl Source for Walk {
    fn info(&self) -> SourceInfo {
        SourceInfo::new("walk").with_start_time_resolution_ms(10)
    }

    fn now(&mut self) -> Timestamp {
        let begin_ns = self.begins_ns[self.scans];
        let wall_ms = BEGIN_MS + begin_ns / MS_NS;
        Timestamp::new(wall_ms, begin_ns).with_start_clock_ms(wall_ms)
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        let begin_ns = self.begins_ns[self.scans];
        for (pid, process) in (1..).zip(&self.processes) {
            let read_at_ns = begin_ns + process.read_after_ns[self.scans];
            if read_at_ns < process.started_ns {
                continue;
            }
            let mut row = ProcessRow::unknown(pid);
            // The kernel reports whole ticks.
            let tick_ns = process.started_ns / TICK_NS * TICK_NS;
            row.start_time_ms = Some(BEGIN_MS + tick_ns / MS_NS);
            row.cpu_time_ns = Some(process.cpu_ns(read_at_ns));
            row.read_at_ns = Some(read_at_ns);
            emit(Row::Process(row));
        }
        self.scans += 1;
        Ok(ScanSummary::default())
    }
}

fn share(process: &ProcessInfo) -> Option<f64> {
    process
        .cpu_percent
        .map(|percent| f64::from(percent) / 100.0)
}

const SCANS: usize = 6;

/// Processes that start at any time, also while a scan is on its way to them.
fn processes() -> impl Strategy<Value = Vec<Steady>> {
    let process = (
        0.0..8.0_f64,
        prop_oneof![Just(0), 0..7_000 * MS_NS],
        proptest::collection::vec(0..400 * MS_NS, SCANS),
    );
    let process = process.prop_map(|(share, started_ns, read_after_ns)| Steady {
        share,
        started_ns,
        read_after_ns,
    });
    // A scan without any process is not trusted, so one of them is always there.
    let always = Steady {
        share: 0.5,
        started_ns: 0,
        read_after_ns: vec![0; SCANS],
    };
    proptest::collection::vec(process, 1..20).prop_map(move |mut processes| {
        processes.push(always.clone());
        processes
    })
}

proptest! {
    #[test]
    fn whenever_processes_are_read_their_shares_are_true(
        processes in processes(),
        intervals_ms in proptest::collection::vec(500..2000_u64, SCANS),
    ) {
        let mut begin_ns = 0;
        let begins_ns = intervals_ms
            .iter()
            .map(|ms| {
                begin_ns += ms * MS_NS;
                begin_ns
            })
            .collect();
        let source = Walk { begins_ns, processes: processes.clone(), scans: 0 };
        let begins_ns = source.begins_ns.clone();
        let mut scanner = Scanner::builder().source(source).build().expect("it can be scanned");
        for (scan, &begin_ns) in begins_ns.iter().enumerate() {
            scanner.scan_once().expect("it has not ended");
            for process in scanner.processes() {
                let steady = &processes[process.pid as usize - 1];
                let read_at_ns = begin_ns + steady.read_after_ns[scan];
                let before = scan.checked_sub(1).map(|before| {
                    let read_at_ns = begins_ns[before] + steady.read_after_ns[before];
                    (begins_ns[before], read_at_ns)
                });
                let was_read =
                    before.is_some_and(|(_, read_at_ns)| read_at_ns >= steady.started_ns);
                let Some(reported) = share(process) else {
                    // At the first sight of a process only that of a newborn is known.
                    let is_newborn = before
                        .is_some_and(|(begin_ns, _)| steady.started_ns >= begin_ns + TICK_NS);
                    prop_assert!(!was_read && !is_newborn);
                    continue;
                };
                let difference = (reported - steady.share).abs();
                if was_read {
                    prop_assert!(difference <= 1e-3, "{reported} for {}", steady.share);
                } else {
                    // Over its life, which begins within the tick that the kernel reports.
                    let life_ns = (read_at_ns - steady.started_ns) as f64;
                    let least = steady.share * life_ns / (life_ns + 2.0 * TICK_NS as f64);
                    prop_assert!(reported <= steady.share + 1e-3, "{reported} for {}", steady.share);
                    prop_assert!(reported >= least - 1e-3, "{reported} for {}", steady.share);
                }
            }
        }
    }
}
