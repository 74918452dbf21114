//! Options of `pscan run`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};
use process_scanner::{Config, Listen};

use super::collected::Collected;
use super::durations::interval;
use super::secrets::Secrets;

/// Time between scans while the kernel reports births and exits: they only measure memory, and the
/// CPU time of lives that go on.
const INTERVAL: Duration = Duration::from_millis(200);

/// Time between scans that find births and exits: the shortest of a scanner.
const SAMPLED: Duration = Duration::from_millis(50);

#[derive(Debug, Args)]
#[command(after_help = "\
Exit status: that of COMMAND, or 128 + n if signal n ended it; 127 if it was not found, 126 if it
cannot be executed, 125 if pscan failed, such as for wrong usage.

Examples:
  pscan run make -j8
  pscan run --json --output build.json -- cargo build --release
  pscan run --record build.ndjson ./nightly.sh")]
pub(crate) struct Run {
    /// Print the summary as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the summary to FILE instead of standard error
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Record all scans and events of the host to FILE, for `replay`
    ///
    /// A file that is not empty is refused without --force.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) record: Option<PathBuf>,
    /// Replace what the recording contains
    #[arg(long, requires = "record")]
    pub(crate) force: bool,
    /// Scan at this interval, 50ms to 1h; default: 200ms with events of the kernel, else 50ms
    ///
    /// Scans measure the memory of all together. Without events they also find births and exits.
    #[arg(long, value_name = "TIME", value_parser = interval, allow_hyphen_values = true)]
    interval: Option<Duration>,
    /// Scan only, and do not listen to the kernel's events
    #[arg(long)]
    poll_only: bool,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
    /// Command to run, with its arguments
    ///
    /// All that follows it belongs to it. `--` before it is only needed if it begins with a dash.
    #[arg(
        required = true,
        trailing_var_arg = true,
        value_hint = ValueHint::CommandWithArguments
    )]
    pub(crate) command: Vec<OsString>,
}

impl Run {
    /// Returns what is wrong with the options together, and what to do.
    pub(super) fn conflict(&self) -> Option<String> {
        let is_one = self.output.is_some() && self.output == self.record;
        is_one.then(|| "--output and --record name the same file; name two".into())
    }

    /// Builds settings without a CPU budget: a profile must be complete.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::default();
        self.secrets.configure(&mut config);
        Collected::default().configure(&mut config, self.record.is_some(), &[]);
        config.cpu_budget_percent = None;
        // A build loads all CPUs, so that scans wait for one.
        config.overload_wait_ratio = None;
        if self.poll_only {
            config.listen = Listen::Off;
        }
        config
    }

    /// Sets the interval in the settings. `hears_lives`: the kernel reports births and exits.
    pub(crate) fn set_interval(&self, config: &mut Config, hears_lives: bool) {
        let usual = if hears_lives { INTERVAL } else { SAMPLED };
        let interval = self.interval.unwrap_or(usual).as_millis();
        config.interval_ms = u64::try_from(interval).unwrap_or(u64::MAX);
    }
}
