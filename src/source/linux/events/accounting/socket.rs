//! The socket that the kernel sends its records of ended threads to.

use std::fmt;
use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{
    AddressFamily, SendFlags, SocketFlags, SocketType, bind, send, socket_with, sockopt,
};

use super::message::{
    CONTROL, FAMILY_ID, FAMILY_NAME, GET_FAMILY, Message, attributes, request, short,
};
use super::refusal::Refusal;
use super::thread_record::Record;
use crate::source::linux::events::connector::wait;
use crate::source::linux::events::netlink_receive::{Received, receive};

/// `TASKSTATS_GENL_NAME`, with the 0 at its end.
const NAME: &[u8] = b"TASKSTATS\0";

/// `TASKSTATS_CMD_GET`, with which a listener registers, and `TASKSTATS_CMD_NEW`.
const GET: u8 = 1;

/// `TASKSTATS_CMD_ATTR_REGISTER_CPUMASK` and `TASKSTATS_CMD_ATTR_DEREGISTER_CPUMASK`.
const REGISTER: u16 = 3;
const DEREGISTER: u16 = 4;

/// How long the kernel may take to answer.
const DEADLINE: Duration = Duration::from_millis(500);

/// The buffer in the kernel: room for some thousand records.
const BUFFER_BYTES: usize = 4 << 20;

/// Messages that one system call receives.
const MESSAGES: usize = 16;

/// Much longer than a message: 1.2 kB with the part of the process, as of Linux 6.18.
const MESSAGE_LEN: usize = 4096;

/// The kernel counts what threads read and write where this exists.
const IO_FILE: &str = "self/io";

/// CPUs that can be there: a hot-plugged one is one of them.
const CPUS_FILE: &str = "/sys/devices/system/cpu/possible";

/// A socket that receives the records of all threads of this host that end.
pub(super) struct RecordSocket {
    socket: OwnedFd,
    buffers: Vec<[u8; MESSAGE_LEN]>,
    family: u16,
    /// All CPUs, as a list that ends with 0.
    cpus: Vec<u8>,
    has_io: bool,
    last_request: u32,
}

impl fmt::Debug for RecordSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecordSocket").field(&self.socket).finish()
    }
}

