//! What the source hears between scans: the kernel's events as happenings, and how complete they are.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use rustix::time::ClockId;

use super::accounting::Accounts;
use super::cgroups::Cgroups;
use super::event_clock::EventClock;
use super::exec_reading::ExecReading;
use super::exit_usage::usage;
use super::happenings::{happening, unread_exec};
use super::kernel_event::KernelEvent;
use super::life::{Start, Step};
use super::listen_options::ListenOptions;
use super::listener::Listener;
use super::lives::{Lives, Scans};
use super::look::fact;
use super::mail::Mail;
use super::oom_kills::{OomKills, is_killed};
use super::reception::{Reception, reads_execs};
use super::replaced::Replaced;
use super::witness::Witness;
use crate::metrics::CpuClock;
use crate::model::{Collect, Hearing, ListenStep, Timestamp};
use crate::source::linux::proc::boot::{Boot, ns, tick_ns};
use crate::source::linux::proc::cpu::{CpuClock as ProcessClock, cpu_clock};
use crate::source::linux::proc::procfs::Procfs;
use crate::source::{Bell, Happening, Heard};

/// How often the kernel's count is compared with what was heard, until nothing is under way.
const COMPARISONS: u32 = 10;

/// Hears births, execs and exits.
#[derive(Debug)]
pub(in crate::source) struct Ear {
    listener: Listener,
    proc: PathBuf,
    boot: Boot,
    clock: EventClock,
    lives: Lives,
    mail: Mail,
    witness: Witness,
    /// The kernel's count at the start of the last scan, and when it was read.
    counted: Option<(u64, u64)>,
    /// Processes whose exits the last drain has emitted.
    exited: Vec<(u32, Start)>,
    oom_kills: OomKills,
    accounts: Accounts,
}

impl Ear {
    /// Starts to listen. `collect` is read of each process, as far as that is possible between
    /// scans, and `count` reads how many processes and threads the kernel has started.
    ///
    /// Returns the reason for people if it is not possible.
    pub(in crate::source) fn open(
        proc: &Path,
        boot: Boot,
        options: ListenOptions,
        collect: Collect,
        count: &mut dyn FnMut() -> Option<u64>,
    ) -> Result<Self, String> {
        let clock = EventClock::new();
        let procfs = Procfs::open(proc).map_err(|error| error.full_message())?;
        let mut oom_kills = OomKills::new(Cgroups::of(&procfs));
        oom_kills.read(&procfs, false, Timestamp::monotonic_now_ns());
        let collect = match oom_kills.wants_cgroups() {
            true => collect.with(Collect::CGROUP),
            false => collect,
        };
        let listener = Listener::start(proc, options, collect)?;
        let mut witness = Witness::default();
        // The count moves before the event is sent. A reading while nothing is under way is exact.
        for _ in 0..COMPARISONS {
            let before_ns = ns(ClockId::Monotonic);
            if let Some(counted) = count() {
                witness.compare(counted, listener.waiting_forks(before_ns));
            }
        }
        Ok(Self {
            listener,
            proc: proc.to_owned(),
            boot,
            clock,
            lives: Lives::default(),
            mail: Mail::default(),
            witness,
            counted: None,
            exited: Vec::new(),
            oom_kills,
            accounts: Accounts::new(tick_ns()),
        })
    }

    pub(in crate::source) fn bell(&self) -> Bell {
        self.listener.bell()
    }

    /// Stores the kernel's count of started processes and threads at the start of a scan. `at_ns` is a
    /// moment before it was read, of the clock of events.
    pub(in crate::source) fn count(&mut self, counted: Option<u64>, at_ns: u64) {
        self.counted = counted.map(|counted| (counted, at_ns));
        if let Some(counted) = counted {
            self.listener.count(counted);
        }
    }

    /// Returns the start time with which a process was reported that `stat` reports like this.
    pub(in crate::source) fn start_of(&self, pid: u32, stat_ticks: u64) -> Option<Start> {
        self.lives.start_of(pid, stat_ticks)
    }

    /// Returns whether the next drain emits every exit and birth of which a scan has seen a sign.
    pub(in crate::source) fn reports_all(&self) -> bool {
        self.witness.is_complete() && Reception::of(self.listener.step()) == Reception::All
    }

    /// Returns the pids that may have had several processes since the last drain.
    pub(in crate::source) fn replaced(&self) -> Replaced {
        let mut replaced = Replaced::default();
        self.listener.for_each_waiting(&mut |event| {
            replaced.hear(event, |pid| self.lives.has(pid));
        });
        replaced
    }

    /// Returns the processes whose exits the last drain has emitted.
    pub(in crate::source) fn exited(&self) -> &[(u32, Start)] {
        &self.exited
    }

