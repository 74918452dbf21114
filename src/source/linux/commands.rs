//! Command lines, read on a thread of their own.
//!
//! Reading `/proc/PID/cmdline` waits for as long as the memory map of that process is locked, which can
//! be for ever (moby issue 15204). So no scan waits longer than it may: what has not come by then is
//! unknown for now, and another thread takes over from the one that hangs.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};

use super::STAT_LEN;
use super::procfs::{Procfs, Unread};
use super::stat::Stat;
use crate::cpu_clock::CpuClock;

/// More of a command line is not read: one byte more than a table keeps at the most, so that it marks
/// what was cut.
const MAX_BYTES: usize = (1 << 20) + 1;

/// How much room for a command line is kept.
const KEPT_BYTES: usize = 1 << 16;

/// How long a scan waits for one command line.
const DEADLINE: Duration = Duration::from_millis(100);

/// So many threads may hang at a time. After that none is read until one comes back.
const MAX_HANGING: usize = 4;

/// Whose command line it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Of {
    pub(super) pid: u32,
    pub(super) start_ticks: u64,
}

/// A command line that was read: its arguments, each followed by a NUL; or why it was not.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) of: Of,
    pub(super) command: Result<Box<[u8]>, Unread>,
}

/// How one command line is read; another in tests, that hangs when it is told to.
pub(super) type Read = Arc<dyn Fn(Of, &mut Vec<u8>) -> Result<(), Unread> + Send + Sync>;

/// The thread that reads them, and those that hang.
pub(super) struct Commands {
    read: Read,
    reader: Option<Reader>,
    hanging: Vec<Hanging>,
    cpu_ns: Arc<AtomicU64>,
}

struct Reader {
    jobs: Sender<Of>,
    answers: Receiver<Answer>,
    thread: JoinHandle<()>,
}

/// A reader that gets no more jobs, and whom it hangs at.
struct Hanging {
    at: Of,
    answers: Receiver<Answer>,
    thread: JoinHandle<()>,
}

impl Commands {
    pub(super) fn new(proc: PathBuf) -> Self {
        Self::with(Arc::new(move |of, command: &mut Vec<u8>| {
            read_command(&proc, of, command)
        }))
    }

    pub(super) fn with(read: Read) -> Self {
        Self {
            read,
            reader: None,
            hanging: Vec::new(),
            cpu_ns: Arc::default(),
        }
    }

    /// CPU time that the threads have used in all, in nanoseconds.
    pub(super) fn cpu_ns(&self) -> u64 {
        self.cpu_ns.load(Ordering::Relaxed)
    }

    /// Forgets who hung and has come back: it can be asked for again.
    pub(super) fn let_go_of_late(&mut self) {
        // A thread that has answered ends by itself, since nobody takes another answer of it.
        self.hanging
            .retain(|hanging| hanging.answers.is_empty() && !hanging.thread.is_finished());
    }

    /// Reads these, and gives each answer to `take` as it comes. Who is not answered for hangs.
    pub(super) fn fetch(&mut self, wanted: &[Of], mut take: impl FnMut(Answer)) {
        let is_hanging = |of: &Of| self.hanging.iter().any(|hanging| hanging.at == *of);
        let mut waiting: VecDeque<Of> = wanted
            .iter()
            .copied()
            .filter(|of| !is_hanging(of))
            .collect();
        while !waiting.is_empty() && self.hanging.len() < MAX_HANGING {
            let Some(reader) = self.take_reader() else {
                return;
            };
            match reader.serve(&mut waiting, &mut take) {
                None => self.reader = Some(reader),
                Some(at) => self.hanging.push(Hanging {
                    at,
                    answers: reader.answers,
                    thread: reader.thread,
                }),
            }
        }
    }

    fn take_reader(&mut self) -> Option<Reader> {
        match self.reader.take() {
            Some(reader) => Some(reader),
            // Without a thread there are no command lines; there will be again.
            None => Reader::start(&self.read, &self.cpu_ns)
                .inspect_err(|error| log::warn!("no thread to read command lines: {error}"))
                .ok(),
        }
    }
}

impl Drop for Commands {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            drop(reader.jobs);
            if reader.thread.join().is_err() {
                log::error!("BUG: the thread that reads command lines panicked");
            }
        }
        // One that hangs is left to itself, and ends when it comes back.
    }
}

