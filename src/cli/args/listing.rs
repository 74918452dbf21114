//! Options of the list of processes.

use clap::Args;

use super::collected::Collected;
use super::sampling::Sampling;
use super::schedule::Live;
use super::secrets::Secrets;
use super::shape::{Request, Shape};
use crate::cli::format::color::Color;
use crate::cli::select::{FilterArgs, some_text};

#[derive(Debug, Args)]
pub(crate) struct List {
    /// List processes with NAME in their name or command line
    ///
    /// NAME is plain text; case is ignored unless NAME has capitals. Of several, one must be there.
    /// pscan itself is not listed; the command that started it, such as sudo or timeout, can match.
    /// After `--`, a NAME can be that of a command.
    #[arg(value_name = "NAME", value_parser = some_text)]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) shape: Shape,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Print one JSON object, in order of pid by default
    ///
    /// With --top the default order is cpu.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) sampling: Sampling,
    #[command(flatten)]
    pub(crate) collected: Collected,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
    #[command(flatten)]
    pub(crate) live: Live,
    #[command(flatten)]
    pub(crate) color: Color,
}

impl List {
    /// Returns the table that is requested.
    pub(crate) fn request(&self) -> Request<'_> {
        Request {
            shape: &self.shape,
            names: &self.names,
            filter: &self.filter,
            is_json: self.json,
            color: self.color,
        }
    }

    /// Returns what is wrong with the options together, and what to do.
    pub(super) fn conflict(&self) -> Option<String> {
        let pids = self.filter.pids();
        let shape = self.shape.conflict(self.json, Some(pids));
        shape.or_else(|| self.collected.conflict(self.json, pids))
    }
}
