//! `--stats`: what the scanner says of itself, on standard error.

use std::fmt::{self, Display};
use std::io::{self, Write};

use crossbeam_channel::{Receiver, never};
use process_scanner::{ConsumerMetrics, CpuUse, Metrics, Result, Times};

use super::args::Schedule;
use super::{cells, json};

/// When and how they are printed.
pub(super) struct Stats {
    is_wanted: bool,
    json: bool,
    /// Gets a message when they are asked for.
    pub(super) asked: Receiver<()>,
}

impl Stats {
    /// As the command line says. From now on SIGUSR1 asks for them, if they are wanted at all.
    pub(super) fn new(schedule: &Schedule, json: bool) -> Result<Self> {
        Ok(Self {
            is_wanted: schedule.stats,
            json,
            asked: match schedule.stats {
                true => signal::asked()?,
                false => never(),
            },
        })
    }

    pub(super) fn print(&self, metrics: &Metrics) {
        if !self.is_wanted {
            return;
        }
        let mut out = io::stderr().lock();
        // There is nobody left to tell if even this cannot be written.
        let _ = match self.json {
            true => json::write_line(&mut out, metrics),
            false => write!(out, "{}", Lines(metrics)),
        };
    }
}

#[cfg(unix)]
mod signal {
    use std::thread;

    use crossbeam_channel::{Receiver, bounded};
    use process_scanner::{Error, Result};
    use signal_hook::consts::SIGUSR1;
    use signal_hook::iterator::Signals;

    pub(super) fn asked() -> Result<Receiver<()>> {
        let cannot_wait = |error| Error::from_io("cannot wait for SIGUSR1", error);
        let (ask, asked) = bounded(1);
        let mut signals = Signals::new([SIGUSR1]).map_err(cannot_wait)?;
        thread::Builder::new()
            .name("pscan-signal".into())
            .spawn(move || {
                for _ in signals.forever() {
                    // One that is there already says the same.
                    let _ = ask.try_send(());
                }
            })
            .map_err(cannot_wait)?;
        Ok(asked)
    }
}

#[cfg(not(unix))]
mod signal {
    use crossbeam_channel::{Receiver, never};
    use process_scanner::Result;

    /// There is no such signal here: they are printed at the end alone.
    pub(super) fn asked() -> Result<Receiver<()>> {
        Ok(never())
    }
}

struct Lines<'a>(&'a Metrics);

impl Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let m = self.0;
        let mut line = |name: &str, text: String| writeln!(f, "{name:<14} {text}");
        let scans = m.scans_total;
        line(
            "scans",
            format!(
                "{} good, {} failed, {} tried again",
                scans.good, scans.failed, m.retries_total
            ),
        )?;
        for (class, count) in &m.errors_total {
            line("errors", format!("{class}: {count}"))?;
        }
        line("scan time", times(&m.scan_time))?;
        line("dispatch time", times(&m.dispatch_time))?;
        line("cpu", cpu(m.cpu))?;
        line(
            "interval",
            format!(
                "{} ms, asked for {} ms, changed {} times",
                m.interval_ms, m.interval_asked_ms, m.interval_changes_total
            ),
        )?;
        line(
            "breaker",
            format!("{}, opened {} times", m.breaker, m.breaker_opened_total),
        )?;
        line(
            "table",
            format!(
                "{} processes, {}",
                m.processes,
                cells::bytes(Some(m.table_bytes))
            ),
        )?;
        let events = m.events_total;
        line(
            "events",
            format!(
                "{} existing, {} created, {} updated, {} exited",
                events.existing, events.created, events.updated, events.exited
            ),
        )?;
        line(
            "unseen",
            format!(
                "births at most {}, fields unreadable {}, vanished {}",
                known(m.unseen_births_at_most_total),
                m.unreadable_fields_total,
                known(m.vanished_total)
            ),
        )?;
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
        }
        Ok(())
    }
}

fn served(consumer: &ConsumerMetrics) -> String {
    format!(
        "{} delivered, {} lost, {} of {} waiting; latency {}",
        consumer.delivered_total,
        consumer.lost_total,
        consumer.queue_depth,
        consumer.queue_len,
        times(&consumer.latency)
    )
}

fn name(consumer: &ConsumerMetrics) -> String {
    match &consumer.name {
        Some(name) => format!("to {name}"),
        None => consumer.id.to_string(),
    }
}

fn cpu(cpu: Option<CpuUse>) -> String {
    cpu.map_or_else(
        || cells::UNKNOWN.to_owned(),
        |cpu| {
            format!(
                "scan {:.0} ms, dispatch {:.0} ms, callbacks {:.0} ms",
                cpu.scan_ms, cpu.dispatch_ms, cpu.callbacks_ms
            )
        },
    )
}

fn times(times: &Times) -> String {
    let ms = |us: Option<u64>| {
        us.map_or_else(
            || cells::UNKNOWN.to_owned(),
            |us| format!("{:.2}", us as f64 / 1e3),
        )
    };
    format!(
        "median {} ms, p90 {}, p99 {}, p99.9 {}, longest {}",
        ms(times.p50_us),
        ms(times.p90_us),
        ms(times.p99_us),
        ms(times.p999_us),
        ms(times.max_us)
    )
}

fn known(count: Option<u64>) -> String {
    count.map_or_else(|| cells::UNKNOWN.to_owned(), |count| count.to_string())
}
