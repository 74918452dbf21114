//! Finds out whether the kernel killed a process for lack of memory.
//!
//! The kernel counts each such kill before it sends the signal: on the whole host, and in the cgroup of
//! the process. So an unchanged count excludes it, and a kill that a cgroup has counted explains one end
//! by SIGKILL there. A kill by a person at the same time cannot be told from it.

use std::collections::HashMap;

use super::cgroups::{CgroupId, Cgroups, kills_in};
use super::life::{Start, Step};
use crate::model::ExitStatus;
use crate::source::linux::proc::procfs::Procfs;
use crate::source::linux::proc::stat::STAT_LEN;

/// A killed process can take long to end. It frees its memory before that.
const SLOW_END_NS: u64 = 60_000_000_000;

/// Processes whose cgroups are read after a scan. The others follow after the next ones.
const READS: usize = 64;

/// The cgroup of a process is read again after so many scans: it may have moved.
const SURVEYS: u32 = 100;

/// Its number on every architecture of Linux.
const SIGKILL: u8 = 9;

/// How often the kernel has killed a process for lack of memory.
#[derive(Debug)]
pub(super) struct OomKills {
    cgroups: Cgroups,
    members: HashMap<u32, Member, ahash::RandomState>,
    surveys: u32,
    /// On the whole host, as last read.
    count: Option<u64>,
    /// When that was last found to have changed.
    changed_ns: Option<u64>,
    /// When it was last found to have changed by more than the cgroups.
    hidden_ns: Option<u64>,
    /// The cgroups whose counts have changed.
    counted: HashMap<CgroupId, Counted, ahash::RandomState>,
}

/// In which cgroup a process is.
#[derive(Debug, Clone, Copy)]
struct Member {
    start: Start,
    /// `None`: its kills are not counted.
    cgroup: Option<CgroupId>,
    /// It was read, and is not only that of the parent.
    was_read: bool,
}

/// Kills that a cgroup has counted.
#[derive(Debug, Clone, Copy)]
struct Counted {
    changed_ns: u64,
    /// Kills whose processes have not ended so far.
    left: u64,
}

impl OomKills {
    pub(super) fn new(cgroups: Cgroups) -> Self {
        Self {
            cgroups,
            members: HashMap::default(),
            surveys: 0,
            count: None,
            changed_ns: None,
            hidden_ns: None,
            counted: HashMap::default(),
        }
    }

    /// Returns whether it is worth reading in which cgroups processes are.
    pub(super) fn wants_cgroups(&self) -> bool {
        self.cgroups.can_count()
    }

    /// Reads the counts, so that later changes are noticed.
    ///
    /// `is_lossy`: exits are missing, so it is not known which processes the kills have ended.
    pub(super) fn read(&mut self, procfs: &Procfs, is_lossy: bool, now_ns: u64) {
        let mut buffer = vec![0; 1 << 14];
        let mut count = || procfs.read(c"vmstat", &mut buffer).ok().and_then(kills_in);
        let mut host = count();
        loop {
            self.update(host, is_lossy, now_ns);
            // Kills in between would be those of cgroups only.
            let again = count();
            if host == again {
                return;
            }
            host = again;
        }
    }

    /// Takes the count of the host into account, and reads those of the cgroups if it has changed.
    fn update(&mut self, host: Option<u64>, is_lossy: bool, now_ns: u64) {
        let before = std::mem::replace(&mut self.count, host);
        if host == before && host.is_some() {
            return;
        }
        let new = match (before, host) {
            // The first reading.
            (None, Some(_)) if self.changed_ns.is_none() => return,
            (Some(before), Some(host)) => host.saturating_sub(before),
            _ => u64::MAX,
        };
        self.changed_ns = Some(now_ns);
        self.counted
            .retain(|_, counted| is_recent(counted.changed_ns, now_ns));
        let (counted, mut in_cgroups) = (&mut self.counted, 0_u64);
        self.cgroups.read(&mut |id, new| {
            in_cgroups += new;
            let entry = counted.entry(id).or_insert(Counted {
                changed_ns: now_ns,
                left: 0,
            });
            entry.changed_ns = now_ns;
            entry.left = if is_lossy { 0 } else { entry.left + new };
        });
        if in_cgroups < new || is_lossy {
            self.hidden_ns = Some(now_ns);
        }
    }

