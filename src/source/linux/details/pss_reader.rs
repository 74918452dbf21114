//! Proportional shares of memory, read on a thread of their own.
//!
//! Reading `smaps_rollup` walks the whole memory map: that takes long for a large process, and waits
//! while the map is locked, which can be forever. So a scan waits a moment for all of them
//! together. The others stay in the queue, and the next scan after their answers reads those
//! processes again.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::patience::Patience;
use super::proc_status::number_of;
use crate::metrics::CpuClock;
use crate::source::linux::command_reader::Target;
use crate::source::linux::proc::procfs::{Procfs, Unread};
use crate::source::linux::proc::stat::{STAT_LEN, Stat};

/// How long a scan waits for all of them together, unless it is set. A small process takes less than
/// 0.1 ms.
const PATIENCE: Duration = Duration::from_millis(100);

/// Longest `smaps_rollup` that is read, in bytes.
const MAX_FILE_LEN: usize = 1 << 16;

/// A share to read.
#[derive(Debug, Clone, Copy)]
pub(in crate::source::linux) struct Request {
    pub(in crate::source::linux) target: Target,
    /// The living thread, if the first one has ended.
    pub(super) thread: Option<u32>,
}

type Answer = (Target, Result<u64, Unread>);

/// Reads one share. Tests replace it by one that hangs.
type ReadPss = Box<dyn FnMut(&Procfs, Request) -> Result<u64, Unread> + Send + Sync>;

/// The thread, and what it has answered.
pub(in crate::source::linux) struct PssReader {
    /// Until the thread is started.
    read: Option<ReadPss>,
    /// `None`: it has not started, or cannot be.
    thread: Option<(Sender<Request>, Receiver<Answer>)>,
    /// Requests without an answer, the oldest first: at most one of each process, so that none
    /// waits for more than one answer of each other.
    waiting: VecDeque<Target>,
    /// Answers that were not asked for yet.
    answers: Vec<Answer>,
    patience: Patience,
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

    pub(in crate::source::linux) fn with(read: ReadPss) -> Self {
        Self {
            read: Some(read),
            thread: None,
            waiting: VecDeque::new(),
            answers: Vec::new(),
            patience: Patience::new(PATIENCE),
            cpu_ns: Arc::default(),
        }
    }

    /// Sets how long a scan waits for all shares together.
    pub(in crate::source::linux) fn set_patience(&mut self, patience: Duration) {
        self.patience = Patience::new(patience);
    }

    /// Begins a scan, which may wait anew, and takes the answers that have arrived. Returns whether
    /// there are any.
    ///
    /// While a request of an earlier scan has no answer, this one does not wait: it could wait for
    /// one that hangs.
    pub(super) fn begin_scan(&mut self) -> bool {
        self.patience.renew();
        let mut has_any = false;
        while let Some((_, answers)) = &self.thread
            && let Ok(answer) = answers.try_recv()
        {
            self.keep(answer);
            has_any = true;
        }
        if !self.waiting.is_empty() {
            self.patience.end();
        }
        has_any
    }

    /// Returns the CPU time of the thread so far, in nanoseconds.
    pub(super) fn cpu_ns(&self) -> u64 {
        self.cpu_ns.load(Ordering::Relaxed)
    }

    /// Waits until an answer has arrived, which the next scan takes.
    #[cfg(test)]
    pub(in crate::source::linux) fn wait_for_answer(&self) {
        let (_, answers) = self.thread.as_ref().expect("there is a request");
        while answers.is_empty() {
            thread::yield_now();
        }
    }

    /// Keeps an answer, and none of an earlier program or process with its pid.
    fn keep(&mut self, answer: Answer) {
        let pid = answer.0.pid;
        self.waiting.retain(|target| target.pid != pid);
        self.answers.retain(|(target, _)| target.pid != pid);
        self.answers.push(answer);
    }

    /// Returns the share of a process; `None` if it is late.
    pub(super) fn get(&mut self, procfs: &Procfs, request: Request) -> Option<Result<u64, Unread>> {
        let target = request.target;
        if let Some(answer) = self.take(target) {
            return Some(answer);
        }
        if self.waiting.iter().any(|of| of.pid == target.pid) {
            return None;
        }
        if let Err(unread) = self.start(procfs) {
            return Some(Err(unread));
        }
        let (requests, _) = self.thread.as_ref()?;
        requests.send(request).ok()?;
        self.waiting.push_back(target);
        while !self.patience.is_over() {
            let (_, answers) = self.thread.as_ref()?;
            let answer = self
                .patience
                .wait(|deadline| answers.recv_deadline(deadline));
            let Ok(answer) = answer else {
                self.patience.end();
                break;
            };
            self.keep(answer);
            if let Some(answer) = self.take(target) {
                return Some(answer);
            }
        }
        None
    }

    fn take(&mut self, target: Target) -> Option<Result<u64, Unread>> {
        let at = self.answers.iter().position(|(of, _)| *of == target)?;
        Some(self.answers.swap_remove(at).1)
    }

