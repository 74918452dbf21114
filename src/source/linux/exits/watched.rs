//! The processes that are watched: a pidfd of each, in one epoll.

use std::cmp::Reverse;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::event::{Timespec, epoll};
use rustix::fs::fstat;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::super::events::Start;
use crate::source::linux::proc::pidfd_info::exit_status;

/// A process that scans have found, and that can be watched.
#[derive(Debug, Clone, Copy)]
pub(in crate::source) struct Candidate {
    pub(in crate::source) pid: u32,
    /// The start time that it was reported with.
    pub(in crate::source) start: Start,
    /// The inode of its pidfd.
    pub(in crate::source) identity: u64,
}

/// A process that was reaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reaped {
    pub(super) pid: u32,
    pub(super) start: Start,
    /// As from wait(2).
    pub(super) status: Option<u32>,
}

#[derive(Debug)]
struct Watch {
    pid: u32,
    start: Start,
    pidfd: OwnedFd,
    is_over: bool,
}

/// The watched processes.
#[derive(Debug)]
pub(super) struct Watched {
    epoll: Arc<OwnedFd>,
    /// In order of pid.
    watches: Vec<Watch>,
}

/// Exits that one system call returns.
const EVENTS: usize = 64;

impl Watched {
    pub(super) fn new() -> Result<Self, Errno> {
        Ok(Self {
            epoll: Arc::new(epoll::create(epoll::CreateFlags::CLOEXEC)?),
            watches: Vec::new(),
        })
    }

    /// Returns the descriptor that can be read while there is something to [drain](Self::drain).
    pub(super) fn epoll(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.epoll)
    }

    pub(super) fn len(&self) -> usize {
        self.watches.len()
    }

    /// Returns those that are not watched yet, the youngest first. The candidates are in order of pid.
    ///
    /// It leaves out a candidate whose pid is still that of another watched process, which has been
    /// replaced and is drained soon.
    pub(super) fn unwatched(
        &self,
        candidates: &mut dyn Iterator<Item = Candidate>,
    ) -> Vec<Candidate> {
        let mut watches = self.watches.iter().peekable();
        let mut unwatched: Vec<Candidate> = candidates
            .filter(|candidate| {
                while watches.next_if(|watch| watch.pid < candidate.pid).is_some() {}
                watches
                    .peek()
                    .is_none_or(|watch| watch.pid != candidate.pid)
            })
            .collect();
        unwatched.sort_unstable_by_key(|candidate| Reverse(candidate.age()));
        unwatched
    }

    /// Ceases to watch older processes, so that `candidates` fit among `most`; they are the youngest
    /// first. Returns how many of them then fit.
    ///
    /// Most processes that exit soon are young.
    pub(super) fn make_room(&mut self, candidates: &[Candidate], most: usize) -> usize {
        let free = most.saturating_sub(self.watches.len());
        if free >= candidates.len() {
            return candidates.len();
        }
        let mut oldest: Vec<_> = self.watches.iter().map(Watch::age).collect();
        oldest.sort_unstable();
        let late = candidates[free..].iter().zip(&oldest);
        let replaced = late.take_while(|(new, old)| new.age() > **old).count();
        if let Some(&limit) = replaced.checked_sub(1).and_then(|last| oldest.get(last)) {
            let epoll = self.epoll.as_fd();
            self.watches.retain(|watch| {
                let stays = watch.age() > limit;
                if !stays {
                    remove(epoll, watch);
                }
                stays
            });
        }
        free + replaced
    }

    /// Watches the candidates, which are not watched yet, and returns the error that ended that early:
    /// no descriptor or memory is left.
    ///
    /// One that has exited meanwhile is left to the next scan.
    pub(super) fn watch(&mut self, candidates: &[Candidate]) -> Result<(), Errno> {
        let before = self.watches.len();
        let mut outcome = Ok(());
        for &candidate in candidates {
            match self.open(candidate) {
                Ok(watch) => self.watches.extend(watch),
                Err(errno @ (Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOSPC)) => {
                    outcome = Err(errno);
                    break;
                }
                Err(_) => {}
            }
        }
        if self.watches.len() > before {
            self.watches.sort_unstable_by_key(|watch| watch.pid);
        }
        outcome
    }

    fn open(&self, candidate: Candidate) -> Result<Option<Watch>, Errno> {
        let Some(pid) = i32::try_from(candidate.pid).ok().and_then(Pid::from_raw) else {
            return Ok(None);
        };
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        // Another process may have the pid by now.
        if fstat(&pidfd)?.st_ino != candidate.identity {
            return Ok(None);
        }
        let data = epoll::EventData::new_u64(candidate.pid.into());
        // Without flags it reports HUP alone, which comes when the process is reaped (Linux 6.9).
        epoll::add(&self.epoll, &pidfd, data, epoll::EventFlags::empty())?;
        Ok(Some(Watch {
            pid: candidate.pid,
            start: candidate.start,
            pidfd,
            is_over: false,
        }))
    }

    /// Emits the processes that were reaped, in the order in which they were.
    pub(super) fn drain(&mut self, emit: &mut dyn FnMut(Reaped)) {
        let at_once = Timespec::default();
        let mut has_any = false;
        let mut events = [MaybeUninit::uninit(); EVENTS];
        loop {
            let received = epoll::wait(&self.epoll, &mut events, Some(&at_once));
            let Ok((received, _)) = received else { break };
            for event in &*received {
                let (pid, flags) = (event.data.u64(), event.flags);
                let index = self
                    .watches
                    .binary_search_by_key(&pid, |watch| watch.pid.into());
                let Ok(index) = index else { continue };
                let watch = &mut self.watches[index];
                if watch.is_over || !flags.contains(epoll::EventFlags::HUP) {
                    continue;
                }
                (watch.is_over, has_any) = (true, true);
                remove(self.epoll.as_fd(), watch);
                emit(Reaped {
                    pid: watch.pid,
                    start: watch.start,
                    status: exit_status(&watch.pidfd),
                });
            }
            if received.len() < EVENTS {
                break;
            }
        }
        if has_any {
            self.watches.retain(|watch| !watch.is_over);
        }
    }
}

/// Closing is not enough: after a fork(2) the child has the same pidfd.
fn remove(epoll: BorrowedFd<'_>, watch: &Watch) {
    let _ = epoll::delete(epoll, &watch.pidfd);
}

/// Orders processes by age, without equals: the greater, the younger.
type Age = (u64, u8, u32);

impl Watch {
    fn age(&self) -> Age {
        (self.start.ticks, self.start.nth, self.pid)
    }
}

impl Candidate {
    fn age(&self) -> Age {
        (self.start.ticks, self.start.nth, self.pid)
    }
}
