//! How this executable starts itself as a child, and what such a child does.
//!
//! A child uses as little of the standard library as possible, so that ten thousand of them fit into a
//! small machine.

use std::fs::File;
use std::io::{self, Read};
#[cfg(unix)]
use std::os::fd::AsFd;
#[cfg(windows)]
use std::os::windows::io::AsHandle;
use std::process::{Command, Stdio};
use std::{env, vec};

/// The first argument of a child, and the work of a child with that argument. The work gets the other
/// arguments.
pub(crate) type Role = (&'static str, fn(vec::IntoIter<String>) -> io::Result<()>);

/// The role of a child that waits for the end of its input.
pub(crate) const WAIT: &str = "--wait";

/// Does the work of a child and returns its result; returns `None` if this process is not a child.
pub(crate) fn play_role(
    mut args: impl Iterator<Item = String>,
    roles: &[Role],
) -> Option<io::Result<()>> {
    let name = args.next()?;
    let (_, work) = roles.iter().find(|(role, _)| *role == name)?;
    let rest: Vec<String> = args.collect();
    Some(work(rest.into_iter()))
}

/// Returns a command that starts this executable in a role.
pub(crate) fn in_role(role: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(role).stderr(Stdio::null());
    Ok(command)
}

/// Returns when the input ends.
pub(crate) fn wait() -> io::Result<()> {
    let mut input = unbuffered(io::stdin())?;
    while input.read(&mut [0])? > 0 {}
    Ok(())
}

/// Returns a standard stream as a file, so that nothing is read ahead.
#[cfg(unix)]
pub(crate) fn unbuffered(stream: impl AsFd) -> io::Result<File> {
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
pub(crate) fn unbuffered(stream: impl AsHandle) -> io::Result<File> {
    Ok(stream.as_handle().try_clone_to_owned()?.into())
}