impl Reader {
    fn start(read: &Read, cpu_ns: &Arc<AtomicU64>) -> std::io::Result<Self> {
        let (jobs, wanted) = unbounded::<Of>();
        let (answer, answers) = unbounded();
        let (read, cpu_ns) = (Arc::clone(read), Arc::clone(cpu_ns));
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
                    if command.capacity() > KEPT_BYTES {
                        command = Vec::new();
                    }
                    if let Some(spent) = clock.lap() {
                        let spent_ns = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
                        cpu_ns.fetch_add(spent_ns, Ordering::Relaxed);
                    }
                    if answered.is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self {
            jobs,
            answers,
            thread,
        })
    }

    /// Has all that wait read, one after the other, and takes each answered one out of the row. Who
    /// it hangs at, if it does.
    fn serve(&self, waiting: &mut VecDeque<Of>, take: &mut impl FnMut(Answer)) -> Option<Of> {
        /// So many are asked for ahead, so that neither thread waits for the other to wake.
        const AHEAD: usize = 64;

        let mut asked = 0;
        while let Some(&first) = waiting.front() {
            for &of in waiting.iter().skip(asked).take(AHEAD - asked) {
                if self.jobs.send(of).is_err() {
                    break;
                }
                asked += 1;
            }
            match self.answers.recv_timeout(DEADLINE) {
                Ok(answer) => {
                    waiting.pop_front();
                    asked -= 1;
                    take(answer);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    waiting.pop_front();
                    return Some(first);
                }
            }
        }
        None
    }
}

fn read_command(proc: &Path, of: Of, command: &mut Vec<u8>) -> Result<(), Unread> {
    command.clear();
    let procfs = Procfs::open(proc).map_err(|_| Unread::Failed)?;
    let folder = procfs.folder(of.pid)?;
    let mut stat = [0; STAT_LEN];
    let stat = Stat::parse(folder.read(c"stat", &mut stat)?).ok_or(Unread::Failed)?;
    if stat.start_ticks != of.start_ticks {
        return Err(Unread::Gone);
    }
    folder.read_long(c"cmdline", MAX_BYTES, command)?;
    // One that wrote over its arguments leaves the rest of their room empty.
    let end = command.iter().rposition(|&byte| byte != 0);
    command.truncate(end.map_or(0, |end| end + 2));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Sender as Word, channel};

    use super::*;

    fn of(pid: u32) -> Of {
        Of {
            pid,
            start_ticks: 5,
        }
    }

    /// Command lines that are their pids, but that those from 1000 on hang until there is a word.
    fn commands() -> (Commands, Word<()>) {
        let (word, waits) = channel::<()>();
        let waits = Mutex::new(waits);
        let commands = Commands::with(Arc::new(move |of: Of, command: &mut Vec<u8>| {
            if of.pid >= 1000 {
                let _ = waits.lock().expect("nobody panics").recv();
            }
            command.clear();
            command.extend_from_slice(of.pid.to_string().as_bytes());
            Ok(())
        }));
        (commands, word)
    }

    fn fetched(commands: &mut Commands, pids: &[u32]) -> Vec<u32> {
        let wanted: Vec<Of> = pids.iter().map(|&pid| of(pid)).collect();
        let mut answered = Vec::new();
        commands.fetch(&wanted, |answer| {
            let command = answer.command.expect("it can be read");
            assert_eq!(*command, *answer.of.pid.to_string().as_bytes());
            answered.push(answer.of.pid);
        });
        answered
    }

    #[test]
    fn all_are_read_in_order() {
        let (mut commands, _word) = commands();
        let pids: Vec<u32> = (1..=500).collect();
        assert_eq!(fetched(&mut commands, &pids), pids);
        assert!(commands.hanging.is_empty());
    }

    #[test]
    fn one_that_hangs_holds_up_no_other_and_is_asked_for_again_when_it_comes_back() {
        let (mut commands, word) = commands();
        assert_eq!(fetched(&mut commands, &[1, 1000, 2, 3]), [1, 2, 3]);
        // It is not asked for again, or another thread would hang.
        assert_eq!(fetched(&mut commands, &[1000, 4]), [4]);
        assert_eq!(commands.hanging.len(), 1);
        commands.let_go_of_late();
        assert_eq!(commands.hanging.len(), 1);
        drop(word);
        while !commands.hanging.is_empty() {
            commands.let_go_of_late();
            thread::yield_now();
        }
        assert_eq!(fetched(&mut commands, &[1000]), [1000]);
    }

    #[test]
    fn when_too_many_hang_none_is_read_until_one_comes_back() {
        let (mut commands, word) = commands();
        let hang = [1000, 1001, 1002, 1003, 1];
        assert_eq!(fetched(&mut commands, &hang), [0; 0]);
        assert_eq!(fetched(&mut commands, &[1]), [0; 0]);
        drop(word);
        while !commands.hanging.is_empty() {
            commands.let_go_of_late();
            thread::yield_now();
        }
        assert_eq!(fetched(&mut commands, &[1]), [1]);
    }
}
