//! Takes the terminal over, and gives it back at every end.
//!
//! There is one terminal, and a panic of any thread must give it back, so its state is that of the program.

use std::io;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use process_scanner::{Error, Result};

use super::output;

/// Longest wait for a terminal that takes no output, before the rest of a frame is discarded, and then again before
/// the terminal is given back without its last bytes.
const GIVE_BACK_TIMEOUT: Duration = Duration::from_millis(500);

/// The terminal is ours: in raw mode, with the alternate screen.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Held by the one that writes to the terminal.
static WRITING: Mutex<()> = Mutex::new(());

/// Takes the terminal over: raw mode, the alternate screen, reports of the mouse, no cursor.
///
/// It can be taken over again after SIGCONT: a shell has changed its modes.
///
/// # Errors
///
/// If standard input is no terminal, or it has gone.
pub(super) fn take() -> Result<()> {
    let cannot = |error| Error::from_io("cannot take over the terminal", error);
    // Without this, crossterm would take the modes for set.
    let _ = disable_raw_mode();
    enable_raw_mode().map_err(cannot)?;
    IS_TAKEN.store(true, Ordering::SeqCst);
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    output::begin().map_err(cannot)
}

/// Gives the terminal back as it was; does nothing if it is not taken.
///
/// It never waits long: a terminal that takes no output gets its modes back all the same.
pub(super) fn give_back() {
    if !IS_TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Writing can block for ever, also that of the frame before.
    let (written, is_written) = bounded(1);
    let restorer = thread::Builder::new().name("pscan-restore".into());
    let _ = restorer.spawn(move || {
        let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = written.send(output::end());
    });
    if is_written.recv_timeout(GIVE_BACK_TIMEOUT).is_err() {
        output::discard();
        let _ = is_written.recv_timeout(GIVE_BACK_TIMEOUT);
    }
    let _ = disable_raw_mode();
}

/// Writes bytes to the terminal in one piece, or drops the rest if it is no longer taken.
pub(super) fn write(bytes: &[u8]) -> io::Result<()> {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    output::write(bytes, || IS_TAKEN.load(Ordering::SeqCst))
}

/// Makes a panic of any thread give the terminal back before it prints its message.
///
/// Then it sends to `panicked`: a program without its terminal must end.
pub(super) fn give_back_on_panic(panicked: Sender<()>) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        give_back();
        before(info);
        let _ = panicked.try_send(());
    }));
}
