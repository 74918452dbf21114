//! What a bench's executable does when the bench has started it as one of its own children.
//!
//! A child uses no more of the standard library than it must, so that ten thousand of them fit into a
//! small machine.

use std::fs::File;
use std::hint::spin_loop;
use std::io::{self, Read, Write};
#[cfg(unix)]
use std::os::fd::AsFd;
#[cfg(windows)]
use std::os::windows::io::AsHandle;
use std::time::{Duration, Instant};
use std::{env, process};

use super::births;

/// The roles, as first argument: to wait for the end of the input, to end at once, to work in turns, and
/// to be the parent of others.
pub(super) const WAIT: &str = "--wait";
pub(super) const END: &str = "--end";
pub(super) const WORK: &str = "--work";
pub(super) const GIVE_BIRTH: &str = "--give-birth";

/// How long a turn of work is. It only has to show in the nanoseconds that the system counts.
const TURN: Duration = Duration::from_micros(100);

/// Does not return if this process is a child. A bench calls it before anything else.
pub(crate) fn be_child_if_told() {
    let mut args = env::args().skip(1);
    let ended = match args.next().as_deref() {
        Some(WAIT) => wait(),
        Some(END) => Ok(()),
        Some(WORK) => work(),
        Some(GIVE_BIRTH) => births::give_until_input_ends(args),
        _ => return,
    };
    process::exit(i32::from(ended.is_err()));
}

/// Returns when the input ends.
pub(super) fn wait() -> io::Result<()> {
    let mut input = unbuffered(io::stdin())?;
    while input.read(&mut [0])? > 0 {}
    Ok(())
}

/// Works whenever there is a word to do so, and gives word back.
///
/// Words come by two pipes in turns, which all workers share: who has taken one waits at the other pipe
/// until the next round, so that nobody can take the word of another.
fn work() -> io::Result<()> {
    let mut inputs = [unbuffered(io::stdin())?, unbuffered(io::stderr())?];
    let mut output = unbuffered(io::stdout())?;
    for round in (0..inputs.len()).cycle() {
        if inputs[round].read(&mut [0])? == 0 {
            break;
        }
        let end = Instant::now() + TURN;
        while Instant::now() < end {
            spin_loop();
        }
        output.write_all(&[0])?;
    }
    Ok(())
}

/// Gives the parent a number.
pub(super) fn say(number: usize) -> io::Result<()> {
    write!(unbuffered(io::stdout())?, "{number}")
}

/// A standard stream as a file, so that nothing is read ahead.
#[cfg(unix)]
fn unbuffered(stream: impl AsFd) -> io::Result<File> {
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn unbuffered(stream: impl AsHandle) -> io::Result<File> {
    Ok(stream.as_handle().try_clone_to_owned()?.into())
}
