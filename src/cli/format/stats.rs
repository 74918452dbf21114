//! `--stats`: prints the metrics of the scanner to standard error.

use std::fmt::{self, Display};
use std::io::{self, IsTerminal, Write};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, never};
use process_scanner::{
    ConsumerMetrics, CpuTimes, Error, Hearing, ListenStep, Metrics, Result, ScanResults, TimeStats,
    escape,
};

use super::headings::headed;
use super::{cells, json};
use crate::cli::{signals, terminal};

/// Longest wait, at the end, for the reader of standard error.
const LAST_TIMEOUT: Duration = Duration::from_millis(500);

/// Widest line; a narrower terminal has a narrower limit.
const WIDTH: usize = 80;

/// Prints statistics at the end and on SIGUSR1.
pub(crate) struct Stats {
    /// `None` without `--stats`.
    printer: Option<Printer>,
    json: bool,
    /// Statistics start a new line, below the progress.
    is_below: bool,
    /// Gets a message when SIGUSR1 requests statistics.
    pub(crate) requests: Receiver<()>,
}

/// A writing thread, so that no stuck reader blocks the command.
struct Printer {
    texts: Sender<Vec<u8>>,
    /// Closes after the last text is written.
    done: Receiver<()>,
}

impl Stats {
    /// Starts the thread and listens to SIGUSR1, if statistics are enabled.
    pub(crate) fn new(is_enabled: bool, json: bool) -> Result<Self> {
        Ok(Self {
            printer: is_enabled.then(Printer::start).transpose()?,
            json,
            is_below: false,
            requests: match is_enabled {
                true => signals::stats()?,
                false => never(),
            },
        })
    }

    /// Prints statistics below the progress, if both are on the same terminal.
    pub(crate) fn print_below_progress(&mut self) {
        self.is_below = io::stderr().is_terminal();
    }

    /// Prints statistics, unless the reader is not done with the previous ones.
    pub(crate) fn print(&self, metrics: &Metrics) {
        if let Some(printer) = &self.printer {
            let mut text = self.text(metrics);
            if self.is_below {
                text.insert(0, b'\n');
            }
            let _ = printer.texts.try_send(text);
        }
    }

    /// Prints statistics at the end.
    ///
    /// Waits at most a second for the reader.
    pub(crate) fn print_last(self, metrics: &Metrics) {
        let text = self.text(metrics);
        if let Some(printer) = self.printer
            && printer.texts.send_timeout(text, LAST_TIMEOUT).is_ok()
        {
            drop(printer.texts);
            let _ = printer.done.recv_timeout(LAST_TIMEOUT);
        }
    }

    /// Formats statistics as one text, so that no output splits them.
    fn text(&self, metrics: &Metrics) -> Vec<u8> {
        let mut text = Vec::new();
        match self.json {
            true => json::write_line(&mut text, metrics).expect("BUG: writing to memory failed"),
            false => {
                let width = terminal::stderr_width().map_or(WIDTH, |width| WIDTH.min(width));
                text.extend_from_slice(Lines { metrics, width }.to_string().as_bytes());
            }
        }
        text
    }
}

impl Printer {
    fn start() -> Result<Self> {
        let (texts, to_write) = bounded::<Vec<u8>>(1);
        let (has_ended, done) = bounded::<()>(0);
        thread::Builder::new()
            .name("pscan-stats".into())
            .spawn(move || {
                for text in to_write {
                    // A failure to write to standard error cannot be reported.
                    let _ = io::stderr().write_all(&text);
                }
                drop(has_ended);
            })
            .map_err(|error| Error::from_io("cannot start the printing thread", error))?;
        Ok(Self { texts, done })
    }
}

struct Lines<'a> {
    metrics: &'a Metrics,
    /// In columns.
    width: usize,
}

