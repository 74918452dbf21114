//! Command lines, read on a thread of their own.
//!
//! Reading `/proc/PID/cmdline` waits while the memory map of the process is locked, which can be
//! forever (moby issue 15204). So a scan waits only for a limited time: late command lines are
//! unknown for now, and another thread takes over from the one that hangs. One that only gets no
//! CPU, on a busy machine, keeps its requests.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ahash::RandomState;

use super::command_reader::{Answer, Prepare, Reader, Request, Target, prepare};

type Targets = HashSet<Target, RandomState>;

/// How long a scan waits without an answer.
const DEADLINE: Duration = Duration::from_millis(100);

/// Additional time for each request: some hundred times what one takes.
const TIME_EACH: Duration = Duration::from_millis(1);

/// Threads that may hang at a time. With more, no command line is read until one returns.
const MAX_HANGING: usize = 4;

/// The thread that reads command lines, and those that hang.
pub(super) struct Commands {
    prepare: Prepare,
    deadline: Duration,
    reader: Option<Reader>,
    hanging: Vec<Reader>,
    cpu_ns: Arc<AtomicU64>,
}

impl Commands {
    pub(super) fn new(proc: PathBuf) -> Self {
        Self::with(Arc::new(move || prepare(&proc)), DEADLINE)
    }

    fn with(prepare: Prepare, deadline: Duration) -> Self {
        Self {
            prepare,
            deadline,
            reader: None,
            hanging: Vec::new(),
            cpu_ns: Arc::default(),
        }
    }

    /// Returns the CPU time of all threads so far, in nanoseconds.
    pub(super) fn cpu_ns(&self) -> u64 {
        self.cpu_ns.load(Ordering::Relaxed)
    }

    /// Reads these command lines, as far as they arrive in time. Late answers are returned by a
    /// later call for the same target.
    pub(super) fn fetch(&mut self, wanted: &[Request]) -> Vec<Answer> {
        let mut answers = self.late();
        if !answers.is_empty() {
            let wanted: Targets = wanted.iter().map(|request| request.target).collect();
            answers.retain(|answer| wanted.contains(&answer.target));
        }
        let answered: Targets = answers.iter().map(|answer| answer.target).collect();
        let hangs_at = |target: Target| self.hanging.iter().any(|reader| reader.hangs_at(target));
        let mut waiting = wanted.to_vec();
        waiting.retain(|&Request { target, .. }| !answered.contains(&target) && !hangs_at(target));
        if waiting.is_empty() || self.hanging.len() >= MAX_HANGING {
            return answers;
        }
        let Some(mut reader) = self.take_reader() else {
            return answers;
        };
        let requested: Targets = reader.pending.iter().copied().collect();
        waiting.retain(|request| !requested.contains(&request.target));
        reader.request(waiting);
        let all = u32::try_from(reader.pending.len()).unwrap_or(u32::MAX);
        let until = Instant::now() + self.deadline + TIME_EACH.saturating_mul(all);
        let mut hangs = false;
        while !reader.pending.is_empty() && Instant::now() < until {
            reader.wait(self.deadline);
            if reader.take(&mut answers) {
                continue;
            }
            let is_starved = reader.is_starved();
            // It may have answered since.
            if reader.take(&mut answers) {
                continue;
            }
            // A starved one continues, and a later call gets its answers. A panic counts as hanging:
            // another thread takes over.
            hangs = !is_starved;
            break;
        }
        if hangs {
            reader.retire();
            self.hanging.push(reader);
        } else {
            self.reader = Some(reader);
        }
        answers
    }

    /// Returns the answers that arrived since the last call. Threads that hung and have returned
    /// end.
    fn late(&mut self) -> Vec<Answer> {
        let mut late = Vec::new();
        if let Some(reader) = &mut self.reader {
            reader.take(&mut late);
        }
        self.hanging.retain_mut(|reader| {
            // In this order: a thread that has ended has answered, and its answer is taken here.
            let has_ended = reader.thread.is_finished();
            let has_answered = reader.take(&mut late);
            !has_ended && !has_answered
        });
        late
    }

    fn take_reader(&mut self) -> Option<Reader> {
        match self.reader.take() {
            Some(reader) => Some(reader),
            // Without a thread there are no command lines for now. The next scan tries again.
            None => Reader::start(&self.prepare, &self.cpu_ns)
                .inspect_err(|error| {
                    log::warn!("cannot start the thread that reads command lines: {error}")
                })
                .ok(),
        }
    }
}

