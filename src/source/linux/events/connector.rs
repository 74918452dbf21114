//! The socket of the kernel's process connector.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{
    AddressFamily, SendFlags, SocketFlags, SocketType, bind, send, socket_with, sockopt,
};
use rustix::time::Timespec;

use super::kernel_event::{KernelEvent, Request, What, request};
use super::netlink_receive::{Received, receive};

/// How long the answer to the first request may take.
const DEADLINE: Duration = Duration::from_millis(500);

/// Messages that one system call receives.
const MESSAGES: usize = 64;

/// Longer than any message of the connector, which has 76 bytes.
const MESSAGE_LEN: usize = 128;

/// `CN_IDX_PROC` as a group of netlink(7).
const GROUP: u32 = 1;

/// A socket that receives the births, execs and exits of this host.
pub(super) struct Connector {
    socket: OwnedFd,
    buffers: Vec<[u8; MESSAGE_LEN]>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connector").field(&self.socket).finish()
    }
}

impl Connector {
    /// Starts to listen. With a filter, only these kinds of event arrive, if the kernel can filter.
    ///
    /// Returns the reason for people if it is not possible.
    pub(super) fn open(buffer_bytes: usize, filter: Option<u32>) -> Result<Self, String> {
        let cannot = |action: &'static str| move |errno| describe(action, errno);
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            Some(netlink::CONNECTOR),
        )
        .map_err(cannot("open a socket for"))?;
        // Without CAP_NET_ADMIN the limit is net.core.rmem_max.
        if sockopt::set_socket_recv_buffer_size_force(&socket, buffer_bytes).is_err() {
            let _ = sockopt::set_socket_recv_buffer_size(&socket, buffer_bytes);
        }
        bind(&socket, &SocketAddrNetlink::new(0, GROUP)).map_err(cannot("join"))?;
        let mut connector = Self {
            socket,
            buffers: vec![[0; MESSAGE_LEN]; MESSAGES],
        };
        let cookie = new_cookie();
        connector
            .send(Request::Listen, None, cookie)
            .map_err(cannot("listen to"))?;
        connector.await_answer(cookie.wrapping_add(1))?;
        // A socket with a filter gets no answer, so the filter comes last.
        if let Some(filter) = filter {
            let cookie = new_cookie();
            connector
                .send(Request::Listen, Some(filter), cookie)
                .map_err(cannot("filter"))?;
            while connector.receive(&mut |_| {}) == Ok(Received::Some) {}
        }
        Ok(connector)
    }

    /// Creates one whose socket is none.
    #[cfg(test)]
    pub(super) fn broken() -> Self {
        let (reader, _) = std::io::pipe().expect("a pipe");
        Self {
            socket: reader.into(),
            buffers: vec![[0; MESSAGE_LEN]; MESSAGES],
        }
    }

    /// Waits until the kernel has accepted the request. A kernel that ignores it does not answer.
    fn await_answer(&mut self, cookie: u32) -> Result<(), String> {
        let until = Instant::now() + DEADLINE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(
                    "the kernel does not answer: it only reports processes to the first \
                            user and pid namespace"
                        .into(),
                );
            }
            wait(&[self.as_fd()], Some(left));
            let mut answer = None;
            let received = self.receive(&mut |event| {
                // Answers go to all listeners. The cookie is ours.
                if let What::Answer { error, cookie: of } = event.what
                    && of == cookie
                {
                    answer = Some(error);
                }
            });
            received.map_err(|errno| describe("receive from", errno))?;
            match answer {
                Some(0) => return Ok(()),
                Some(error) => {
                    let errno = Errno::from_raw_os_error(error.cast_signed());
                    return Err(describe("listen to", errno));
                }
                None => {}
            }
        }
    }

    /// Requests to listen from now on: to all events, or to these kinds alone, if the kernel can filter.
    ///
    /// Another program may have stopped it for all listeners (before Linux 6.6).
    pub(super) fn listen(&self, filter: Option<u32>) -> Result<(), String> {
        self.send(Request::Listen, filter, new_cookie())
            .map_err(|errno| describe("listen to", errno))
    }

    /// Returns the size of the buffer in the kernel, in bytes.
    pub(super) fn buffer_bytes(&self) -> Option<usize> {
        sockopt::socket_recv_buffer_size(&self.socket).ok()
    }

    fn send(&self, what: Request, filter: Option<u32>, cookie: u32) -> Result<(), Errno> {
        let message = request(what, filter, cookie);
        send(&self.socket, &message, SendFlags::empty()).map(drop)
    }

    /// Receives what is there, in the order of the kernel's queue, without waiting.
    pub(super) fn receive(&mut self, take: &mut dyn FnMut(KernelEvent)) -> Result<Received, Errno> {
        receive(&self.socket, &mut self.buffers, &mut |message| {
            KernelEvent::parse(message).into_iter().for_each(&mut *take);
        })
    }
}

