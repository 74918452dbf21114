//! The thread of a consumer that is called with its batches.

use std::any::Any;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::Sender;
use log::error;

use super::consumer::Consumer;
use super::queue::Inbox;
use super::registry::Registry;
use crate::metrics::{CpuClock, CpuThread, Observation};
use crate::model::{ConsumerId, Error, Result, escape, panic_text};

pub(super) fn spawn(
    id: ConsumerId,
    inbox: Inbox,
    registry: &Arc<Registry>,
    ending: Sender<Infallible>,
    mut consumer: impl Consumer + 'static,
) -> Result<JoinHandle<()>> {
    let registry = Arc::clone(registry);
    thread::Builder::new()
        .name(format!("pscan-call-{}", id.0))
        .spawn(move || {
            // A panic can only leave the consumer half updated, and it is not called again.
            let calls = AssertUnwindSafe(|| {
                let mut clock = CpuClock::start();
                while let Some(batch) = inbox.recv() {
                    consumer.on_batch(&batch);
                    if let Some(spent) = clock.lap() {
                        inbox.traffic().add_callback_cpu(spent);
                        registry.observe(Observation::CpuUsed {
                            thread: CpuThread::Callbacks,
                            spent,
                        });
                    }
                }
            });
            let called = catch_unwind(calls);
            // Dropping the consumer is part of its work, so stopping waits for it too.
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(consumer)));
            let panics: Vec<_> = [called, dropped]
                .into_iter()
                .filter_map(Result::err)
                .collect();
            if let Some(panic) = panics.first() {
                error!(
                    "{} panicked and is removed: {}",
                    inbox.traffic(),
                    escape(panic_text(&**panic))
                );
                registry.observe(Observation::ConsumerPanicked);
                registry.leave(id);
            }
            panics.into_iter().for_each(discard);
            drop(ending);
        })
        .map_err(|error| Error::of_thread("cannot start the thread of a consumer", error))
}

/// Drops the payload of a panic. Its `drop` is foreign code and may panic too; that payload is
/// leaked.
pub(crate) fn discard(panic: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::resume_unwind;

    use super::*;

    /// Panics this many times when it is dropped.
    struct Again(u32);

    impl Drop for Again {
        fn drop(&mut self) {
            if self.0 > 0 {
                resume_unwind(Box::new(Again(self.0 - 1)));
            }
        }
    }

    #[test]
    fn a_payload_that_panics_on_drop_is_discarded() {
        for times in 0..3 {
            discard(Box::new(Again(times)));
        }
    }
}
