//! Draw `docs/pscan.svg`: the command at work on a terminal, with colours.
//!
//! The run is real. It shows a small host: a pid namespace of its own (unshare(1)), in which this executable
//! plays the processes. That needs user namespaces or root.

pub(crate) mod actors;
mod terminal;

use std::error::Error;
use std::process::Command;
use std::{env, fs};

use self::actors::Stage;

const SVG_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pscan.svg");

/// Set inside the pid namespace.
const IS_INSIDE: &str = "PICTURE_IS_INSIDE";

pub(crate) fn draw() -> Result<(), Box<dyn Error>> {
    match env::var_os(IS_INSIDE) {
        Some(_) => draw_inside(),
        None => enter_namespace(),
    }
}

/// Runs this subcommand again, inside a pid namespace.
fn enter_namespace() -> Result<(), Box<dyn Error>> {
    let mut inside = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        inside.args(["--user", "--map-root-user"]);
    }
    let ended = inside
        .args(["--pid", "--fork", "--mount-proc", "--kill-child", "--"])
        .arg(env::current_exe()?)
        .arg("picture")
        .env(IS_INSIDE, "yes")
        .status()
        .map_err(|error| format!("cannot run unshare: {error}"))?;
    match ended.success() {
        true => Ok(()),
        false => Err(format!("drawing inside the namespace has failed: {ended}").into()),
    }
}

fn draw_inside() -> Result<(), Box<dyn Error>> {
    let stage = Stage::open()?;
    let mut text = terminal::run(&["--top", "8"])?;
    let short_lived = stage.start_short_lived()?;
    text.push('\n');
    text += &terminal::run(&[
        "watch",
        "--for",
        "3s",
        "--interval",
        "200ms",
        "--cpu-budget",
        "off",
    ])?;
    short_lived.join().map_err(|_| "a thread has panicked")??;
    // The default palette is too dark for dimmed and red text.
    let svg = anstyle_svg::Term::new()
        .palette(anstyle_svg::WIN10_CONSOLE)
        .render_svg(&text);
    fs::write(SVG_PATH, svg)?;
    Ok(())
}
