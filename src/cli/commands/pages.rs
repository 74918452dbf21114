//! `pscan man`: manual pages, from the definition of the command line.

use std::io::{self, Write};

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use process_scanner::{FIELDS, Result};

use crate::cli::args;
use crate::cli::outcome::printed;
use crate::cli::top::write_keys;

/// Prints the manual page of a subcommand, or of `pscan` itself.
pub(crate) fn man(subcommand: Option<&str>) -> Result<()> {
    let mut pscan = args::definition();
    // This sets the full names of the subcommands.
    pscan.build();
    let page = subcommand.map_or(&pscan, |name| {
        pscan
            .find_subcommand(name)
            .expect("BUG: the parser accepts existing subcommands alone")
    });
    let mut text = Vec::new();
    write_page(page, &mut text).expect("BUG: writing to memory failed");
    print(&text)
}

/// Writes a manual page, with sections that `Man::render` does not have.
///
/// Each page gets the exit status, examples line by line, and related pages. The page of `pscan` itself also
/// describes the columns and the environment.
fn write_page(page: &Command, out: &mut Vec<u8>) -> io::Result<()> {
    // By default the source would be the subcommand's name.
    let man = Man::new(page.clone()).source(concat!("pscan ", env!("CARGO_PKG_VERSION")));
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    if page.get_name() == "top" {
        write_keys(out)?;
    }
    let is_program = page.has_subcommands();
    if is_program {
        man.render_subcommands_section(out)?;
        out.extend_from_slice(COLUMNS.as_bytes());
        write_all_columns(out)?;
    }
    // The live view goes on without a match.
    let has_filters =
        page.get_name() != "top" && page.get_arguments().any(|arg| arg.get_id() == "pid");
    let exit_status = match page.get_name() {
        "run" => RUN_EXIT_STATUS,
        _ => EXIT_STATUS,
    };
    let or_no_match = if has_filters { OR_NO_MATCH } else { "" };
    out.extend_from_slice(exit_status.replace("OR_NO_MATCH", or_no_match).as_bytes());
    if is_program {
        out.extend_from_slice(ENVIRONMENT.as_bytes());
    }
    if let Some(notes) = page.get_after_help() {
        let mut examples = Roff::new();
        examples.control("SH", ["EXAMPLES"]).control("nf", []);
        let notes = notes.to_string();
        // The exit status, which comes before the examples in the help, has its own section.
        for line in notes
            .lines()
            .skip_while(|line| !line.starts_with("Example"))
            .skip(1)
        {
            examples.text([roman(line)]);
        }
        examples.control("fi", []).to_writer(out)?;
    }
    let see_also = if is_program { OTHERS } else { PROGRAM };
    out.extend_from_slice(see_also.as_bytes());
    if page.get_version().is_some() {
        man.render_version_section(out)?;
    }
    Ok(())
}

/// Writes the names of all columns, with their headings.
fn write_all_columns(out: &mut Vec<u8>) -> io::Result<()> {
    let mut section = Roff::new();
    section.control("SH", ["ALL COLUMNS"]);
    section.text([roman(
        "Names for --columns and --sort, the short ones after the one in JSON, and the heading:",
    )]);
    for field in FIELDS {
        let names = [&[field.name], field.aliases].concat().join(", ");
        section.control("TP", []);
        section.text([bold(names), roman(format!(" ({})", field.heading))]);
        section.text([roman(field.about)]);
    }
    section.to_writer(out)
}

/// The section on the usual columns of the table.
const COLUMNS: &str = include_str!("../../../docs/columns.roff");

/// The section on the exit status; `OR_NO_MATCH` is a placeholder.
const EXIT_STATUS: &str = r#".SH "EXIT STATUS"
.TP
.B 0
Done.
.TP
.B 1
pscan failed, and standard error has the reasonOR_NO_MATCH.
.TP
.B 2
Wrong usage.
"#;

const RUN_EXIT_STATUS: &str = r#".SH "EXIT STATUS"
.TP
.B 127
COMMAND was not found.
.TP
.B 126
COMMAND cannot be executed.
.TP
.B 125
pscan failed, and standard error has the reason; wrong usage too.
.TP
.BI 128+ n
Signal
.I n
ended COMMAND.
.PP
Otherwise that of COMMAND.
"#;

const OR_NO_MATCH: &str = "; or no process matches";

const ENVIRONMENT: &str = r#".SH ENVIRONMENT
.TP
.B NO_COLOR
If it is set and not empty, pscan uses no colours, except with \-\-color always.
.TP
.BR CLICOLOR ", " CLICOLOR_FORCE
If CLICOLOR is 0, pscan uses no colours. If CLICOLOR_FORCE is set, it uses colours without a terminal too. NO_COLOR
overrides both.
.TP
.B TERM
If it is dumb, pscan uses no colours, unless CI is set.
.TP
.B COLUMNS
Width of lines if standard output is no terminal.
.TP
.B RUST_LOG
Level of the log on standard error, such as info or debug; by default pscan logs nothing.
.TP
.B TZ
Time zone of the times that show and top print, and watch to a terminal.
.TP
.BR LC_ALL ", " LC_CTYPE ", " LANG
If the first one that is set names no UTF-8, top draws with ASCII alone. So it does on the console of Linux (TERM is
linux).
"#;

const OTHERS: &str = r#".SH "SEE ALSO"
.BR ps (1),
.BR proc_pid_stat (5)
"#;

const PROGRAM: &str = r#".SH "SEE ALSO"
.BR pscan (1)
"#;

fn print(text: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    printed(out.write_all(text).and_then(|()| out.flush()))
}

#[cfg(test)]
mod tests {
    use crate::cli::top::key_lines;

    #[test]
    fn the_document_on_the_live_view_has_its_keys() {
        let document = include_str!("../../../docs/top.md");
        let keys: Vec<_> = document
            .lines()
            .skip_while(|line| *line != "| keys | |")
            .skip(2)
            .take_while(|line| !line.is_empty())
            .collect();
        let expected = key_lines();
        assert_eq!(keys, expected, "{}", expected.join("\n"));
    }
}
