//! Writes to the terminal.

pub(super) use self::platform::{begin, discard, end, write};

#[cfg(unix)]
mod platform {
    use std::fs::File;
    use std::io::{self, ErrorKind, Write};
    use std::os::fd::AsFd;
    use std::thread;
    use std::time::Duration;

    use rustix::termios::{QueueSelector, tcflush};

    /// Begins the alternate screen, hides the cursor, and asks for clicks and the wheel: xterm's ctlseqs.
    ///
    /// Moves of the mouse are not asked for: each would be a key to answer.
    const BEGIN: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?1000h\x1b[?1006h";

    /// Ends all that, and a sequence (CAN), an update and colours that were interrupted.
    const END: &[u8] = b"\x18\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[0m\x1b[?25h\x1b[?1049l";

    /// How long a terminal is left alone that another program has made not to block.
    const FULL: Duration = Duration::from_millis(10);

    /// Most bytes of one write: the kernel does not return from a longer one when output is discarded.
    const PIECE: usize = 4096;

    pub(in super::super) fn begin() -> io::Result<()> {
        write(BEGIN, || true)
    }

    pub(in super::super) fn end() -> io::Result<()> {
        write(END, || true)
    }

    /// Discards what the terminal has not taken yet, so that a write that waits for it goes on.
    pub(in super::super) fn discard() {
        let _ = tcflush(io::stdout(), QueueSelector::OFlush);
    }

    /// Writes all bytes as long as it `goes_on`, without the buffer of standard output, which would split them at
    /// lines.
    pub(in super::super) fn write(bytes: &[u8], goes_on: impl Fn() -> bool) -> io::Result<()> {
        let mut terminal = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let mut rest = bytes;
        while !rest.is_empty() && goes_on() {
            match terminal.write(&rest[..rest.len().min(PIECE)]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(FULL),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(not(unix))]
mod platform {
    use std::io::{self, Write};

    use crossterm::cursor::{Hide, Show};
    use crossterm::event::{DisableMouseCapture, EnableMouseCapture};
    use crossterm::execute;
    use crossterm::style::ResetColor;
    use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};

    pub(in super::super) fn begin() -> io::Result<()> {
        execute!(io::stdout(), EnterAlternateScreen, Hide, EnableMouseCapture)
    }

    pub(in super::super) fn end() -> io::Result<()> {
        execute!(
            io::stdout(),
            DisableMouseCapture,
            ResetColor,
            Show,
            LeaveAlternateScreen
        )
    }

    /// A console takes all output.
    pub(in super::super) fn discard() {}

    pub(in super::super) fn write(bytes: &[u8], _goes_on: impl Fn() -> bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }
}
