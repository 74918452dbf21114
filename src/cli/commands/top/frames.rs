//! Draws frames, and writes each in one piece on a thread of its own.
//!
//! A terminal that takes no output delays neither keys nor batches: the next frame has all that happened
//! meanwhile.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use process_scanner::{Error, Result};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

use super::takeover;
use crate::cli::terminal;

/// Begin and end of an update that the terminal displays as a whole, if it knows them.
const BEGIN_UPDATE: &[u8] = b"\x1b[?2026h";
const END_UPDATE: &[u8] = b"\x1b[?2026l";

/// Clears the screen.
const CLEAR: &[u8] = b"\x1b[0m\x1b[2J";

/// The bytes of the next frame.
#[derive(Debug, Clone, Default)]
struct Bytes(Rc<RefCell<Vec<u8>>>);

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Draws to the terminal.
pub(super) struct Frames {
    terminal: Terminal<CrosstermBackend<Bytes>>,
    bytes: Bytes,
    /// What was written last.
    last: Vec<u8>,
    to_write: Sender<Vec<u8>>,
    /// Gets the outcome of each write.
    pub(super) written: Receiver<io::Result<Vec<u8>>>,
    is_busy: bool,
}

impl Frames {
    /// Starts the writing thread.
    pub(super) fn new() -> Result<Self> {
        let (to_write, frames) = bounded::<Vec<u8>>(1);
        let (outcome, written) = bounded(1);
        thread::Builder::new()
            .name("pscan-screen".into())
            .spawn(move || {
                for frame in frames {
                    let _ = outcome.send(takeover::write(&frame).map(|()| frame));
                }
            })
            .map_err(|error| Error::from_io("cannot start the writing thread", error))?;
        let bytes = Bytes::default();
        Ok(Self {
            terminal: blank(&bytes)?,
            bytes,
            last: Vec::new(),
            to_write,
            written,
            is_busy: false,
        })
    }

    /// Returns whether the frame before is still being written.
    pub(super) fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Takes the outcome of a write.
    pub(super) fn end_write(&mut self, outcome: io::Result<Vec<u8>>) -> io::Result<()> {
        self.is_busy = false;
        self.last = outcome?;
        Ok(())
    }

    /// Makes the next frame a whole one, of the size that the terminal has then.
    pub(super) fn begin_again(&mut self) -> Result<()> {
        self.terminal = blank(&self.bytes)?;
        // The old one has written its end.
        let mut bytes = self.bytes.0.borrow_mut();
        bytes.clear();
        bytes.extend_from_slice(CLEAR);
        self.last.clear();
        Ok(())
    }

    /// Returns whether the terminal has another size than the frames. SIGWINCH alone is no proof.
    pub(super) fn has_other_size(&mut self) -> bool {
        let (width, height) = terminal::screen_size();
        self.terminal.get_frame().area() != Rect::new(0, 0, width, height)
    }

    /// Draws a frame, and sends to the writing thread what has changed. The frame before must be written.
    pub(super) fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> Result<()> {
        self.terminal.draw(render).map_err(cannot_draw)?;
        let mut bytes = self.bytes.0.borrow_mut();
        let frame = [BEGIN_UPDATE, &bytes, END_UPDATE].concat();
        bytes.clear();
        // Equal differences in a row place the cursor where it is, and nothing else.
        if frame != self.last {
            self.is_busy = self.to_write.send(frame).is_ok();
        }
        Ok(())
    }
}

/// Creates a screen without text.
fn blank(bytes: &Bytes) -> Result<Terminal<CrosstermBackend<Bytes>>> {
    let (width, height) = terminal::screen_size();
    // Another kind of viewport would ask the terminal where its cursor is, and wait for the answer.
    let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
    let backend = CrosstermBackend::new(bytes.clone());
    Terminal::with_options(backend, TerminalOptions { viewport }).map_err(cannot_draw)
}

fn cannot_draw(error: io::Error) -> Error {
    Error::from_io("cannot draw", error)
}
