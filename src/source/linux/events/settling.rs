//! Ends a round of [`Lives`]: finds out what there is where events do not show it.

use super::ends::Ends;
use super::exec_reading::ExecReading;
use super::life::{Fact, Life, Start, Step};
use super::lives::{Lives, Scans};
use super::waiting::{FRESH_NS, Waiting};

/// A parent that takes longer to reap its child has a zombie.
const ZOMBIE_NS: u64 = 20_000_000;

impl Lives {
    /// Ends the round: asks what there is with the pids whose threads have ended, and checks what was
    /// read at execs. After a scan, asks of all that wait.
    pub(super) fn settle(
        &mut self,
        now_ns: u64,
        is_after_scan: bool,
        scans: Scans<'_>,
        fact: &mut dyn FnMut(u32) -> Fact,
    ) {
        // What is left is of an event that was not heard.
        self.readings.clear();
        let mut waiting = std::mem::take(&mut self.waiting);
        if is_after_scan {
            waiting.retain(|entry| self.still_waits(entry.pid, scans, now_ns, fact));
        }
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.retain(|&pid| {
            let keeps = self.settle_end(pid, scans, now_ns, fact);
            if !keeps
                && let Some(life) = self.lives.get_mut(&pid)
                && let Some(end) = life.end
                && !std::mem::replace(&mut life.is_waiting, true)
            {
                waiting.push(Waiting::new(pid, end.at.at_ns, now_ns));
            }
            keeps
        });
        (self.fresh, self.waiting) = (fresh, waiting);
        if is_after_scan && std::mem::take(&mut self.must_sweep) {
            self.settle_lost(scans, fact);
        }
        self.settle_births(fact);
    }

    /// Returns whether a process that has ended still waits for its parent, after a scan.
    fn still_waits(
        &mut self,
        pid: u32,
        scans: Scans<'_>,
        now_ns: u64,
        fact: &mut dyn FnMut(u32) -> Fact,
    ) -> bool {
        let Some(life) = self.lives.get_mut(&pid) else {
            return false;
        };
        // A process with this pid has been born or called `exec` since.
        if life.end.is_none() {
            life.is_waiting = false;
            return false;
        }
        let here = scans(pid).filter(|scanned| scanned.is_current);
        if here.is_some_and(|here| life.start_by(Some(here)) == Some(here.start)) {
            life.start = here.map(|here| here.start);
            return true;
        }
        self.settle_end(pid, scans, now_ns, fact);
        self.lives.contains_key(&pid)
    }

    /// Asks whether a process whose threads have ended is gone. Returns whether to ask again soon.
    fn settle_end(
        &mut self,
        pid: u32,
        scans: Scans<'_>,
        now_ns: u64,
        fact: &mut dyn FnMut(u32) -> Fact,
    ) -> bool {
        let round = self.round;
        let Some(life) = self.lives.get_mut(&pid) else {
            return false;
        };
        let Some(end) = life.end else {
            life.is_fresh = false;
            return false;
        };
        let age_ns = now_ns.saturating_sub(end.at.at_ns);
        match fact(pid) {
            Fact::Gone => {
                self.exit(pid, scans);
                return false;
            }
            Fact::There { start_ticks, .. }
                if life.start.is_some_and(|start| !start.is_of(start_ticks)) =>
            {
                self.exit(pid, scans);
                return false;
            }
            Fact::There {
                leader_ended: true,
                threads: 0..=1,
                stat,
                cpu_ns,
                ..
            } => {
                life.is_end_certain |= life
                    .certain_end(scans(pid), self.lost_ns, self.is_exits_only)
                    .is_some();
                // A later process with this pid cannot have started before this one ended.
                let is_own = |start: Start| end.at.ticks() > start.ticks;
                let is_own = life.start.is_some_and(is_own);
                // It has grown until now if the process was just about to end.
                life.final_cpu_ns = cpu_ns.filter(|_| is_own).or(life.final_cpu_ns);
                let stat = stat.filter(|_| is_own);
                let stat = stat.map(|stat| (stat, now_ns));
                if let Some(index) = life.step.of(round)
                    && let Some(Step::Born { reading, .. }) = self.steps.get_mut(index)
                    && reading.is_none()
                {
                    *reading = stat.map(|stat| ExecReading::of_zombie(pid, life.image_ns, stat));
                }
                if age_ns < ZOMBIE_NS {
                    return true;
                }
                let is_news = !std::mem::replace(&mut life.is_reported_zombie, true);
                if let Some(start) = life.start.filter(|_| is_news) {
                    let zombie = Step::Zombie {
                        pid,
                        start,
                        at: end.at,
                        stat,
                        unread_exec_ns: life.unread_exec_ns(),
                    };
                    match life.end_step.of(round) {
                        Some(index) => self.steps[index] = zombie,
                        None => self.steps.push(zombie),
                    }
                }
            }
            // Its threads live on, and their ends will be heard.
            Fact::There {
                leader_ended: false,
                ..
            } if age_ns >= FRESH_NS && life.threads != Some(0) => {
                (life.leader_ended, life.end) = (false, None);
                life.ends = Ends::default();
                life.is_contested = false;
                life.final_cpu_ns = None;
            }
            Fact::There { .. } | Fact::Unknown => {}
        }
        life.is_fresh = age_ns < FRESH_NS;
        life.is_fresh
    }

