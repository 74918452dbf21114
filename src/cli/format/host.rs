//! Totals of the host: the line above the table.

use std::fmt;
use std::time::Instant;

use process_scanner::{ProcessInfo, Status, escape};
use sysinfo::{CpuRefreshKind, MINIMUM_CPU_UPDATE_INTERVAL, MemoryRefreshKind, System};

use super::cells;
use crate::cli::terminal;

/// The host's counters, read at the start and at the end.
pub(crate) struct Host {
    /// `None`: sysinfo has no data on this system, or the processes are of another one.
    system: Option<System>,
    began: Instant,
}

/// What the host uses; unknown values are `None`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct HostUse {
    /// In percent of all CPUs.
    cpu_percent: Option<f32>,
    cpus: Option<usize>,
    used_bytes: Option<u64>,
    memory_bytes: Option<u64>,
    load: Option<[f64; 3]>,
    uptime_ms: Option<u64>,
}

/// Totals of the host; unknown values are not printed.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    processes: usize,
    running: usize,
    host: HostUse,
    /// When and where the processes were recorded.
    recorded: Option<String>,
}

impl Host {
    /// Starts measuring CPU use. `is_this`: the processes are those of this host.
    pub(crate) fn new(is_this: bool) -> Self {
        let mut system = is_this.then(System::new).and_then(|system| system.ok());
        if let Some(system) = &mut system {
            refresh_cpus(system);
        }
        Self {
            system,
            began: Instant::now(),
        }
    }

    /// Returns the totals since `new`; CPU use only if `with_cpu_use`.
    pub(crate) fn totals<'a>(
        mut self,
        processes: impl Iterator<Item = &'a ProcessInfo>,
        with_cpu_use: bool,
    ) -> Totals {
        let mut host = self.measure();
        host.cpu_percent = host.cpu_percent.filter(|_| with_cpu_use);
        Totals::of(processes).with(host)
    }

    /// Returns what the host uses; its CPU use is that since the call before, or since `new`.
    pub(crate) fn measure(&mut self) -> HostUse {
        let mut totals = HostUse::default();
        let Some(system) = &mut self.system else {
            return totals;
        };
        // Over a shorter time, sysinfo returns the CPU use since boot.
        let has_cpu_use = self.began.elapsed() >= MINIMUM_CPU_UPDATE_INTERVAL;
        self.began = Instant::now();
        refresh_cpus(system);
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        // sysinfo returns 0 for unknown values.
        let known = |number: u64| (number > 0).then_some(number);
        let cpus = system.cpus().len();
        totals.cpus = (cpus > 0).then_some(cpus);
        totals.cpu_percent = Some(system.global_cpu_usage())
            .filter(|percent| has_cpu_use && cpus > 0 && percent.is_finite());
        totals.memory_bytes = known(system.total_memory());
        totals.used_bytes = totals.memory_bytes.and_then(|all| used(system, all));
        // On Windows sysinfo needs more time to compute the load.
        if cfg!(unix) {
            let load = System::load_average().ok();
            let load = load.map(|load| [load.one, load.five, load.fifteen]);
            totals.load = load.filter(|load| load.iter().all(|&load| load.is_finite()));
        }
        let uptime_s = System::uptime().ok().and_then(known);
        totals.uptime_ms = uptime_s.map(|seconds| seconds.saturating_mul(1000));
        totals
    }
}

/// Returns the memory in use; `None` if the system's counts contradict each other.
///
/// On Linux and Windows sysinfo subtracts the available memory from all without a check, and a
/// container can have more available than there is.
fn used(system: &System, all: u64) -> Option<u64> {
    match cfg!(any(target_os = "linux", windows)) {
        true => all.checked_sub(system.available_memory()),
        false => Some(system.used_memory()).filter(|&used| used <= all),
    }
}

/// Refreshes CPU use, except on Windows.
///
/// There sysinfo reads performance counters, which need more than two refreshes.
fn refresh_cpus(system: &mut System) {
    if !cfg!(windows) {
        system.refresh_cpu_specifics(CpuRefreshKind::nothing().with_usage());
    }
}

/// Separates two totals, and other texts on their line.
pub(crate) const GAP: &str = " · ";

