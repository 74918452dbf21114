//! Receives the records of ended threads, while the CPU budget allows it.

use std::path::{Path, PathBuf};

use super::socket::RecordSocket;
use super::thread_record::Record;
use crate::model::Timestamp;
use crate::source::linux::events::connector::Received;

/// Records that can wait for the drain: 2 MB.
const MAX_RECORDS: usize = 1 << 14;

/// System calls of one gathering, so that a storm does not hold up a scan.
const MAX_CALLS: usize = 512;

/// The time between two attempts to open a socket.
const REOPEN_APART_NS: u64 = 10_000_000_000;

/// The records since the drain before.
#[derive(Debug, Default)]
pub(in crate::source::linux::events) struct Records {
    /// In the order of the kernel's queue, which for one process is that of its ends.
    pub(super) list: Vec<Record>,
    /// None is missing of a thread that ended after this, as in timestamps; `None`: nothing is known.
    pub(super) since_ns: Option<u64>,
}

/// The socket of records, which is open while the budget allows it.
#[derive(Debug, Default)]
pub(in crate::source::linux::events) struct Intake {
    proc: PathBuf,
    socket: Option<RecordSocket>,
    /// This process may not receive records, or the kernel has none.
    is_impossible: bool,
    /// When a socket was last opened, as in timestamps.
    opened_ns: u64,
    since_ns: Option<u64>,
}

impl Intake {
    /// Starts to receive records, if that is possible.
    pub(in crate::source::linux::events) fn start(proc: &Path) -> Self {
        let mut intake = Self {
            proc: proc.to_owned(),
            ..Self::default()
        };
        intake.open(Timestamp::monotonic_now_ns());
        intake
    }

    pub(in crate::source::linux::events) fn is_open(&self) -> bool {
        self.socket.is_some()
    }

    fn may_open(&self, now_ns: u64) -> bool {
        !self.is_impossible && now_ns.saturating_sub(self.opened_ns) >= REOPEN_APART_NS
    }

    fn open(&mut self, now_ns: u64) {
        self.opened_ns = now_ns;
        match RecordSocket::open(&self.proc) {
            Ok(socket) => {
                self.socket = Some(socket);
                self.since_ns = Some(Timestamp::monotonic_now_ns());
            }
            Err(why) => {
                log::info!("what processes have used at their ends is not known exactly: {why}");
                self.is_impossible = true;
            }
        }
    }

    /// Receives what is there, or closes the socket while the budget does not allow it.
    ///
    /// Call it after all exits were received that it shall have the records of: the kernel sends the
    /// record first.
    pub(in crate::source::linux::events) fn gather(
        &mut self,
        is_allowed: bool,
        records: &mut Records,
    ) {
        let now_ns = Timestamp::monotonic_now_ns();
        match (is_allowed, self.is_open()) {
            (false, true) => self.close(),
            (true, false) if self.may_open(now_ns) => self.open(now_ns),
            _ => {}
        }
        let Some(socket) = &mut self.socket else {
            records.forget(None);
            return;
        };
        let (mut is_lossy, mut is_broken) = (false, false);
        for _ in 0..MAX_CALLS {
            let list = &mut records.list;
            let received = socket.receive(&mut |record| match list.len() < MAX_RECORDS {
                true => list.push(record),
                false => is_lossy = true,
            });
            match received {
                Ok(Received::Some) => {}
                Ok(Received::All) => break,
                Ok(Received::Lost) => is_lossy = true,
                Err(errno) => {
                    log::debug!("cannot receive from the kernel's taskstats: {errno}");
                    is_broken = true;
                    break;
                }
            }
        }
        if is_broken {
            self.close();
            records.forget(None);
        } else if is_lossy {
            self.since_ns = Some(Timestamp::monotonic_now_ns());
            records.forget(self.since_ns);
        } else {
            records.since_ns = self.since_ns;
        }
    }

    fn close(&mut self) {
        (self.socket, self.since_ns) = (None, None);
    }
}

impl Records {
    fn forget(&mut self, since_ns: Option<u64>) {
        self.list.clear();
        self.since_ns = since_ns;
    }

    pub(in crate::source::linux::events) fn clear(&mut self) {
        self.list.clear();
    }
}
