//! Command lines, read on a thread of their own.
//!
//! Reading `/proc/PID/cmdline` waits for as long as the memory map of that process is locked, which can
//! be for ever (moby issue 15204). So no scan waits longer than it may: what has not come by then is
//! unknown for now, and another thread takes over from the one that hangs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;

use super::command_reader::{Answer, Of, Read, Reader, read_command};

/// How long a scan waits when none comes.
const DEADLINE: Duration = Duration::from_millis(100);

/// How much longer it waits for each that it asks for: some hundred times what one takes.
const FOR_EACH: Duration = Duration::from_millis(1);

/// So many threads may hang at a time. After that none is read until one comes back.
const MAX_HANGING: usize = 4;

/// The thread that reads them, and those that hang.
pub(super) struct Commands {
    read: Read,
    deadline: Duration,
    reader: Option<Reader>,
    hanging: Vec<Reader>,
    cpu_ns: Arc<AtomicU64>,
}

impl Commands {
    pub(super) fn new(proc: PathBuf) -> Self {
        let read = move |of, command: &mut Vec<u8>| read_command(&proc, of, command);
        Self::with(Arc::new(read), DEADLINE)
    }

    fn with(read: Read, deadline: Duration) -> Self {
        Self {
            read,
            deadline,
            reader: None,
            hanging: Vec::new(),
            cpu_ns: Arc::default(),
        }
    }

    /// CPU time that the threads have used in all, in nanoseconds.
    pub(super) fn cpu_ns(&self) -> u64 {
        self.cpu_ns.load(Ordering::Relaxed)
    }

    /// Reads these, as far as they come in time, all together. What comes later is among the answers of
    /// the next time it is asked for.
    pub(super) fn fetch(&mut self, wanted: &[Of]) -> Vec<Answer> {
        let mut answers = self.late();
        answers.retain(|answer| wanted.contains(&answer.of));
        let is_answered = |of: &Of| answers.iter().any(|answer| answer.of == *of);
        let hangs_at = |of: &Of| self.hanging.iter().any(|reader| reader.hangs_at(*of));
        let mut waiting: Vec<Of> = wanted
            .iter()
            .copied()
            .filter(|of| !is_answered(of) && !hangs_at(of))
            .collect();
        if waiting.is_empty() || self.hanging.len() >= MAX_HANGING {
            return answers;
        }
        let Some(mut reader) = self.take_reader() else {
            return answers;
        };
        waiting.retain(|of| !reader.asked.contains(of));
        reader.ask(waiting);
        let all = u32::try_from(reader.asked.len()).unwrap_or(u32::MAX);
        let until = Instant::now() + self.deadline + FOR_EACH.saturating_mul(all);
        let mut hangs = false;
        while !hangs && !reader.asked.is_empty() && Instant::now() < until {
            match reader.answers.recv_timeout(self.deadline) {
                Ok(answer) => {
                    reader.asked.pop_front();
                    answers.push(answer);
                }
                // A panic is as good as hanging: another takes over.
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => hangs = true,
            }
        }
        if hangs {
            reader.is_retired.store(true, Ordering::Relaxed);
            self.hanging.push(reader);
        } else {
            self.reader = Some(reader);
        }
        answers
    }

