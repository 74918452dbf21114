//! Proportional shares of memory, read on a thread of their own.
//!
//! Reading `smaps_rollup` walks the whole memory map: that takes long for a large process, and waits
//! while the map is locked, which can be forever. So a scan waits a moment for all of them
//! together. A late one is kept until the process is read the next time.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::proc_status::number_of;
use crate::metrics::CpuClock;
use crate::source::linux::command_reader::Target;
use crate::source::linux::proc::procfs::{Procfs, Unread};
use crate::source::linux::proc::stat::{STAT_LEN, Stat};

/// How long a scan waits for all of them together. A small process takes less than 0.1 ms.
const PATIENCE: Duration = Duration::from_millis(100);

/// Longest `smaps_rollup` that is read, in bytes.
const MAX_FILE_LEN: usize = 1 << 16;

/// A share to read.
pub(super) struct Request {
    pub(super) procfs: Procfs,
    pub(super) target: Target,
    /// The living thread, if the first one has ended.
    pub(super) thread: Option<u32>,
}

type Answer = (Target, Result<u64, Unread>);

/// Reads one share. Tests replace it by one that hangs.
type ReadPss = Box<dyn FnMut(&Request) -> Result<u64, Unread> + Send + Sync>;

/// The thread, and what it has answered.
pub(super) struct PssReader {
    /// Until the thread is started.
    read: Option<ReadPss>,
    /// `None`: it has not started, or cannot be.
    thread: Option<(Sender<Request>, Receiver<Answer>)>,
    /// The request without an answer: there is one at a time.
    outstanding: Option<Target>,
    /// Answers that were late.
    late: Vec<Answer>,
    /// How much longer this scan may wait.
    patience: Duration,
    cpu_ns: Arc<AtomicU64>,
}

impl fmt::Debug for PssReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PssReader").finish_non_exhaustive()
    }
}

impl PssReader {
    pub(super) fn new() -> Self {
        Self::with(Box::new(read_pss))
    }

    fn with(read: ReadPss) -> Self {
        Self {
            read: Some(read),
            thread: None,
            outstanding: None,
            late: Vec::new(),
            patience: PATIENCE,
            cpu_ns: Arc::default(),
        }
    }

    /// Begins a scan, which may wait anew.
    pub(super) fn begin_scan(&mut self) {
        self.patience = PATIENCE;
        let answer = self.thread.as_ref().map(|(_, answers)| answers.try_recv());
        if let Some(Ok(answer)) = answer {
            self.keep(answer);
        }
    }

    /// Returns the CPU time of the thread so far, in nanoseconds.
    pub(super) fn cpu_ns(&self) -> u64 {
        self.cpu_ns.load(Ordering::Relaxed)
    }

    /// Waits for each answer in this scan, however long it takes.
    #[cfg(test)]
    pub(super) fn wait_forever(&mut self) {
        self.patience = Duration::from_secs(3600);
    }

    /// Keeps an answer, and none of an earlier program or process with its pid.
    fn keep(&mut self, answer: Answer) {
        self.outstanding = None;
        self.late.retain(|(target, _)| target.pid != answer.0.pid);
        self.late.push(answer);
    }

    /// Returns the share of a process; `None` if it is late.
    pub(super) fn get(&mut self, request: Request) -> Option<Result<u64, Unread>> {
        let target = request.target;
        if let Some(answer) = self.take(target) {
            return Some(answer);
        }
        if self.outstanding.is_some() {
            return None;
        }
        self.start();
        let (requests, answers) = self.thread.as_ref()?;
        let begin = Instant::now();
        requests.try_send(request).ok()?;
        let answer = answers.recv_deadline(begin + self.patience);
        self.outstanding = Some(target);
        if let Ok(answer) = answer {
            self.keep(answer);
        }
        self.patience = self.patience.saturating_sub(begin.elapsed());
        self.take(target)
    }