    /// Emits what has happened, with what was read of the process then: the optional fields are not
    /// in the row. `scans` returns what scans have emitted, and `count` reads how many
    /// processes and threads the kernel has started.
    pub(in crate::source) fn drain(
        &mut self,
        is_after_scan: bool,
        scans: Scans<'_>,
        count: &mut dyn FnMut() -> Option<u64>,
        emit: &mut dyn FnMut(Happening<'_>, Option<&ExecReading>),
    ) -> Heard {
        let mut clock = CpuClock::start();
        self.clock.measure();
        self.listener.collect(&mut self.mail);
        let now_ns = Timestamp::monotonic_now_ns();
        let mail = &mut self.mail;
        let is_lossy = mail.loss.is_some();
        self.accounts.hear(&mut mail.records, now_ns);
        self.lives.begin(&mut mail.readings, is_lossy, now_ns);
        self.lives.is_exits_only = mail.step == ListenStep::ExitsOnly;
        for event in &mail.events {
            self.lives.hear(event, &self.clock, scans);
        }
        let opened = OnceCell::new();
        let procfs = || {
            let procfs = opened.get_or_init(|| Procfs::open(&self.proc).ok());
            procfs.as_ref()
        };
        let mut fact = |pid| fact(pid, procfs());
        let mut is_gone = |pid| cpu_clock(pid) == ProcessClock::Gone;
        self.lives.check_waiting(now_ns, scans, &mut is_gone);
        self.lives.settle(now_ns, is_after_scan, scans, &mut fact);
        let steps = self.lives.steps();
        if (is_lossy || steps.iter().any(is_killed))
            && let Some(procfs) = procfs()
        {
            self.oom_kills.read(procfs, is_lossy, now_ns);
        }
        self.exited.clear();
        for step in steps {
            let likely_oom = self.oom_kills.take(step, now_ns);
            let (usage, name) = usage(step, &mut self.accounts, &self.clock);
            if let Some((happening, reading)) = unread_exec(step, self.boot, name.as_ref()) {
                emit(happening, Some(&reading));
            }
            if let Some(happening) = happening(step, self.boot, likely_oom, usage) {
                emit(happening, step.reading());
            }
            if let &Step::Exited { pid, start, .. } = step {
                self.exited.push((pid, start));
            }
        }
        if is_after_scan {
            let has_ended = |pid| self.lives.has_ended(pid);
            self.accounts.forget(now_ns, &has_ended);
        }
        let heard = self.judge(is_after_scan, count);
        self.listener.ring_at(self.lives.next_check_ns());
        let spent = clock.lap().unwrap_or_default();
        let spent_ns = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
        self.listener.spend(spent_ns);
        heard
    }

    /// Finds out in which cgroups processes are that a scan has found.
    pub(in crate::source) fn survey(&mut self, processes: &mut dyn Iterator<Item = (u32, Start)>) {
        if !reads_execs(self.listener.step()) || !self.oom_kills.wants_cgroups() {
            return;
        }
        if let Ok(procfs) = Procfs::open(&self.proc) {
            self.oom_kills.survey(&procfs, processes);
        }
    }

    /// Decides how complete it is.
    fn judge(&mut self, is_after_scan: bool, count: &mut dyn FnMut() -> Option<u64>) -> Heard {
        let step = self.mail.step;
        let hears_births = Reception::of(step) == Reception::All;
        let mut heard = Heard {
            hearing: Hearing::Complete,
            reason: None,
            at: None,
            missed_total: None,
            other_cpu_ns: self.listener.take_cpu_ns(),
            step: Some(step),
            step_reason: self.mail.step_reason.take(),
            usage: self.mail.usage,
            usage_reason: self.mail.usage_reason.take(),
        };
        let loss = self.mail.loss.take();
        if loss.is_some() {
            self.witness.declare_loss();
        }
        let silence = match is_after_scan {
            true => self.missing(count).and_then(|missing| {
                let has_reason = loss.is_some() || !hears_births;
                let forks = self.lives.forks();
                self.witness
                    .conclude(missing, forks, has_reason, hears_births)
            }),
            false => None,
        };
        heard.missed_total = self.witness.missed();
        if let Some(silence) = silence {
            heard.hearing = silence.hearing;
            heard.reason = Some(silence.reason);
            if silence.hearing == Hearing::Deaf {
                self.listener.listen_again(silence.is_lasting);
            }
        }
        if let Some(loss) = loss {
            heard.hearing = Hearing::Lossy;
            heard.reason = Some(loss);
        }
        let left_out = match step {
            ListenStep::ExitsOnly => Some((Hearing::Lossy, "births are left to scans")),
            ListenStep::Deaf => Some((Hearing::Deaf, "births and exits are left to scans")),
            _ if self.mail.wants_socket => {
                Some((Hearing::Deaf, "the scanner begins to listen again"))
            }
            _ => None,
        };
        if let Some((hearing, reason)) = left_out {
            heard.hearing = hearing;
            heard.reason = Some(reason.into());
        }
        if let Some(death) = self.mail.death.take() {
            heard.hearing = Hearing::Deaf;
            heard.reason = Some(death);
            self.listener.listen_again(true);
        }
        self.witness
            .set_complete(heard.hearing == Hearing::Complete);
        heard
    }
}

impl Ear {
    /// Returns how many forks are missing at most, by the kernel's count at the start of the scan.
    fn missing(&mut self, count: &mut dyn FnMut() -> Option<u64>) -> Option<u64> {
        let (counted, at_ns) = self.counted.take()?;
        let is_later = |event: &&KernelEvent| event.is_fork() && event.at_ns > at_ns;
        let later = self.mail.events.iter().filter(is_later).count() as u64;
        let forks = self.lives.forks().saturating_sub(later);
        let mut missing = self.witness.compare(counted, forks);
        let hears_births = Reception::of(self.mail.step) == Reception::All;
        // Forks may be under way, and only what is missing stays so.
        for _ in 0..COMPARISONS {
            if !hears_births || !self.witness.is_news(missing) {
                break;
            }
            let before_ns = ns(ClockId::Monotonic);
            let Some(counted) = count() else { break };
            let forks = self.lives.forks() + self.listener.waiting_forks(before_ns);
            missing = missing.min(self.witness.compare(counted, forks));
        }
        Some(missing)
    }
}
