//! Troubles of a scanner that runs in the background, on standard error.

use process_scanner::{Batch, BreakerState, Hearing, Transition};

use crate::cli::format::intervals::hearing_text;
use crate::cli::outcome::remark;

/// Shortest time between two notices about events of the kernel: they can be lost every second.
const BETWEEN_LOSSES_NS: u64 = 600_000_000_000;

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
        self.texts(batch).iter().for_each(|text| remark(text));
    }

    fn texts(&mut self, batch: &Batch) -> Vec<String> {
        let mut texts = Vec::new();
        for transition in &batch.transitions {
            match transition {
                Transition::Breaker { to, reason, .. } => texts.push(match to {
                    BreakerState::Open => format!("the breaker is open, scans are rare: {reason}"),
                    to => format!("the breaker is {}: {reason}", to.as_str()),
                }),
                Transition::Budget {
                    exceeded: true,
                    reason,
                    ..
                } => {
                    texts.push(format!("scans exceed the CPU budget: {reason}"));
                }
                Transition::Hearing {
                    from, to, reason, ..
                } if matches!(to, Hearing::Lossy | Hearing::Deaf) && self.is_due(batch) => {
                    texts.push(hearing_text(*from, *to, reason));
                }
                _ => {}
            }
        }
        match &batch.failure {
            Some(failure) if !std::mem::replace(&mut self.is_failing, true) => {
                texts.push(format!("a scan failed: {}", failure.full_message()));
            }
            None if batch.of_scan && std::mem::take(&mut self.is_failing) => {
                texts.push("scans succeed again".to_owned());
            }
            _ => {}
        }
        texts
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
        let texts = notices.texts(&bad);
        assert_eq!(
            texts,
            [
                "births and exits may be missing: full",
                "the breaker is open, scans are rare: bad",
                "scans exceed the CPU budget: expensive",
                "a scan failed: no answer",
            ]
        );
        bad.transitions.truncate(1);
        assert_eq!(notices.texts(&bad), [""; 0]);
        assert_eq!(notices.texts(&batch(2)), ["scans succeed again"]);
        assert_eq!(notices.texts(&batch(3)), [""; 0]);
        let mut late = batch(700);
        late.transitions = vec![Transition::hearing(
            Hearing::Complete,
            Hearing::Deaf,
            "full",
        )];
        assert_eq!(
            notices.texts(&late),
            ["only scans find births and exits now: full"]
        );
    }
}