    /// Takes a step into account. For an exit, returns whether the kernel killed the process for lack of
    /// memory, as far as that is known.
    pub(super) fn take(&mut self, step: &Step, now_ns: u64) -> Option<bool> {
        match step {
            Step::Void | Step::Zombie { .. } => None,
            Step::Born {
                pid,
                start,
                parent,
                reading,
                ..
            } => {
                let cgroup = reading.as_ref().and_then(|reading| reading.cgroup.as_ref());
                let read = cgroup.map(|(content, _)| &**content);
                let inherited = self.members.get(parent).and_then(|member| member.cgroup);
                self.join(*pid, *start, read, inherited);
                None
            }
            Step::Execed {
                pid,
                start,
                reading,
            } => {
                if let Some((read, _)) = &reading.cgroup {
                    self.join(*pid, *start, Some(read), None);
                }
                None
            }
            Step::Exited {
                pid, start, end, ..
            } => {
                let member = self
                    .members
                    .remove(pid)
                    .filter(|member| member.start == *start);
                let status = ExitStatus::from_wait_status((*end)?.status);
                self.judge(status, member, now_ns)
            }
        }
    }

    /// Stores in which cgroup a process is, from its `/proc/PID/cgroup` or else from its parent.
    fn join(&mut self, pid: u32, start: Start, read: Option<&[u8]>, inherited: Option<CgroupId>) {
        if !self.wants_cgroups() {
            return;
        }
        let member = Member {
            start,
            cgroup: match read {
                Some(content) => self.cgroups.id_of(content),
                None => inherited,
            },
            was_read: read.is_some(),
        };
        self.members.insert(pid, member);
    }

    fn judge(&mut self, status: ExitStatus, member: Option<Member>, now_ns: u64) -> Option<bool> {
        if status.signal != Some(SIGKILL) || self.had_none(now_ns) {
            return Some(false);
        }
        self.count?;
        let member = member?;
        let counted = self.counted.get_mut(&member.cgroup?);
        match counted.filter(|counted| is_recent(counted.changed_ns, now_ns)) {
            Some(counted) if counted.left > 0 => {
                counted.left -= 1;
                Some(true)
            }
            // Another process has taken it, but that may have been this one's.
            Some(_) => None,
            None => (member.was_read && self.explains_all(now_ns)).then_some(false),
        }
    }

    /// Returns whether the exits so far explain all kills. If not, the victim may be any process: it may
    /// have moved to another cgroup since that was read.
    fn explains_all(&self, now_ns: u64) -> bool {
        let is_left = |counted: &Counted| counted.left > 0 && is_recent(counted.changed_ns, now_ns);
        let is_hidden = self.hidden_ns.is_some_and(|at_ns| is_recent(at_ns, now_ns));
        !is_hidden && !self.counted.values().any(is_left)
    }

    #[cfg(test)]
    pub(super) fn is_counted(&self) -> bool {
        self.count.is_some()
    }

    /// Returns whether none was killed for lack of memory lately.
    fn had_none(&self, now_ns: u64) -> bool {
        let is_recent = |changed_ns: u64| is_recent(changed_ns, now_ns);
        self.count.is_some() && !self.changed_ns.is_some_and(is_recent)
    }

    /// Reads in which cgroups processes are that a scan has found, some of them each time.
    pub(super) fn survey(
        &mut self,
        procfs: &Procfs,
        processes: &mut dyn Iterator<Item = (u32, Start)>,
    ) {
        if !self.wants_cgroups() {
            return;
        }
        if self.cgroups.is_full() {
            // Most of them are gone.
            self.cgroups.clear();
            self.members.clear();
            self.counted.clear();
        }
        self.surveys = self.surveys.wrapping_add(1);
        let (mut reads, mut count) = (0, 0);
        let mut line = [0; STAT_LEN];
        let mut found = Vec::new();
        for (pid, start) in processes {
            count += 1;
            let member = self.members.get(&pid);
            let is_known = member.is_some_and(|member| member.was_read && member.start == start);
            let is_turn = pid.wrapping_add(self.surveys).is_multiple_of(SURVEYS);
            if (!is_known || is_turn) && reads < READS {
                reads += 1;
                let read = procfs.read_of(pid, "cgroup", &mut line);
                self.join(pid, start, Some(read.unwrap_or_default()), None);
            }
            found.push(pid);
        }
        // Those whose exits were not heard.
        if self.members.len() > count + READS {
            self.members
                .retain(|pid, _| found.binary_search(pid).is_ok());
        }
    }
}

/// Returns whether the process of a kill at `at_ns` may end only now.
fn is_recent(at_ns: u64, now_ns: u64) -> bool {
    now_ns <= at_ns.saturating_add(SLOW_END_NS)
}

/// Returns whether it is the exit of a process that SIGKILL has ended.
pub(super) fn is_killed(step: &Step) -> bool {
    match step {
        Step::Exited { end: Some(end), .. } => {
            ExitStatus::from_wait_status(end.status).signal == Some(SIGKILL)
        }
        _ => false,
    }
}
