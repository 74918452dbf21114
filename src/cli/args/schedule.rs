//! Options that choose the source, the interval and the end of scanning.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, value_parser};
use jiff::{Span, SpanRelativeTo};
use process_scanner::{Config, SourceChoice};

use super::numbers::at_least_one;

/// Options that choose the live source.
#[derive(Debug, Args)]
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
    #[arg(long, value_name = "PATH")]
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

/// Options for the interval, the end and the cost of scanning.
#[derive(Debug, Args)]
pub(crate) struct Schedule {
    /// Scan every N milliseconds, 50 to 3600000; less often if the CPU budget requires it
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = value_parser!(u64).range(50..=3_600_000))]
    pub(crate) interval_ms: u64,
    /// Stop after N scans
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) scans: Option<u64>,
    /// Stop after this time (30s, 5m, 1h30m) with one last scan
    #[arg(long = "for", value_name = "TIME", value_parser = run_time)]
    pub(crate) run_for: Option<Duration>,
    /// Limit CPU time to this percentage of one core, 0.01 to 100, or `off`; pscan scans less often
    /// if scans cost more
    #[arg(long, value_name = "PERCENT", default_value = "0.75", value_parser = cpu_budget)]
    pub(crate) cpu_budget: CpuBudget,
    /// Print the scanner's counters and cost to standard error, at the end and on SIGUSR1
    #[arg(long)]
    pub(crate) stats: bool,
    #[command(flatten)]
    pub(crate) live: Live,
}

impl Schedule {
    /// Builds settings with this source, interval and budget.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::default();
        self.live.configure(&mut config);
        config.interval_ms = self.interval_ms;
        config.cpu_budget_percent = self.cpu_budget.0;
        // To the user, scanning and printing are one program.
        config.budget_covers_callbacks = true;
        config
    }
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

/// Parses a time with units; a bare number has no clear unit.
fn run_time(text: &str) -> Result<Duration, String> {
    let time = text.parse::<Span>().ok();
    let days = SpanRelativeTo::days_are_24_hours();
    let time = time.and_then(|time| time.to_duration(days).ok());
    let time = time.and_then(|time| Duration::try_from(time).ok());
    time.filter(|time| !time.is_zero())
        .ok_or_else(|| "must be a time with a unit, such as 500ms, 30s, 5m, 1h30m or 2d".into())
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

    #[test]
    fn time_requires_a_unit() {
        for (given, ms) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("2 minutes", 120_000),
            ("1d01h", 90_000_000),
        ] {
            assert_eq!(run_time(given), Ok(Duration::from_millis(ms)), "{given}");
        }
        for given in [
            "",
            "30",
            "0s",
            "-5s",
            "s",
            "soon",
            "1mo",
            "99999999999999999999h",
        ] {
            run_time(given).expect_err(given);
        }
    }
}