    /// What has come since the last time. Who hung and has come back ends by itself.
    fn late(&mut self) -> Vec<Answer> {
        let mut late = Vec::new();
        if let Some(reader) = &mut self.reader {
            while let Ok(answer) = reader.answers.try_recv() {
                reader.asked.pop_front();
                late.push(answer);
            }
        }
        self.hanging.retain(|reader| {
            // In this order: who has ended has answered, and what it said is taken below.
            let has_ended = reader.thread.is_finished();
            let answer = reader.answers.try_recv();
            let is_done = has_ended || answer.is_ok();
            late.extend(answer);
            !is_done
        });
        late
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
            reader.is_retired.store(true, Ordering::Relaxed);
            drop(reader.jobs);
            // It may be about to hang.
            if reader.asked.is_empty() && reader.thread.join().is_err() {
                log::error!("BUG: the thread that reads command lines panicked");
            }
        }
        // One that hangs is left to itself, and ends when it comes back.
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Sender as Word, channel};

    use super::*;
    use crate::source::linux::known::Program;

    fn of(pid: u32) -> Of {
        Of {
            pid,
            start_ticks: 5,
            program: Program::default(),
        }
    }

    /// Command lines that are their pids, but that those from 1000 on hang until there is a word.
    fn commands(deadline: Duration) -> (Commands, Word<()>) {
        let (word, waits) = channel::<()>();
        let waits = Mutex::new(waits);
        let read = move |of: Of, command: &mut Vec<u8>| {
            if of.pid >= 1000 {
                let _ = waits.lock().expect("nobody panics").recv();
            }
            command.clear();
            command.extend_from_slice(of.pid.to_string().as_bytes());
            Ok(())
        };
        (Commands::with(Arc::new(read), deadline), word)
    }

    fn fetched(commands: &mut Commands, pids: &[u32]) -> Vec<u32> {
        let wanted: Vec<Of> = pids.iter().map(|&pid| of(pid)).collect();
        let mut answered = Vec::new();
        for answer in commands.fetch(&wanted) {
            let command = answer.command.expect("it can be read");
            assert_eq!(*command, *answer.of.pid.to_string().as_bytes());
            answered.push(answer.of.pid);
        }
        answered
    }

    /// Asks again and again until all these are answered.
    fn fetch_all(commands: &mut Commands, pids: &[u32]) {
        let mut waiting = pids.to_vec();
        while !waiting.is_empty() {
            let answered = fetched(commands, &waiting);
            waiting.retain(|pid| !answered.contains(pid));
        }
    }

    #[test]
    fn all_are_read_in_order() {
        let (mut commands, _word) = commands(Duration::from_secs(3600));
        let pids: Vec<u32> = (1..=500).collect();
        assert_eq!(fetched(&mut commands, &pids), pids);
        assert!(commands.hanging.is_empty());
    }

    #[test]
    fn one_that_hangs_holds_up_no_other_for_long_and_comes_late() {
        let (mut commands, word) = commands(Duration::from_millis(1));
        while commands.hanging.is_empty() {
            assert!(!fetched(&mut commands, &[1000]).contains(&1000));
        }
        fetch_all(&mut commands, &[1, 2, 3]);
        assert!(!fetched(&mut commands, &[1000, 4]).contains(&1000));
        word.send(()).expect("it waits");
        // What it read at last is not read again: there is no second word.
        fetch_all(&mut commands, &[1000]);
    }

    #[test]
    fn what_comes_late_is_not_taken_for_that_of_another_program() {
        let (mut commands, word) = commands(Duration::from_millis(1));
        while commands.hanging.is_empty() {
            fetched(&mut commands, &[1000]);
        }
        // From now on nothing hangs.
        drop(word);
        let after = Of {
            program: Program::new(7, b"other"),
            ..of(1000)
        };
        let answer = loop {
            if let Some(answer) = commands.fetch(&[after]).pop() {
                break answer;
            }
        };
        assert_eq!(answer.of, after);
    }

    #[test]
    fn when_too_many_hang_none_is_read_until_one_comes_back() {
        let (mut commands, word) = commands(Duration::from_millis(1));
        for pid in 1000.. {
            if commands.hanging.len() == MAX_HANGING {
                break;
            }
            fetched(&mut commands, &[pid]);
        }
        assert_eq!(fetched(&mut commands, &[1]), [0; 0]);
        drop(word);
        fetch_all(&mut commands, &[1]);
    }

    #[test]
    fn a_reader_that_panics_is_replaced() {
        let read = |of: Of, _: &mut Vec<u8>| match of.pid {
            1 => panic!("made to"),
            _ => Ok(()),
        };
        let mut commands = Commands::with(Arc::new(read), Duration::from_secs(3600));
        assert!(commands.fetch(&[of(1)]).is_empty());
        assert_eq!(commands.fetch(&[of(2)]).len(), 1);
    }
}
