//! Recordings in files: compressed ones, and those in parts.

mod gzip_input;
mod input;
mod output;
mod part_names;
mod rotation;
mod runs;
mod sink;

pub(super) use self::input::Input;
pub(super) use self::output::Output;
pub(super) use self::part_names::is_compressed;
pub(super) use self::rotation::Rotation;
pub(super) use self::runs::{Run, Runs};
pub(super) use self::sink::Sink;