    fn take(&mut self, target: Target) -> Option<Result<u64, Unread>> {
        let at = self.late.iter().position(|(of, _)| *of == target)?;
        Some(self.late.swap_remove(at).1)
    }

    fn start(&mut self) {
        let Some(mut read) = self.read.take() else {
            return;
        };
        let (requests, asked) = bounded::<Request>(1);
        let (answer, answers) = bounded(1);
        let cpu_ns = Arc::clone(&self.cpu_ns);
        // It ends with the sender of requests. One that hangs stays, and hangs nothing else.
        let started = thread::Builder::new()
            .name("pscan-pss".into())
            .spawn(move || {
                let mut clock = CpuClock::start();
                for request in &asked {
                    let share = read(&request);
                    if let Some(spent) = clock.lap() {
                        let spent_ns = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
                        cpu_ns.fetch_add(spent_ns, Ordering::Relaxed);
                    }
                    if answer.send((request.target, share)).is_err() {
                        return;
                    }
                }
            });
        match started {
            Ok(_) => self.thread = Some((requests, answers)),
            Err(error) => log::warn!("pss is unknown: cannot start its thread: {error}"),
        }
    }
}

/// Reads one share, if the process is still the requested one.
fn read_pss(request: &Request) -> Result<u64, Unread> {
    let folder = request.procfs.folder(request.target.pid)?;
    let mut line = [0; STAT_LEN];
    let stat = Stat::parse(folder.read(c"stat", &mut line)?).ok_or(Unread::NotAFile)?;
    if stat.start_ticks != request.target.start_ticks {
        return Err(Unread::Gone);
    }
    let mut content = Vec::new();
    match request.thread {
        None => folder.read_long(c"smaps_rollup", MAX_FILE_LEN, &mut content)?,
        Some(tid) => {
            folder.read_long_of_thread(tid, "smaps_rollup", MAX_FILE_LEN, &mut content)?;
        }
    }
    number_of(&content, b"Pss:").ok_or(Unread::NotAFile)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crossbeam_channel::unbounded;

    use super::*;
    use crate::source::linux::known::Program;

    fn request(pid: u32, start_ticks: u64) -> Request {
        Request {
            procfs: Procfs::open(Path::new("/proc")).expect("there is a /proc here"),
            target: Target {
                pid,
                start_ticks,
                program: Program::default(),
            },
            thread: None,
        }
    }

    #[test]
    fn a_read_that_hangs_delays_no_later_scan_and_its_answer_is_kept() {
        let (go, waits) = unbounded::<()>();
        let mut reader = PssReader::with(Box::new(move |request| {
            let _ = waits.recv();
            Ok(request.target.pid.into())
        }));
        reader.patience = Duration::ZERO;
        assert_eq!(reader.get(request(7, 1)), None);
        // Nothing waits for one that hangs: there is no answer to wait for.
        reader.begin_scan();
        assert_eq!(reader.get(request(8, 1)), None);
        assert_eq!(reader.patience, PATIENCE);
        drop(go);
        while reader.outstanding.is_some() {
            reader.begin_scan();
        }
        assert_eq!(reader.late.len(), 1);
        // The answer is not that of another process with this pid.
        assert_eq!(reader.take(request(7, 2).target), None);
        assert_eq!(reader.get(request(7, 1)), Some(Ok(7)));
        assert!(reader.late.is_empty());
    }

    #[test]
    fn the_share_is_that_of_the_requested_process() {
        let pid = std::process::id();
        let line = std::fs::read(format!("/proc/{pid}/stat")).expect("it is ours");
        let start_ticks = Stat::parse(&line).expect("a line of stat").start_ticks;
        match read_pss(&request(pid, start_ticks)) {
            Ok(bytes) => assert!(bytes > 0),
            Err(unread) => eprintln!("SKIPPED: this kernel has no shares: {unread:?}"),
        }
        let other = read_pss(&request(pid, start_ticks + 1));
        assert_eq!(other, Err(Unread::Gone));
    }
}
