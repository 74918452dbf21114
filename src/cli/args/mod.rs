//! Defines the command line for clap.

mod aliases;
mod collected;
mod columns;
mod definition;
mod durations;
mod events;
#[cfg(feature = "export")]
mod export;
mod listing;
mod moments;
mod numbers;
mod parser;
mod recorded;
mod rotate;
mod run_options;
mod sampling;
mod schedule;
mod secrets;
#[cfg(feature = "serve")]
mod serve_options;
mod shape;
mod show;
mod subcommands;
mod tips;
mod top_options;
mod usage;
pub(crate) mod word_reader;

pub(crate) use self::definition::{Cli, definition};
#[cfg(feature = "export")]
pub(crate) use self::export::Export;
pub(crate) use self::listing::List;
pub(crate) use self::moments::Span;
pub(crate) use self::numbers::SPEEDS;
pub(crate) use self::parser::{is_pid, parse};
pub(crate) use self::recorded::Recorded;
pub(crate) use self::rotate::Limit;
pub(crate) use self::run_options::Run;
pub(crate) use self::schedule::{Pace, Schedule};
#[cfg(feature = "serve")]
pub(crate) use self::serve_options::Serve;
pub(crate) use self::shape::{Request, Shape};
pub(crate) use self::show::Show;
pub(crate) use self::subcommands::{Record, Replay, Report, Sub, Watch};
pub(crate) use self::tips::of_name as tips_of_name;
pub(crate) use self::top_options::Top;
