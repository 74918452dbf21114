//! A panic gives the terminal back. The test is its own child, on a pseudoterminal.
#![cfg(target_os = "linux")]

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::process::Command;
use std::thread;

use crossbeam_channel::bounded;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::tcgetattr;

use super::takeover;

/// Set in the child.
const IS_CHILD: &str = "PSCAN_TEST_TAKEOVER";

/// Returns both ends of a new pseudoterminal.
fn pseudoterminal() -> Result<(File, File), Box<dyn Error>> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let mut options = File::options();
    let theirs = options.read(true).write(true).open(name.to_str()?)?;
    Ok((File::from(ours), theirs))
}

#[test]
fn a_panic_of_any_thread_gives_the_terminal_back() {
    if env::var_os(IS_CHILD).is_some() {
        return child();
    }
    let Ok((mut ours, theirs)) = pseudoterminal() else {
        return eprintln!("SKIPPED: there is no pseudoterminal");
    };
    let modes = |terminal: &File| format!("{:?}", tcgetattr(terminal).expect("it is a terminal"));
    let before = modes(&ours);
    let end = || theirs.try_clone().expect("it is open");
    let mut child = Command::new(env::current_exe().expect("it has a path"))
        .args(["--exact", "--nocapture", NAME])
        .env(IS_CHILD, "1")
        .stdin(end())
        .stdout(end())
        .stderr(end())
        .spawn()
        .expect("it starts");
    let mut bytes = Vec::new();
    // The child ends with the line of its summary.
    while !String::from_utf8_lossy(&bytes).contains("test result") {
        let mut buffer = [0; 4096];
        let len = ours.read(&mut buffer).expect("the terminal is open");
        bytes.extend_from_slice(&buffer[..len]);
    }
    assert!(child.wait().expect("it ends").success());
    let text = String::from_utf8_lossy(&bytes);
    let (taken, after) = text.split_once("\x1b[?1049l").expect("it is given back");
    assert!(
        taken.contains("\x1b[?1049h") && taken.contains("a frame"),
        "{text}"
    );
    assert!(after.contains("made to panic"), "{text}");
    assert!(
        !after.contains("a late frame") && !after.contains('\x1b'),
        "{text}"
    );
    assert_eq!(modes(&ours), before);
    drop(theirs);
}

const NAME: &str =
    "cli::commands::top::takeover_tests::a_panic_of_any_thread_gives_the_terminal_back";

fn child() {
    let (panicked, has_panicked) = bounded(1);
    takeover::give_back_on_panic(panicked);
    takeover::take().expect("there is a terminal");
    takeover::write(b"a frame").expect("it is open");
    let panicking = thread::spawn(|| panic!("made to panic"));
    panicking.join().expect_err("it panics");
    takeover::write(b"a late frame").expect("it is dropped");
    has_panicked.try_recv().expect("it was sent");
}
