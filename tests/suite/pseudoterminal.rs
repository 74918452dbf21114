//! A pseudoterminal, for a program that needs a terminal.

use std::error::Error;
use std::fs::File;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Opens a pseudoterminal: our end, and that of the command.
pub(crate) fn open(rows: u16, columns: u16) -> Result<(File, File), Box<dyn Error>> {
    let output = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&output)?;
    unlockpt(&output)?;
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&output, size)?;
    let name = ptsname(&output, Vec::new())?;
    let terminal = File::options()
        .read(true)
        .write(true)
        .open(name.to_str()?)?;
    Ok((File::from(output), terminal))
}
