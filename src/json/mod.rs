//! Lines of JSON, as `pscan watch --json` prints them.

mod line;
mod text;

pub use self::line::JsonLine;
pub use self::text::write_json;
