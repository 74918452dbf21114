//! Reads the optional fields of one process after the other.

use std::ops::Range;
use std::sync::Arc;

use super::cgroup_paths::{Cgroup, CgroupPaths};
use super::denials::Denials;
use super::gathered::Gathered;
use super::proc_status::effective_user;
use super::pss_reader::PssReader;
use super::stat_numbers::StatNumbers;
use super::terminal_name::terminal_name;
use super::user_database::is_shared;
use super::user_map::UserMap;
use super::user_names::UserNames;
use crate::model::{Collect, Detail, Unreadable};
use crate::source::exited::TICK_MS;
use crate::source::linux::inspect::{Inspected, Read};
use crate::source::linux::known::Known;
use crate::source::linux::proc::pidfd::{Pidfd, PidfdOwner};
use crate::source::linux::proc::process_files::Place;
use crate::source::linux::proc::procfs::{Procfs, Unread};

/// Room for `status` of most processes, and for `cgroup`.
const FILE_LEN: usize = 4096;

/// Longest `status` or `cgroup` that is read, in bytes.
pub(super) const MAX_FILE_LEN: usize = 1 << 16;

const OF_STAT: Collect = Collect::THREADS
    .with(Collect::VIRTUAL_MEMORY)
    .with(Collect::CPU_MODES)
    .with(Collect::FAULTS)
    .with(Collect::NICE)
    .with(Collect::SESSION);

/// Reads the optional fields of processes, as far as they are collected.
#[derive(Debug)]
pub(in crate::source::linux) struct DetailReader {
    pub(super) collect: Collect,
    /// Processes of which the proportional share of memory is read, in order.
    pub(in crate::source::linux) pss_pids: Vec<u32>,
    users: UserMap,
    /// `None`: names are not collected, or are those of another host.
    names: Option<UserNames>,
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
            self.add_stat(read, out);
        }
        let is_owner_due = occasion.is_fresh() || occasion.is_owner_turn || occasion.has_late_name;
        if is_owner_due && self.collect.has_any(Collect::USER.with(Collect::CGROUP)) {
            let owner = self.owner(read);
            if self.collect.contains(Collect::USER) {
                self.add_user(procfs, &mut read.known, owner, out);
            }
            if self.collect.contains(Collect::CGROUP) {
                self.add_cgroup(procfs, &read.known, owner, out);
            }
        }
        if occasion.is_fresh() && self.collect.contains(Collect::EXECUTABLE) {
            self.add_executable(procfs, &read.known, out);
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

    fn add_stat(&self, read: &Read<'_>, out: &mut Gathered) {
        let numbers = StatNumbers::parse(read.after_name);
        let mut add = |group: Collect, detail: Detail, of: fn(&StatNumbers) -> Option<u64>| {
            if self.collect.contains(group) {
                out.number(detail, numbers.as_ref().and_then(of));
            }
        };
        add(Collect::THREADS, Detail::Threads, |stat| {
            // None is counted while the last one ends.
            (stat.threads != 0).then_some(stat.threads)
        });
        add(Collect::CPU_MODES, Detail::CpuUserMs, |stat| {
            ms_of(stat.user_ticks)
        });
        add(Collect::CPU_MODES, Detail::CpuSystemMs, |stat| {
            ms_of(stat.system_ticks)
        });
        add(Collect::FAULTS, Detail::MinorFaults, |stat| {
            Some(stat.minor_faults)
        });
        add(Collect::FAULTS, Detail::MajorFaults, |stat| {
            Some(stat.major_faults)
        });
        add(Collect::NICE, Detail::Nice, |stat| {
            Some(stat.nice.cast_unsigned())
        });
        add(Collect::SESSION, Detail::SessionId, |stat| {
            pid_of(stat.session)
        });
        add(Collect::SESSION, Detail::ProcessGroupId, |stat| {
            pid_of(stat.process_group)
        });
        if self.collect.contains(Collect::SESSION) {
            let name = numbers.and_then(|stat| terminal_name(stat.terminal));
            out.text(Detail::Tty, name.as_ref().map(String::as_bytes));
        }
        if self.collect.contains(Collect::VIRTUAL_MEMORY) {
            out.number(Detail::VirtualBytes, read.virtual_bytes);
        }
    }

    fn add_user(
        &mut self,
        procfs: &Procfs,
        known: &mut Known,
        owner: Option<PidfdOwner>,
        out: &mut Gathered,
    ) {
        known.has_late_name = false;
        let uid = match owner {
            Some(owner) => Ok(owner.euid),
            None => self.user_of(procfs, known),
        };
        let uid = match uid {
            Ok(uid) => uid,
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

    /// Reads the effective user, without a pidfd.
    ///
    /// The folder belongs to it, or to root if the process may not be read (PR_SET_DUMPABLE of
    /// prctl(2)).
    fn user_of(&mut self, procfs: &Procfs, known: &Known) -> Result<u32, Unread> {
        let owner = procfs.folder_owner(known.pid)?;
        if owner != 0 || known.is_kernel_thread {
            return Ok(owner);
        }
        let status = self.read(procfs, known, None, "status")?;
        let uid = effective_user(status).and_then(|uid| u32::try_from(uid).ok());
        uid.ok_or(Unread::NotAFile)
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
        let cgroup: Option<Arc<Cgroup>> = cgroup.unwrap_or_else(|unread| {
            self.denials.add(Detail::Cgroup, unread);
            None
        });
        let cgroup = cgroup.as_deref();
        out.text(Detail::Cgroup, cgroup.map(Cgroup::path));
        out.text(Detail::ContainerId, cgroup.and_then(Cgroup::container));
        out.text(Detail::SystemdUnit, cgroup.and_then(Cgroup::unit));
        out.text(Detail::PodUid, cgroup.and_then(Cgroup::pod));
    }

    fn read_cgroup(
        &mut self,
        procfs: &Procfs,
        known: &Known,
        id: Option<u64>,
    ) -> Result<Option<Arc<Cgroup>>, Unread> {
        self.read(procfs, known, None, "cgroup")?;
        let id_after = || owner_of(known)?.cgroup_id;
        Ok(self.cgroups.add(id, &self.content, id_after))
    }

    fn add_executable(&mut self, procfs: &Procfs, known: &Known, out: &mut Gathered) {
        // A kernel thread has none, and a zombie has lost it.
        if known.has_no_memory() {
            return out.text(Detail::Executable, None);
        }
        match procfs.link_of(known.place(), "exe", &mut self.content) {
            Ok(path) => out.text(Detail::Executable, Some(path)),
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

fn ms_of(ticks: u64) -> Option<u64> {
    Some(ticks.saturating_mul(TICK_MS))
}

fn pid_of(pid: u64) -> Option<u64> {
    (pid != 0).then_some(pid)
}
