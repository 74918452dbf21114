//! Options for redacting command lines.

use clap::Args;
use process_scanner::{Config, Pattern, Redact, RedactRule};

#[derive(Debug, Args)]
pub(crate) struct Secrets {
    /// Do not redact secrets in command lines
    #[arg(long, conflicts_with_all = ["strip_args", "redact", "redact_rule"])]
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
    /// Also redact secrets of a program
    ///
    /// RULE names a program and where its secret is, such as 'gitlab-runner register -r' or
    /// 'bill login * !'. docs/secrets.md describes the syntax. Repeat --redact-rule for more rules.
    #[arg(long, value_name = "RULE", value_parser = rule, hide_short_help = true)]
    redact_rule: Vec<RedactRule>,
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
        config.redact_rules.clone_from(&self.redact_rule);
    }
}

fn rule(text: &str) -> Result<RedactRule, String> {
    RedactRule::new(text).map_err(|error| error.full_message())
}

fn pattern(text: &str) -> Result<Pattern, String> {
    Pattern::new(text).map_err(|error| error.full_message())
}
