//! Sockets that listen: TCP, and unix sockets where the system has them.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use process_scanner::{Error, Result};

use super::connections::Connections;
use super::site::Site;
use crate::cli::settings::Address;

/// Pause after an error of accept(2), such as too many open descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Sockets that listen, but do not accept yet.
pub(crate) struct Listeners(Vec<Listener>);

enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(unix::Socket),
}

impl Listeners {
    /// Listens at all addresses.
    ///
    /// # Errors
    ///
    /// The first address that cannot be used.
    pub(crate) fn bind(addresses: &[Address]) -> Result<Self> {
        let listeners = addresses.iter().map(|address| {
            let listener = match address {
                Address::Ip(address) => tcp(*address).map(Listener::Tcp),
                Address::Unix(path) => unix_socket(path),
            };
            listener.map_err(|error| {
                let advice = advice(&error);
                Error::from_io(format!("cannot listen at {address}"), error).with_advice(advice)
            })
        });
        listeners.collect::<Result<_>>().map(Self)
    }

    /// Returns where they listen, as people open it: `http://127.0.0.1:9257`, or `unix:` and a path.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = |listener: &Listener| match listener {
            Listener::Tcp(listener) => listener
                .local_addr()
                .map_or_else(|_| "http://?".into(), |address| format!("http://{address}")),
            #[cfg(unix)]
            Listener::Unix(socket) => format!("unix:{}", socket.path().display()),
        };
        self.0.iter().map(name).collect()
    }

    /// Accepts connections once the runtime runs. Call it in the runtime.
    ///
    /// # Errors
    ///
    /// If the system has no descriptor left.
    pub(super) fn accept_all(
        self,
        site: &Arc<Site>,
        connections: &Arc<Connections>,
    ) -> io::Result<()> {
        for listener in self.0 {
            let (site, connections) = (Arc::clone(site), Arc::clone(connections));
            match listener {
                Listener::Tcp(listener) => {
                    let listener = tokio::net::TcpListener::from_std(listener)?;
                    tokio::spawn(accept_tcp(listener, site, connections));
                }
                #[cfg(unix)]
                Listener::Unix(socket) => {
                    tokio::spawn(accept_unix(socket.listener()?, socket, site, connections));
                }
            }
        }
        Ok(())
    }
}

async fn accept_tcp(
    listener: tokio::net::TcpListener,
    site: Arc<Site>,
    connections: Arc<Connections>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // A response is written in few pieces, and none should wait for the next.
                let _ = stream.set_nodelay(true);
                connections.serve(stream, &site);
            }
            Err(error) => {
                connections.make_room(&site);
                pause_after(&error).await;
            }
        }
    }
}

/// `_socket`: its file is removed when this ends.
#[cfg(unix)]
async fn accept_unix(
    listener: tokio::net::UnixListener,
    _socket: unix::Socket,
    site: Arc<Site>,
    connections: Arc<Connections>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => connections.serve(stream, &site),
            Err(error) => {
                connections.make_room(&site);
                pause_after(&error).await;
            }
        }
    }
}

async fn pause_after(error: &io::Error) {
    log::warn!("cannot accept a connection: {error}");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

fn tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

#[cfg(unix)]
fn unix_socket(path: &Path) -> io::Result<Listener> {
    unix::Socket::bind(path).map(Listener::Unix)
}

#[cfg(not(unix))]
fn unix_socket(_: &Path) -> io::Result<Listener> {
    Err(io::ErrorKind::Unsupported.into())
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "stop the other program that listens there, or choose another address with --listen"
        }
        io::ErrorKind::PermissionDenied => {
            "choose a port from 1024 on, or a folder that you may write to"
        }
        io::ErrorKind::AddrNotAvailable => "choose an address of this host",
        io::ErrorKind::NotFound => "create the folder of the socket",
        _ => "choose another address with --listen",
    }
}

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::io;
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::{Path, PathBuf};

    /// A unix socket, whose file is removed at the end.
    pub(super) struct Socket {
        listener: UnixListener,
        file: SocketFile,
    }

    struct SocketFile {
        path: PathBuf,
        /// Device and inode: another server can have replaced the file.
        id: Option<(u64, u64)>,
    }

    impl Drop for SocketFile {
        fn drop(&mut self) {
            if self.id.is_some() && self.id == id(&self.path) {
                let _ = fs::remove_file(&self.path);
            }
        }
    }

    fn id(path: &Path) -> Option<(u64, u64)> {
        let found = fs::symlink_metadata(path).ok()?;
        Some((found.dev(), found.ino()))
    }

    impl Socket {
        /// Listens at a path. The socket of a server that has ended is replaced; another file is not.
        pub(super) fn bind(path: &Path) -> io::Result<Self> {
            let is_socket =
                fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
            if is_socket && is_dead(path) {
                fs::remove_file(path)?;
            }
            let listener = UnixListener::bind(path)?;
            listener.set_nonblocking(true)?;
            Ok(Self {
                listener,
                file: SocketFile {
                    path: path.to_owned(),
                    id: id(path),
                },
            })
        }

        pub(super) fn path(&self) -> &Path {
            &self.file.path
        }

        pub(super) fn listener(&self) -> io::Result<tokio::net::UnixListener> {
            tokio::net::UnixListener::from_std(self.listener.try_clone()?)
        }
    }

    fn is_dead(path: &Path) -> bool {
        UnixStream::connect(path)
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    }
}
