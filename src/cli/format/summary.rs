//! Summarises the events of a watch at its end.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Instant;

use process_scanner::{Batch, Event, Metrics, ProcessInfo, ProcessKey};

use super::cells;
use super::color::{self, Part};
use super::fold::fold;

/// Shortest time for a share of CPU, in milliseconds.
///
/// Over less time, the first scan dominates.
const SHARED_FROM_MS: f64 = 1000.0;

/// Counts events and CPU time.
pub(crate) struct Summary {
    began: Instant,
    first_ns: Option<u64>,
    last_ns: u64,
    births: u64,
    exits: u64,
    /// Births that no scan saw, at most; 0 where no scan counts them.
    unseen: u64,
    lost_batches: u64,
    shortest: Option<(u64, String)>,
    /// CPU time of running processes since they were first seen.
    used: HashMap<ProcessKey, Used>,
    /// The exited process with the most CPU time, in milliseconds.
    busiest: Option<(f64, String)>,
}

struct Used {
    /// CPU time before it was first seen, in milliseconds.
    before_ms: f64,
    now_ms: f64,
    process: String,
}

impl Summary {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            first_ns: None,
            last_ns: 0,
            births: 0,
            exits: 0,
            unseen: 0,
            lost_batches: 0,
            shortest: None,
            used: HashMap::new(),
            busiest: None,
        }
    }

    /// Adds a batch; of its events only `events` count.
    pub(crate) fn take(&mut self, batch: &Batch, events: &[&Event]) {
        self.first_ns.get_or_insert(batch.monotonic_ns);
        self.last_ns = batch.monotonic_ns;
        self.lost_batches += batch.lost_batches;
        self.unseen += batch.counts.unseen_at_most.unwrap_or(0);
        for event in events {
            let process = event.process();
            match event {
                Event::Created(_) => {
                    self.births += 1;
                    self.use_of(process, Some(0.0));
                }
                Event::Exited { lived_ms, .. } => {
                    self.exits += 1;
                    if let Some(ms) = *lived_ms
                        && self.shortest.as_ref().is_none_or(|(least, _)| ms < *least)
                    {
                        self.shortest = Some((ms, pid_and_name(process)));
                    }
                    self.use_of(process, None);
                    if let Some(used) = self.used.remove(&process.key()) {
                        self.busiest = busier(self.busiest.take(), &used);
                    }
                }
                _ => self.use_of(process, None),
            }
        }
    }

    /// Updates the CPU time of a process.
    ///
    /// `before_ms`: its CPU time before it was first seen; `None`: all of it so far.
    fn use_of(&mut self, process: &ProcessInfo, before_ms: Option<f64>) {
        let Some(now_ms) = process.cpu_time_ms else {
            return;
        };
        let used = self.used.entry(process.key()).or_insert_with(|| Used {
            before_ms: before_ms.unwrap_or(now_ms),
            now_ms,
            process: pid_and_name(process),
        });
        used.now_ms = now_ms;
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
        let births = if self.births == 1 { "birth" } else { "births" };
        // The scanner has counted those of lost batches too.
        let counted = cost.and_then(|metrics| metrics.unseen_births_at_most_total);
        let unseen = match counted.unwrap_or(self.unseen) {
            0 => String::new(),
            unseen => format!(", at most {unseen} more unseen"),
        };
        let exits = if self.exits == 1 { "exit" } else { "exits" };
        let mut lines = vec![(
            "watched",
            format!(
                "{}: {at_least}{} {births}{unseen}, {at_least}{} {exits}",
                cells::duration(watched_ms),
                self.births,
                self.exits
            ),
        )];
        if let Some((ms, process)) = &self.shortest {
            let text = format!("{process}, at most {}", cells::duration(*ms));
            lines.push(("shortest lived", text));
        }
        let busiest = self.used.values().fold(self.busiest.clone(), busier);
        if let Some((ms, process)) = busiest {
            lines.push((
                "busiest",
                format!("{process}, {} CPU", cells::cpu_time(Some(ms))),
            ));
        }
        if let Some(metrics) = cost {
            lines.push(("this watch", self.cost(metrics)));
        }
        for (name, text) in lines {
            for (begin, text) in fold(name, &text, cells::line_width()) {
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

/// Returns the busier process; one without CPU time is never the busiest.
fn busier(busiest: Option<(f64, String)>, other: &Used) -> Option<(f64, String)> {
    let used_ms = other.now_ms - other.before_ms;
    let most_ms = busiest.as_ref().map_or(0.0, |(ms, _)| *ms);
    match used_ms > most_ms {
        true => Some((used_ms, other.process.clone())),
        false => busiest,
    }
}

fn pid_and_name(process: &ProcessInfo) -> String {
    format!("{} {}", process.pid, cells::name(process))
}
