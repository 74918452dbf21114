//! A consumer that is called: a thread that waits for its batches.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use crossbeam_channel::Receiver;
use log::error;

use super::{Consumer, ConsumerId, Consumers};
use crate::batch::Batch;
use crate::error::{Error, Result};

pub(super) fn spawn(
    id: ConsumerId,
    batches: Receiver<Arc<Batch>>,
    consumers: &Consumers,
    mut consumer: impl Consumer + 'static,
) -> Result<()> {
    let consumers = consumers.clone();
    let ending = consumers.ending();
    thread::Builder::new()
        .name(format!("pscan-call-{}", id.0))
        .spawn(move || {
            for batch in batches {
                // What it leaves half done is its own, and it is never called again.
                let call = AssertUnwindSafe(|| consumer.on_batch(&batch));
                if let Err(panic) = catch_unwind(call) {
                    error!(
                        "consumer {} is removed, it panicked: {}",
                        id.0,
                        said(&*panic)
                    );
                    consumers.count_panic();
                    consumers.leave(id);
                    break;
                }
            }
            // A consumer's own drop is part of its work, so stopping waits for it.
            drop(consumer);
            drop(ending);
        })
        .map_err(|error| Error::from_io("cannot start a consumer's thread", error))?;
    Ok(())
}

fn said(panic: &(dyn Any + Send)) -> &str {
    match panic.downcast_ref::<String>() {
        Some(text) => text,
        None => panic.downcast_ref::<&str>().unwrap_or(&"without a text"),
    }
}
