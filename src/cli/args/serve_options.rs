//! Options of `pscan serve`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::cli::select::some_text;
use crate::cli::settings::{Address, Settings};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pscan serve                               then open http://127.0.0.1:9257/
  pscan serve --check /etc/pscan.toml       print what the file means
  pscan serve --config /etc/pscan.toml
  pscan serve --textfile /var/lib/prometheus/node-exporter/pscan.prom

Exit status: 0 after SIGINT and SIGTERM, 1 if it cannot start, 2 wrong usage.
Metrics, settings and security: docs/serve.md; all settings: docs/pscan.toml")]
pub(crate) struct Serve {
    /// Read settings from FILE; without it all have their defaults
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Print all settings as they would be with FILE, environment and options, and end
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        num_args = 0..=1,
        conflicts_with = "config"
    )]
    pub(crate) check: Option<Option<PathBuf>>,
    /// Listen at ADDRESS, such as 127.0.0.1:9257 or unix:/run/pscan/pscan.sock
    ///
    /// Repeat it for several addresses. Port 0 takes any free one, which a message names.
    #[arg(long, value_name = "ADDRESS", value_parser = Address::parse)]
    listen: Vec<Address>,
    /// Listen at addresses of the network without a token too
    ///
    /// All processes of other hosts can then read what is served.
    #[arg(long)]
    allow_remote: bool,
    /// Require the token in FILE: Authorization: Bearer TOKEN
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = some_text)]
    token_file: Option<String>,
    /// Write the metrics to FILE after each scan, for node_exporter's textfile collector
    ///
    /// FILE ends in .prom. Nothing listens then, unless an address is set too.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = some_text)]
    textfile: Option<String>,
}

impl Serve {
    /// Overrides settings by these options.
    pub(crate) fn configure(&self, settings: &mut Settings) {
        let served = &mut settings.serve;
        if !self.listen.is_empty() {
            served.listen = Some(self.listen.clone());
        }
        served.allow_remote |= self.allow_remote;
        if let Some(path) = &self.token_file {
            served.token_file = Some(path.into());
        }
        if let Some(path) = &self.textfile {
            served.textfile = Some(path.into());
        }
    }
}
