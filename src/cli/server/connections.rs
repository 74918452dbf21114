//! Open connections: how many there are, and which one makes room for a new one.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::AbortHandle;
use tokio_io_timeout::TimeoutStream;

use super::marks::Marks;
use super::routes;
use super::site::Site;

/// Longest time for the head of a request, and between two requests of one connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// Longest time in which a client may read nothing of a response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

/// Largest head of a request, in bytes: the least that hyper takes.
const MAX_HEAD_BYTES: usize = 8192;

/// All open connections.
///
/// A new connection always gets in. At the limit the one whose last request is the oldest is
/// closed, so idle and slow clients cannot keep others out. Streams of events stay: they have a limit of their
/// own, which is lower.
pub(super) struct Connections {
    max: usize,
    open: Mutex<Vec<Open>>,
    /// Number of connections and requests so far.
    clock: AtomicU64,
}

struct Open {
    marks: Arc<Marks>,
    abort: AbortHandle,
}

impl Connections {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            open: Mutex::default(),
            clock: AtomicU64::new(0),
        })
    }

    /// Serves a connection in a task of its own.
    pub(super) fn serve<S>(self: &Arc<Self>, stream: S, site: &Arc<Site>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let marks = Arc::new(Marks {
            used_at: AtomicU64::new(self.tick()),
            ..Marks::default()
        });
        let (connections, site) = (Arc::clone(self), Arc::clone(site));
        let of_task = Arc::clone(&marks);
        let mut open = self.lock();
        if open.len() >= self.max {
            close_oldest(&mut open, &site);
        }
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(WRITE_TIMEOUT));
        // The task cannot end before it is in the list: it needs the lock for that.
        let task = tokio::spawn(async move {
            let service = service_fn(|request| {
                of_task.used_at.store(connections.tick(), Ordering::Relaxed);
                let (site, marks) = (Arc::clone(&site), Arc::clone(&of_task));
                async move { Ok::<_, Infallible>(routes::respond(&request, &site, marks).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .max_buf_size(MAX_HEAD_BYTES)
                .serve_connection(TokioIo::new(Box::pin(stream)), service);
            if let Err(error) = connection.await {
                log::debug!("a connection ended: {error}");
            }
            connections
                .lock()
                .retain(|open| !Arc::ptr_eq(&open.marks, &of_task));
        });
        open.push(Open {
            marks,
            abort: task.abort_handle(),
        });
    }

    /// Closes a connection, because the system has no descriptors left.
    pub(super) fn make_room(&self, site: &Site) {
        close_oldest(&mut self.lock(), site);
    }

    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Open>> {
        // Nothing in there panics half way.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes the connection whose last request is the oldest, unless it streams events.
fn close_oldest(open: &mut Vec<Open>, site: &Site) {
    let closable = open.iter().enumerate();
    let closable = closable.filter(|(_, open)| !open.marks.is_stream.load(Ordering::Relaxed));
    let oldest = closable.min_by_key(|(_, open)| open.marks.used_at.load(Ordering::Relaxed));
    if let Some((at, _)) = oldest {
        open.swap_remove(at).abort.abort();
        site.published.serving().closed_connection();
    }
}
