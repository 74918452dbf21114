//! The thread that reads command lines.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::known::Program;
use super::proc::cmdline::{KEPT_COMMAND_BYTES, MAX_COMMAND_BYTES, trim_command};
use super::proc::procfs::{Folder, Procfs, USUAL, Unread};
use super::proc::stat::{STAT_LEN, Stat};
use super::proc::threads::LivingThread;
use crate::metrics::CpuClock;

/// The process and program whose command line is read. A command line from before an `exec` does
/// not count after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub(super) pid: u32,
    pub(super) start_ticks: u64,
    pub(super) program: Program,
}

/// A command line, each argument followed by a NUL, or why it could not be read.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) target: Target,
    pub(super) command: Result<Box<[u8]>, Unread>,
}

/// Name of the thread, at most 15 bytes.
const THREAD_NAME: &str = "pscan-command";

/// Reads one command line. Tests replace it by one that hangs.
pub(super) type ReadCommand = Arc<dyn Fn(Target, &mut Vec<u8>) -> Result<(), Unread> + Send + Sync>;

/// The thread that reads command lines, in the order of the requests.
pub(super) struct Reader {
    pub(super) jobs: Sender<Target>,
    pub(super) answers: Receiver<Answer>,
    /// Requests without an answer, in the order of the answers.
    pub(super) pending: VecDeque<Target>,
    /// Set when another thread takes over.
    pub(super) is_retired: Arc<AtomicBool>,
    /// `stat` of the thread, once it has run.
    stat: Arc<OnceLock<Option<PathBuf>>>,
    pub(super) thread: JoinHandle<()>,
}

impl Reader {
    pub(super) fn start(read: &ReadCommand, cpu_ns: &Arc<AtomicU64>) -> std::io::Result<Self> {
        let (jobs, requests) = unbounded::<Target>();
        let (answer, answers) = unbounded();
        let (read, cpu_ns) = (Arc::clone(read), Arc::clone(cpu_ns));
        let is_retired = Arc::new(AtomicBool::new(false));
        let must_end = Arc::clone(&is_retired);
        let stat = Arc::new(OnceLock::new());
        let own_stat = Arc::clone(&stat);
        let thread = thread::Builder::new()
            .name(THREAD_NAME.into())
            .spawn(move || {
                let own = std::fs::read_link("/proc/thread-self");
                let _ = own_stat.set(own.ok().map(|own| Path::new(USUAL).join(own).join("stat")));
                let mut clock = CpuClock::start();
                let mut command = Vec::new();
                for target in &requests {
                    let outcome = read(target, &mut command);
                    let sent = answer.send(Answer {
                        target,
                        command: outcome.map(|()| command.as_slice().into()),
                    });
                    if command.capacity() > KEPT_COMMAND_BYTES {
                        command = Vec::new();
                    }
                    if let Some(spent) = clock.lap() {
                        let spent_ns = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
                        cpu_ns.fetch_add(spent_ns, Ordering::Relaxed);
                    }
                    if sent.is_err() || must_end.load(Ordering::Relaxed) {
                        return;
                    }
                }
            })?;
        Ok(Self {
            jobs,
            answers,
            pending: VecDeque::new(),
            is_retired,
            stat,
            thread,
        })
    }

    pub(super) fn request(&mut self, targets: Vec<Target>) {
        for target in targets {
            // An error means that the thread has panicked. Then no answer comes.
            let _ = self.jobs.send(target);
            self.pending.push_back(target);
        }
    }

    /// Returns whether the thread does not answer only because it gets no CPU: it could run. A
    /// thread that hangs sleeps.
    pub(super) fn is_starved(&self) -> bool {
        let Some(path) = self.stat.get() else {
            // It has not begun.
            return true;
        };
        let line = path.as_ref().and_then(|path| std::fs::read(path).ok());
        let stat = line.as_deref().and_then(Stat::parse);
        // The name, in case another /proc is mounted there by now.
        stat.is_some_and(|stat| stat.state == b'R' && stat.name == THREAD_NAME.as_bytes())
    }

    pub(super) fn hangs_at(&self, target: Target) -> bool {
        self.pending.front() == Some(&target)
    }
}

/// Reads one command line, if the process is still the requested one.
pub(super) fn read_command(
    proc: &Path,
    target: Target,
    command: &mut Vec<u8>,
) -> Result<(), Unread> {
    command.clear();
    let procfs = Procfs::open(proc).map_err(|_| Unread::Failed)?;
    let folder = procfs.folder(target.pid)?;
    let stat = stat_of(&folder)?;
    if stat.start_ticks != target.start_ticks {
        return Err(Unread::Gone);
    }
    let read = read_command_of(&folder, &stat, command);
    match read {
        // A recorded folder can lack the file.
        Err(Unread::Gone) if stat_of(&folder).is_ok_and(|stat| !stat.has_ended()) => {
            Err(Unread::Failed)
        }
        _ => read,
    }
}

fn read_command_of(folder: &Folder, stat: &Stat<'_>, command: &mut Vec<u8>) -> Result<(), Unread> {
    let after = if stat.has_lost_first_thread() {
        let stat = LivingThread::read_command(folder, MAX_COMMAND_BYTES, command)?;
        command.is_empty().then_some(Ok(stat))
    } else {
        folder.read_long(c"cmdline", MAX_COMMAND_BYTES, command)?;
        command.is_empty().then(|| stat_of(folder))
    };
    match after.transpose()? {
        // It is exiting.
        Some(stat) if !stat.has_memory => return Err(Unread::Gone),
        Some(stat) if !stat.can_be_without_arguments() => return Err(Unread::Failed),
        _ => trim_command(command),
    }
    Ok(())
}

fn stat_of(folder: &Folder) -> Result<Stat<'static>, Unread> {
    let mut line = [0; STAT_LEN];
    let stat = Stat::parse(folder.read(c"stat", &mut line)?);
    Ok(stat.ok_or(Unread::Failed)?.without_name())
}
