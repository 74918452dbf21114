//! Takes the ends of threads into account in [`Lives`]: which may be that of a process, and of which.

use super::life::{LastExit, Scanned, Spot, Step};
use super::lives::{Lives, Scans};

impl Lives {
    /// Takes the end of a thread into account. `is_released`: another process can have its pid by then.
    pub(super) fn end_thread(
        &mut self,
        tid: u32,
        pid: u32,
        is_released: bool,
        end: LastExit,
        scans: Scans<'_>,
    ) {
        let (lost_ns, round, steps) = (self.lost_ns, self.round, self.steps.len());
        let scanned = scans(pid);
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
    pub(super) fn replace_by_scanned(&mut self, pid: u32, event_ns: u64, scans: Scans<'_>) {
        let start = self.lives.get(&pid).and_then(|life| life.start);
        let is_later = |scanned: &Scanned| {
            scanned.is_current
                && scanned.read_at_ns <= event_ns
                && start.is_some_and(|start| scanned.start.ticks > start.ticks)
        };
        if scans(pid).as_ref().is_some_and(is_later) {
            self.exit(pid, scans);
        }
    }
}
