//! What goes with an installed `pscan`: completions and manual pages, made from the command line's
//! own definition.

use std::io::{self, Write};

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
use process_scanner::Result;

use crate::cli::args;
use crate::cli::outcome::printed;

pub(crate) fn completions(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut args::definition(), "pscan", &mut script);
    print(&script)
}

/// The page of a subcommand, or of the program as a whole.
pub(crate) fn man(subcommand: Option<&str>) -> Result<()> {
    let mut pscan = args::definition();
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

/// As `Man::render` does, but that the lines of the examples stay lines, and with what clap does not know: on
/// each page how it ends and what to see also, and on that of the program what holds for all commands.
fn write_page(page: &Command, out: &mut Vec<u8>) -> io::Result<()> {
    // It would be called after the subcommand.
    let man = Man::new(page.clone()).source(concat!("pscan ", env!("CARGO_PKG_VERSION")));
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    let is_program = page.has_subcommands();
    if is_program {
        man.render_subcommands_section(out)?;
        out.extend_from_slice(COLUMNS.as_bytes());
    }
    let has_filters = page.get_arguments().any(|arg| arg.get_id() == "pid");
    let or_nothing = if has_filters { OR_NOTHING } else { "" };
    out.extend_from_slice(EXIT_STATUS.replace("OR_NOTHING", or_nothing).as_bytes());
    if is_program {
        out.extend_from_slice(ENVIRONMENT.as_bytes());
    }
    if let Some(notes) = page.get_after_help() {
        let mut examples = Roff::new();
        examples.control("SH", ["EXAMPLES"]).control("nf", []);
        let notes = notes.to_string();
        // What stands before them is in a section of its own.
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

/// What the table tells.
const COLUMNS: &str = r#".SH COLUMNS
.TP
.B CPU%
CPU use between the two samples, in percent of one core: 250 is two and a half cores. Above the table it is that
of the host, in percent of all cores.
.TP
.B RSS
Resident memory. A MB is 1,000,000 bytes.
.TP
.B TIME
CPU time used since the process began.
.TP
.B AGE
Time since it began.
.TP
.B STATUS
What it is doing: one of the states that \-\-state lists.
.TP
.B NAME
The name that the system gives it. On Linux a program\(aqs has at most 15 bytes, and that of a thread of the
kernel can have more. Left out in a tree, and where a line has less than 100 columns.
.TP
.B COMMAND
Its arguments. They are empty for a thread of the kernel, which has none, and \- where they could not be known, as
those of a zombie. Where NAME is left out, the name stands for them in brackets in either case. Where a line has less
than 100 columns, the program stands without its folders.
.PP
A value that could not be known is \-. Faint are threads of the kernel, and in a tree the ancestors of what was
asked for. On a terminal a list that does not fit ends with how many more there are.
"#;

/// OR_NOTHING is filled in.
const EXIT_STATUS: &str = r#".SH "EXIT STATUS"
.TP
.B 0
All was done.
.TP
.B 1
Something failed, and a line on standard error says whatOR_NOTHING.
.TP
.B 2
Wrong usage.
"#;

const OR_NOTHING: &str = "; or no process matched what was asked for";

const ENVIRONMENT: &str = r#".SH ENVIRONMENT
.TP
.B NO_COLOR
If it is set and not empty, there are no colours unless asked for with \-\-color.
.TP
.BR CLICOLOR ", " CLICOLOR_FORCE
There are no colours if the first is 0, and colours without a terminal too if the second is set. NO_COLOR comes first.
.TP
.B TERM
If it is dumb, there are no colours, unless CI is set.
.TP
.B COLUMNS
How wide lines may be where standard output is no terminal.
.TP
.B RUST_LOG
What is logged to standard error, such as info or debug; nothing by default.
.TP
.B TZ
The time zone of the times that watch prints to a terminal.
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
