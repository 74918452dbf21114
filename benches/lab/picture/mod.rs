//! Draw `docs/pscan.svg`: the command at work on a terminal, with colours.
//!
//! The run is real, and this executable plays the processes. The list is of a small host: a pid namespace of
//! its own (unshare(1)). That needs user namespaces or root. The events are of this host, because the kernel
//! reports births and exits to its first pid namespace alone.

pub(crate) mod actors;
mod terminal;

use std::error::Error;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::{env, fs};

use self::actors::Stage;

const SVG_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pscan.svg");

/// Set inside the pid namespace.
const IS_INSIDE: &str = "PICTURE_IS_INSIDE";

pub(crate) fn draw() -> Result<(), Box<dyn Error>> {
    if env::var_os(IS_INSIDE).is_some() {
        return list();
    }
    let mut text = list_inside()?;
    let short_lived = actors::start_short_lived()?;
    text.push('\n');
    text += &terminal::run(&[
        "watch",
        "--for",
        "3s",
        "--name",
        actors::SHORT_LIVED_NAMES,
        "--cpu-budget",
        "off",
    ])?;
    short_lived.join().map_err(|_| "a thread has panicked")??;
    // Their command lines could name folders of this machine.
    if text.matches("created").count() != actors::SHORT_LIVED.len() {
        return Err("another process of this host had one of the names: draw again".into());
    }
    // The default palette is too dark for dimmed and red text.
    let svg = anstyle_svg::Term::new()
        .palette(anstyle_svg::WIN10_CONSOLE)
        .render_svg(&text);
    fs::write(SVG_PATH, svg)?;
    Ok(())
}

/// Runs this subcommand again, inside a pid namespace, and returns the list that it prints.
fn list_inside() -> Result<String, Box<dyn Error>> {
    let mut inside = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        inside.args(["--user", "--map-root-user"]);
    }
    let output = inside
        .args(["--pid", "--fork", "--mount-proc", "--kill-child", "--"])
        .arg(env::current_exe()?)
        .arg("picture")
        .env(IS_INSIDE, "yes")
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run unshare: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout)?),
        false => Err(format!("the namespace has failed: {}", output.status).into()),
    }
}

/// Prints the list of the small host.
fn list() -> Result<(), Box<dyn Error>> {
    let _stage = Stage::open()?;
    io::stdout().write_all(terminal::run(&["--top", "8"])?.as_bytes())?;
    Ok(())
}
