//! What goes with an installed `pscan`: completions and manual pages, made from the command line's
//! own definition.

use std::io::{self, Write};

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
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
    write_page(page, &mut text).expect("BUG: memory takes it");
    print(&text)
}

/// As `Man::render` does, but that the lines of the examples stay lines.
fn write_page(page: &Command, out: &mut Vec<u8>) -> io::Result<()> {
    let man = Man::new(page.clone());
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    if page.has_subcommands() {
        man.render_subcommands_section(out)?;
    }
    if let Some(notes) = page.get_after_help() {
        let mut examples = Roff::new();
        examples.control("SH", ["EXAMPLES"]).control("nf", []);
        let notes = notes.to_string();
        for line in notes.lines().filter(|line| *line != "Examples:") {
            examples.text([roman(line)]);
        }
        examples.control("fi", []).to_writer(out)?;
    }
    if page.get_version().is_some() {
        man.render_version_section(out)?;
    }
    Ok(())
}

fn print(text: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    printed(out.write_all(text).and_then(|()| out.flush()))
}
