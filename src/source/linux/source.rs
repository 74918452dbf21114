//! The source `linux`: one scan after another.

use std::fmt;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

use super::births;
use super::boot::{Boot, TICK_MS};
use super::commands::Commands;
use super::ended::Ended;
use super::known::Known;
use super::look::{Look, Rules, Why};
use super::namespace::Namespace;
use super::procfs::{Listed, Procfs};
use super::rows::Waiting;
use super::stat::STAT_LEN;
use crate::config::Collect;
use crate::model::{Error, ErrorClass, Result, Status, Timestamp};
use crate::source::{Recheck, Row, Seen, Source, SourceInfo};

/// In so many scans everything of every process is read anew, be it never so idle.
const ROUND_SCANS: u32 = 30;

/// Room for the list: some 1300 entries a call.
const LIST_LEN: usize = 32 * 1024;

/// The processes of this host, as the Linux kernel shows them in `/proc`.
///
/// Start times are told to 10 ms, CPU time to the nanosecond. What can change of a process that does
/// not run (memory, parent, status) is renewed within 30 scans. Of a command line at most 1 MiB is read.
pub struct LinuxSource {
    proc: PathBuf,
    rules: Rules,
    namespace: Namespace,
    scans: u32,
    /// What was handed over in the last scan, in order of pid.
    known: Vec<Known>,
    commands: Commands,
    /// CPU time of its threads that was told.
    told_cpu_ns: u64,
    room: Room,
}

/// What is kept from scan to scan only so that no scan has to allocate it.
#[derive(Default)]
struct Room {
    known: Vec<Known>,
    listed: Vec<Listed>,
    list: Vec<MaybeUninit<u8>>,
    line: Vec<u8>,
    counters: Vec<u8>,
    ended: Ended,
    waiting: Waiting,
}

impl fmt::Debug for LinuxSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinuxSource")
            .field("proc", &self.proc)
            .field("collect", &self.rules.collect)
            .field("processes", &self.known.len())
            .finish_non_exhaustive()
    }
}

impl LinuxSource {
    /// The processes that `/proc` shows; `collect` says what is read of each.
    ///
    /// # Errors
    ///
    /// Those of [`with_proc`](Self::with_proc).
    pub fn new(collect: Collect) -> Result<Self> {
        Self::with_proc("/proc", collect)
    }

    /// The processes that another mount of proc(5) shows, such as the host's at `/host/proc` in a
    /// container. Where its pids are not those of this process's namespace, CPU time has steps of 10 ms
    /// and `stat` of every process is read in each scan.
    ///
    /// # Errors
    ///
    /// When it cannot be opened or listed, as the system says: of class
    /// [`SourceGone`](ErrorClass::SourceGone) where there is none,
    /// [`Permission`](ErrorClass::Permission) or
    /// [`ResourcesExhausted`](ErrorClass::ResourcesExhausted). Of class
    /// [`Unsupported`](ErrorClass::Unsupported) when what is there is not what the kernel shows.
    pub fn with_proc(proc: impl Into<PathBuf>, collect: Collect) -> Result<Self> {
        let proc = proc.into();
        let procfs = Procfs::open(&proc)?;
        let namespace = Namespace::of(&procfs);
        let rules = Rules {
            collect,
            boot: Boot::now(),
            has_clocks: namespace.is_ours,
            page_bytes: rustix::param::page_size() as u64,
        };
        let mut source = Self {
            commands: Commands::new(proc.clone()),
            proc,
            rules,
            namespace,
            scans: 0,
            known: Vec::new(),
            told_cpu_ns: 0,
            room: Room {
                list: vec![MaybeUninit::uninit(); LIST_LEN],
                line: vec![0; STAT_LEN],
                counters: vec![0; STAT_LEN],
                ..Room::default()
            },
        };
        source.check(&procfs)?;
        Ok(source)
    }

    /// Reads what can be known beforehand, so that a `/proc` that is not Linux's own is found out now.
    fn check(&mut self, procfs: &Procfs) -> Result<()> {
        let room = &mut self.room;
        procfs.list(&self.proc, &mut room.list, &mut room.listed)?;
        let pid = self
            .namespace
            .own_pid
            .or(room.listed.first().map(|listed| listed.pid));
        let listed = room.listed.iter().find(|listed| Some(listed.pid) == pid);
        let rules = &self.rules;
        let look =
            listed.map(|&listed| rules.look(procfs, listed, None, Why::Changes, &mut room.line));
        match look {
            Some(Look::Read(read)) if read.unreadable_fields == 0 => Ok(()),
            Some(Look::Failed(_)) if no_descriptor_is_left(&self.proc) => Err(Error::new(
                ErrorClass::ResourcesExhausted,
                format!("no file in {} can be opened", self.proc.display()),
            )
            .with_advice("see that file descriptors are left")),
            _ => Err(Error::new(
                ErrorClass::Unsupported,
                format!("{} is not what Linux shows there", self.proc.display()),
            )
            .with_advice("mount proc(5) there, or choose the source sysinfo")),
        }
    }

