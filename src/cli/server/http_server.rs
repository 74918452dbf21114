//! The thread that serves.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use process_scanner::{Error, Result};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::connections::Connections;
use super::listeners::Listeners;
use super::site::Site;

/// Longest wait for responses that are being written when the server stops.
const LAST_RESPONSES: Duration = Duration::from_millis(200);

/// A running server. Dropping it stops the server.
pub(crate) struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a thread that serves all listeners.
    ///
    /// # Errors
    ///
    /// If the system has no thread or descriptor left.
    pub(crate) fn start(
        listeners: Listeners,
        site: &Arc<Site>,
        max_connections: usize,
    ) -> Result<Self> {
        let cannot = |error| Error::from_io("cannot start the server", error);
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(cannot)?;
        {
            let _runtime = runtime.enter();
            let connections = Connections::new(max_connections);
            listeners.accept_all(site, &connections).map_err(cannot)?;
        }
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("pscan-serve".into())
            .spawn(move || serve(runtime, stopped))
            .map_err(cannot)?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("the server's thread panicked");
        }
    }
}

fn serve(runtime: Runtime, stopped: oneshot::Receiver<()>) {
    // The sender is dropped to stop the server.
    let _ = runtime.block_on(stopped);
    runtime.shutdown_timeout(LAST_RESPONSES);
}
