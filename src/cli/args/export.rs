//! The options of `export`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::recorded::Recorded;
use super::secrets::Secrets;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pscan export build.ndjson --perfetto build.pftrace
  pscan export host.ndjson.gz --csv host --from -1h
  zstd -dc host.ndjson.zst | pscan export - --perfetto host.pftrace --csv host")]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) recorded: Recorded,
    /// Write a trace for the Perfetto UI and trace_processor; `-` is standard output
    ///
    /// It has a track for each process below that of its parent, with a slice for its life and one for each program
    /// that it ran, its CPU use and memory as counters, and exit status and command line as arguments.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) perfetto: Option<PathBuf>,
    /// Write tables to a folder: lives.csv, samples.csv and scans.csv
    ///
    /// The folder is created if it does not exist. Texts that a spreadsheet would take for a formula begin with
    /// an apostrophe.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) csv: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
}

impl Export {
    /// Returns what is wrong with the options together, and what to do.
    pub(super) fn conflict(&self) -> Option<String> {
        let has_output = self.perfetto.is_some() || self.csv.is_some();
        let missing = "name what to write: --perfetto FILE, --csv DIR, or both";
        if !has_output {
            return Some(missing.into());
        }
        self.recorded.conflict(self.recorded.span.needs_end())
    }
}
