//! The option for the time between two samples.

use std::time::Duration;

use clap::Args;

use super::durations::sample;

/// How CPU use is measured by commands that print once.
#[derive(Debug, Clone, Args)]
pub(crate) struct Sampling {
    /// Measure CPU use for TIME; 0: not
    ///
    /// pscan takes two samples, this far apart, at most 60s. With 0 pscan takes one sample, so CPU
    /// use is unknown.
    #[arg(
        long,
        value_name = "TIME",
        default_value = "500ms",
        value_parser = sample,
        allow_hyphen_values = true
    )]
    pub(crate) sample: Duration,
}
