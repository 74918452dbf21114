//! A made-up kernel with its processes, and what [`Lives`] reports of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::event_clock::EventClock;
use super::kernel_event::{KernelEvent, What};
use super::life::{Fact, Scanned, Start, Step};
use super::lives::Lives;
use super::reception::Reception;

const MS: u64 = 1_000_000;

/// So many processes are older than the listener.
pub(super) const OLDER: usize = 3;

/// A process of the made-up kernel.
#[derive(Debug, Clone, Default)]
pub(super) struct Process {
    born_ns: u64,
    /// The threads that live, by number.
    threads: BTreeSet<u32>,
    /// Of its last thread.
    pub(super) status: u32,
    is_reaped: bool,
    pub(super) pid: u32,
}

impl Process {
    fn ticks(&self) -> u64 {
        self.born_ns / (10 * MS)
    }
}

/// The end of a thread that is reported late.
struct LateEnd {
    process: usize,
    tid: u32,
    status: u32,
    /// The event, if the kernel has begun it at once.
    begun: Option<KernelEvent>,
}

/// The kernel, the scans, and what was reported.
pub(super) struct World {
    pub(super) processes: Vec<Process>,
    by_pid: BTreeMap<u32, usize>,
    pub(super) now_ns: u64,
    next_tid: u32,
    pub(super) events: Vec<KernelEvent>,
    /// Ends that the kernel has still to report.
    late: Vec<LateEnd>,
    lives: Lives,
    /// What the last scan has emitted, with the process.
    scanned: HashMap<u32, (Scanned, usize)>,
    /// The processes that were reported, by key, and the other way round.
    keys: HashMap<(u32, u64, u8), usize>,
    pub(super) reported: HashMap<usize, (u32, u64, u8)>,
    pub(super) exits: HashMap<usize, Option<u32>>,
    zombies: BTreeSet<usize>,
    pub(super) may_lose: bool,
    reception: Reception,
    has_stepped: bool,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            processes: Vec::new(),
            by_pid: BTreeMap::new(),
            now_ns: 5_000_000 * MS,
            next_tid: 1000,
            events: Vec::new(),
            late: Vec::new(),
            lives: Lives::default(),
            scanned: HashMap::new(),
            keys: HashMap::new(),
            reported: HashMap::new(),
            exits: HashMap::new(),
            zombies: BTreeSet::new(),
            may_lose: false,
            reception: Reception::All,
            has_stepped: false,
        }
    }

    fn tell(&mut self, what: What) {
        self.now_ns += MS;
        let is_received = match self.reception {
            Reception::All => true,
            Reception::Exits => matches!(what, What::Exit { .. }),
            Reception::Nothing => false,
        };
        if !is_received {
            return;
        }
        self.events.push(KernelEvent {
            seq: 0,
            cpu: 0,
            at_ns: self.now_ns,
            what,
        });
    }

    pub(super) fn living(&self, pid: u32) -> Option<usize> {
        let index = *self.by_pid.get(&pid)?;
        (!self.processes[index].threads.is_empty()).then_some(index)
    }

    pub(super) fn fork(&mut self, pid: u32) {
        if self.by_pid.contains_key(&pid) {
            return;
        }
        // After losses, only different start times prove a reuse.
        self.now_ns += if self.may_lose { 11 * MS } else { 2 * MS };
        self.by_pid.insert(pid, self.processes.len());
        self.tell(What::Fork {
            parent: 1,
            tid: pid,
            pid,
        });
        self.processes.push(Process {
            born_ns: self.now_ns,
            threads: [pid].into(),
            pid,
            ..Process::default()
        });
    }

    pub(super) fn start_thread(&mut self, pid: u32) {
        if let Some(index) = self.living(pid) {
            self.next_tid += 1;
            let tid = self.next_tid;
            self.processes[index].threads.insert(tid);
            let parent = pid;
            self.tell(What::Fork { parent, tid, pid });
        }
    }

    /// Ends a thread: the first one, or the last one.
    pub(super) fn end_thread(&mut self, pid: u32, is_leader: bool, status: u32) {
        let Some(index) = self.living(pid) else {
            return;
        };
        let process = &mut self.processes[index];
        let tid = match is_leader {
            true => process.threads.pop_first(),
            false => process.threads.pop_last(),
        };
        let tid = tid.expect("it lives");
        // A thread alone ends as by pthread_exit, and the last one as by exit.
        let status = match process.threads.is_empty() {
            true => status,
            false => 0,
        };
        process.status = status;
        self.report_end(index, tid, status, false);
    }

    /// Ends all threads, as by a signal or `exit_group`, in this order or in the other one. The reports
    /// of some come late.
    ///
    /// Those of the first processes never do: how many threads they have is not known, so what is late
    /// is not missed.
    pub(super) fn end_all(&mut self, pid: u32, status: u32, is_leader_first: bool, late: u8) {
        let Some(index) = self.living(pid) else {
            return;
        };
        let mut threads = std::mem::take(&mut self.processes[index].threads);
        self.processes[index].status = status;
        for nth in 0.. {
            let tid = match is_leader_first {
                true => threads.pop_first(),
                false => threads.pop_last(),
            };
            let Some(tid) = tid else { break };
            let is_late = index >= OLDER && late >> (nth % 8) & 1 == 1;
            self.report_end(index, tid, status, is_late);
        }
    }

    fn report_end(&mut self, index: usize, tid: u32, status: u32, is_late: bool) {
        let pid = self.processes[index].pid;
        // Other threads than the first one are released at once.
        let exit = What::Exit {
            tid,
            pid,
            status,
            is_released: tid != pid,
        };
        if !is_late {
            return self.tell(exit);
        }
        self.now_ns += MS;
        let begun = (self.now_ns / MS).is_multiple_of(2).then_some(KernelEvent {
            seq: 0,
            cpu: 0,
            at_ns: self.now_ns,
            what: exit,
        });
        self.late.push(LateEnd {
            process: index,
            tid,
            status,
            begun,
        });
    }

    /// Reports what was late.
    pub(super) fn report_late(&mut self) {
        for late in std::mem::take(&mut self.late) {
            let process = &self.processes[late.process];
            let (pid, tid, status) = (process.pid, late.tid, late.status);
            match late.begun {
                Some(_) if self.reception == Reception::Nothing => {}
                Some(event) => self.events.push(event),
                None => self.tell(What::Exit {
                    tid,
                    pid,
                    status,
                    is_released: process.is_reaped || tid != pid,
                }),
            }
        }
    }

    /// The last thread calls `exec`: all others end, and it takes over the number of the process.
    pub(super) fn exec(&mut self, pid: u32) {
        let Some(index) = self.living(pid) else {
            return;
        };
        let mut threads = std::mem::take(&mut self.processes[index].threads);
        threads.pop_last();
        for tid in threads {
            self.tell(What::Exit {
                tid,
                pid,
                status: 0,
                is_released: tid != pid,
            });
        }
        self.processes[index].threads.insert(pid);
        self.tell(What::Exec { pid });
    }

    pub(super) fn reap(&mut self, pid: u32) {
        if let Some(&index) = self.by_pid.get(&pid)
            && self.processes[index].threads.is_empty()
        {
            self.processes[index].is_reaped = true;
            self.by_pid.remove(&pid);
        }
    }

    /// Receives this from now on.
    pub(super) fn step(&mut self, reception: Reception) {
        self.has_stepped |= self.reception != reception;
        self.reception = reception;
    }

    /// Drains, without some of the events.
    pub(super) fn round(&mut self, is_after_scan: bool, loses: Option<usize>) {
        let mut events = std::mem::take(&mut self.events);
        let before = events.len();
        if let Some(loses) = loses {
            let mut index = 0;
            events.retain(|_| {
                index += 1;
                index % (loses % 3 + 2) != 0
            });
        }
        let is_lossy = events.len() < before || std::mem::take(&mut self.has_stepped);
        let clock = EventClock::without_suspends();
        let scanned = &self.scanned;
        let scans = |pid: u32| scanned.get(&pid).map(|(scanned, _)| *scanned);
        self.lives.begin(&mut Vec::new(), is_lossy, self.now_ns);
        self.lives.is_exits_only = self.reception == Reception::Exits;
        for event in &events {
            self.lives.hear(event, &clock, &scans);
        }
        let (by_pid, processes) = (&self.by_pid, &self.processes);
        let mut fact = |pid: u32| match by_pid.get(&pid) {
            None => Fact::Gone,
            Some(&index) => {
                let threads = &processes[index].threads;
                let leader_ended = !threads.contains(&pid);
                Fact::There {
                    start_ticks: processes[index].ticks(),
                    leader_ended,
                    // The first thread counts until the process is reaped.
                    threads: threads.len() as u64 + u64::from(leader_ended),
                    stat: None,
                    cpu_ns: None,
                }
            }
        };
        let mut is_gone = |pid: u32| !by_pid.contains_key(&pid);
        self.lives.check_waiting(self.now_ns, &scans, &mut is_gone);
        self.lives
            .settle(self.now_ns, is_after_scan, &scans, &mut fact);
        for step in self.lives.steps().to_vec() {
            self.take(&step);
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Void | Step::Execed { .. } => {}
            Step::Born { pid, start, at, .. } => {
                let is_it = |process: &Process| process.pid == *pid && process.born_ns == at.at_ns;
                let index = self.processes.iter().position(is_it);
                self.report(*pid, *start, index.expect("it was born then"));
            }
            Step::Zombie { pid, start, .. } => {
                let index = self.keys[&(*pid, start.ticks, start.nth)];
                assert!(self.processes[index].threads.is_empty(), "{step:?}");
                self.zombies.insert(index);
            }
            Step::Exited {
                pid, start, end, ..
            } => {
                let key = (*pid, start.ticks, start.nth);
                let Some(&index) = self.keys.get(&key) else {
                    panic!("an exit of an unknown process: {step:?}");
                };
                let process = &self.processes[index];
                assert!(process.is_reaped, "a false exit: {step:?}");
                if let Some(end) = end {
                    assert_eq!(end.status, process.status, "{step:?}");
                }
                let twice = self.exits.insert(index, end.map(|end| end.status));
                assert!(twice.is_none(), "it exited twice: {step:?}");
                self.scanned
                    .retain(|of, (scanned, _)| of != pid || scanned.start != *start);
            }
        }
    }

    /// Notes that a process was reported with a key. Each has one, and no two have the same.
    fn report(&mut self, pid: u32, start: Start, index: usize) {
        let key = (pid, start.ticks, start.nth);
        assert_eq!(*self.keys.entry(key).or_insert(index), index, "{key:?}");
        assert_eq!(*self.reported.entry(index).or_insert(key), key);
    }

    /// Scans, with a drain before and one after it.
    pub(super) fn scan(&mut self, meanwhile: impl FnOnce(&mut Self)) {
        self.round(false, None);
        self.now_ns += MS;
        let before = std::mem::take(&mut self.scanned);
        for (&pid, &index) in &self.by_pid {
            let process = &self.processes[index];
            let ticks = process.ticks();
            let known = before.get(&pid).filter(|(_, of)| *of == index);
            let start = known.map(|(scanned, _)| scanned.start);
            let start = start.or_else(|| self.lives.start_of(pid, ticks));
            let scanned = Scanned {
                start: start.unwrap_or(Start { ticks, nth: 0 }),
                read_at_ns: self.now_ns,
                is_kernel_thread: false,
                is_leader_ended: !process.threads.contains(&pid),
                has_run: true,
                is_current: true,
            };
            self.scanned.insert(pid, (scanned, index));
        }
        for (pid, (scanned, index)) in self.scanned.clone() {
            self.report(pid, scanned.start, index);
        }
        meanwhile(self);
        self.round(true, None);
        self.now_ns += MS;
    }
}
