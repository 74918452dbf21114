//! Whether the records of all threads arrive, and why not.

/// After a loss they are complete again when none was lost for so long: a storm is one loss.
const QUIET_NS: u64 = 10_000_000_000;

/// Whether all records arrive, with the reason for people.
#[derive(Debug, Default)]
pub(super) struct Completeness {
    /// `None` before the first attempt.
    is_complete: Option<bool>,
    reason: String,
    /// The reason was not taken yet.
    is_news: bool,
    /// When some were last lost, as in timestamps.
    lost_ns: Option<u64>,
}

impl Completeness {
    /// Records arrive, and none was lost since the last call.
    pub(super) fn receive(&mut self, now_ns: u64) {
        let is_quiet = |lost_ns: u64| now_ns.saturating_sub(lost_ns) >= QUIET_NS;
        if self.is_complete == Some(true) || !self.lost_ns.is_none_or(is_quiet) {
            return;
        }
        self.lost_ns = None;
        self.change(true, "the kernel's taskstats arrive again".into());
    }

    /// Some records are lost.
    pub(super) fn lose(&mut self, now_ns: u64, reason: impl FnOnce() -> String) {
        // One reason for each storm.
        if self.lost_ns.replace(now_ns).is_none() {
            self.change(false, reason());
        }
    }

    /// No records arrive.
    pub(super) fn stop(&mut self, reason: String) {
        self.lost_ns = None;
        self.change(false, reason);
    }

    /// Returns whether all arrive, and the reason if it is news.
    pub(super) fn take(&mut self) -> (Option<bool>, Option<String>) {
        let is_news = std::mem::take(&mut self.is_news);
        // That they arrive from the start has no reason.
        let has_reason = is_news && !self.reason.is_empty();
        (self.is_complete, has_reason.then(|| self.reason.clone()))
    }

    fn change(&mut self, is_complete: bool, reason: String) {
        let before = self.is_complete.replace(is_complete);
        if before == Some(is_complete) && self.reason == reason {
            return;
        }
        match (before, is_complete) {
            (None, true) => return,
            (Some(false), true) => log::info!("what exited processes used is known again"),
            (None | Some(true), false) => {
                log::info!("what exited processes used is not known now: {reason}");
            }
            (Some(_), _) => log::debug!("what exited processes used is not known: {reason}"),
        }
        (self.reason, self.is_news) = (reason, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    #[test]
    fn a_storm_of_losses_is_one() {
        let mut records = Completeness::default();
        assert_eq!(records.take(), (None, None));
        records.receive(S);
        assert_eq!(records.take(), (Some(true), None));
        for at in 2..30 {
            records.lose(at * S, || format!("loss {at}"));
            records.receive(at * S + 1);
            let reason = (at == 2).then(|| "loss 2".to_owned());
            assert_eq!(records.take(), (Some(false), reason));
        }
        records.receive(38 * S);
        assert_eq!(records.take(), (Some(false), None));
        records.receive(39 * S);
        let again = "the kernel's taskstats arrive again".to_owned();
        assert_eq!(records.take(), (Some(true), Some(again)));
        assert_eq!(records.take(), (Some(true), None));
    }

    #[test]
    fn each_reason_is_reported_once() {
        let mut records = Completeness::default();
        for reason in ["no rights", "no budget"] {
            for is_first in [true, false] {
                records.stop(reason.into());
                let news = is_first.then(|| reason.to_owned());
                assert_eq!(records.take(), (Some(false), news));
            }
        }
        // A socket that opens after a loss and a stop is complete at once.
        records.lose(S, || "full".into());
        records.stop("no budget".into());
        records.receive(2 * S);
        assert_eq!(records.take().0, Some(true));
    }
}
