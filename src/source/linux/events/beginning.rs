//! Begins a life in [`Lives`]: with the key of the scan that has read it already, or with a new one.

use super::event_clock::Moment;
use super::life::{Life, Scanned, Spot, Start, Step};
use super::lives::{Lives, Scans};

impl Lives {
    /// Begins a life. `event_ns` is the time of its birth as in the event.
    pub(super) fn begin_life(
        &mut self,
        pid: u32,
        parent: u32,
        event_ns: u64,
        at: Moment,
        scans: Scans<'_>,
    ) {
        let ticks = at.ticks();
        self.last_ticks = self.last_ticks.max(ticks);
        let is_known = self.lives.contains_key(&pid);
        let before = is_known.then(|| self.life(pid, scans).start);
        // That of the scan may have left in this round.
        let has_left = |scanned: &Scanned| {
            let nth = self.recent.get(&(pid, scanned.start.ticks));
            nth.is_some_and(|nth| *nth >= scanned.start.nth)
        };
        let scanned = scans(pid).filter(|scanned| !has_left(scanned));
        // A scan may have read it already, and its key stays.
        let adopted = scanned
            .filter(|scanned| before != Some(Some(scanned.start)))
            .filter(|scanned| self.is_of_scan(at, scanned))
            .map(|scanned| scanned.start);
        let mut earlier_ends = 0;
        match before {
            // The pid is free only when its last process was reaped.
            Some(_) => {
                earlier_ends = self.lives[&pid].unheard_ends();
                self.keep_before(pid, at.at_ns);
                self.exit(pid, scans);
            }
            None if adopted.is_none() => {
                if let Some(scanned) = scanned {
                    earlier_ends = u32::MAX;
                    self.lives.insert(pid, Life::older(Some(scanned)));
                    self.exit(pid, scans);
                }
            }
            None => {}
        }
        let next = Start::after(self.recent.get(&(pid, ticks)), ticks);
        let start = adopted.unwrap_or(next);
        let mut life = Life::born(start, event_ns, at);
        life.is_kernel_thread = self.kind_of_child(parent, scans);
        life.earlier_ends = earlier_ends;
        if self.is_lossy || self.is_exits_only {
            life.threads = None;
        }
        if adopted.is_none() {
            life.step = Spot::new(self.round, self.steps.len());
            self.steps.push(Step::Born {
                pid,
                start,
                parent,
                is_kernel_thread: life.is_kernel_thread,
                at,
                reading: None,
            });
            if !at.is_sure {
                self.unsure.push(pid);
            }
        }
        self.lives.insert(pid, life);
        if let Some(reading) = self.readings.remove(&(pid, event_ns)) {
            self.attach(pid, reading);
        }
    }

    /// Returns whether a child is a kernel thread.
    ///
    /// Only the second process starts such, and what other kernel threads start becomes a program.
    fn kind_of_child(&self, parent: u32, scans: Scans<'_>) -> Option<bool> {
        const KTHREADD: u32 = 2;
        if parent == KTHREADD {
            return Some(true);
        }
        let life = self
            .lives
            .get(&parent)
            .and_then(|life| life.is_kernel_thread);
        let parent = life.or_else(|| Some(scans(parent)?.is_kernel_thread))?;
        (!parent).then_some(false)
    }

    /// Returns whether a scan has read the process that was born then.
    fn is_of_scan(&self, at: Moment, scanned: &Scanned) -> bool {
        // What had this pid when the scan read it was born then, or later by another event.
        if !at.is_sure {
            return scanned.is_current && scanned.read_at_ns >= at.at_ns;
        }
        let start = Start {
            ticks: at.ticks(),
            nth: 0,
        };
        if !scanned.is_current || !start.is_of(scanned.start.ticks) {
            return false;
        }
        // The scan can list it a moment before its event. Then it has not run. The end of an earlier
        // process with the pid may be reported only after that event.
        let is_heard = self
            .lost_ns
            .is_none_or(|lost_ns| scanned.read_at_ns > lost_ns);
        let is_before = scanned.start.ticks == start.ticks || is_heard;
        scanned.read_at_ns >= at.at_ns || (is_before && !scanned.has_run)
    }
}
