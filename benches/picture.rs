//! The picture `docs/pscan.svg`: the command at work on a terminal, with colours and all.
//!
//! `cargo bench --bench picture`
//!
//! The run is real, and the host is a small one: a pid namespace of its own (unshare(1)), in which this
//! executable plays the processes. It needs Linux, and user namespaces or root.

#[cfg(target_os = "linux")]
#[path = "picture/cast.rs"]
mod cast;
#[cfg(target_os = "linux")]
#[path = "../tests/suite/cli/pty.rs"]
mod pty;
#[cfg(target_os = "linux")]
#[path = "picture/screen.rs"]
mod screen;

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::process::Command;
    use std::{env, fs};

    const SVG_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pscan.svg");
    const ON_STAGE: &str = "PICTURE_ON_STAGE";

    if let Ok(part) = env::var(cast::PART) {
        return cast::play(&part);
    }
    if env::var_os(ON_STAGE).is_none() {
        let mut stage = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            stage.args(["--user", "--map-root-user"]);
        }
        let played = stage
            .args(["--pid", "--fork", "--mount-proc", "--kill-child", "--"])
            .arg(env::current_exe()?)
            .env(ON_STAGE, "yes")
            .status()
            .map_err(|error| format!("cannot run unshare: {error}"))?;
        return match played.success() {
            true => Ok(()),
            false => Err(format!("the play has failed: {played}").into()),
        };
    }
    let company = cast::Company::gather()?;
    let mut text = screen::shown(&["--top", "8"])?;
    let visitors = company.send_visitors()?;
    text.push('\n');
    text += &screen::shown(&[
        "watch",
        "--for",
        "3s",
        "--interval-ms",
        "200",
        "--cpu-budget",
        "off",
    ])?;
    visitors.join().map_err(|_| "a visitor has panicked")??;
    // The usual palette is too dark for what is dimmed and what is red.
    let svg = anstyle_svg::Term::new()
        .palette(anstyle_svg::WIN10_CONSOLE)
        .render_svg(&text);
    fs::write(SVG_PATH, svg)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("skipped: the picture is taken on Linux");
}
