//! One line of JSON about a batch: [`JsonLine`].

use std::fmt;

use serde::Serialize;

use super::text::write_json;
use crate::model::{Batch, Error, Event, Hearing, Pace, Transition};

/// One line of JSON, as `pscan watch --json` prints it: for agents that forward events.
///
/// It prints as JSON without a line feed, and [without control characters](crate::write_json). It
/// serialises in other formats too. `docs/json.md` describes the lines, and
/// `docs/json.schema.json` is their schema.
///
/// ```
/// use process_scanner::{Batch, Event, JsonLine, ProcessInfo, ProcessKey};
///
/// let process = ProcessInfo::unknown(ProcessKey { pid: 7, start_time_ms: None });
/// let batch = Batch::new(2, 1_700_000_000_000, vec![Event::Created(process)]);
/// for line in JsonLine::of_batch(&batch) {
///     let text = line.to_string();
///     assert!(text.starts_with(r#"{"seq":2,"at_ms":1700000000000,"event":"created","process":{"#));
/// }
/// ```
#[derive(Debug, Clone, Copy, Serialize)]
pub struct JsonLine<'b> {
    seq: u64,
    at_ms: u64,
    #[serde(flatten)]
    what: What<'b>,
}

/// The content of a line, with its `event`.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
enum What<'a> {
    Process(&'a Event),
    Pace(&'a Transition),
    Notice(Notice<'a>),
}

/// An event that belongs to no process.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Notice<'a> {
    Resync {
        lost_batches: u64,
        /// The current pace, since the lost batches may contain changes of it.
        pace: Option<Pace>,
        /// For the same reason.
        hearing: Hearing,
    },
    ScanFailed(&'a Error),
    /// The source was asked to hear births and exits, and cannot.
    NotListening {
        hearing: Hearing,
        reason: &'a str,
    },
    /// At most so many processes were born and exited unseen before this scan.
    Unseen {
        unseen_at_most: u64,
    },
}

impl<'b> JsonLine<'b> {
    /// Returns the lines of a batch: those about the scan, then one for each event.
    pub fn of_batch(batch: &'b Batch) -> impl Iterator<Item = Self> {
        let events = batch.events.iter();
        Self::about_scan(batch).chain(events.map(|event| Self::of_event(batch, event)))
    }

    /// Returns the lines about the scan: lost batches, a failure, unseen processes, transitions.
    pub fn about_scan(batch: &'b Batch) -> impl Iterator<Item = Self> {
        let resync = (batch.lost_batches > 0).then_some(Notice::Resync {
            lost_batches: batch.lost_batches,
            pace: batch.pace,
            hearing: batch.hearing,
        });
        let failure = batch.failure.as_ref().map(Notice::ScanFailed);
        let unseen = batch.counts.unseen_at_most.filter(|unseen| *unseen > 0);
        let unseen = unseen.map(|unseen_at_most| Notice::Unseen { unseen_at_most });
        let notices = [resync, failure, unseen].into_iter().flatten();
        let transitions = batch.transitions.iter().map(What::Pace);
        let all = notices.map(What::Notice).chain(transitions);
        all.map(|what| Self::of(batch, what))
    }

    /// Returns the line of an event of a batch.
    pub fn of_event(batch: &Batch, event: &'b Event) -> Self {
        Self::of(batch, What::Process(event))
    }

    /// Returns the line with the reason why the source hears no births and exits.
    pub fn not_listening(batch: &Batch, reason: &'b str) -> Self {
        let hearing = batch.hearing;
        Self::of(
            batch,
            What::Notice(Notice::NotListening { hearing, reason }),
        )
    }

    fn of(batch: &Batch, what: What<'b>) -> Self {
        Self {
            seq: batch.seq,
            at_ms: batch.taken_at_ms,
            what,
        }
    }
}

impl fmt::Display for JsonLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        write_json(&mut text, self)
            .expect("BUG: it has only texts as keys, and memory is writable");
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ProcessInfo, ProcessKey};

    #[test]
    fn a_scan_that_misses_no_process_has_no_line_about_it() {
        let mut batch = Batch::new(1, 7, Vec::new());
        let unseen = r#"{"seq":1,"at_ms":7,"event":"unseen","unseen_at_most":1}"#;
        for (unseen, expected) in [(None, None), (Some(0), None), (Some(1), Some(unseen))] {
            batch.counts.unseen_at_most = unseen;
            let line = JsonLine::of_batch(&batch).next();
            assert_eq!(line.map(|line| line.to_string()).as_deref(), expected);
        }
    }

    #[test]
    fn unknown_lifetime_is_null() {
        let process = ProcessInfo::unknown(ProcessKey {
            pid: 1,
            start_time_ms: None,
        });
        let batch = Batch::new(2, 3, vec![Event::exited(process, None)]);
        let text = JsonLine::of_event(&batch, &batch.events[0]).to_string();
        assert!(
            text.starts_with(r#"{"seq":2,"at_ms":3,"event":"exited","process":{"pid":1,"#),
            "{text}"
        );
        let unknown = r#"},"lived_ms":null,"lived_ns":null,"exit":null,"ended_at_ms":null,"likely_oom":null,"usage":null}"#;
        assert!(text.ends_with(unknown), "{text}");
    }
}
