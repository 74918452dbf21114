//! What is hidden of command lines.

use clap::Args;
use process_scanner::{Config, Pattern, Redact};

#[derive(Debug, Args)]
pub(crate) struct Secrets {
    /// Show secrets in command lines
    #[arg(long, conflicts_with_all = ["strip_args", "redact"])]
    no_redact: bool,
    /// Show no arguments, only programs
    #[arg(long)]
    strip_args: bool,
    /// Hide too what matches in an argument
    #[arg(long, value_name = "REGEX", value_parser = pattern)]
    redact: Vec<Pattern>,
}

impl Secrets {
    /// Has the settings hide it.
    pub(crate) fn configure(&self, config: &mut Config) {
        config.redact = match (self.no_redact, self.strip_args) {
            (true, _) => Redact::Off,
            (_, true) => Redact::Arguments,
            _ => Redact::Secrets,
        };
        config.redact_patterns.clone_from(&self.redact);
    }
}

fn pattern(text: &str) -> Result<Pattern, String> {
    Pattern::new(text).map_err(|error| error.full_message())
}
