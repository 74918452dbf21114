//! What goes with an installed `pscan`: completions and manual pages, made from the command line's
//! own definition.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use process_scanner::Result;

use super::args::Cli;
use super::printed;

pub(super) fn completions(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "pscan", &mut script);
    print(&script)
}

/// The page of a subcommand, or of the program as a whole.
pub(super) fn man(subcommand: Option<&str>) -> Result<()> {
    let mut pscan = Cli::command();
    // It gives the subcommands their full names.
    pscan.build();
    let page = subcommand.map_or(&pscan, |name| {
        pscan
            .find_subcommand(name)
            .expect("BUG: the command line takes none but these")
    });
    let mut text = Vec::new();
    Man::new(page.clone())
        .render(&mut text)
        .expect("BUG: memory takes it");
    print(&text)
}

fn print(text: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    printed(out.write_all(text).and_then(|()| out.flush()))
}
