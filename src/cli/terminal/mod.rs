//! Fits text to the terminal or the journal, and notices when its reader has gone.

mod diverted;
mod fold;
mod journal;
mod reader_left;
mod size;
mod width;

pub(crate) use self::diverted::{LogOutput, divert_stderr, restore_stderr, write_stderr};
pub(crate) use self::fold::{Folded, fold};
pub(crate) use self::journal::Priority;
pub(crate) use self::reader_left::{reader_left, terminal_left};
pub(crate) use self::size::{line_width, screen_height, screen_size, stderr_width};
pub(crate) use self::width::{cut, width};
