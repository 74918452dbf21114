//! `pscan completions`: scripts for shells, and the candidates that they request.

mod candidates;

use std::io::{self, Write};

use clap_complete::Shell;
use process_scanner::Result;

pub(crate) use self::candidates::{CALL, complete};
use crate::cli::args;
use crate::cli::outcome::printed;

/// Prints a completion script.
///
/// In most shells the script calls pscan, which knows values, lists of values, files and folders. For PowerShell
/// clap's script completes commands and options.
pub(crate) fn run(shell: Shell) -> Result<()> {
    let script = match shell {
        Shell::Bash => include_str!("pscan.bash").into(),
        Shell::Fish => include_str!("pscan.fish").into(),
        Shell::Zsh => include_str!("pscan.zsh").into(),
        Shell::Elvish => include_str!("pscan.elv").into(),
        other => {
            let mut script = Vec::new();
            clap_complete::generate(other, &mut args::definition(), "pscan", &mut script);
            script
        }
    };
    let script: Vec<u8> = script;
    let mut out = io::stdout().lock();
    printed(out.write_all(&script).and_then(|()| out.flush()))
}
