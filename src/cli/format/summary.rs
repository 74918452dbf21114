//! Summarises the events of a watch at its end.

use std::io::{self, Write};
use std::time::Instant;

use process_scanner::{Batch, Metrics};

use super::cells;
use super::color::{self, Part};
use super::headings::headed;
use super::lifetimes::Lives;
use crate::cli::terminal;

/// Shortest time for a share of CPU, in milliseconds.
///
/// Over less time, the first scan dominates.
const SHARED_FROM_MS: f64 = 1000.0;

/// Counts events and CPU time.
pub(crate) struct Summary {
    began: Instant,
    first_ns: Option<u64>,
    last_ns: u64,
    lives: Lives,
    /// Processes that are born while watching can match.
    has_births: bool,
    /// Births that no scan saw, at most; 0 where no scan counts them.
    unseen: u64,
    lost_batches: u64,
}

impl Summary {
    /// Creates an empty summary.
    ///
    /// `has_births`: processes that are born while watching can match.
    pub(crate) fn new(has_births: bool) -> Self {
        Self {
            has_births,
            began: Instant::now(),
            first_ns: None,
            last_ns: 0,
            lives: Lives::default(),
            unseen: 0,
            lost_batches: 0,
        }
    }

    /// Adds a batch. `matches`: for each of its events, whether its process is selected.
    pub(crate) fn take(&mut self, batch: &Batch, matches: &[bool]) {
        self.first_ns.get_or_insert(batch.monotonic_ns);
        self.last_ns = batch.monotonic_ns;
        self.lost_batches += batch.lost_batches;
        self.unseen += batch.counts.unseen_at_most.unwrap_or(0);
        self.lives.take(batch, matches);
    }

    /// Writes the summary; `cost`: metrics of the scanner, for a live host.
    pub(crate) fn write(&self, out: &mut impl Write, cost: Option<&Metrics>) -> io::Result<()> {
        let watched_ms = self
            .last_ns
            .saturating_sub(self.first_ns.unwrap_or(self.last_ns))
            / 1_000_000;
        let at_least = match self.lost_batches {
            0 => "",
            _ => "at least ",
        };
        let lives = &self.lives;
        let mut counts = Vec::new();
        if self.has_births {
            let births = if lives.births == 1 { "birth" } else { "births" };
            counts.push(format!("{at_least}{} {births}", lives.births));
            // The scanner has counted those of lost batches too.
            let counted = cost.and_then(|metrics| metrics.unseen_births_at_most_total);
            match counted.unwrap_or(self.unseen) {
                0 => {}
                unseen => counts.push(format!("at most {unseen} more unseen")),
            }
        }
        if lives.joined > 0 {
            counts.push(format!("{} began to match", lives.joined));
        }
        let exits = if lives.exits == 1 { "exit" } else { "exits" };
        let mut failures = Vec::new();
        if lives.errors > 0 {
            failures.push(format!("{} with an error", lives.errors));
        }
        if lives.kills > 0 {
            failures.push(format!("{} by a signal", lives.kills));
        }
        let failures = match failures[..] {
            [] => String::new(),
            _ => format!(" ({})", failures.join(", ")),
        };
        counts.push(format!("{at_least}{} {exits}{failures}", lives.exits));
        let watched = cells::duration(watched_ms);
        let mut lines = vec![("watched", format!("{watched}: {}", counts.join(", ")))];
        if let Some((lived, process)) = lives.shortest() {
            let text = format!("{process}, {}", lived.text());
            lines.push(("shortest lived", text));
        }
        if let Some((ms, process)) = lives.busiest() {
            lines.push((
                "busiest",
                format!("{process}, {} CPU", cells::cpu_time(Some(ms))),
            ));
        }
        if let Some(metrics) = cost {
            lines.push(("this watch", self.cost(metrics)));
        }
        for (name, text) in lines {
            for (begin, text) in headed(name, &text, terminal::line_width()) {
                let parts: [Part; 2] = [(color::BOLD, begin), (color::PLAIN, text)];
                color::write_line(out, &parts, None)?;
            }
        }
        Ok(())
    }

    fn cost(&self, metrics: &Metrics) -> String {
        let scans = metrics.scans_total;
        let mut parts = Vec::new();
        if let Some(cpu) = metrics.cpu_total {
            let used_ms = cpu.scan_ms + cpu.dispatch_ms + cpu.callbacks_ms;
            let elapsed_ms = self.began.elapsed().as_secs_f64() * 1000.0;
            parts.push(match elapsed_ms >= SHARED_FROM_MS {
                true => format!("{:.2} % of one core", used_ms / elapsed_ms * 100.0),
                false => format!("{used_ms:.1}ms of CPU time"),
            });
        }
        parts.push(match scans.good + scans.failed {
            1 => "1 scan".into(),
            all => format!("{all} scans"),
        });
        if let Some(us) = metrics.scan_time.p50_us {
            parts.push(format!("median {}", cells::short_time(us)));
        }
        if scans.failed > 0 {
            parts.push(format!("{} failed", scans.failed));
        }
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{Event, Exit, ExitStatus, ProcessInfo, ProcessKey};

    use super::*;

    #[test]
    fn exits_with_an_error_and_by_a_signal_have_counts() {
        let process = |pid| {
            ProcessInfo::unknown(ProcessKey {
                pid,
                start_time_ms: None,
            })
        };
        let summary_of = |statuses: &[Option<u32>]| {
            let exited = statuses.iter().zip(1..).map(|(status, pid)| {
                let mut exit = Exit::default();
                exit.status = status.map(ExitStatus::from_wait_status);
                Event::exited(process(pid), None).with_exit(exit)
            });
            let mut summary = Summary::new(false);
            let existing = (1..10).map(|pid| Event::Existing(process(pid))).collect();
            summary.take(&Batch::new(1, 1000, existing), &[true; 9]);
            let exited: Vec<_> = exited.collect();
            let matches = vec![true; exited.len()];
            let mut batch = Batch::new(2, 2000, exited);
            batch.full = false;
            summary.take(&batch, &matches);
            let mut out = Vec::new();
            summary
                .write(&mut out, None)
                .expect("writing to memory works");
            let text = anstream::adapter::strip_bytes(&out).into_vec();
            let text = String::from_utf8(text).expect("text is UTF-8");
            let (_, counts) = text.trim_end().split_once(": ").expect("it has counts");
            counts.to_owned()
        };
        let (error, killed) = (Some(0x0300), Some(9));
        for (statuses, expected) in [
            (&[Some(0), None][..], "2 exits"),
            (&[error, Some(0)], "2 exits (1 with an error)"),
            (&[killed], "1 exit (1 by a signal)"),
            (
                &[killed, error, None, killed, error, killed],
                "6 exits (2 with an error, 3 by a signal)",
            ),
        ] {
            assert_eq!(summary_of(statuses), expected);
        }
    }
}
