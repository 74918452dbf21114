//! The socket of systemd, as in sd_notify(3).

pub(super) use self::platform::{Socket, monotonic_us};

#[cfg(target_os = "linux")]
mod platform {
    use std::ffi::OsStr;
    use std::io;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    use rustix::time::{ClockId, clock_gettime};

    /// A socket without a connection: a manager that starts again has a new socket at the same address.
    #[derive(Debug)]
    pub(crate) struct Socket {
        socket: UnixDatagram,
        address: SocketAddr,
    }

    impl Socket {
        /// Returns `None` if the environment names no socket.
        pub(crate) fn from_environment() -> io::Result<Option<Self>> {
            match std::env::var_os("NOTIFY_SOCKET") {
                Some(name) if !name.is_empty() => Self::to(&name).map(Some),
                _ => Ok(None),
            }
        }

        /// `name`: a path, or `@` and an abstract name.
        pub(crate) fn to(name: &OsStr) -> io::Result<Self> {
            let address = match name.as_bytes() {
                [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
                [b'/', ..] => SocketAddr::from_pathname(name)?,
                _ => return Err(io::Error::other("NOTIFY_SOCKET is no unix socket")),
            };
            let socket = UnixDatagram::unbound()?;
            socket.set_nonblocking(true)?;
            Ok(Self { socket, address })
        }

        pub(crate) fn send(&self, message: &str) -> io::Result<()> {
            let sent = self.socket.send_to_addr(message.as_bytes(), &self.address);
            sent.map(drop)
        }
    }

    /// Reads the clock that systemd compares with, in microseconds: CLOCK_MONOTONIC.
    pub(crate) fn monotonic_us() -> u64 {
        let now = clock_gettime(ClockId::Monotonic);
        now.tv_sec.unsigned_abs() * 1_000_000 + now.tv_nsec.unsigned_abs() / 1000
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use std::io;

    /// No manager: this system has no systemd.
    #[derive(Debug)]
    pub(crate) enum Socket {}

    impl Socket {
        pub(crate) fn from_environment() -> io::Result<Option<Self>> {
            Ok(None)
        }

        pub(crate) fn send(&self, _: &str) -> io::Result<()> {
            match *self {}
        }
    }

    pub(crate) fn monotonic_us() -> u64 {
        unreachable!("BUG: there is no socket on this system")
    }
}
