//! Follows processes from birth to exit by the kernel's events. It reads nothing itself.
//!
//! A process ends with the last of its threads, and not with its first one, so threads are counted.
//! Where events are missing, the caller is asked what there is.

use std::collections::HashMap;

use super::ends::Ends;
use super::event_clock::EventClock;
use super::exec_reading::ExecReading;
use super::kernel_event::{KernelEvent, What};
use super::life::{LastExit, Life, Scanned, Spot, Start, Step};
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

    /// Attaches what was read after events of earlier rounds, before this round ends their processes.
    fn attach_late(&mut self) {
        let is_late = |reading: &ExecReading| {
            let life = self.lives.get(&reading.pid);
            life.is_some_and(|life| life.image_ns == reading.event_ns)
        };
        let late: Vec<ExecReading> = self
            .readings
            .extract_if(|_, reading| is_late(reading))
            .map(|(_, reading)| reading)
            .collect();
        for mut reading in late {
            let end = self.lives.get(&reading.pid).and_then(|life| life.end);
            if let Some(end) = end {
                reading.keep_before(end.at.at_ns);
            }
            self.attach(reading.pid, reading);
        }
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
            What::Exec { pid } => self.exec(pid, event.at_ns, scans),
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
    fn exec(&mut self, pid: u32, exec_ns: u64, scans: Scans<'_>) {
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

    /// Adds a reading to the last step of its process, or makes it a step.
    pub(super) fn attach(&mut self, pid: u32, new: ExecReading) {
        let Some(life) = self.lives.get_mut(&pid) else {
            return;
        };
        let Some(start) = &mut life.start else {
            return;
        };
        match life.step.of(self.round).map(|index| &mut self.steps[index]) {
            Some(Step::Born {
                start: first,
                reading,
                ..
            }) => {
                // The start time that the kernel stored. A later process would have a later one.
                let stored = new.start_ticks().filter(|&ticks| start.is_of(ticks));
                if let Some(ticks) = stored.filter(|&ticks| ticks != start.ticks) {
                    // An earlier process can have had that one.
                    *start = Start::after(self.recent.get(&(pid, ticks)), ticks);
                    *first = *start;
                }
                *reading = Some(new);
            }
            Some(Step::Execed { reading, .. }) => *reading = new,
            _ => {
                life.step = Spot::new(self.round, self.steps.len());
                self.steps.push(Step::Execed {
                    pid,
                    start: *start,
                    reading: new,
                });
            }
        }
    }

    fn end_thread(
        &mut self,
        tid: u32,
        pid: u32,
        is_released: bool,
        end: LastExit,
        scans: Scans<'_>,
    ) {
        let (lost_ns, round, steps) = (self.lost_ns, self.round, self.steps.len());
        let scanned = scans(pid);
        if let Some(scanned) = scanned {
            self.replace_by(pid, &scanned, end.at.at_ns, scans);
        }
        let life = self.life(pid, scans);
        if life.born.is_some_and(|born| end.at.at_ns < born.at_ns) {
            // It is of an earlier process. Of those, the number can be unknown.
            if life.earlier_ends < u32::MAX {
                life.earlier_ends = life.earlier_ends.saturating_sub(1);
            }
            return;
        }
        if is_released && life.earlier_ends > 0 {
            (life.is_contested, life.threads) = (true, None);
        }
        life.leader_ended |= tid == pid;
        if !life.is_end_certain {
            life.ends.add(tid == pid, end.status, is_released);
        }
        let may_be_last = match &mut life.threads {
            Some(threads) => {
                *threads = threads.saturating_sub(1);
                *threads == 0
            }
            // The first thread lived when the scan read it, and its end would have been heard.
            None => {
                let shows_leader = |scanned: Scanned| {
                    !scanned.is_leader_ended && lost_ns.is_none_or(|lost| scanned.read_at_ns > lost)
                };
                life.leader_ended || !scanned.is_some_and(shows_leader)
            }
        };
        if !may_be_last {
            return;
        }
        // What ends after that has another process with this pid.
        if !life.is_end_certain {
            life.end = Some(end);
        }
        life.end_step = Spot::new(round, steps);
        let is_new = !std::mem::replace(&mut life.is_fresh, true);
        if is_new {
            self.fresh.push(pid);
        }
        self.keep_before(pid, end.at.at_ns);
        self.steps.push(Step::Void);
    }

    /// Replaces the process that has a pid by a later one that a scan has read before this event. Its
    /// birth was not heard.
    fn replace_by(&mut self, pid: u32, scanned: &Scanned, event_ns: u64, scans: Scans<'_>) {
        let is_later = |start: Start| scanned.start.ticks > start.ticks;
        let start = self.lives.get(&pid).and_then(|life| life.start);
        if scanned.is_current && scanned.read_at_ns <= event_ns && start.is_some_and(is_later) {
            self.exit(pid, scans);
        }
    }

    /// Removes what was read of a process in this round when it had ended by then, since that is of
    /// another process with its pid.
    pub(super) fn keep_before(&mut self, pid: u32, ended_ns: u64) {
        let step = self
            .lives
            .get(&pid)
            .and_then(|life| life.step.of(self.round));
        match step.map(|index| &mut self.steps[index]) {
            Some(Step::Born {
                reading: Some(reading),
                ..
            })
            | Some(Step::Execed { reading, .. }) => reading.keep_before(ended_ns),
            _ => {}
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