    /// Starts the thread with the first request. It has a descriptor of `/proc` of its own.
    fn start(&mut self, procfs: &Procfs) -> Result<(), Unread> {
        if self.thread.is_some() {
            return Ok(());
        }
        let procfs = procfs.share()?;
        let mut read = self.read.take().ok_or(Unread::Failed)?;
        let (requests, asked) = unbounded::<Request>();
        let (answer, answers) = unbounded();
        let cpu_ns = Arc::clone(&self.cpu_ns);
        // It ends with the sender of requests. One that hangs stays, and hangs nothing else.
        let started = thread::Builder::new()
            .name("pscan-pss".into())
            .spawn(move || {
                let mut clock = CpuClock::start();
                for request in &asked {
                    let share = read(&procfs, request);
                    if let Some(spent) = clock.lap() {
                        let spent_ns = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
                        cpu_ns.fetch_add(spent_ns, Ordering::Relaxed);
                    }
                    if answer.send((request.target, share)).is_err() {
                        return;
                    }
                }
            });
        if let Err(error) = started {
            log::warn!("pss is unknown: cannot start its thread: {error}");
            return Err(Unread::Failed);
        }
        self.thread = Some((requests, answers));
        Ok(())
    }
}

/// Reads one share, if the process is still the requested one.
fn read_pss(procfs: &Procfs, request: Request) -> Result<u64, Unread> {
    let folder = procfs.folder(request.target.pid)?;
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

    use super::*;
    use crate::source::linux::proc::program::Program;

    fn procfs() -> Procfs {
        Procfs::open(Path::new("/proc")).expect("there is a /proc here")
    }

    fn request(pid: u32, start_ticks: u64) -> Request {
        Request {
            target: Target {
                pid,
                start_ticks,
                program: Program::default(),
            },
            thread: None,
        }
    }

    /// A reader whose reads each wait for a message, and that does not wait.
    fn hanging() -> (PssReader, Sender<()>) {
        let (go, waits) = unbounded::<()>();
        let mut reader = PssReader::with(Box::new(move |_, request| {
            let _ = waits.recv();
            Ok(request.target.pid.into())
        }));
        reader.set_patience(Duration::ZERO);
        (reader, go)
    }

    #[test]
    fn a_read_that_hangs_delays_no_later_scan_and_its_answer_is_kept() {
        let (mut reader, go) = hanging();
        assert_eq!(reader.get(&procfs(), request(7, 1)), None);
        reader.set_patience(PATIENCE);
        // Nothing waits for one that hangs.
        assert!(!reader.begin_scan());
        assert!(reader.patience.is_over());
        assert_eq!(reader.get(&procfs(), request(8, 1)), None);
        drop(go);
        while !reader.waiting.is_empty() {
            reader.begin_scan();
        }
        assert_eq!(reader.answers.len(), 2);
        assert!(!reader.patience.is_over());
        // The answer is not that of another process with this pid.
        assert_eq!(reader.take(request(7, 2).target), None);
        assert_eq!(reader.get(&procfs(), request(7, 1)), Some(Ok(7)));
        assert_eq!(reader.answers.len(), 1);
    }

    #[test]
    fn of_many_slow_processes_each_is_read_in_turn() {
        let (mut reader, go) = hanging();
        let procfs = procfs();
        let mut read = [0; 5];
        // One is read from scan to scan, and each scan asks for all in order of pid.
        for _ in 0..4 * read.len() {
            for (count, pid) in read.iter_mut().zip(1..) {
                if reader.get(&procfs, request(pid, 1)).is_some() {
                    *count += 1;
                }
                assert!(reader.waiting.len() <= 5);
            }
            go.send(()).expect("the thread lives");
            reader.wait_for_answer();
            assert!(reader.begin_scan());
        }
        assert!(read.iter().all(|count| (3..=4).contains(count)), "{read:?}");
    }

    #[test]
    fn a_process_with_another_program_has_one_request_at_a_time() {
        let (mut reader, go) = hanging();
        for ticks in 0..50 {
            assert_eq!(reader.get(&procfs(), request(7, ticks)), None);
        }
        assert_eq!(reader.waiting.len(), 1);
        drop(go);
        while !reader.waiting.is_empty() {
            reader.begin_scan();
        }
        assert_eq!(reader.take(request(7, 49).target), None);
    }

    #[test]
    fn the_share_is_that_of_the_requested_process() {
        let pid = std::process::id();
        let line = std::fs::read(format!("/proc/{pid}/stat")).expect("it is ours");
        let start_ticks = Stat::parse(&line).expect("a line of stat").start_ticks;
        match read_pss(&procfs(), request(pid, start_ticks)) {
            Ok(bytes) => assert!(bytes > 0),
            Err(unread) => eprintln!("SKIPPED: this kernel has no shares: {unread:?}"),
        }
        let other = read_pss(&procfs(), request(pid, start_ticks + 1));
        assert_eq!(other, Err(Unread::Gone));
    }
}