    /// The open `/proc`, if it is still the one we know.
    fn open(&self) -> Result<Procfs> {
        let procfs = Procfs::open(&self.proc)?;
        let own_pid = procfs.own_pid();
        if own_pid == self.namespace.own_pid {
            return Ok(procfs);
        }
        let shown = |pid: Option<u32>| pid.map_or("nowhere".into(), |pid| format!("as pid {pid}"));
        Err(Error::new(
            ErrorClass::SourceGone,
            format!(
                "{} shows this process {}, and has shown it {} so far: it is not the same any more",
                self.proc.display(),
                shown(own_pid),
                shown(self.namespace.own_pid)
            ),
        ))
    }

    /// One scan, with what the one before has shown.
    fn read_all(&mut self, before: &[Known], hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Seen> {
        let procfs = self.open()?;
        let room = &mut self.room;
        let mut seen = Seen {
            vanished: Some(0),
            // Before the processes are listed, so that it counts none that the list can lack.
            started_total: births::started_total(&procfs, &mut room.counters),
            ..Seen::default()
        };
        procfs.list(&self.proc, &mut room.list, &mut room.listed)?;
        self.scans = self.scans.wrapping_add(1);
        self.known = std::mem::take(&mut room.known);
        self.known.clear();
        room.ended.begin_scan(before, &room.listed);
        self.walk(&procfs, before, &mut seen, hand_over);
        let cpu_ns = self.commands.cpu_ns();
        seen.other_cpu_ns = cpu_ns - std::mem::replace(&mut self.told_cpu_ns, cpu_ns);
        Ok(seen)
    }

    /// Looks at all that are listed and hands them over.
    fn walk(
        &mut self,
        procfs: &Procfs,
        before: &[Known],
        seen: &mut Seen,
        hand_over: &mut dyn FnMut(Row<'_>),
    ) {
        let room = &mut self.room;
        let mut before = before.iter().peekable();
        for &listed in &room.listed {
            while before.next_if(|before| before.pid < listed.pid).is_some() {}
            let before = before.next_if(|before| before.pid == listed.pid);
            let turn = listed.pid.wrapping_add(self.scans);
            let has_lost_parent = before.is_some_and(|before| room.ended.has(before.parent));
            let why = match turn.is_multiple_of(ROUND_SCANS) {
                true => Why::Turn,
                false if has_lost_parent => Why::LostParent,
                false => Why::Changes,
            };
            let look = self.rules.look(procfs, listed, before, why, &mut room.line);
            if let (Look::Read(read), Some(before)) = (&look, before) {
                let is_new_zombie =
                    read.known.status == Status::Zombie && before.status != Status::Zombie;
                if read.is_new || is_new_zombie {
                    room.ended.add(listed.pid);
                }
            }
            if matches!(look, Look::Gone) && before.is_some() {
                room.ended.add(listed.pid);
            }
            let (rules, known) = (&self.rules, &mut self.known);
            room.waiting
                .take(rules, listed.pid, look, known, seen, hand_over);
        }
        self.hand_over_waiting(seen, hand_over);
    }

    fn hand_over_waiting(&mut self, seen: &mut Seen, hand_over: &mut dyn FnMut(Row<'_>)) {
        let (commands, known) = (&mut self.commands, &mut self.known);
        let waiting = &mut self.room.waiting;
        waiting.hand_over(&self.rules, commands, known, seen, hand_over);
    }
}

/// Whether that is why a file could not be read: one for the folder and one for the file are needed.
fn no_descriptor_is_left(proc: &Path) -> bool {
    let open = || std::fs::File::open(proc);
    let both = open().and_then(|first| Ok((first, open()?)));
    both.is_err()
}

impl Source for LinuxSource {
    fn info(&self) -> SourceInfo {
        let mut info = SourceInfo::new("linux").with_start_time_resolution_ms(TICK_MS);
        info.own_pid = self.namespace.own_pid;
        info
    }

    fn now(&mut self) -> Timestamp {
        self.rules.boot.timestamp()
    }

    fn scan(&mut self, hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Seen> {
        let before = std::mem::take(&mut self.known);
        let outcome = self.read_all(&before, hand_over);
        match outcome {
            Ok(_) => self.room.known = before,
            // Nothing can be the same as in a scan that has shown nothing. But who was who is remembered.
            Err(_) => self.known.extend(before.into_iter().map(Known::lost)),
        }
        outcome
    }

    fn recheck(&mut self, pids: &[u32], hand_over: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
        let procfs = self.open()?;
        // They were counted by the scan.
        let mut seen = Seen::default();
        let mut pids = pids.to_vec();
        pids.sort_unstable();
        pids.dedup();
        for pid in pids {
            // No folder has this inode, so that the next scan reads it again.
            let listed = Listed { pid, inode: 0 };
            let room = &mut self.room;
            // It was not shown in this scan, but it may be who had the pid in the one before.
            let before = room.known.binary_search_by_key(&pid, |known| known.pid);
            let before = before.ok().map(|index| room.known[index].lost());
            let before = before.as_ref();
            let mut look = self
                .rules
                .look(&procfs, listed, before, Why::Changes, &mut room.line);
            if matches!(look, Look::Gone) && self.namespace.is_hidden(&procfs, pid) {
                look = Look::Failed(None);
            }
            let (rules, known) = (&self.rules, &mut self.known);
            room.waiting
                .take(rules, pid, look, known, &mut seen, hand_over);
        }
        self.hand_over_waiting(&mut seen, hand_over);
        self.known.sort_unstable_by_key(|known| known.pid);
        Ok(Recheck::Done)
    }
}
