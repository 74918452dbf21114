//! What a consumer has received of births and exits.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use process_scanner::{Batch, Event};

/// What the consumer has received.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// With the command line as last known.
    pub(crate) created: Vec<(u32, Option<u64>, Option<String>)>,
    pub(crate) exited: Vec<Exited>,
    pub(crate) unseen: Option<u64>,
    pub(crate) cpu_us: u64,
    pub(crate) batches: u64,
    pub(crate) hearings: Vec<String>,
}

/// An exit, with the time from the end to its arrival.
#[derive(Debug, Clone)]
pub(crate) struct Exited {
    pub(crate) pid: u32,
    pub(crate) start_time_ms: Option<u64>,
    pub(crate) code: Option<u8>,
    pub(crate) lived_ms: Option<u64>,
    pub(crate) command: Option<String>,
    pub(crate) late_ms: Option<f64>,
}

impl Seen {
    pub(crate) fn take(&mut self, batch: &Arc<Batch>) {
        self.batches += 1;
        self.cpu_us += batch.cost.cpu_us.unwrap_or(0);
        if let Some(unseen) = batch.counts.unseen_at_most {
            *self.unseen.get_or_insert(0) += unseen;
        }
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        let now_ms = since_1970.map_or(0.0, |since| since.as_secs_f64() * 1e3);
        self.hearings
            .extend(batch.transitions.iter().map(ToString::to_string));
        for event in &batch.events {
            let process = event.process();
            let command = process.command.as_ref().map(|command| {
                let args: Vec<&str> = command.args().collect();
                args.join(" ")
            });
            match event {
                Event::Created(_) => {
                    let start_time_ms = process.start_time_ms;
                    self.created.push((process.pid, start_time_ms, command));
                }
                Event::Exited {
                    lived_ms,
                    exit,
                    ended_at_ms,
                    ..
                } => self.exited.push(Exited {
                    pid: process.pid,
                    start_time_ms: process.start_time_ms,
                    code: exit.and_then(|exit| exit.code),
                    lived_ms: *lived_ms,
                    command,
                    late_ms: ended_at_ms.map(|ended_ms| now_ms - ended_ms as f64),
                }),
                _ => {}
            }
        }
    }
}
