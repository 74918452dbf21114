//! Receives the records of ended threads, while the CPU budget allows it.

use std::path::{Path, PathBuf};

use super::completeness::Completeness;
use super::refusal::Refusal;
use super::socket::RecordSocket;
use super::thread_record::Record;
use crate::model::Timestamp;
use crate::source::linux::events::netlink_receive::Received;

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

/// Opens a socket; a test has another one.
type Open = fn(&Path) -> Result<RecordSocket, Refusal>;

/// The socket of records, which is open while the budget allows it.
#[derive(Debug)]
pub(in crate::source::linux::events) struct Intake {
    proc: PathBuf,
    open: Open,
    socket: Option<RecordSocket>,
    /// This process may not receive records, or the kernel has none.
    is_impossible: bool,
    /// When a socket was last opened, or could not be, as in timestamps.
    opened_ns: u64,
    since_ns: Option<u64>,
    completeness: Completeness,
}

impl Intake {
    /// Starts to receive records, if that is possible.
    pub(in crate::source::linux::events) fn start(proc: &Path) -> Self {
        Self::with(proc, RecordSocket::open, Timestamp::monotonic_now_ns())
    }

    fn with(proc: &Path, open: Open, now_ns: u64) -> Self {
        let mut intake = Self {
            proc: proc.to_owned(),
            open,
            socket: None,
            is_impossible: false,
            opened_ns: 0,
            since_ns: None,
            completeness: Completeness::default(),
        };
        intake.open(now_ns);
        intake
    }

    pub(in crate::source::linux::events) fn is_open(&self) -> bool {
        self.socket.is_some()
    }

    /// Returns whether all records arrive, and why not, or why again, if that is news.
    pub(in crate::source::linux::events) fn take_news(&mut self) -> (Option<bool>, Option<String>) {
        self.completeness.take()
    }

    fn may_open(&self, now_ns: u64) -> bool {
        !self.is_impossible && now_ns.saturating_sub(self.opened_ns) >= REOPEN_APART_NS
    }

    fn open(&mut self, now_ns: u64) {
        self.opened_ns = now_ns;
        match (self.open)(&self.proc) {
            Ok(socket) => {
                self.socket = Some(socket);
                self.since_ns = Some(Timestamp::monotonic_now_ns());
                self.completeness.receive(now_ns);
            }
            Err(refusal) => {
                self.is_impossible = refusal.is_lasting;
                self.completeness.stop(refusal.why);
            }
        }
    }

    /// Receives what is there, or closes the socket while the budget does not allow it: `why_not`
    /// returns why, for people.
    ///
    /// Call it after all exits were received that it shall have the records of: the kernel sends the
    /// record first.
    pub(in crate::source::linux::events) fn gather(
        &mut self,
        is_allowed: bool,
        why_not: &dyn Fn() -> String,
        records: &mut Records,
    ) {
        self.gather_at(Timestamp::monotonic_now_ns(), is_allowed, why_not, records);
    }

    fn gather_at(
        &mut self,
        now_ns: u64,
        is_allowed: bool,
        why_not: &dyn Fn() -> String,
        records: &mut Records,
    ) {
        match (is_allowed, self.is_open()) {
            (false, true) => self.close(why_not()),
            (true, false) if self.may_open(now_ns) => self.open(now_ns),
            _ => {}
        }
        let Some(socket) = &mut self.socket else {
            records.forget(None);
            return;
        };
        let (mut loss, mut broken) = (None, None);
        for _ in 0..MAX_CALLS {
            let list = &mut records.list;
            let received = socket.receive(&mut |record| match list.len() < MAX_RECORDS {
                true => list.push(record),
                false => loss = Some(format!("more than {MAX_RECORDS} records waited")),
            });
            match received {
                Ok(Received::Some) => {}
                Ok(Received::All) => break,
                Ok(Received::Lost) => {
                    let dropped = || "the buffer in the kernel was full".into();
                    loss.get_or_insert_with(dropped);
                }
                Err(errno) => {
                    let error = std::io::Error::from(errno);
                    broken = Some(format!(
                        "cannot receive from the kernel's taskstats: {error}"
                    ));
                    break;
                }
            }
        }
        if let Some(reason) = broken {
            self.close(reason);
            records.forget(None);
        } else if let Some(loss) = loss {
            self.since_ns = Some(Timestamp::monotonic_now_ns());
            records.forget(self.since_ns);
            let reason = || format!("records of the kernel's taskstats were lost: {loss}");
            self.completeness.lose(now_ns, reason);
        } else {
            records.since_ns = self.since_ns;
            self.completeness.receive(now_ns);
        }
    }

    fn close(&mut self, reason: String) {
        (self.socket, self.since_ns) = (None, None);
        self.completeness.stop(reason);
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use rustix::io::Errno;

    use super::*;

    const S: u64 = 1_000_000_000;

    thread_local! {
        /// The attempts so far.
        static ATTEMPTS: Cell<u32> = const { Cell::new(0) };
    }

    /// Finds no descriptor twice, and opens a socket without records then.
    fn busy(_: &Path) -> Result<RecordSocket, Refusal> {
        let before = ATTEMPTS.replace(ATTEMPTS.get() + 1);
        match before {
            0 | 1 => Err(Refusal::new("open a socket for", Errno::MFILE)),
            _ => RecordSocket::silent(),
        }
    }

    fn forbidden(_: &Path) -> Result<RecordSocket, Refusal> {
        ATTEMPTS.set(ATTEMPTS.get() + 1);
        Err(Refusal::new("receive", Errno::PERM))
    }

    fn too_dear() -> String {
        "the budget".into()
    }

    #[test]
    fn an_error_that_passes_is_tried_again_after_a_while() {
        let mut records = Records::default();
        let mut intake = Intake::with(Path::new("/proc"), busy, 100 * S);
        let (state, reason) = intake.take_news();
        let reason = reason.unwrap_or_default();
        assert_eq!(state, Some(false));
        assert!(
            reason.starts_with("cannot open a socket for the kernel's"),
            "{reason}"
        );
        for (at, attempts) in [(101, 1), (109, 1), (110, 2), (119, 2)] {
            intake.gather_at(at * S, true, &too_dear, &mut records);
            assert_eq!(ATTEMPTS.get(), attempts, "at {at} s");
            assert_eq!(intake.take_news(), (Some(false), None));
        }
        intake.gather_at(120 * S, true, &too_dear, &mut records);
        let again = Some("the kernel's taskstats arrive again".to_owned());
        assert_eq!(intake.take_news(), (Some(true), again));
        assert!(intake.is_open() && records.since_ns.is_some());
        // The budget is short, and then it is not.
        intake.gather_at(125 * S, false, &too_dear, &mut records);
        assert_eq!(intake.take_news(), (Some(false), Some(too_dear())));
        assert!(!intake.is_open() && records.since_ns.is_none());
        intake.gather_at(131 * S, true, &too_dear, &mut records);
        assert_eq!(intake.take_news().0, Some(true));
    }

    #[test]
    fn missing_rights_are_not_tried_again() {
        let mut records = Records::default();
        let mut intake = Intake::with(Path::new("/proc"), forbidden, 100 * S);
        intake.gather_at(200 * S, true, &too_dear, &mut records);
        // The first reason stays: with more budget there would be none either.
        intake.gather_at(300 * S, false, &too_dear, &mut records);
        assert_eq!(ATTEMPTS.get(), 1);
        let why = "cannot receive the kernel's taskstats: CAP_NET_ADMIN is required";
        assert_eq!(intake.take_news(), (Some(false), Some(why.into())));
    }
}
