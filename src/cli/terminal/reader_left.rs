//! Notices that the reader of the output has gone, though there is nothing to write.

use crossbeam_channel::Receiver;

/// Returns a channel that closes when the reader of standard output has gone.
///
/// Without it a command that rarely prints would only notice with its next line. It never closes
/// for files and terminals, and on systems without poll(2).
pub(crate) fn reader_left() -> Receiver<()> {
    watch(false)
}

/// Returns a channel that closes when the terminal has gone that is standard input or output.
///
/// A program that asks it for keys would get none, for ever. It never closes where poll(2) knows no terminals, as
/// on macOS; SIGHUP comes there too.
pub(crate) fn terminal_left() -> Receiver<()> {
    watch(true)
}

#[cfg(unix)]
fn watch(has_stdin: bool) -> Receiver<()> {
    use std::io;
    use std::os::fd::AsFd;
    use std::thread;

    use crossbeam_channel::{bounded, never};
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;

    let (is_open, closed) = bounded(0);
    let thread = thread::Builder::new().name("pscan-reader".into());
    let watch = move || {
        let _is_open = is_open;
        let (stdin, stdout) = (io::stdin(), io::stdout());
        let all = [stdout.as_fd(), stdin.as_fd()];
        // Without requested events only an error or a hang-up ends the wait, see poll(2).
        let watched = all.iter().map(|fd| PollFd::new(fd, PollFlags::empty()));
        let mut watched: Vec<_> = watched.take(1 + usize::from(has_stdin)).collect();
        while poll(&mut watched, None) == Err(Errno::INTR) {}
        let gone = PollFlags::ERR | PollFlags::HUP;
        if !watched.iter().any(|fd| fd.revents().intersects(gone)) {
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
fn watch(_: bool) -> Receiver<()> {
    crossbeam_channel::never()
}