    /// Finds the processes whose end was not heard.
    fn settle_lost(&mut self, scans: Scans<'_>, fact: &mut dyn FnMut(u32) -> Fact) {
        let is_missed = |(pid, life): (&u32, &Life)| {
            let is_here = scans(*pid)
                .is_some_and(|scanned| scanned.is_current && Some(scanned.start) == life.start);
            (!is_here && life.end.is_none()).then_some(*pid)
        };
        let missed: Vec<u32> = self.lives.iter().filter_map(is_missed).collect();
        for pid in missed {
            let start = self.lives[&pid].start;
            let is_gone = match fact(pid) {
                Fact::Gone => true,
                Fact::There { start_ticks, .. } => {
                    start.is_some_and(|start| !start.is_of(start_ticks))
                }
                Fact::Unknown => false,
            };
            if is_gone {
                self.exit(pid, scans);
            }
        }
    }

    /// Checks the births and execs of this round: uncertain start times, and what was read.
    fn settle_births(&mut self, fact: &mut dyn FnMut(u32) -> Fact) {
        let unsure = std::mem::take(&mut self.unsure);
        for (index, step) in self.steps.iter_mut().enumerate() {
            let (pid, start) = match step {
                Step::Born { pid, start, .. } | Step::Execed { pid, start, .. } => (*pid, start),
                Step::Void | Step::Zombie { .. } | Step::Exited { .. } => continue,
            };
            let life = self.lives.get_mut(&pid).filter(|life| life.end.is_none());
            // Of a process that has ended, all was read before its end.
            let Some(life) = life.filter(|life| life.step.of(self.round) == Some(index)) else {
                continue;
            };
            if unsure.contains(&pid) {
                match fact(pid) {
                    Fact::There { start_ticks, .. } => {
                        if start.ticks != start_ticks {
                            let left = self.recent.get(&(pid, start_ticks));
                            *start = Start::after(left, start_ticks);
                        }
                        life.start = Some(*start);
                    }
                    // The next scan finds it, with its own start time.
                    Fact::Unknown => {
                        *step = Step::Void;
                        self.lives.remove(&pid);
                        continue;
                    }
                    Fact::Gone => {}
                }
            }
            let start = *start;
            let is_proven = |reading: &ExecReading| {
                reading
                    .start_ticks()
                    .is_some_and(|ticks| start.is_of(ticks))
            };
            match step {
                Step::Born { reading, .. } => drop(reading.take_if(|reading| !is_proven(reading))),
                Step::Execed { reading, .. } if !is_proven(reading) => {
                    life.has_read_program = false;
                    *step = Step::Void;
                }
                _ => {}
            }
        }
    }
}