impl Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let m = self.metrics;
        let mut line = |name: &str, text: String| {
            let mut lines = headed(name, &text, Some(self.width)).into_iter();
            lines.try_for_each(|(begin, text)| writeln!(f, "{begin}{text}"))
        };
        let scans = m.scans_total;
        line(
            "scans",
            format!(
                "{} good, {} failed, {} retried",
                scans.good, scans.failed, m.retries_total
            ),
        )?;
        for (class, count) in &m.errors_total {
            line("errors", format!("{class}: {count}"))?;
        }
        line("scan time", times(&m.scan_time))?;
        line("dispatch time", times(&m.dispatch_time))?;
        line("cpu", cpu(m.cpu_total))?;
        line(
            "interval",
            format!(
                "{}ms, requested {}ms, changed {} times",
                m.interval_ms, m.interval_asked_ms, m.interval_changes_total,
            ),
        )?;
        line(
            "budget",
            format!("exceeded {} times", m.budget_exceeded_total),
        )?;
        line(
            "breaker",
            format!("{}, opened {} times", m.breaker, m.breaker_opened_total),
        )?;
        line(
            "table",
            format!("{} processes, {}", m.processes, cells::bytes(m.table_bytes)),
        )?;
        let events = m.events_total;
        line(
            "events",
            format!(
                "{} existing, {} created, {} updated, {} exited",
                events.existing, events.created, events.updated, events.exited
            ),
        )?;
        line("births, exits", births_and_exits(m))?;
        line("usage of exits", usage_of_exits(m))?;
        line(
            "unseen",
            format!(
                "births at most {}, fields unreadable {}, vanished {}",
                known(m.unseen_births_at_most_total),
                m.unreadable_fields_total,
                known(m.vanished_total)
            ),
        )?;
        if !m.unreadable_total.is_empty() {
            line("unreadable", unreadable(m))?;
        }
        line(
            "batches",
            format!(
                "{} delivered, {} lost; {} panics, {} stalls",
                m.batches_delivered_total,
                m.batches_lost_total,
                m.consumer_panics_total,
                m.consumer_stalls_total
            ),
        )?;
        for consumer in &m.consumers {
            line(&name(consumer), served(consumer))?;
            line("  latency", times(&consumer.latency))?;
        }
        Ok(())
    }
}

/// Formats how many values could not be read, the most first.
fn unreadable(m: &Metrics) -> String {
    let mut counts: Vec<_> = m.unreadable_total.iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let counts = counts
        .iter()
        .map(|(field, count)| format!("{field} {count}"));
    counts.collect::<Vec<_>>().join(", ")
}

/// Formats where births and exits come from, and how complete they are.
fn births_and_exits(m: &Metrics) -> String {
    match (m.hearing, &m.not_listening) {
        (Hearing::Off, Some(why)) => format!("from scans, because {why}"),
        // Before the first scan it is unknown.
        (Hearing::Off, None) if m.scans_total == ScanResults::default() => cells::UNKNOWN.into(),
        (Hearing::Off, None) => "from scans".into(),
        (Hearing::Exits, why) => {
            let why = why.as_ref().map(|why| format!(", because {why}"));
            format!(
                "births from scans{}; exits from the kernel too: {} batches between scans",
                why.unwrap_or_default(),
                m.heard_batches_total
            )
        }
        (hearing, _) => {
            let step = m.listening.filter(|step| *step != ListenStep::Prompt);
            let step = step.map_or(String::new(), |step| format!(", listening {step}"));
            format!(
                "from the kernel: {hearing} now{step}, {} losses; {} batches between scans",
                m.hearing_lost_total, m.heard_batches_total
            )
        }
    }
}

/// Formats whether it is known what exited processes used, and why not.
fn usage_of_exits(m: &Metrics) -> String {
    let why = |why: &Option<String>| {
        let why = why.as_ref().map(|why| format!(", because {}", escape(why)));
        why.unwrap_or_default()
    };
    let state = match (m.usage, m.hearing) {
        (Some(true), _) => "reported".into(),
        (Some(false), _) => format!("not reported now{}", why(&m.usage_reason)),
        // Before the first scan it is unknown.
        (None, _) if m.scans_total == ScanResults::default() => return cells::UNKNOWN.into(),
        (None, Hearing::Off | Hearing::Exits) => format!("not reported{}", why(&m.not_listening)),
        (None, _) => "not reported".into(),
    };
    format!(
        "{state}; {} losses, {} exits without it",
        m.usage_lost_total, m.exits_without_usage_total
    )
}

fn served(consumer: &ConsumerMetrics) -> String {
    format!(
        "{} delivered, {} lost, {} of {} waiting",
        consumer.delivered_total, consumer.lost_total, consumer.queue_depth, consumer.queue_len,
    )
}

fn name(consumer: &ConsumerMetrics) -> String {
    match &consumer.name {
        Some(name) => format!("to {name}"),
        None => consumer.id.to_string(),
    }
}

fn cpu(cpu: Option<CpuTimes>) -> String {
    cpu.map_or_else(
        || cells::UNKNOWN.to_owned(),
        |cpu| {
            format!(
                "scan {:.0}ms, dispatch {:.0}ms, callbacks {:.0}ms",
                cpu.scan_ms, cpu.dispatch_ms, cpu.callbacks_ms
            )
        },
    )
}