impl AsFd for Connector {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Connector {
    fn drop(&mut self) {
        // Before Linux 6.6 the kernel does not notice that a listener has left.
        let _ = self.send(Request::Ignore, None, new_cookie());
    }
}

/// Waits until one of these can be read. Returns which can.
pub(super) fn wait<const N: usize>(
    sources: &[BorrowedFd<'_>; N],
    at_most: Option<Duration>,
) -> [bool; N] {
    let mut polled = sources.map(|source| PollFd::from_borrowed_fd(source, PollFlags::IN));
    let at_most = at_most.map(|at_most| Timespec {
        tv_sec: i64::try_from(at_most.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: at_most.subsec_nanos().into(),
    });
    match poll(&mut polled, at_most.as_ref()) {
        Ok(_) => polled.map(|polled| !polled.revents().is_empty()),
        Err(_) => [false; N],
    }
}

fn describe(action: &str, errno: Errno) -> String {
    let why = match errno {
        Errno::PERM | Errno::ACCESS => "this kernel requires CAP_NET_ADMIN".into(),
        Errno::CONNREFUSED => "it does not exist in this network namespace".into(),
        Errno::PROTONOSUPPORT | Errno::AFNOSUPPORT | Errno::NOENT => {
            "this kernel does not have it".into()
        }
        errno => std::io::Error::from(errno).to_string(),
    };
    format!("cannot {action} the kernel's process connector: {why}")
}

/// Returns a number that the answers to other requests do not have.
fn new_cookie() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    // An answer has it plus one, and must not be the next one's.
    let count = COUNT.fetch_add(2, Ordering::Relaxed);
    (std::process::id() << 10) | (count & 0x3ff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_in_time_and_reports_what_can_be_read() {
        let (ours, theirs) = rustix::net::socketpair(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )
        .expect("two sockets");
        let short = Some(Duration::from_millis(1));
        assert_eq!(wait(&[ours.as_fd(), theirs.as_fd()], short), [false, false]);
        send(&theirs, b"x", SendFlags::empty()).expect("there is room");
        assert_eq!(wait(&[ours.as_fd(), theirs.as_fd()], None), [true, false]);
    }

    #[test]
    fn our_own_birth_is_heard() {
        let mut connector = match Connector::open(1 << 20, None) {
            Ok(connector) => connector,
            Err(why) => return eprintln!("skipped: {why}"),
        };
        let mut child = std::process::Command::new("true").spawn().expect("a child");
        let pid = child.id();
        child.wait().expect("it ends");
        let mut heard = Vec::new();
        while !heard.contains(&"exit") {
            wait(&[connector.as_fd()], None);
            connector
                .receive(&mut |event| match event.what {
                    What::Fork { tid, pid: of, .. } if of == pid && tid == pid => {
                        heard.push("fork")
                    }
                    What::Exec { pid: of } if of == pid => heard.push("exec"),
                    What::Exit {
                        pid: of, status, ..
                    } if of == pid => {
                        assert_eq!(status, 0);
                        heard.push("exit");
                    }
                    _ => {}
                })
                .expect("the socket works");
        }
        assert_eq!(heard, ["fork", "exec", "exit"]);
    }
}
