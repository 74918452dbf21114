//! The source `linux`.

use std::fmt;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::awaited::Awaited;
use super::commands::Commands;
use super::details::DetailReader;
use super::ended::Ended;
use super::events::Ear;
use super::exits::ExitEar;
use super::expected::Expected;
use super::idle_turns::IdleTurns;
use super::inspect::{Inspected, Readers, Rules, Why};
use super::known::Known;
use super::new_pids::NewPids;
use super::proc::kept_files::KeptFiles;
use super::proc::machine::host_info;
use super::proc::namespace::Namespace;
use super::proc::origin::Origin;
use super::proc::procfs::{Listed, Procfs};
use super::proc::reclaim::Reclaim;
use super::proc::stat::STAT_LEN;
use super::rows::Waiting;
use crate::model::{Collect, Error, ErrorClass, Result, Timestamp};
use crate::source::exited::Exited;
use crate::source::{
    Bell, Happening, Heard, HostInfo, Recheck, Row, ScanSummary, Source, SourceInfo,
};

/// Buffer for the list: some 1300 entries per system call.
const LIST_LEN: usize = 32 * 1024;

/// Reads the processes of this host from `/proc`, on Linux.
///
/// Start times have a resolution of 10 ms, CPU times of 1 ns. A process that does not run is read again from time
/// to time: [`with_idle_reads_every`](Self::with_idle_reads_every). At most 1 MiB of a command line is read.
pub struct LinuxSource {
    pub(super) proc: PathBuf,
    pub(super) rules: Rules,
    pub(super) details: DetailReader,
    pub(super) namespace: Namespace,
    host: HostInfo,
    pub(super) scans: u32,
    pub(super) turns: IdleTurns,
    pub(super) reclaim: Reclaim,
    /// The processes that the last scan emitted, in order of pid.
    pub(super) known: Vec<Known>,
    /// Processes whose tick is not over.
    pub(super) exited: Exited,
    pub(super) commands: Commands,
    /// CPU time of the command threads that was already reported.
    pub(super) reported_cpu_ns: u64,
    pub(super) buffers: Buffers,
    /// What hears births and exits between scans.
    pub(super) ear: Option<Ear>,
    /// The same of exits alone, without `ear`.
    pub(super) exit_ear: Option<ExitEar>,
    pub(super) expected: Expected,
    pub(super) new_pids: NewPids,
    pub(super) awaited: Awaited,
    pub(super) not_listening: Option<String>,
    /// The number of scans at the last drain.
    pub(super) drained_scans: u32,
}

/// Buffers that are reused, so that a scan does not allocate.
#[derive(Default)]
pub(super) struct Buffers {
    /// The processes that the scan before the last emitted.
    pub(super) known: Vec<Known>,
    pub(super) listed: Vec<Listed>,
    pub(super) list: Vec<MaybeUninit<u8>>,
    pub(super) line: Vec<u8>,
    pub(super) readers: Readers,
    pub(super) counters: Vec<u8>,
    pub(super) ended: Ended,
    pub(super) waiting: Waiting,
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
    /// Creates a source that reads `/proc`. `collect` selects the fields.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`with_proc`](Self::with_proc).
    pub fn new(collect: Collect) -> Result<Self> {
        Self::with_proc("/proc", collect)
    }

    /// Creates a source that reads another mount of proc(5).
    ///
    /// An example is the host's `/host/proc` in a container. If its pids are not those of this process's namespace, CPU time has steps of 10 ms and each
    /// scan reads `stat` of every process.
    ///
    /// Start times in a tree that another kernel wrote, such as a recorded one, use the line `btime`
    /// of its `stat`. They are unknown without it, and have a resolution of a second.
    ///
    /// # Errors
    ///
    /// Returns an error of the class of the system's error if the folder cannot be opened or listed:
    /// [`SourceGone`](ErrorClass::SourceGone) if it does not exist,
    /// [`Permission`](ErrorClass::Permission) or
    /// [`ResourcesExhausted`](ErrorClass::ResourcesExhausted). Returns an error of class
    /// [`Unsupported`](ErrorClass::Unsupported) if the folder is not a proc(5) of Linux.
    pub fn with_proc(proc: impl Into<PathBuf>, collect: Collect) -> Result<Self> {
        let proc = proc.into();
        let procfs = Procfs::open(&proc)?;
        let namespace = Namespace::of(&procfs);
        let rules = Rules {
            collect,
            has_details: collect.details().next().is_some(),
            origin: Origin::of(&procfs),
            has_clocks: namespace.is_ours,
            page_bytes: rustix::param::page_size() as u64,
            has_new_names: false,
            has_new_shares: false,
        };
        let is_here = namespace.is_ours && rules.origin.is_here();
        let has_clocks = rules.has_clocks;
        let mut readers = Readers::default();
        if has_clocks {
            readers.files = KeptFiles::of_mounted();
        }
        let mut source = Self {
            host: host_info(&proc, namespace.is_ours),
            commands: Commands::new(proc.clone()),
            proc,
            details: DetailReader::new(&procfs, collect, is_here),
            rules,
            namespace,
            scans: 0,
            turns: IdleTurns::default(),
            reclaim: Reclaim::default(),
            known: Vec::new(),
            exited: Exited::default(),
            reported_cpu_ns: 0,
            buffers: Buffers {
                list: vec![MaybeUninit::uninit(); LIST_LEN],
                line: vec![0; STAT_LEN],
                counters: vec![0; STAT_LEN],
                readers,
                ..Buffers::default()
            },
            ear: None,
            exit_ear: None,
            expected: Expected::default(),
            new_pids: match has_clocks && is_here {
                true => NewPids::default(),
                false => NewPids::never(),
            },
            awaited: Awaited::default(),
            not_listening: None,
            drained_scans: 0,
        };
        source.check(&procfs)?;
        Ok(source)
    }