impl RecordSocket {
    /// Starts to receive records.
    ///
    /// Returns the reason if it is not possible.
    pub(super) fn open(proc: &Path) -> Result<Self, Refusal> {
        let cannot = |errno| Refusal::new("open a socket for", errno);
        let mut cpus = std::fs::read(CPUS_FILE).map_err(|error| Refusal {
            why: format!("cannot read {CPUS_FILE}: {error}"),
            is_lasting: matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::PermissionDenied
            ),
        })?;
        cpus.truncate(cpus.trim_ascii_end().len());
        cpus.push(0);
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            Some(netlink::GENERIC),
        )
        .map_err(cannot)?;
        if sockopt::set_socket_recv_buffer_size_force(&socket, BUFFER_BYTES).is_err() {
            let _ = sockopt::set_socket_recv_buffer_size(&socket, BUFFER_BYTES);
        }
        bind(&socket, &SocketAddrNetlink::new(0, 0)).map_err(cannot)?;
        let mut socket = Self {
            socket,
            buffers: vec![[0; MESSAGE_LEN]; MESSAGES],
            family: CONTROL,
            cpus,
            has_io: proc.join(IO_FILE).exists(),
            last_request: 0,
        };
        let family = socket.ask(GET_FAMILY, (FAMILY_NAME, NAME), "find")?;
        socket.family = family.ok_or_else(|| Refusal::new("find", Errno::NOENT))?;
        let cpus = socket.cpus.clone();
        socket.ask(GET, (REGISTER, &cpus), "receive")?;
        Ok(socket)
    }

    /// Opens a socket that receives nothing, for a test.
    #[cfg(test)]
    pub(super) fn silent() -> Result<Self, Refusal> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let generic = Some(netlink::GENERIC);
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, generic);
        Ok(Self {
            socket: socket.map_err(|errno| Refusal::new("open a socket for", errno))?,
            buffers: vec![[0; MESSAGE_LEN]; MESSAGES],
            family: CONTROL,
            cpus: vec![0],
            has_io: true,
            last_request: 0,
        })
    }

    /// Sends a request, and waits until the kernel has accepted it. Returns the number of a family, if
    /// the answer has one.
    fn ask(
        &mut self,
        command: u8,
        attribute: (u16, &[u8]),
        action: &'static str,
    ) -> Result<Option<u16>, Refusal> {
        let number = self.send(command, attribute);
        let number = number.map_err(|errno| Refusal::new(action, errno))?;
        let until = Instant::now() + DEADLINE;
        let mut found = None;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Refusal::new(action, Errno::TIMEDOUT));
            }
            wait(&[self.socket.as_fd()], Some(left));
            let mut answer = None;
            // Records may come before the answer. They are as good as missed.
            let received = self.receive_all(&mut |message| match message {
                Message::Answer { request, error } if request == number => answer = Some(error),
                Message::Data {
                    family: CONTROL,
                    attributes: all,
                } => {
                    let mut all = attributes(all);
                    let id = all.find_map(|(kind, id)| (kind == FAMILY_ID).then_some(id));
                    found = found.or(id.and_then(|id| short(id, 0)));
                }
                _ => {}
            });
            received.map_err(|errno| Refusal::new(action, errno))?;
            match answer {
                Some(0) => return Ok(found),
                Some(error) => {
                    let errno = Errno::from_raw_os_error(error.saturating_neg());
                    return Err(Refusal::new(action, errno));
                }
                None => {}
            }
        }
    }

    fn send(&mut self, command: u8, attribute: (u16, &[u8])) -> Result<u32, Errno> {
        self.last_request += 1;
        let message = request(self.family, command, self.last_request, attribute);
        send(&self.socket, &message, SendFlags::empty())?;
        Ok(self.last_request)
    }

    /// Receives some records that are there, in their order, without waiting.
    ///
    /// Those that this crate does not know are as good as lost.
    pub(super) fn receive(&mut self, take: &mut dyn FnMut(Record)) -> Result<Received, Errno> {
        let (family, has_io) = (self.family, self.has_io);
        let mut is_unknown = false;
        let received = self.receive_all(&mut |message| {
            let Message::Data {
                family: of,
                attributes,
            } = message
            else {
                return;
            };
            match Record::parse(attributes).filter(|_| of == family) {
                Some(mut record) => {
                    if !has_io {
                        (record.read_bytes, record.written_bytes) = (None, None);
                    }
                    take(record);
                }
                None => is_unknown = true,
            }
        });
        match is_unknown {
            true => received.map(|_| Received::Lost),
            false => received,
        }
    }

    fn receive_all(&mut self, take: &mut dyn FnMut(Message<'_>)) -> Result<Received, Errno> {
        let mut is_lossy = false;
        let received = receive(&self.socket, &mut self.buffers, &mut |message| {
            match Message::parse(message) {
                Some(message) => take(message),
                // It was longer than the buffer.
                None => is_lossy = true,
            }
        });
        match is_lossy {
            true => received.map(|_| Received::Lost),
            false => received,
        }
    }
}

impl Drop for RecordSocket {
    fn drop(&mut self) {
        // Otherwise the kernel finds out by sending one more record from each CPU.
        let cpus = std::mem::take(&mut self.cpus);
        let _ = self.send(GET, (DEREGISTER, &cpus));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_child_is_recorded() {
        let mut socket = match RecordSocket::open(Path::new("/proc")) {
            Ok(socket) => socket,
            Err(refusal) => return eprintln!("SKIPPED: {}", refusal.why),
        };
        let mut child = std::process::Command::new("true").spawn().expect("a child");
        let pid = child.id();
        child.wait().expect("it ends");
        let mut found = None;
        while found.is_none() {
            wait(&[socket.socket.as_fd()], None);
            let received = socket.receive(&mut |record| {
                found = found.or((record.pid == pid).then_some(record));
            });
            received.expect("the socket works");
        }
        let record = found.expect("it was found");
        assert!(record.is_last.is_none_or(|is_last| is_last));
        assert!(record.peak_rss_bytes.is_some_and(|bytes| bytes < 1 << 30));
        assert_eq!(record.group, None);
        let elapsed_ns = record.elapsed_ns.expect("it has one thread");
        assert!(record.cpu_ns.is_none_or(|cpu_ns| cpu_ns <= elapsed_ns));
    }
}
