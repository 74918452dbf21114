//! Follows processes from birth to exit by the kernel's events. It reads nothing itself.
//!
//! A process ends with the last of its threads, and not with its first one, so threads are counted.
//! Where events are missing, the caller is asked what there is.

use std::collections::HashMap;

use super::ends::Ends;
use super::event_clock::EventClock;
use super::exec_reading::ExecReading;
use super::kernel_event::{KernelEvent, What};
use super::life::{LastExit, Life, Scanned, Start, Step};
use super::waiting::Waiting;

/// Returns what a scan has emitted for a pid.
pub(in crate::source) type Scans<'a> = &'a dyn Fn(u32) -> Option<Scanned>;

/// All processes that were born since the listener began, and those that have ended and wait.
#[derive(Debug, Default)]
pub(super) struct Lives {
    pub(super) lives: HashMap<u32, Life, ahash::RandomState>,
    /// Pids whose last thread may have ended just now.
    pub(super) fresh: Vec<u32>,
    /// Processes that have ended and were not reaped soon.
    pub(super) waiting: Vec<Waiting>,
    /// Pids that were born when the clocks were uncertain.
    pub(super) unsure: Vec<u32>,
    /// The processes that have left in this round or in the last ticks: the largest `nth` of each pid
    /// and tick.
    pub(super) recent: HashMap<(u32, u64), u8, ahash::RandomState>,
    /// The last tick of a birth.
    pub(super) last_ticks: u64,
    pub(super) readings: HashMap<(u32, u64), ExecReading, ahash::RandomState>,
    pub(super) steps: Vec<Step>,
    pub(super) round: u64,
    /// When events were last lost.
    pub(super) lost_ns: Option<u64>,
    /// Events are missing among those of this round.
    pub(super) is_lossy: bool,
    /// Only exits are heard.
    pub(super) is_exits_only: bool,
    /// The next scan finds the processes whose end was not heard.
    pub(super) must_sweep: bool,
    /// Forks that were heard, threads included.
    forks: u64,
}

impl Lives {
    /// Begins a round. `is_lossy`: events are missing until now.
    pub(super) fn begin(&mut self, readings: &mut Vec<ExecReading>, is_lossy: bool, now_ns: u64) {
        self.round += 1;
        self.steps.clear();
        let last_ticks = self.last_ticks;
        self.recent.retain(|(_, ticks), _| *ticks + 2 > last_ticks);
        let by_event = |reading: ExecReading| ((reading.pid, reading.event_ns), reading);
        self.readings.extend(readings.drain(..).map(by_event));
        self.is_lossy = is_lossy;
        if is_lossy {
            self.lost_ns = Some(now_ns);
            self.must_sweep = true;
            for life in self.lives.values_mut() {
                life.is_end_certain |= life.threads == Some(0);
                life.threads = None;
            }
        }
        self.attach_late();
    }

    /// Takes an event into account, in the order of the kernel's queue.
    pub(super) fn hear(&mut self, event: &KernelEvent, clock: &EventClock, scans: Scans<'_>) {
        let at = clock.moment(event.at_ns);
        match event.what {
            What::Fork { parent, tid, pid } if tid == pid => {
                self.forks += 1;
                self.begin_life(pid, parent, event.at_ns, at, scans);
            }
            What::Fork { pid, .. } => {
                self.forks += 1;
                let life = self.lives.get_mut(&pid);
                if let Some(threads) = life.and_then(|life| life.threads.as_mut()) {
                    *threads += 1;
                }
            }
            What::Exec { pid } => {
                self.replace_by_scanned(pid, at.at_ns, scans);
                self.exec(pid, event.at_ns, at.at_ns, scans);
            }
            // Its birth was not heard, and no scan has seen it.
            What::Exit { pid, .. }
                if self.is_exits_only && !self.lives.contains_key(&pid) && scans(pid).is_none() => {
            }
            What::Exit {
                tid,
                pid,
                status,
                is_released,
            } => {
                self.replace_by_scanned(pid, at.at_ns, scans);
                self.end_thread(tid, pid, is_released, LastExit { status, at }, scans);
            }
            What::Answer { .. } | What::Other => {}
        }
    }

    /// Returns the forks that were heard, threads included.
    pub(super) fn forks(&self) -> u64 {
        self.forks
    }

    pub(super) fn life(&mut self, pid: u32, scans: Scans<'_>) -> &mut Life {
        let older = || Life::older(scans(pid));
        let life = self.lives.entry(pid).or_insert_with(older);
        // It may have been read for the first time since.
        life.start = life.start_by(scans(pid));
        life
    }

    /// All other threads have ended, and the one that called `exec` has the number of the process.
    fn exec(&mut self, pid: u32, exec_ns: u64, at_ns: u64, scans: Scans<'_>) {
        let (is_lossy, round) = (self.is_lossy || self.is_exits_only, self.round);
        let life = self.life(pid, scans);
        // The end of the first thread can be reported after that.
        if let Some(others) = life.threads {
            let unheard = others.saturating_sub(1);
            life.earlier_ends = life.earlier_ends.saturating_add(unheard);
        }
        life.threads = (!is_lossy).then_some(1);
        life.leader_ended = false;
        // What ended was the thread that had that number before.
        (life.end, life.is_end_certain) = (None, false);
        life.ends = Ends::default();
        life.is_contested = false;
        life.final_cpu_ns = None;
        life.image_ns = exec_ns;
        (life.exec_ns, life.has_read_program) = (Some(at_ns), false);
        // What was read before is of the program before.
        let step = life.step.of(round);
        match step.and_then(|index| self.steps.get_mut(index)) {
            Some(Step::Born { reading, .. }) => *reading = None,
            Some(step @ Step::Execed { .. }) => *step = Step::Void,
            _ => {}
        }
        if let Some(reading) = self.readings.remove(&(pid, exec_ns)) {
            self.attach(pid, reading);
        }
    }

    /// Reports that a process is gone, and forgets it.
    pub(super) fn exit(&mut self, pid: u32, scans: Scans<'_>) {
        let Some(life) = self.lives.remove(&pid) else {
            return;
        };
        let Some(start) = life.start else { return };
        let nth = self.recent.entry((pid, start.ticks)).or_default();
        *nth = start.nth.max(*nth);
        let exited = Step::Exited {
            pid,
            start,
            born: life.born,
            end: life.certain_end(scans(pid), self.lost_ns, self.is_exits_only),
            final_cpu_ns: life.final_cpu_ns,
            unread_exec_ns: life.unread_exec_ns(),
        };
        match life.end_step.of(self.round) {
            Some(index) if life.end.is_some() => self.steps[index] = exited,
            _ => self.steps.push(exited),
        }
    }

    /// Returns whether a process has ended and was not reported as exited.
    pub(super) fn has_ended(&self, pid: u32) -> bool {
        self.lives.get(&pid).is_some_and(|life| life.end.is_some())
    }

    /// Returns what happened in this round.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns whether a process with this pid is known, perhaps one that has ended.
    pub(super) fn has(&self, pid: u32) -> bool {
        self.lives.contains_key(&pid)
    }

    /// Returns the start time with which a process was reported that `stat` reports like this.
    pub(super) fn start_of(&self, pid: u32, stat_ticks: u64) -> Option<Start> {
        let start = self.lives.get(&pid)?.start?;
        start.is_of(stat_ticks).then_some(start)
    }
}
