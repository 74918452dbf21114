//! Troubles of a scanner that runs in the background, on standard error.

use process_scanner::{Batch, BreakerState, Hearing, Transition};

use crate::cli::format::intervals::hearing_text;
use crate::cli::outcome::{remark, warn};

/// Shortest time between two notices about events of the kernel: they can be lost every second.
const BETWEEN_LOSSES_NS: u64 = 600_000_000_000;

/// A message about a trouble.
enum Notice {
    Trouble(String),
    /// It is over, or gets better.
    End(String),
}

/// Prints notices.
#[derive(Debug, Default)]
pub(super) struct Notices {
    /// When a loss of events was reported last, by the monotonic clock of the batches.
    lost_at_ns: Option<u64>,
    /// The last scan failed, and that was reported.
    is_failing: bool,
}

impl Notices {
    /// Prints what is new in a batch.
    pub(super) fn take(&mut self, batch: &Batch) {
        for notice in self.notices(batch) {
            match notice {
                Notice::Trouble(text) => warn(&text),
                Notice::End(text) => remark(&text),
            }
        }
    }

    fn notices(&mut self, batch: &Batch) -> Vec<Notice> {
        let mut notices = Vec::new();
        for transition in &batch.transitions {
            match transition {
                Transition::Breaker { to, reason, .. } => notices.push(match to {
                    BreakerState::Open => {
                        let text = format!("the breaker is open, scans are rare: {reason}");
                        Notice::Trouble(text)
                    }
                    to => Notice::End(format!("the breaker is {}: {reason}", to.as_str())),
                }),
                Transition::Budget {
                    exceeded: true,
                    reason,
                    ..
                } => {
                    let text = format!("scans exceed the CPU budget: {reason}");
                    notices.push(Notice::Trouble(text));
                }
                Transition::Hearing {
                    from, to, reason, ..
                } if matches!(to, Hearing::Lossy | Hearing::Deaf) && self.is_due(batch) => {
                    notices.push(Notice::Trouble(hearing_text(*from, *to, reason)));
                }
                _ => {}
            }
        }
        match &batch.failure {
            Some(failure) if !std::mem::replace(&mut self.is_failing, true) => {
                let text = format!("a scan failed: {}", failure.full_message());
                notices.push(Notice::Trouble(text));
            }
            None if batch.of_scan && std::mem::take(&mut self.is_failing) => {
                notices.push(Notice::End("scans succeed again".to_owned()));
            }
            _ => {}
        }
        notices
    }

    /// Returns whether a loss is to be reported.
    fn is_due(&mut self, batch: &Batch) -> bool {
        let now_ns = batch.monotonic_ns;
        let is_due = self
            .lost_at_ns
            .is_none_or(|before_ns| now_ns.saturating_sub(before_ns) >= BETWEEN_LOSSES_NS);
        if is_due {
            self.lost_at_ns = Some(now_ns);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{Error, ErrorClass};

    use super::*;

    fn batch(seconds: u64) -> Batch {
        let mut batch = Batch::new(seconds, 1000 * seconds, Vec::new());
        batch.monotonic_ns = seconds * 1_000_000_000;
        batch
    }

    fn texts(notices: &mut Notices, batch: &Batch) -> Vec<String> {
        let notices = notices.notices(batch).into_iter();
        let texts = notices.map(|notice| match notice {
            Notice::Trouble(text) | Notice::End(text) => text,
        });
        texts.collect()
    }

    #[test]
    fn each_trouble_is_reported_once() {
        let mut notices = Notices::default();
        let mut bad = batch(1);
        bad.failure = Some(Error::new(ErrorClass::Stuck, "no answer"));
        bad.transitions = vec![
            Transition::hearing(Hearing::Complete, Hearing::Lossy, "full"),
            Transition::breaker(BreakerState::Closed, BreakerState::Open, "bad"),
            Transition::budget(true, "expensive"),
        ];
        assert_eq!(
            texts(&mut notices, &bad),
            [
                "births and exits may be missing: full",
                "the breaker is open, scans are rare: bad",
                "scans exceed the CPU budget: expensive",
                "a scan failed: no answer",
            ]
        );
        bad.transitions.truncate(1);
        assert_eq!(texts(&mut notices, &bad), [""; 0]);
        assert_eq!(texts(&mut notices, &batch(2)), ["scans succeed again"]);
        assert_eq!(texts(&mut notices, &batch(3)), [""; 0]);
        let mut late = batch(700);
        late.transitions = vec![Transition::hearing(
            Hearing::Complete,
            Hearing::Deaf,
            "full",
        )];
        assert_eq!(
            texts(&mut notices, &late),
            ["only scans find births and exits now: full"]
        );
    }
}
