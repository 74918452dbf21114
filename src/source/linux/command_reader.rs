//! The thread that reads command lines, and how one is read.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::cmdline::{KEPT_COMMAND_BYTES, MAX_COMMAND_BYTES, cut_empty_end};
use super::known::Program;
use super::procfs::{Procfs, Unread};
use super::stat::{STAT_LEN, Stat};
use crate::metrics::CpuClock;

/// Whose command line it is, and of which program: one that was asked for before an exec says nothing of
/// what runs after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Of {
    pub(super) pid: u32,
    pub(super) start_ticks: u64,
    pub(super) program: Program,
}

/// A command line that was read: its arguments, each followed by a NUL; or why it was not.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) of: Of,
    pub(super) command: Result<Box<[u8]>, Unread>,
}

/// How one command line is read; another in tests, that hangs when it is told to.
pub(super) type Read = Arc<dyn Fn(Of, &mut Vec<u8>) -> Result<(), Unread> + Send + Sync>;

/// The thread that reads command lines, in the order they are asked for.
pub(super) struct Reader {
    pub(super) jobs: Sender<Of>,
    pub(super) answers: Receiver<Answer>,
    /// Who was asked for and not answered, in the order of the answers.
    pub(super) asked: VecDeque<Of>,
    /// Set when another does its work from now on.
    pub(super) is_retired: Arc<AtomicBool>,
    pub(super) thread: JoinHandle<()>,
}

impl Reader {
    pub(super) fn start(read: &Read, cpu_ns: &Arc<AtomicU64>) -> std::io::Result<Self> {
        let (jobs, wanted) = unbounded::<Of>();
        let (answer, answers) = unbounded();
        let (read, cpu_ns) = (Arc::clone(read), Arc::clone(cpu_ns));
        let is_retired = Arc::new(AtomicBool::new(false));
        let is_done = Arc::clone(&is_retired);
        let thread = thread::Builder::new()
            .name("pscan-command".into())
            .spawn(move || {
                let mut clock = CpuClock::start();
                let mut command = Vec::new();
                for of in &wanted {
                    let outcome = read(of, &mut command);
                    let answered = answer.send(Answer {
                        of,
                        command: outcome.map(|()| command.as_slice().into()),
                    });
                    if command.capacity() > KEPT_COMMAND_BYTES {
                        command = Vec::new();
                    }
                    if let Some(spent) = clock.lap() {
                        let spent_ns = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
                        cpu_ns.fetch_add(spent_ns, Ordering::Relaxed);
                    }
                    if answered.is_err() || is_done.load(Ordering::Relaxed) {
                        return;
                    }
                }
            })?;
        Ok(Self {
            jobs,
            answers,
            asked: VecDeque::new(),
            is_retired,
            thread,
        })
    }

    pub(super) fn ask(&mut self, waiting: Vec<Of>) {
        for of in waiting {
            // An error means that the thread has panicked, which shows when no answer comes.
            let _ = self.jobs.send(of);
            self.asked.push_back(of);
        }
    }

    pub(super) fn hangs_at(&self, of: Of) -> bool {
        self.asked.front() == Some(&of)
    }
}

/// Reads one command line, if the process is still the one that was asked for.
pub(super) fn read_command(proc: &Path, of: Of, command: &mut Vec<u8>) -> Result<(), Unread> {
    command.clear();
    let procfs = Procfs::open(proc).map_err(|_| Unread::Failed)?;
    let folder = procfs.folder(of.pid)?;
    let mut stat = [0; STAT_LEN];
    let stat = Stat::parse(folder.read(c"stat", &mut stat)?).ok_or(Unread::Failed)?;
    if stat.start_ticks != of.start_ticks {
        return Err(Unread::Gone);
    }
    folder.read_long(c"cmdline", MAX_COMMAND_BYTES, command)?;
    cut_empty_end(command);
    Ok(())
}
