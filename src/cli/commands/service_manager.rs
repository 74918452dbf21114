//! Messages to systemd, as in sd_notify(3). Without `NOTIFY_SOCKET` nothing is sent.

use std::time::Duration;

use crossbeam_channel::{Receiver, never, tick};

use crate::cli::outcome::warn;

/// Pings in the time after which the watchdog ends a service: one that is late is no reason.
const PINGS: u32 = 3;

/// The service manager that has started this process, if there is one.
#[derive(Debug)]
pub(super) struct ServiceManager {
    socket: Option<platform::Socket>,
    /// After so long without a ping it ends this process; `None`: never.
    patience: Option<Duration>,
}

impl ServiceManager {
    /// Connects to the socket that the environment names.
    pub(super) fn connect() -> Self {
        let socket = platform::Socket::connect().unwrap_or_else(|error| {
            warn(&format!("cannot reach the service manager: {error}"));
            None
        });
        let patience = socket.as_ref().and_then(|_| {
            let variable = |name| std::env::var(name).ok();
            patience(variable("WATCHDOG_USEC"), variable("WATCHDOG_PID"))
        });
        Self { socket, patience }
    }

    /// Returns a channel that gets a message when a ping is due.
    pub(super) fn due(&self) -> Receiver<std::time::Instant> {
        self.patience
            .map_or_else(never, |patience| tick(patience / PINGS))
    }

    /// The service works, at first and after a reload.
    pub(super) fn ready(&self) {
        self.send("READY=1");
    }

    /// The service reads its settings again; [`ready`](Self::ready) follows.
    pub(super) fn reloading(&self) {
        if self.socket.is_some() {
            let now_us = platform::monotonic_us();
            self.send(&format!("RELOADING=1\nMONOTONIC_USEC={now_us}"));
        }
    }

    /// Sets the line that `systemctl status` prints; an empty text removes it.
    pub(super) fn status(&self, text: &str) {
        // A line break would begin another message.
        self.send(&format!("STATUS={}", text.replace(['\n', '\r'], " ")));
    }

    /// The service lives.
    pub(super) fn ping(&self) {
        self.send("WATCHDOG=1");
    }

    /// The service ends.
    pub(super) fn stopping(&self) {
        self.send("STOPPING=1");
    }

    fn send(&self, message: &str) {
        let Some(socket) = &self.socket else { return };
        if let Err(error) = socket.send(message) {
            warn(&format!("cannot reach the service manager: {error}"));
        }
    }
}

/// Returns the patience of the watchdog by its variables: sd_watchdog_enabled(3).
fn patience(microseconds: Option<String>, pid: Option<String>) -> Option<Duration> {
    // They are inherited: a pid of another process means that they are not for this one.
    if pid.is_some_and(|pid| pid.parse() != Ok(std::process::id())) {
        return None;
    }
    let microseconds = microseconds?.parse().ok()?;
    (microseconds > 0).then_some(Duration::from_micros(microseconds))
}

#[cfg(target_os = "linux")]
mod platform {
    use std::ffi::OsStr;
    use std::io;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    use std::time::Duration;

    use rustix::time::{ClockId, clock_gettime};

    /// Longest wait for a manager that reads nothing, so that signals are still served.
    const WAIT: Duration = Duration::from_secs(1);

    #[derive(Debug)]
    pub(super) struct Socket(UnixDatagram);

    impl Socket {
        /// Returns `None` if the environment names no socket.
        pub(super) fn connect() -> io::Result<Option<Self>> {
            match std::env::var_os("NOTIFY_SOCKET") {
                Some(name) if !name.is_empty() => Self::connect_to(&name).map(Some),
                _ => Ok(None),
            }
        }

        fn connect_to(name: &OsStr) -> io::Result<Self> {
            let address = match name.as_bytes() {
                [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
                [b'/', ..] => SocketAddr::from_pathname(name)?,
                _ => return Err(io::Error::other("NOTIFY_SOCKET is no unix socket")),
            };
            let socket = UnixDatagram::unbound()?;
            socket.connect_addr(&address)?;
            socket.set_write_timeout(Some(WAIT))?;
            Ok(Self(socket))
        }

        pub(super) fn send(&self, message: &str) -> io::Result<()> {
            self.0.send(message.as_bytes()).map(|_| ())
        }
    }

    /// Reads the clock that systemd compares with, in microseconds: CLOCK_MONOTONIC.
    pub(super) fn monotonic_us() -> u64 {
        let now = clock_gettime(ClockId::Monotonic);
        now.tv_sec.unsigned_abs() * 1_000_000 + now.tv_nsec.unsigned_abs() / 1000
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use std::io;

    /// No manager: this system has no systemd.
    #[derive(Debug)]
    pub(super) enum Socket {}

    impl Socket {
        pub(super) fn connect() -> io::Result<Option<Self>> {
            Ok(None)
        }

        pub(super) fn send(&self, _: &str) -> io::Result<()> {
            match *self {}
        }
    }

    pub(super) fn monotonic_us() -> u64 {
        unreachable!("BUG: there is no socket on this system")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watchdog_is_for_one_process() {
        let text = |text: &str| Some(text.to_owned());
        let own = std::process::id().to_string();
        let minute = Some(Duration::from_secs(60));
        assert_eq!(patience(text("60000000"), None), minute);
        assert_eq!(patience(text("60000000"), text(&own)), minute);
        assert_eq!(patience(text("60000000"), text("1")), None);
        for wrong in [None, text("0"), text("-1"), text("soon"), text("")] {
            assert_eq!(patience(wrong, None), None);
        }
    }
}
