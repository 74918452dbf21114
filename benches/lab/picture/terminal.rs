//! What the command prints to a terminal.

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use crate::pseudoterminal;

/// Runs the command, and returns it as it is typed with everything that it prints.
pub(super) fn run(args: &[&str]) -> Result<String, Box<dyn Error>> {
    let (output, terminal) = pseudoterminal::open(30, 92)?;
    // The builder, which has a copy of the end of the command, is dropped with this statement.
    let mut child = Command::new(env!("CARGO_BIN_EXE_pscan"))
        .args(args)
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .stdout(terminal)
        .spawn()?;
    let printed = read(output)?;
    let ended = child.wait()?;
    if !ended.success() {
        return Err(format!("pscan has failed: {ended}").into());
    }
    let typed = args.iter().map(|arg| match arg.contains(['(', '|', '$']) {
        true => format!("'{arg}'"),
        false => (*arg).to_owned(),
    });
    let typed: Vec<_> = typed.collect();
    Ok(format!("$ pscan {}\n{printed}", typed.join(" ")))
}

/// Reads until the command has closed its end.
fn read(mut output: File) -> Result<String, Box<dyn Error>> {
    let mut bytes = Vec::new();
    // It ends with EIO, since no process has the other end open. What was read before is kept.
    let _ = output.read_to_end(&mut bytes);
    Ok(String::from_utf8(bytes)?.replace("\r\n", "\n"))
}
