//! Writes the output of `--json`: one JSON object per line.

use std::io::{self, Write};

use process_scanner::{Batch, Error, Event, Hearing, Pace, ProcessInfo, Transition, is_control};
use serde::Serialize;
use serde_json::ser::Formatter;

/// All processes at one moment.
#[derive(Serialize)]
pub(crate) struct Listing<'a> {
    pub(crate) schema: u32,
    pub(crate) taken_at_ms: u64,
    pub(crate) interval_ms: Option<f64>,
    pub(crate) processes: &'a [&'a ProcessInfo],
}

/// One line of `watch`.
#[derive(Serialize)]
struct EventLine<'a> {
    seq: u64,
    at_ms: u64,
    #[serde(flatten)]
    what: What<'a>,
}

/// The content of a line, with its `event`.
#[derive(Serialize)]
#[serde(untagged)]
enum What<'a> {
    Process(&'a Event),
    Pace(&'a Transition),
    Notice(Notice<'a>),
}

/// An event that belongs to no process.
#[derive(Serialize)]
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

/// Writes a value as one line of JSON.
pub(crate) fn write_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, TerminalSafe);
    value.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// Formats JSON on one line, and escapes all control characters.
///
/// JSON does not require it for all of them, but a terminal may act on the others, or a reader take them for
/// the end of a line.
struct TerminalSafe;

impl Formatter for TerminalSafe {
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|&(_, c)| is_control(c)) {
            out.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }
}

/// Writes why the source hears no births and exits, with number and time of the first batch.
pub(crate) fn write_not_listening(
    out: &mut impl Write,
    batch: &Batch,
    reason: &str,
) -> io::Result<()> {
    let line = EventLine {
        seq: batch.seq,
        at_ms: batch.taken_at_ms,
        what: What::Notice(Notice::NotListening {
            hearing: batch.hearing,
            reason,
        }),
    };
    write_line(out, &line)
}

/// Writes a batch, one line per event.
///
/// Events of the scan come first, then `events`.
pub(crate) fn write_events(
    out: &mut impl Write,
    batch: &Batch,
    events: &[&Event],
) -> io::Result<()> {
    let mut write = |what| {
        let line = EventLine {
            seq: batch.seq,
            at_ms: batch.taken_at_ms,
            what,
        };
        write_line(out, &line)
    };
    if batch.lost_batches > 0 {
        write(What::Notice(Notice::Resync {
            lost_batches: batch.lost_batches,
            pace: batch.pace,
            hearing: batch.hearing,
        }))?;
    }
    if let Some(failure) = &batch.failure {
        write(What::Notice(Notice::ScanFailed(failure)))?;
    }
    if let Some(unseen_at_most) = batch.counts.unseen_at_most
        && unseen_at_most > 0
    {
        write(What::Notice(Notice::Unseen { unseen_at_most }))?;
    }
    for transition in &batch.transitions {
        write(What::Pace(transition))?;
    }
    for event in events {
        write(What::Process(event))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_round_trips_and_none_is_a_control() {
        let all: String = ('\0'..=char::MAX).collect();
        let mut line = Vec::new();
        write_line(&mut line, &all).expect("writing to memory works");
        assert_eq!(line.pop(), Some(b'\n'));
        let line = String::from_utf8(line).expect("JSON is UTF-8");
        assert!(!line.contains(is_control));
        assert_eq!(serde_json::from_str::<String>(&line).expect("valid"), all);
    }

    #[test]
    fn control_characters_are_json_escapes() {
        let mut line = Vec::new();
        write_line(&mut line, &["\u{9b}1m\x7f\u{202e}\u{e0041}\x1b\""])
            .expect("writing to memory works");
        let expected = "[\"\\u009b1m\\u007f\\u202e\\udb40\\udc41\\u001b\\\"\"]\n";
        assert_eq!(String::from_utf8(line).expect("JSON is UTF-8"), expected);
    }

    #[test]
    fn a_scan_that_misses_no_process_has_no_line_about_it() {
        let mut scanner = process_scanner::Scanner::builder()
            .build()
            .expect("this host can be scanned");
        let batch = scanner.scan_once().expect("a live source never ends");
        let mut batch = Batch::clone(&batch);
        for (unseen, expected) in [
            (None, String::new()),
            (Some(0), String::new()),
            (
                Some(1),
                format!(
                    "{{\"seq\":1,\"at_ms\":{},\"event\":\"unseen\",\"unseen_at_most\":1}}\n",
                    batch.taken_at_ms
                ),
            ),
        ] {
            batch.counts.unseen_at_most = unseen;
            let mut out = Vec::new();
            write_events(&mut out, &batch, &[]).expect("writing to memory works");
            assert_eq!(String::from_utf8(out).expect("JSON is UTF-8"), expected);
        }
    }

    #[test]
    fn unknown_lifetime_is_null() {
        let process = ProcessInfo::unknown(process_scanner::ProcessKey {
            pid: 1,
            start_time_ms: None,
        });
        let line = EventLine {
            seq: 2,
            at_ms: 3,
            what: What::Process(&Event::exited(process, None)),
        };
        let mut out = Vec::new();
        write_line(&mut out, &line).expect("writing to memory works");
        let text = String::from_utf8(out).expect("JSON is UTF-8");
        assert!(
            text.starts_with(r#"{"seq":2,"at_ms":3,"event":"exited","process":{"pid":1,"#),
            "{text}"
        );
        let unknown = r#"},"lived_ms":null,"lived_ns":null,"exit":null,"ended_at_ms":null,"likely_oom":null,"usage":null}"#;
        assert!(text.ends_with(&format!("{unknown}\n")), "{text}");
    }
}
