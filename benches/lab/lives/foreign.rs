//! Another program that listens to the same events, and stops again.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::net::netlink::CONNECTOR;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, send, socket_with};

/// `PROC_CN_MCAST_LISTEN` and `PROC_CN_MCAST_IGNORE`.
const LISTEN: u32 = 1;
const IGNORE: u32 = 2;

/// Requests until this is dropped. Before Linux 6.6 each IGNORE counts, whether its sender listened or not.
pub(super) struct Foreign {
    must_end: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<()>>,
}

impl Foreign {
    pub(super) fn start(per_second: u32) -> io::Result<Self> {
        let must_end = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let must_end = Arc::clone(&must_end);
            move || run(&must_end, Duration::from_secs(1) / per_second)
        });
        Ok(Self { must_end, thread })
    }

    pub(super) fn end(self) -> Result<(), Box<dyn Error>> {
        self.must_end.store(true, Ordering::Relaxed);
        Ok(self.thread.join().map_err(|_| "a panic")??)
    }
}

fn run(must_end: &AtomicBool, every: Duration) -> io::Result<()> {
    let mut due = Instant::now();
    while !must_end.load(Ordering::Relaxed) {
        // A new socket each time: a newer kernel counts what each one has requested.
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            Some(CONNECTOR),
        )?;
        for what in [IGNORE, LISTEN, IGNORE, IGNORE] {
            send(&socket, &request(what), SendFlags::empty())?;
        }
        due += every;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(())
}

/// Builds `struct nlmsghdr`, `struct cn_msg` and the request.
fn request(what: u32) -> Vec<u8> {
    const NLMSG_DONE: u32 = 3;
    const LEN: u32 = 40;
    /// `CN_IDX_PROC` and `CN_VAL_PROC`.
    const ID: u32 = 1;
    let words = [
        LEN,
        NLMSG_DONE.to_le(),
        0,
        0,
        ID,
        ID,
        0,
        0,
        4_u32.to_le(),
        what,
    ];
    words.into_iter().flat_map(u32::to_ne_bytes).collect()
}
