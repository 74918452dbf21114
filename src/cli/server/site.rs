//! What requests are answered from.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::access::Access;
use crate::cli::exposition::Published;

/// What requests are answered from.
pub(crate) struct Site {
    pub(super) published: Arc<Published>,
    rules: Mutex<Arc<SiteRules>>,
    /// A permit for each client of `/events`.
    pub(super) event_clients: Arc<Semaphore>,
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
        rules: SiteRules,
        max_event_clients: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            published,
            rules: Mutex::new(Arc::new(rules)),
            event_clients: Arc::new(Semaphore::new(max_event_clients)),
        })
    }

    /// Replaces what clients may read, and returns the rules before. Streams that are open go on.
    pub(crate) fn set_rules(&self, rules: SiteRules) -> Arc<SiteRules> {
        let mut now = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut now, Arc::new(rules))
    }

    pub(super) fn rules(&self) -> Arc<SiteRules> {
        Arc::clone(&self.rules.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
