//! What the server counts about itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use process_scanner::Timestamp;

use super::otlp_counts::{OtlpCounts, Sent};

/// Counts of the server since its start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ServerCounts {
    /// Requests by status of the response.
    pub(super) requests: BTreeMap<u16, u64>,
    /// Connections that made room for others.
    pub(super) closed_connections: u64,
    pub(super) event_clients: u64,
    /// The last reload of the settings; `None` if there was none.
    pub(super) reload: Option<Reload>,
    /// What the exporter of OTLP counts; `None` if there is none.
    pub(super) otlp: Option<Sent>,
}

/// A reload of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reload {
    /// In milliseconds since the Unix epoch.
    pub(super) at_ms: u64,
    pub(super) is_good: bool,
}

/// Counts what the server does, from any thread.
#[derive(Debug, Default)]
pub(crate) struct Serving {
    served: Mutex<ServerCounts>,
    otlp: OnceLock<Arc<OtlpCounts>>,
}

impl Serving {
    /// Counts a request that was answered with this status.
    pub(crate) fn answered(&self, status: u16) {
        *self.lock().requests.entry(status).or_default() += 1;
    }

    /// Counts a connection that made room for another.
    pub(crate) fn closed_connection(&self) {
        self.lock().closed_connections += 1;
    }

    /// Counts a client of events that has come.
    pub(crate) fn event_client_came(&self) {
        self.lock().event_clients += 1;
    }

    /// Counts a client of events that has left.
    pub(crate) fn event_client_left(&self) {
        let mut served = self.lock();
        served.event_clients = served.event_clients.saturating_sub(1);
    }

    /// Notes the outcome of a reload.
    pub(crate) fn reloaded(&self, is_good: bool) {
        let at_ms = Timestamp::now().wall_ms;
        self.lock().reload = Some(Reload { at_ms, is_good });
    }

    /// Adds the counts of an exporter. The first stays.
    pub(crate) fn exports(&self, otlp: Arc<OtlpCounts>) {
        let _ = self.otlp.set(otlp);
    }

    pub(super) fn counts(&self) -> ServerCounts {
        ServerCounts {
            otlp: self.otlp.get().map(|otlp| otlp.counts()),
            ..self.lock().clone()
        }
    }

    fn lock(&self) -> MutexGuard<'_, ServerCounts> {
        // Nothing in there panics half way.
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