impl Totals {
    /// Returns the totals of a recorded host. `name`: of the host. `at`: the time, for people.
    pub(crate) fn recorded<'a>(
        processes: impl Iterator<Item = &'a ProcessInfo>,
        name: Option<&str>,
        at: String,
    ) -> Self {
        let on = name.map_or_else(String::new, |name| format!(" on {}", escape(name)));
        Self {
            recorded: Some(format!("{at}{on}")),
            ..Self::of(processes)
        }
    }

    /// Adds what the host uses.
    pub(crate) fn with(self, host: HostUse) -> Self {
        Self { host, ..self }
    }

    /// Counts processes.
    pub(crate) fn of<'a>(processes: impl Iterator<Item = &'a ProcessInfo>) -> Self {
        let mut totals = Self::default();
        for process in processes {
            totals.processes += 1;
            totals.running += usize::from(process.status == Some(Status::Running));
        }
        totals
    }

    /// Formats the totals that fit the width.
    pub(crate) fn fitted(&self, width: Option<usize>) -> String {
        let whole = self.to_string();
        let mut fitted = String::new();
        for (index, part) in whole.split(GAP).enumerate() {
            let gap = if index == 0 { "" } else { GAP };
            let longer = terminal::width(&fitted) + terminal::width(gap) + terminal::width(part);
            // The first total is always printed; a long line is cut later.
            if index > 0 && width.is_some_and(|width| longer > width) {
                break;
            }
            fitted.push_str(gap);
            fitted.push_str(part);
        }
        fitted
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let processes = match self.processes {
            1 => "process",
            _ => "processes",
        };
        write!(
            f,
            "{} {processes}, {} running",
            self.processes, self.running
        )?;
        if let Some(recorded) = &self.recorded {
            write!(f, "{GAP}{recorded}")?;
        }
        match (self.host.cpu_percent, self.host.cpus) {
            (Some(percent), Some(1)) => write!(f, " · CPU {percent:.1} % of 1 core")?,
            (Some(percent), Some(cpus)) => write!(f, " · CPU {percent:.1} % of {cpus} cores")?,
            _ => {}
        }
        if let (Some(used), Some(all)) = (self.host.used_bytes, self.host.memory_bytes) {
            let [used, all] = [used, all].map(cells::bytes);
            write!(f, " · memory {used} of {all}")?;
        }
        if let Some(ms) = self.host.uptime_ms {
            write!(f, " · up {}", cells::duration(ms))?;
        }
        if let Some([one, five, fifteen]) = self.host.load {
            write!(f, " · load {one:.2} {five:.2} {fifteen:.2}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_totals_and_those_that_do_not_fit_are_omitted() {
        let mut totals = Totals {
            processes: 214,
            running: 3,
            host: HostUse {
                cpu_percent: Some(12.34),
                cpus: Some(8),
                used_bytes: Some(3_100_000_000),
                memory_bytes: Some(15_600_000_000),
                load: Some([0.5, 1.0, 12.25]),
                uptime_ms: Some(90_000_000),
            },
            recorded: None,
        };
        assert_eq!(
            totals.fitted(None),
            "214 processes, 3 running · CPU 12.3 % of 8 cores · memory 3.1 GB of 15.6 GB \
             · up 1d01h · load 0.50 1.00 12.25"
        );
        assert_eq!(
            totals.fitted(Some(80)),
            "214 processes, 3 running · CPU 12.3 % of 8 cores · memory 3.1 GB of 15.6 GB"
        );
        assert_eq!(totals.fitted(Some(13)), "214 processes, 3 running");
        totals.host.used_bytes = None;
        assert_eq!(
            totals.fitted(Some(54)),
            "214 processes, 3 running · CPU 12.3 % of 8 cores"
        );
        totals.host.cpu_percent = None;
        totals.host.memory_bytes = None;
        totals.host.load = None;
        totals.host.uptime_ms = None;
        totals.processes = 1;
        assert_eq!(totals.to_string(), "1 process, 3 running");
    }

    #[test]
    fn extreme_totals_are_printed_without_wrapping() {
        let totals = Totals {
            processes: usize::MAX,
            running: usize::MAX,
            host: HostUse {
                cpu_percent: Some(f32::MAX),
                cpus: Some(usize::MAX),
                used_bytes: Some(u64::MAX),
                memory_bytes: Some(u64::MAX),
                load: Some([f64::MAX, 0.0, 1e9]),
                uptime_ms: Some(u64::MAX),
            },
            recorded: None,
        };
        let text = totals.to_string();
        assert!(text.contains("memory 18.4 EB of 18.4 EB"), "{text}");
        assert!(text.contains("up 213503982334d14h"), "{text}");
    }
}
