//! What the command prints to a terminal.

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

const COLUMNS: u16 = 92;

/// The command as it is typed, and what it prints.
pub(crate) fn shown(args: &[&str]) -> Result<String, Box<dyn Error>> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let size = Winsize {
        ws_row: 40,
        ws_col: COLUMNS,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&ours, size)?;
    let name = ptsname(&ours, Vec::new())?;
    let theirs = File::options().write(true).open(name.to_str()?)?;
    let mut child = Command::new(env!("CARGO_BIN_EXE_pscan"))
        .args(args)
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .stdout(theirs)
        .spawn()?;
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let mut ours = File::from(ours);
    // A terminal that nobody has open any more ends with an error (EIO).
    while let Ok(len) = ours.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..len]);
    }
    let ended = child.wait()?;
    if !ended.success() {
        return Err(format!("pscan has failed: {ended}").into());
    }
    let typed: Vec<&str> = ["pscan"].iter().chain(args).copied().collect();
    let printed = String::from_utf8(bytes)?.replace("\r\n", "\n");
    Ok(format!("$ {}\n{printed}", typed.join(" ")))
}
