//! What the command prints to a terminal.

use std::error::Error;
use std::process::{Command, Stdio};

use super::pty;

const COLUMNS: u16 = 92;

/// The command as it is typed, and what it prints.
pub(crate) fn shown(args: &[&str]) -> Result<String, Box<dyn Error>> {
    let (ours, theirs) = pty::open(COLUMNS)?;
    let mut child = Command::new(env!("CARGO_BIN_EXE_pscan"))
        .args(args)
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .stdout(theirs)
        .spawn()?;
    let printed = pty::shown(ours)?;
    let ended = child.wait()?;
    if !ended.success() {
        return Err(format!("pscan has failed: {ended}").into());
    }
    let typed: Vec<&str> = ["pscan"].iter().chain(args).copied().collect();
    Ok(format!("$ {}\n{printed}", typed.join(" ")))
}
