//! Reads the optional fields of one process after the other.

use std::ops::Range;
use std::sync::Arc;

use super::cgroup_paths::{Cgroup, CgroupPaths};
use super::denials::Denials;
use super::gathered::Gathered;
use super::pss_reader::PssReader;
use super::user_database::is_shared;
use super::user_map::UserMap;
use super::user_names::UserNames;
use crate::model::{Collect, Detail, Unreadable};
use crate::source::linux::inspect::{Inspected, Read};
use crate::source::linux::known::Known;
use crate::source::linux::proc::pidfd::{Pidfd, PidfdOwner};
use crate::source::linux::proc::process_files::Place;
use crate::source::linux::proc::procfs::{Procfs, Unread};
use crate::source::linux::proc::stat::Stat;
use crate::source::linux::proc::stat_numbers::{OF_STAT, StatNumbers};

/// Room for `status` of most processes, and for `cgroup`.
const FILE_LEN: usize = 4096;

/// Longest `status` or `cgroup` that is read, in bytes.
pub(super) const MAX_FILE_LEN: usize = 1 << 16;

/// Reads the optional fields of processes, as far as they are collected.
#[derive(Debug)]
pub(in crate::source::linux) struct DetailReader {
    pub(super) collect: Collect,
    /// Processes of which the proportional share of memory is read, in order.
    pub(in crate::source::linux) pss_pids: Vec<u32>,
    pub(super) users: UserMap,
    /// `None`: names are not collected, or are those of another host.
    pub(super) names: Option<UserNames>,
    pub(in crate::source::linux) pss: PssReader,
    cgroups: CgroupPaths,
    pub(super) denials: Denials,
    /// Pids are those that system calls use.
    has_pidfds: bool,
    /// The folder `fd` has the number of its entries as its size (Linux 6.2).
    pub(super) has_fd_count: bool,
    pub(super) content: Vec<u8>,
}

impl DetailReader {
    /// `is_here`: pids and users are those of this process.
    pub(in crate::source::linux) fn new(procfs: &Procfs, collect: Collect, is_here: bool) -> Self {
        let has_names = is_here && collect.contains(Collect::USER) && is_shared(procfs);
        Self {
            collect,
            users: match procfs.is_mounted() {
                true => UserMap::here(),
                // A recorded tree has the numbers of its own host.
                false => UserMap::default(),
            },
            pss_pids: Vec::new(),
            names: has_names.then(UserNames::start),
            pss: PssReader::new(),
            cgroups: CgroupPaths::default(),
            denials: Denials::default(),
            has_pidfds: is_here,
            has_fd_count: procfs.counts_open_files(),
            content: vec![0; FILE_LEN],
        }
    }

    /// Begins a scan. Returns whether names of users, and whether shares of memory, have arrived
    /// since the last one.
    pub(in crate::source::linux) fn begin_scan(&mut self) -> (bool, bool) {
        let has_names = self.names.as_mut().is_some_and(UserNames::begin_scan);
        (has_names, self.pss.begin_scan())
    }

    /// Returns the CPU time of the threads that read shares of memory and look up names so far, in
    /// nanoseconds.
    pub(in crate::source::linux) fn cpu_ns(&self) -> u64 {
        self.pss.cpu_ns() + self.names.as_ref().map_or(0, UserNames::cpu_ns)
    }

    /// Returns whether the owner or the control group of a process costs a file each time.
    pub(in crate::source::linux) fn is_expensive(&self) -> bool {
        self.cgroups.is_expensive() || !self.has_pidfds
    }

    /// Returns the numbers of fields that could not be read since the last call.
    pub(in crate::source::linux) fn take_unreadable(&mut self) -> Unreadable {
        self.denials.take()
    }

    /// Reads the fields of a process that was read, and stores where they are in `out`.
    ///
    /// `is_owner_turn`: in its turn, owner and control group are due too.
    pub(in crate::source::linux) fn gather_if_read(
        &mut self,
        procfs: &Procfs,
        inspected: &mut Inspected<'_>,
        is_owner_turn: bool,
        out: &mut Gathered,
    ) {
        let Inspected::Read(read) = inspected else {
            return;
        };
        read.occasion.is_owner_turn |= read.occasion.is_turn && is_owner_turn;
        read.details = self.gather(procfs, read, out);
    }

    /// Reads the fields of a process that may have changed.
    fn gather(&mut self, procfs: &Procfs, read: &mut Read<'_>, out: &mut Gathered) -> Range<usize> {
        let begin = out.len();
        let occasion = read.occasion;
        if self.collect.has_any(OF_STAT) {
            let numbers = StatNumbers::parse(read.after_name);
            self.add_stat(numbers.as_ref(), read.virtual_bytes, out);
        }
        let adds_user = occasion.is_user_due() && self.collect.contains(Collect::USER);
        let adds_cgroup = occasion.is_cgroup_due() && self.collect.contains(Collect::CGROUP);
        if adds_user || adds_cgroup {
            let owner = self.owner(read);
            if adds_user {
                self.add_user(procfs, &mut read.known, owner, occasion.is_exec, out);
            }
            if adds_cgroup {
                self.add_cgroup(procfs, &read.known, owner, out);
            }
        }
        if occasion.is_fresh() && self.collect.contains(Collect::EXECUTABLE) {
            self.add_executable(procfs, &read.known, occasion.is_exec, out);
        }
        if occasion.is_active() {
            self.add_counters(procfs, &mut read.known, occasion.is_exec, out);
        }
        begin..out.len()
    }

