//! Options that choose the source, the interval and the end of scanning.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};
use process_scanner::{Config, Listen, SourceChoice};

use super::durations::{exact, interval, run_time};
use super::numbers::at_least_one;
use crate::cli::format::intervals::Terms;

/// Options that choose the live source.
#[derive(Debug, Clone, Args)]
pub(crate) struct Live {
    /// Source to scan: linux, sysinfo or auto
    ///
    /// linux reads proc(5); sysinfo works on every system. auto is linux on Linux if its check at
    /// the start passes, otherwise sysinfo.
    #[arg(
        long,
        value_name = "NAME",
        value_enum,
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) source: Choice,
    /// Read proc(5) at PATH, such as the host's in a container
    #[arg(long, value_name = "PATH", value_hint = ValueHint::DirPath)]
    pub(crate) proc: Option<PathBuf>,
}

/// Sources by name.
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Choice {
    Auto,
    Linux,
    Sysinfo,
}

impl Live {
    /// Sets this source in the settings.
    pub(crate) fn configure(&self, config: &mut Config) {
        config.source = match self.source {
            Choice::Auto => SourceChoice::Auto,
            Choice::Linux => SourceChoice::Linux,
            Choice::Sysinfo => SourceChoice::Sysinfo,
        };
        config.proc_path.clone_from(&self.proc);
    }
}

/// Options for the interval and the cost of scanning.
#[derive(Debug, Clone, Args)]
pub(crate) struct Pace {
    /// Scan at this interval, 50ms to 1h; less often if the CPU budget requires it
    #[arg(
        long,
        value_name = "TIME",
        default_value = "1s",
        value_parser = interval,
        allow_hyphen_values = true
    )]
    pub(crate) interval: Duration,
    /// Never scan less often than at this interval, even if scans exceed the CPU budget
    #[arg(long, value_name = "TIME", value_parser = interval, allow_hyphen_values = true)]
    pub(crate) max_interval: Option<Duration>,
    /// Limit CPU time to this percentage of one core, 0.01 to 100, or `off`; pscan scans less often
    /// if scans cost more
    #[arg(
        long,
        value_name = "PERCENT",
        default_value = "0.75",
        value_parser = cpu_budget,
        allow_negative_numbers = true
    )]
    pub(crate) cpu_budget: CpuBudget,
    /// Scan only, and do not listen to the kernel's events
    ///
    /// By default pscan on Linux listens to births and exits between scans, where the kernel reports
    /// them: with exact times, exit status and, within the CPU budget, no process unseen. Elsewhere,
    /// and with this option, scans alone find births and exits.
    #[arg(long)]
    pub(crate) poll_only: bool,
    #[command(flatten)]
    pub(crate) live: Live,
}

/// Options for the interval, the end and the cost of scanning.
#[derive(Debug, Args)]
pub(crate) struct Schedule {
    #[command(flatten)]
    pub(crate) pace: Pace,
    /// Stop after N scans
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    pub(crate) scans: Option<u64>,
    /// Stop after this time (30s, 5m, 1h30m) with one last scan
    #[arg(long = "for", value_name = "TIME", value_parser = run_time, allow_hyphen_values = true)]
    pub(crate) run_for: Option<Duration>,
    /// Print the scanner's counters and cost to standard error, at the end and on SIGUSR1
    #[arg(long)]
    pub(crate) stats: bool,
}

impl Pace {
    /// The names of these options, for the parser.
    pub(super) const IDS: [&str; 6] = [
        "interval",
        "max_interval",
        "cpu_budget",
        "poll_only",
        "source",
        "proc",
    ];

    /// Builds settings with this source, interval and budget.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::default();
        self.live.configure(&mut config);
        if self.poll_only {
            config.listen = Listen::Off;
        }
        config.interval_ms = whole_ms(self.interval);
        config.max_interval_ms = self.max_interval.map(whole_ms);
        config.cpu_budget_percent = self.cpu_budget.0;
        // This program has no other use for descriptors, and starts no children.
        config.raise_descriptor_limit = true;
        // To the user, scanning and printing are one program.
        config.budget_covers_callbacks = true;
        config
    }

    /// Returns what is wrong with the options together, and what to do.
    pub(super) fn conflict(&self) -> Option<String> {
        let max = self.max_interval.filter(|max| *max < self.interval)?;
        let (interval, max) = (exact(self.interval), exact(max));
        Some(format!(
            "--max-interval {max} is shorter than the interval of {interval}; \
             raise it to at least {interval}, or use --interval {max} or less"
        ))
    }

    /// Returns what the user has requested of interval and budget.
    pub(crate) fn terms(&self) -> Terms {
        Terms {
            interval_ms: whole_ms(self.interval),
            max_interval_ms: self.max_interval.map(whole_ms),
            budget_percent: self.cpu_budget.0,
        }
    }
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Limit of CPU time, in percent of one core; `None`: no limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CpuBudget(pub(crate) Option<f64>);

fn cpu_budget(text: &str) -> Result<CpuBudget, String> {
    if text == "off" {
        return Ok(CpuBudget(None));
    }
    match text.parse::<f64>() {
        Ok(percent) if (0.01..=100.0).contains(&percent) => Ok(CpuBudget(Some(percent))),
        _ => Err("must be a number from 0.01 to 100, or `off`".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budget_has_the_limits_of_the_library() {
        for (given, is_fine) in [
            ("0.0099", false),
            ("0.01", true),
            ("100", true),
            ("100.1", false),
            ("NaN", false),
        ] {
            let mut config = Config::default();
            config.cpu_budget_percent = given.parse().ok();
            assert_eq!(cpu_budget(given).is_ok(), is_fine, "{given}");
            assert_eq!(config.validate().is_ok(), is_fine, "{given}");
        }
        assert_eq!(cpu_budget("off"), Ok(CpuBudget(None)));
        assert!(cpu_budget("").is_err() && cpu_budget("on").is_err());
    }
}
