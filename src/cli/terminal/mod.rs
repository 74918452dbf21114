//! Fits text to the terminal.

mod fold;
mod size;
mod width;

pub(crate) use self::fold::{Folded, fold};
pub(crate) use self::size::{line_width, screen_height, stderr_width};
pub(crate) use self::width::{cut, width};