impl Drop for Commands {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.end();
        }
        // A thread that hangs is left running, and ends when it returns.
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;
    use std::sync::mpsc::{Sender as Signal, channel};

    use super::*;
    use crate::source::linux::command_reader::ReadCommand;
    use crate::source::linux::proc::procfs::Unread;
    use crate::source::linux::proc::program::Program;

    fn target(pid: u32) -> Target {
        Target {
            pid,
            start_ticks: 5,
            program: Program::default(),
        }
    }

    fn requests(targets: &[Target]) -> Vec<Request> {
        let request = |&target| Request { target, inode: 1 };
        targets.iter().map(request).collect()
    }

    /// Prepares to read with this function.
    fn with(
        read: impl Fn(Target, &mut Vec<u8>) -> Result<(), Unread> + Send + Sync + 'static,
        deadline: Duration,
    ) -> Commands {
        let read = Arc::new(read);
        let prepare = move || -> ReadCommand {
            let read = Arc::clone(&read);
            Box::new(move |request, command| read(request.target, command))
        };
        Commands::with(Arc::new(prepare), deadline)
    }

    /// Reads the pid as the command line. Pids from 1000 on hang until a signal is sent.
    fn commands(deadline: Duration) -> (Commands, Signal<()>) {
        let (signal, waits) = channel::<()>();
        let waits = Mutex::new(waits);
        let read = move |target: Target, command: &mut Vec<u8>| {
            if target.pid >= 1000 {
                let _ = waits.lock().expect("no holder panics").recv();
            }
            command.clear();
            command.extend_from_slice(target.pid.to_string().as_bytes());
            Ok(())
        };
        (with(read, deadline), signal)
    }

    fn fetched(commands: &mut Commands, pids: &[u32]) -> Vec<u32> {
        let wanted: Vec<Target> = pids.iter().map(|&pid| target(pid)).collect();
        let mut answered = Vec::new();
        for answer in commands.fetch(&requests(&wanted)) {
            let command = answer.command.expect("it can be read");
            assert_eq!(*command, *answer.target.pid.to_string().as_bytes());
            answered.push(answer.target.pid);
        }
        answered
    }

    /// Fetches until all these are answered.
    fn fetch_all(commands: &mut Commands, pids: &[u32]) {
        let mut waiting = pids.to_vec();
        while !waiting.is_empty() {
            let answered = fetched(commands, &waiting);
            waiting.retain(|pid| !answered.contains(pid));
        }
    }

    #[test]
    fn all_are_read_in_order() {
        let (mut commands, _signal) = commands(Duration::from_secs(3600));
        let pids: Vec<u32> = (1..=500).collect();
        assert_eq!(fetched(&mut commands, &pids), pids);
        assert!(commands.hanging.is_empty());
    }

    #[test]
    fn a_read_that_hangs_does_not_delay_others_and_is_answered_late() {
        let (mut commands, signal) = commands(Duration::from_millis(1));
        while commands.hanging.is_empty() {
            assert!(!fetched(&mut commands, &[1000]).contains(&1000));
        }
        fetch_all(&mut commands, &[1, 2, 3]);
        assert!(!fetched(&mut commands, &[1000, 4]).contains(&1000));
        signal.send(()).expect("it waits");
        // The late answer is used and not read again: there is no second signal.
        fetch_all(&mut commands, &[1000]);
    }

    /// Four readers that hang would end all reading. So nothing waits here that only lacks a CPU.
    #[test]
    fn a_reader_that_gets_no_cpu_keeps_its_requests_and_answers_each_once() {
        let may_go = Arc::new(AtomicBool::new(false));
        let reads = Arc::new(AtomicU64::new(0));
        let read = {
            let (may_go, reads) = (Arc::clone(&may_go), Arc::clone(&reads));
            move |_: Target, _: &mut Vec<u8>| {
                // As a thread that others keep from running: it does not sleep.
                while !may_go.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
                reads.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        };
        let mut commands = with(read, Duration::from_millis(1));
        let wanted: Vec<Target> = (1..=4500).map(target).collect();
        for _ in 0..=MAX_HANGING {
            assert!(commands.fetch(&requests(&wanted)).is_empty());
            assert!(commands.hanging.is_empty());
        }
        may_go.store(true, Ordering::Relaxed);
        let mut waiting = wanted.clone();
        while !waiting.is_empty() {
            let answers = commands.fetch(&requests(&waiting));
            waiting.retain(|target| answers.iter().all(|answer| answer.target != *target));
            assert!(commands.hanging.is_empty());
        }
        assert_eq!(reads.load(Ordering::Relaxed), 4500);
    }

    #[test]
    fn a_late_answer_does_not_count_for_another_program() {
        let (mut commands, signal) = commands(Duration::from_millis(1));
        while commands.hanging.is_empty() {
            fetched(&mut commands, &[1000]);
        }
        // From now on nothing hangs.
        drop(signal);
        let after = Target {
            program: Program::new(7, b"other"),
            ..target(1000)
        };
        let answer = loop {
            if let Some(answer) = commands.fetch(&requests(&[after])).pop() {
                break answer;
            }
        };
        assert_eq!(answer.target, after);
    }

    #[test]
    fn with_too_many_hanging_none_is_read_until_one_returns() {
        let (mut commands, signal) = commands(Duration::from_millis(1));
        for pid in 1000.. {
            if commands.hanging.len() == MAX_HANGING {
                break;
            }
            fetched(&mut commands, &[pid]);
        }
        assert_eq!(fetched(&mut commands, &[1]), [0; 0]);
        drop(signal);
        fetch_all(&mut commands, &[1]);
    }

    #[test]
    fn a_reader_that_panics_is_replaced() {
        let read = |target: Target, _: &mut Vec<u8>| match target.pid {
            1 => panic!("test"),
            _ => Ok(()),
        };
        let mut commands = with(read, Duration::from_secs(3600));
        assert!(commands.fetch(&requests(&[target(1)])).is_empty());
        assert_eq!(commands.fetch(&requests(&[target(2)])).len(), 1);
    }
}
