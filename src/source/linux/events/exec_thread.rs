//! The thread that reads each process at its `exec`.

use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use super::connector::{Connector, Received, wait};
use super::exec_reading::ExecReading;
use super::kernel_event::{EXEC, What};
use super::listener::{BEAT, Shared, spent_ns};
use super::thrift::Level;
use crate::metrics::CpuClock;
use crate::source::linux::proc::procfs::Procfs;

/// Buffer for the events that are read at once, in bytes.
const EXECS_BYTES: usize = 1 << 20;

impl Shared {
    /// Reads the processes that call `exec`, at once.
    pub(super) fn read_execs(&self, proc: &Path) {
        let mut clock = CpuClock::start();
        let wake = &self.wakes[1];
        let mut buffer = Vec::new();
        let mut connector = None;
        // This kernel cannot filter, so each event would wake the thread.
        let mut is_unfiltered = false;
        while !self.must_end() {
            let level = self.lock().level();
            if level != Level::Everything {
                connector = None;
                wait(&[wake.as_fd()], Some(Duration::from_secs(1)));
                continue;
            }
            let Some(listening) = &mut connector else {
                match Connector::open(EXECS_BYTES, Some(EXEC)) {
                    Ok(opened) => connector = Some(opened),
                    Err(why) => return log::warn!("command lines are read late: {why}"),
                }
                continue;
            };
            match is_unfiltered {
                true => wait(&[wake.as_fd(), wake.as_fd()], Some(BEAT)),
                false => wait(&[wake.as_fd(), listening.as_fd()], None),
            };
            let mut execs = Vec::new();
            let received = listening.receive(&mut |event| match event.what {
                What::Exec { pid } => execs.push((pid, event.at_ns)),
                What::Answer { .. } => {}
                _ => is_unfiltered = true,
            });
            if !execs.is_empty()
                && let Ok(procfs) = Procfs::open(proc)
            {
                for (pid, exec_ns) in execs {
                    let reading = ExecReading::read(&procfs, pid, exec_ns, &mut buffer);
                    self.lock().add(reading);
                }
            }
            self.lock().spend_listening(spent_ns(&mut clock));
            // Losses are those of command lines only.
            if !matches!(
                received,
                Ok(Received::All | Received::Some | Received::Lost)
            ) {
                connector = None;
                wait(&[wake.as_fd()], Some(Duration::from_secs(1)));
            }
        }
    }
}