fn times(times: &TimeStats) -> String {
    let short = |us: Option<u64>| us.map_or_else(|| cells::UNKNOWN.to_owned(), cells::short_time);
    format!(
        "median {}, p90 {}, p99 {}, p99.9 {}, longest {}",
        short(times.p50_us),
        short(times.p90_us),
        short(times.p99_us),
        short(times.p999_us),
        short(times.max_us)
    )
}

fn known(count: Option<u64>) -> String {
    count.map_or_else(|| cells::UNKNOWN.to_owned(), |count| count.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn births_and_exits_have_their_origin() {
        let mut metrics = Metrics::default();
        assert_eq!(births_and_exits(&metrics), "-");
        metrics.scans_total.good = 1;
        assert_eq!(births_and_exits(&metrics), "from scans");
        metrics.not_listening = Some("a reason".into());
        assert_eq!(births_and_exits(&metrics), "from scans, because a reason");
        metrics.hearing = Hearing::Exits;
        assert_eq!(
            births_and_exits(&metrics),
            "births from scans, because a reason; exits from the kernel too: 0 batches between scans"
        );
        metrics.not_listening = None;
        metrics.hearing = Hearing::Lossy;
        (metrics.hearing_lost_total, metrics.heard_batches_total) = (2, 50);
        assert_eq!(
            births_and_exits(&metrics),
            "from the kernel: lossy now, 2 losses; 50 batches between scans"
        );
        metrics.listening = Some(ListenStep::ExitsOnly);
        assert!(
            births_and_exits(&metrics)
                .starts_with("from the kernel: lossy now, listening exits_only, 2")
        );
    }

    #[test]
    fn the_reason_why_usage_is_missing_is_printed() {
        let mut metrics = Metrics::default();
        assert_eq!(usage_of_exits(&metrics), "-");
        metrics.scans_total.good = 1;
        metrics.exits_without_usage_total = 4;
        let counts = "; 0 losses, 4 exits without it";
        assert_eq!(usage_of_exits(&metrics), format!("not reported{counts}"));
        metrics.not_listening = Some("a\nreason".into());
        let text = format!("not reported, because a\\nreason{counts}");
        assert_eq!(usage_of_exits(&metrics), text);
        metrics.not_listening = None;
        metrics.hearing = Hearing::Complete;
        metrics.usage = Some(false);
        metrics.usage_reason = Some("CAP_NET_ADMIN is required".into());
        let text = format!("not reported now, because CAP_NET_ADMIN is required{counts}");
        assert_eq!(usage_of_exits(&metrics), text);
        metrics.usage = Some(true);
        assert_eq!(usage_of_exits(&metrics), format!("reported{counts}"));
    }

    #[test]
    fn unreadable_fields_are_printed_with_the_most_frequent_first() {
        let mut metrics = Metrics::default();
        let text = |metrics: &Metrics| Lines { metrics, width: 80 }.to_string();
        assert!(!text(&metrics).contains("\nunreadable "));
        let numbers = [("executable", 7), ("open_files", 12), ("read_bytes", 7)];
        metrics.unreadable_total.extend(numbers);
        let line = "\nunreadable     open_files 12, executable 7, read_bytes 7\n";
        assert!(text(&metrics).contains(line), "{}", text(&metrics));
    }

    #[test]
    fn lines_of_large_numbers_fit_80_columns() {
        let mut metrics = Metrics::default();
        let mut long = TimeStats::default();
        (long.p50_us, long.p90_us) = (Some(123_456), Some(999_999));
        (long.p99_us, long.p999_us) = (Some(59_999_999), Some(359_999_999));
        long.max_us = Some(u64::MAX);
        (metrics.scan_time, metrics.dispatch_time) = (long, long);
        let events = &mut metrics.events_total;
        (events.existing, events.created) = (u64::MAX, u64::MAX);
        (events.updated, events.exited) = (u64::MAX, u64::MAX);
        (metrics.interval_ms, metrics.interval_asked_ms) = (3_600_000, 3_600_000);
        for field in ["involuntary_switches", "process_group_id", "systemd_unit"] {
            metrics.unreadable_total.insert(field, u64::MAX);
        }
        metrics.interval_changes_total = u64::MAX;
        for width in [80, 40] {
            let text = Lines {
                metrics: &metrics,
                width,
            }
            .to_string();
            assert!(text.lines().all(|line| line.len() <= width), "{text}");
        }
        let text = Lines {
            metrics: &Metrics::default(),
            width: 80,
        }
        .to_string();
        assert!(
            text.starts_with("scans          0 good, 0 failed, 0 retried\n"),
            "{text}"
        );
        let unknown = "\nscan time      median -, p90 -, p99 -, p99.9 -, longest -\n";
        assert!(text.contains(unknown), "{text}");
    }
}
