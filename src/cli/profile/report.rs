//! What a command and its descendants did, when it has ended.

use process_scanner::ExitStatus;
use serde::Serialize;

use super::by_program::ProgramSum;
use super::one_life::OneLife;

/// How the command ended, and what only the system knows of all its descendants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ending {
    pub(crate) exit: Option<ExitStatus>,
    pub(crate) wall_ms: f64,
    /// CPU time of the descendants that were waited for; `None` if unknown.
    pub(crate) waited_cpu_ms: Option<f64>,
    /// CPU time of `pscan` itself; `None` if unknown.
    pub(crate) own_cpu_ms: Option<f64>,
}

/// Where births and exits came from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Listening {
    /// The interval of the scans that found births; `None`: the kernel reported them.
    pub(crate) sampled_every_ms: Option<u64>,
    /// Why the kernel did not report them.
    pub(crate) not_listening: Option<String>,
}

/// What a command and its descendants did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Report {
    pub(crate) exit: Option<ExitStatus>,
    pub(crate) wall_ms: f64,
    /// CPU time of all of them; `None` if no part of it is known.
    pub(crate) cpu_ms: Option<f64>,
    /// The part of it that is of no program, because the lives were too short to be read; `None` if
    /// the system does not report the CPU time of all.
    pub(crate) not_attributed_cpu_ms: Option<f64>,
    /// Most resident memory of all together that a scan has seen, or of one of them.
    pub(crate) peak_rss_bytes: Option<u64>,
    pub(crate) started: u64,
    pub(crate) most_at_a_time: u64,
    /// `None` if no exit status is known.
    pub(crate) failed: Option<u64>,
    /// Exits with an unknown status.
    pub(crate) exits_unknown: u64,
    /// Starts of the whole host that may be missing, threads included; `None` if unknown.
    pub(crate) unseen_at_most: Option<u64>,
    #[serde(flatten)]
    pub(crate) listening: Listening,
    /// CPU time of `pscan`; `None` if unknown.
    pub(crate) own_cpu_ms: Option<f64>,
    pub(crate) programs: Vec<ProgramSum>,
    /// The longest lives, without that of the command itself.
    pub(crate) slowest: Vec<OneLife>,
    /// The first failures.
    pub(crate) failures: Vec<OneLife>,
    /// Descendants that live on.
    pub(crate) remaining: Vec<OneLife>,
}
