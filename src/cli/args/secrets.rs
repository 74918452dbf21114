//! Options for redacting command lines.

use clap::Args;
use process_scanner::{Config, Pattern, Redact};

#[derive(Debug, Args)]
pub(crate) struct Secrets {
    /// Do not redact secrets in command lines
    #[arg(long, conflicts_with_all = ["strip_args", "redact"])]
    no_redact: bool,
    /// Remove all arguments
    #[arg(long)]
    strip_args: bool,
    /// Also redact text that matches REGEX
    ///
    /// REGEX is matched against each argument and each name; if it has a group, only the text of the
    /// first group is redacted. Repeat --redact for more patterns.
    #[arg(long, value_name = "REGEX", value_parser = pattern)]
    redact: Vec<Pattern>,
}

impl Secrets {
    /// Sets the redaction in the settings.
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
