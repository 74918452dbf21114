//! What the source hears between scans where pidfds report exits.

use std::path::Path;

use super::super::events::{ListenOptions, Start};
use super::allowance::Allowance;
use super::bell_thread::BellThread;
use super::descriptors::most_pidfds;
use super::support;
use super::watched::{Candidate, Watched};
use crate::metrics::CpuClock;
use crate::model::{Exit, ExitStatus, Hearing, Timestamp};
use crate::source::linux::proc::boot::Boot;
use crate::source::{Bell, Happening, Heard};

/// Processes that are watched anew after one scan at most: some 6 ms of CPU time.
const NEW_AT_ONCE: usize = 1024;

/// CPU time to begin to watch one process and to hear its exit, in nanoseconds: some three times that
/// of a quiet host.
const EACH_NS: u64 = 30_000;

/// Hears the exits of processes that scans have found.
pub(in crate::source) struct ExitEar {
    watched: Watched,
    bell: BellThread,
    boot: Boot,
    allowance: Allowance,
    /// Most pidfds at a time.
    most: usize,
    was_full: bool,
    /// Processes whose exits the last drain has emitted.
    exited: Vec<(u32, Start)>,
}

impl ExitEar {
    /// Prepares to listen, by the proc(5) of our own pid namespace.
    ///
    /// Returns the reason for people if it is not possible.
    pub(in crate::source) fn open(
        proc: &Path,
        boot: Boot,
        options: ListenOptions,
    ) -> Result<Self, String> {
        support::check()?;
        let watched = Watched::new()
            .map_err(|errno| format!("cannot watch pidfds: {}", std::io::Error::from(errno)))?;
        let bell = BellThread::start(watched.epoll())?;
        Ok(Self {
            watched,
            bell,
            boot,
            allowance: Allowance::new(options.cpu_percent, Timestamp::monotonic_now_ns()),
            most: most_pidfds(proc),
            was_full: false,
            exited: Vec::new(),
        })
    }

    pub(in crate::source) fn bell(&self) -> Bell {
        self.bell.bell()
    }

    /// Returns the processes whose exits the last drain has emitted.
    pub(in crate::source) fn exited(&self) -> &[(u32, Start)] {
        &self.exited
    }

    /// Watches what a scan has found and is not watched yet, as far as descriptors and CPU time allow.
    ///
    /// The candidates are in order of pid. Returns the CPU time that this took, in nanoseconds.
    pub(in crate::source) fn watch(
        &mut self,
        candidates: &mut dyn Iterator<Item = Candidate>,
    ) -> u64 {
        let mut clock = CpuClock::start();
        let mut unwatched = self.watched.unwatched(candidates);
        // To look for them costs the same in each scan, and is no first reading.
        self.spend(&mut clock, 0);
        unwatched.truncate(NEW_AT_ONCE.min(self.allowance.affords(EACH_NS)));
        let wanted = unwatched.len();
        unwatched.truncate(self.watched.make_room(&unwatched, self.most));
        let is_out = self.watched.watch(&unwatched).is_err();
        if is_out {
            // Something else needs them.
            self.most = self.watched.len();
        }
        if (is_out || unwatched.len() < wanted) && !std::mem::replace(&mut self.was_full, true) {
            log::info!(
                "the exits of {} processes are heard at once, and scans find the others: \
                 no more file descriptors may be used",
                self.watched.len()
            );
        }
        self.spend(&mut clock, 0)
    }

    /// Emits the exits since the last drain.
    pub(in crate::source) fn drain(&mut self, emit: &mut dyn FnMut(Happening<'_>)) -> Heard {
        let mut clock = CpuClock::start();
        let (boot, exited) = (self.boot, &mut self.exited);
        exited.clear();
        self.bell.drained();
        self.watched.drain(&mut |reaped| {
            exited.push((reaped.pid, reaped.start));
            emit(Happening::Exited {
                pid: reaped.pid,
                start_time_ms: reaped.start.time_ms(boot),
                exit: Exit {
                    status: reaped.status.map(ExitStatus::from_wait_status),
                    // The kernel does not report when that was.
                    ended_by_ms: Some(boot.by_now_ms()),
                    ..Exit::default()
                },
            });
        });
        let other_cpu_ns = self.bell.take_cpu_ns();
        self.spend(&mut clock, other_cpu_ns);
        Heard {
            hearing: Hearing::Exits,
            other_cpu_ns,
            ..Heard::default()
        }
    }

    /// Takes CPU time into account: that of this thread, which it returns, and other.
    fn spend(&mut self, clock: &mut CpuClock, other_ns: u64) -> u64 {
        let spent = clock.lap().unwrap_or_default();
        let spent_ns = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
        let now_ns = Timestamp::monotonic_now_ns();
        self.allowance
            .spend(spent_ns.saturating_add(other_ns), now_ns);
        spent_ns
    }
}
