//! What the command prints to a terminal.

use std::error::Error;
use std::process::{Command, Stdio};

/// Run the command, and return it as it is typed with everything that it prints.
pub(crate) fn run(args: &[&str]) -> Result<String, Box<dyn Error>> {
    // With these variables its output to a pipe is what a terminal gets.
    let output = Command::new(env!("CARGO_BIN_EXE_pscan"))
        .args(args)
        .env_remove("NO_COLOR")
        .env("CLICOLOR_FORCE", "1")
        .env("COLUMNS", "92")
        .env("TERM", "xterm")
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("pscan has failed: {}", output.status).into());
    }
    let printed = String::from_utf8(output.stdout)?;
    Ok(format!("$ pscan {}\n{printed}", args.join(" ")))
}
