//! Notices that the reader of the output has gone, though there is nothing to write.

use crossbeam_channel::Receiver;

/// Returns a channel that closes when the reader of standard output has gone.
///
/// Without it a command that rarely prints would only notice with its next line. It never closes
/// for files and terminals, and on systems without poll(2).
pub(crate) fn reader_left() -> Receiver<()> {
    watch()
}

#[cfg(unix)]
fn watch() -> Receiver<()> {
    use std::io;
    use std::thread;

    use crossbeam_channel::{bounded, never};
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;

    let (is_open, closed) = bounded(0);
    let thread = thread::Builder::new().name("pscan-reader".into());
    let watch = move || {
        let _is_open = is_open;
        let stdout = io::stdout();
        // Without requested events only an error or a hang-up ends the wait, see poll(2).
        let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
        while poll(&mut watched, None) == Err(Errno::INTR) {}
        let gone = PollFlags::ERR | PollFlags::HUP;
        if !watched[0].revents().intersects(gone) {
            // It cannot be watched. The thread must not close the channel.
            loop {
                thread::park();
            }
        }
    };
    // Without the thread, the next line notices it.
    thread.spawn(watch).map_or_else(|_| never(), |_| closed)
}

#[cfg(not(unix))]
fn watch() -> Receiver<()> {
    crossbeam_channel::never()
}