    /// Returns owner and control group as the pidfd has them.
    fn owner(&self, read: &Read<'_>) -> Option<PidfdOwner> {
        if read.owner.is_some() || !self.has_pidfds {
            return read.owner;
        }
        owner_of(&read.known)
    }

    fn add_user(
        &mut self,
        procfs: &Procfs,
        known: &mut Known,
        owner: Option<PidfdOwner>,
        is_exec: bool,
        out: &mut Gathered,
    ) {
        known.has_late_name = false;
        let uid = match owner {
            Some(owner) => Ok(owner.euid),
            None => procfs.effective_user(known.pid, known.is_kernel_thread, &mut self.content),
        };
        let uid = match uid {
            Ok(uid) => uid,
            // It has ended, and keeps the last one, unless that is of an earlier program.
            Err(Unread::Gone) if !is_exec => return,
            Err(unread) => {
                self.denials.add(Detail::UserId, unread);
                out.number(Detail::UserId, None);
                out.text(Detail::UserName, None);
                return;
            }
        };
        let Some(uid) = self.users.known(uid) else {
            out.number(Detail::UserId, None);
            return out.text(Detail::UserName, None);
        };
        out.number(Detail::UserId, Some(uid.into()));
        let names = self.names.as_mut();
        let name = names.map(|names| names.get(uid)).unwrap_or_default();
        known.has_late_name = name.is_late;
        out.text(Detail::UserName, name.name.as_deref().map(str::as_bytes));
    }

    fn add_cgroup(
        &mut self,
        procfs: &Procfs,
        known: &Known,
        owner: Option<PidfdOwner>,
        out: &mut Gathered,
    ) {
        let id = owner.and_then(|owner| owner.cgroup_id);
        let cgroup = match self.cgroups.known(id) {
            Some(cgroup) => Ok(Some(cgroup)),
            None => self.read_cgroup(procfs, known, id),
        };
        match cgroup {
            Ok(cgroup) => put_cgroup(cgroup.as_deref(), out),
            // It has ended, and keeps the last one.
            Err(Unread::Gone) => {}
            Err(unread) => {
                self.denials.add(Detail::Cgroup, unread);
                put_cgroup(None, out);
            }
        }
    }

    fn read_cgroup(
        &mut self,
        procfs: &Procfs,
        known: &Known,
        id: Option<u64>,
    ) -> Result<Option<Arc<Cgroup>>, Unread> {
        // A first thread that has ended has left its groups of version 1.
        self.read(procfs, known, known.thread, "cgroup")?;
        let id_after = || owner_of(known)?.cgroup_id;
        let cgroup = self.cgroups.add(id, &self.content, id_after);
        let may_be_lost = cgroup.as_deref().is_some_and(Cgroup::may_be_lost);
        // Kernel threads are in `/`, and there are many.
        match may_be_lost && !known.is_kernel_thread && self.is_ending(procfs, known) {
            true => Err(Unread::Gone),
            false => Ok(cgroup),
        }
    }

    /// Returns whether a process is ending by now.
    fn is_ending(&mut self, procfs: &Procfs, known: &Known) -> bool {
        if known.is_ending() {
            return true;
        }
        let stat = self.read(procfs, known, known.thread, "stat").ok();
        let stat = stat.and_then(Stat::parse);
        stat.is_none_or(|stat| stat.is_exiting || stat.has_ended())
    }

    fn add_executable(
        &mut self,
        procfs: &Procfs,
        known: &Known,
        is_exec: bool,
        out: &mut Gathered,
    ) {
        // A kernel thread has none.
        if known.is_kernel_thread {
            return out.text(Detail::Executable, None);
        }
        let path = match known.is_ending() {
            true => Err(Unread::Gone),
            false => procfs.link_of(known.place(), "exe", &mut self.content),
        };
        match path {
            Ok(path) => out.text(Detail::Executable, Some(path)),
            // It has ended, and keeps the last one, unless that is of an earlier program.
            Err(Unread::Gone) if !is_exec => {}
            Err(unread) => {
                self.denials.add(Detail::Executable, unread);
                out.text(Detail::Executable, None);
            }
        }
    }

    /// Reads a file of a process, or of one of its threads. If that fails, `content` is empty.
    pub(super) fn read(
        &mut self,
        procfs: &Procfs,
        known: &Known,
        thread: Option<u32>,
        name: &str,
    ) -> Result<&[u8], Unread> {
        let place = Place {
            pid: known.pid,
            thread,
        };
        procfs.read_whole_of(place, name, MAX_FILE_LEN, &mut self.content)
    }
}

/// Returns what a pidfd of the process has now.
fn owner_of(known: &Known) -> Option<PidfdOwner> {
    let pidfd = Pidfd::open(known.pid)?;
    // Another process may have the pid by now.
    match (known.identity, pidfd.identity()) {
        (Some(before), Some(now)) if before != now => None,
        _ => pidfd.owner(),
    }
}

/// Adds a control group, and what its path contains; `None` if it is unknown.
pub(super) fn put_cgroup(cgroup: Option<&Cgroup>, out: &mut Gathered) {
    out.text(Detail::Cgroup, cgroup.map(Cgroup::path));
    out.text(Detail::ContainerId, cgroup.and_then(Cgroup::container));
    out.text(Detail::SystemdUnit, cgroup.and_then(Cgroup::unit));
    out.text(Detail::PodUid, cgroup.and_then(Cgroup::pod));
}
