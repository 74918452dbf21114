//! The thread that reads command lines.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Sender, unbounded};

use super::proc::cmdline::{KEPT_COMMAND_BYTES, MAX_COMMAND_BYTES, trim_command};
use super::proc::procfs::{Folder, Procfs, USUAL, Unread};
use super::proc::program::Program;
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

/// A command line to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    pub(super) target: Target,
    /// Inode of the process's folder when it was listed.
    pub(super) inode: u64,
}

/// A command line, each argument followed by a NUL, or why it could not be read.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) target: Target,
    pub(super) command: Result<Box<[u8]>, Unread>,
}

/// Name of the thread, at most 15 bytes.
const THREAD_NAME: &str = "pscan-command";

/// Reads one command line.
pub(super) type ReadCommand = Box<dyn FnMut(Request, &mut Vec<u8>) -> Result<(), Unread>>;

/// Prepares to read command lines. Tests replace it by one whose reads hang.
pub(super) type Prepare = Arc<dyn Fn() -> ReadCommand + Send + Sync>;

/// The thread that reads command lines, in the order of the requests.
pub(super) struct Reader {
    jobs: Sender<Vec<Request>>,
    desk: Arc<Desk>,
    /// Requests without an answer, in the order of the answers.
    pub(super) pending: VecDeque<Target>,
    /// Set when another thread takes over.
    is_retired: Arc<AtomicBool>,
    /// `stat` of the thread, once it has run.
    stat: Arc<OnceLock<Option<PathBuf>>>,
    pub(super) thread: JoinHandle<()>,
}

/// Where the thread leaves its answers. It wakes the scan only when it has answered all requests.
#[derive(Default)]
struct Desk {
    answers: Mutex<Vec<Answer>>,
    all_answered: Condvar,
    /// The thread has returned or panicked.
    has_ended: AtomicBool,
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Vec<Answer>> {
        // An answer is pushed whole.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks the end of the thread, however it ends.
struct End(Arc<Desk>);

impl Drop for End {
    fn drop(&mut self) {
        let _answers = self.0.lock();
        self.0.has_ended.store(true, Ordering::Relaxed);
        self.0.all_answered.notify_all();
    }
}

impl Reader {
    pub(super) fn start(prepare: &Prepare, cpu_ns: &Arc<AtomicU64>) -> std::io::Result<Self> {
        let (jobs, requests) = unbounded::<Vec<Request>>();
        let (prepare, cpu_ns) = (Arc::clone(prepare), Arc::clone(cpu_ns));
        let desk = Arc::new(Desk::default());
        let end = End(Arc::clone(&desk));
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
                for batch in &requests {
                    let mut read = prepare();
                    for request in batch {
                        let outcome = read(request, &mut command);
                        end.0.lock().push(Answer {
                            target: request.target,
                            command: outcome.map(|()| command.as_slice().into()),
                        });
                        if command.capacity() > KEPT_COMMAND_BYTES {
                            command = Vec::new();
                        }
                        if must_end.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                    drop(read);
                    if let Some(spent) = clock.lap() {
                        let spent_ns = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
                        cpu_ns.fetch_add(spent_ns, Ordering::Relaxed);
                    }
                    if must_end.load(Ordering::Relaxed) {
                        return;
                    }
                    end.0.all_answered.notify_all();
                }
            })?;
        Ok(Self {
            jobs,
            desk,
            pending: VecDeque::new(),
            is_retired,
            stat,
            thread,
        })
    }

    pub(super) fn request(&mut self, requests: Vec<Request>) {
        let targets = requests.iter().map(|request| request.target);
        self.pending.extend(targets);
        // An error means that the thread has panicked. Then no answer comes.
        let _ = self.jobs.send(requests);
    }

    /// Moves all answers that are there into `answers`. Returns whether there were any.
    pub(super) fn take(&mut self, answers: &mut Vec<Answer>) -> bool {
        let mut arrived = self.desk.lock();
        let count = arrived.len();
        answers.append(&mut arrived);
        drop(arrived);
        self.pending.drain(..count.min(self.pending.len()));
        count > 0
    }

    /// Waits until all requests are answered or the thread has ended, for at most this time.
    pub(super) fn wait(&self, at_most: Duration) {
        let is_waiting = |answers: &mut Vec<Answer>| {
            answers.len() < self.pending.len() && !self.desk.has_ended.load(Ordering::Relaxed)
        };
        let waited =
            self.desk
                .all_answered
                .wait_timeout_while(self.desk.lock(), at_most, is_waiting);
        drop(waited);
    }

    /// Lets another thread take over. This one ends when it returns from its read.
    pub(super) fn retire(&self) {
        self.is_retired.store(true, Ordering::Relaxed);
    }

    /// Ends the thread. If requests are pending, it may be about to hang, and is left running.
    pub(super) fn end(self) {
        self.retire();
        drop(self.jobs);
        if self.pending.is_empty() && self.thread.join().is_err() {
            log::error!("BUG: the thread that reads command lines panicked");
        }
    }

    /// Returns whether the thread does not answer only because it gets no CPU: it could run. A
    /// thread that hangs sleeps.
    pub(super) fn is_starved(&self) -> bool {
        if self.desk.has_ended.load(Ordering::Relaxed) {
            return false;
        }
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

/// Opens `/proc` for a batch of command lines, and returns what reads each.
pub(super) fn prepare(proc: &Path) -> ReadCommand {
    let procfs = Procfs::open(proc).map_err(|_| Unread::Failed);
    Box::new(move |request, command| match &procfs {
        Ok(procfs) => read_command(procfs, request, command),
        Err(unread) => Err(*unread),
    })
}

/// Reads one command line, if the process is still the requested one.
fn read_command(procfs: &Procfs, request: Request, command: &mut Vec<u8>) -> Result<(), Unread> {
    let Request { target, inode } = request;
    command.clear();
    let read = procfs.read_command_of(target.pid, MAX_COMMAND_BYTES, command);
    // The same inode as in the list: no other process has had the pid since. An empty command line
    // has several causes.
    if read.is_ok() && !command.is_empty() && procfs.inode_of(target.pid) == Some(inode) {
        trim_command(command);
        return Ok(());
    }
    command.clear();
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
