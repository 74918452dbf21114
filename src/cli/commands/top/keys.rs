//! Reads keys, clicks and changes of the size.

use std::thread;

use crossbeam_channel::{Receiver, bounded};
use crossterm::event::{self, Event};
use process_scanner::{Error, Result};

/// Keys that may wait, such as those of a text that is pasted.
const QUEUE: usize = 256;

/// Starts the reading thread, and returns its channel, which closes when the terminal cannot be read.
///
/// The thread ends with the program: reading cannot be interrupted.
pub(super) fn start() -> Result<Receiver<Event>> {
    let (sender, keys) = bounded(QUEUE);
    thread::Builder::new()
        .name("pscan-keys".into())
        .spawn(move || {
            while let Ok(event) = event::read() {
                if sender.send(event).is_err() {
                    break;
                }
            }
        })
        .map_err(|error| Error::from_io("cannot start the reading thread", error))?;
    Ok(keys)
}
