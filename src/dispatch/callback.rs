//! A consumer that is called: a thread that waits for its batches.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle};

use crossbeam_channel::Sender;
use log::error;

use super::inbox::Inbox;
use super::{Consumer, ConsumerId, Consumers};
use crate::cpu_clock::CpuClock;
use crate::error::{Error, Result, said};

pub(super) fn spawn(
    id: ConsumerId,
    inbox: Inbox,
    consumers: &Consumers,
    ending: Sender<Infallible>,
    mut consumer: impl Consumer + 'static,
) -> Result<JoinHandle<()>> {
    let consumers = consumers.clone();
    thread::Builder::new()
        .name(format!("pscan-call-{}", id.0))
        .spawn(move || {
            // What it leaves half done is its own, and it is never called again.
            let calls = AssertUnwindSafe(|| {
                let mut clock = CpuClock::start();
                while let Some(batch) = inbox.recv() {
                    consumer.on_batch(&batch);
                    if let Some(spent) = clock.lap() {
                        inbox.traffic().add_callback_cpu(spent);
                        consumers.cpu().add_callback(spent);
                    }
                }
            });
            let called = catch_unwind(calls);
            // Its own drop is part of its work, so that stopping waits for it too.
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(consumer)));
            if let Err(panic) = called.and(dropped) {
                error!("{id} is removed, it panicked: {}", said(&*panic));
                consumers.count_panic();
                consumers.leave(id);
            }
            drop(ending);
        })
        .map_err(|error| Error::from_io("cannot start a consumer's thread", error))
}
