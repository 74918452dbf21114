//! What requests are answered from.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use process_scanner::{Collect, ConsumerId};
use tokio::sync::Semaphore;

use super::access::Access;
use crate::cli::exposition::Published;

/// Answers of `/processes` at a time. Each can have some MB.
const PROCESS_LISTS: usize = 2;

/// What requests are answered from.
pub(crate) struct Site {
    pub(super) published: Arc<Published>,
    /// What the source reads of each process.
    pub(super) collected: Collect,
    rules: Mutex<Arc<SiteRules>>,
    /// A permit for each client of `/events`.
    pub(super) event_clients: Arc<Semaphore>,
    /// A permit for each answer of `/processes`.
    pub(super) process_lists: Arc<Semaphore>,
    /// The consumers of open streams.
    streams: Mutex<HashSet<ConsumerId>>,
}

/// What clients may read. A reload of the settings replaces it.
pub(crate) struct SiteRules {
    pub(crate) access: Access,
    pub(crate) has_events: bool,
    pub(crate) has_processes: bool,
}

impl Site {
    pub(crate) fn new(
        published: Arc<Published>,
        collected: Collect,
        rules: SiteRules,
        max_event_clients: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            published,
            collected,
            rules: Mutex::new(Arc::new(rules)),
            event_clients: Arc::new(Semaphore::new(max_event_clients)),
            process_lists: Arc::new(Semaphore::new(PROCESS_LISTS)),
            streams: Mutex::default(),
        })
    }

    /// Replaces what clients may read. Returns whether the token is another one.
    ///
    /// Streams that the new rules might not allow end.
    pub(crate) fn set_rules(&self, rules: SiteRules) -> bool {
        let rules = Arc::new(rules);
        let before = std::mem::replace(
            &mut *self.rules.lock().unwrap_or_else(PoisonError::into_inner),
            Arc::clone(&rules),
        );
        let is_other = before.access.token != rules.access.token;
        if is_other || !rules.has_events {
            for id in self.streams().drain() {
                self.published.consumers().leave(id);
            }
        }
        is_other
    }

    /// Notes a stream.
    pub(super) fn stream_began(&self, id: ConsumerId) {
        self.streams().insert(id);
        self.published.serving().event_client_came();
    }

    /// Ends a stream.
    pub(super) fn stream_ended(&self, id: ConsumerId) {
        self.streams().remove(&id);
        self.published.consumers().leave(id);
        self.published.serving().event_client_left();
    }

    pub(super) fn rules(&self) -> Arc<SiteRules> {
        Arc::clone(&self.rules.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn streams(&self) -> MutexGuard<'_, HashSet<ConsumerId>> {
        // Nothing in there panics half way.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