    /// Sets the processes whose proportional share of memory is read, if that is collected.
    #[must_use]
    pub fn with_pss_of(mut self, pids: &[u32]) -> Self {
        let mut pids = pids.to_vec();
        pids.sort_unstable();
        self.details.pss_pids = pids;
        self
    }

    /// Sets how long a scan waits for the proportional shares of memory, all together.
    ///
    /// 100 ms by default. What is late comes with a later scan.
    #[must_use]
    pub fn with_pss_wait(mut self, wait: Duration) -> Self {
        self.details.pss.set_patience(wait);
        self
    }

    /// Sets how often the memory of a process is read that does not run.
    ///
    /// A minute by default, at most a day. With zero, each scan reads it. Twice this time passes between two
    /// readings of what changes less often; owner and control group are read less often where each costs a file.
    /// `docs/platforms.md` has a table. The command line of a process that has run is read again within this time.
    #[must_use]
    pub fn with_idle_reads_every(mut self, period: Duration) -> Self {
        self.turns = IdleTurns::every(period);
        self
    }

    /// Reads one process, so that a folder that is not Linux's `/proc` fails now.
    fn check(&mut self, procfs: &Procfs) -> Result<()> {
        let buffers = &mut self.buffers;
        procfs.list(&self.proc, &mut buffers.list, &mut buffers.listed)?;
        let (own_pid, rules) = (self.namespace.own_pid, &self.rules);
        // A recorded folder can lack files of some processes.
        let candidates = buffers.listed.iter();
        let candidates = candidates.filter(|listed| own_pid.is_none_or(|own| own == listed.pid));
        for &listed in candidates {
            let (line, readers) = (&mut buffers.line, &mut buffers.readers);
            let entry = rules.entry(listed, None, &mut readers.clocks);
            match rules.inspect(procfs, entry, Why::Changes, line, readers) {
                Inspected::Read(read) if !read.has_unread_memory || !rules.has_clocks => {
                    return Ok(());
                }
                Inspected::Failed(_) if no_descriptor_is_left(&self.proc) => {
                    return Err(Error::new(
                        ErrorClass::ResourcesExhausted,
                        format!(
                            "cannot open any file in {}: no file descriptors are available",
                            self.proc.display()
                        ),
                    )
                    .with_advice("close files or raise the limit of file descriptors"));
                }
                _ => {}
            }
        }
        Err(Error::new(
            ErrorClass::Unsupported,
            format!(
                "{} is not a proc(5) filesystem of Linux",
                self.proc.display()
            ),
        )
        .with_advice("mount proc(5) there, or select the source sysinfo"))
    }

    /// Opens `/proc`, and checks that it is still the same one.
    pub(super) fn open(&self) -> Result<Procfs> {
        let procfs = Procfs::open(&self.proc)?;
        let link = procfs.own_pid();
        if link == self.namespace.link {
            return Ok(procfs);
        }
        let pid_text = |pid: Option<u32>| pid.map_or("no pid".into(), |pid| format!("pid {pid}"));
        Err(Error::new(
            ErrorClass::SourceGone,
            format!(
                "{} is not the same filesystem any more: this process has {} in it, and had {}",
                self.proc.display(),
                pid_text(link),
                pid_text(self.namespace.link)
            ),
        )
        .with_advice("unmount what is mounted over it, or start another scanner"))
    }
}

/// Returns whether a file could not be read for lack of descriptors. A folder and a file in it need
/// two.
fn no_descriptor_is_left(proc: &Path) -> bool {
    let open = || std::fs::File::open(proc);
    let both = open().and_then(|first| Ok((first, open()?)));
    both.is_err()
}

impl Source for LinuxSource {
    fn info(&self) -> SourceInfo {
        let resolution_ms = self.rules.origin.resolution_ms();
        let mut info = SourceInfo::new("linux")
            .with_start_time_resolution_ms(resolution_ms)
            .with_host(self.host.clone());
        info.own_pid = self.namespace.own_pid;
        info.collects = self.rules.collect;
        info.is_live = self.rules.origin.is_here();
        info.hears_lives = self.ear.is_some();
        info.hears_exits = self.exit_ear.is_some();
        info.not_listening.clone_from(&self.not_listening);
        info
    }

    fn now(&mut self) -> Timestamp {
        self.rules.origin.timestamp()
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        let before = std::mem::take(&mut self.known);
        let outcome = self.read_all(&before, emit);
        self.buffers.readers.files.end_scan();
        match outcome {
            Ok(_) => self.buffers.known = before,
            // After a failed scan everything is emitted in full. Identities are kept.
            Err(ref error) => {
                self.expected.doubt();
                if error.class() == ErrorClass::ResourcesExhausted {
                    self.buffers.readers.files.give_up();
                }
                let left = before.into_iter().filter(|before| !before.has_exited);
                self.known.extend(left.map(Known::lost));
            }
        }
        outcome
    }

    fn recheck(&mut self, pids: &[u32], emit: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
        self.recheck_all(pids, emit)?;
        Ok(Recheck::Done)
    }

    fn bell(&mut self) -> Option<Bell> {
        let exits = self.exit_ear.as_ref().map(ExitEar::bell);
        self.ear.as_ref().map(Ear::bell).or(exits)
    }

    fn drain(&mut self, emit: &mut dyn FnMut(Happening<'_>)) -> Heard {
        self.hear(emit)
    }
}
