//! Kinds of events as the command line names them.

use clap::ValueEnum;

/// What can happen to a process, by its name in JSON.
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Kind {
    Existing,
    Created,
    Updated,
    Exited,
}
