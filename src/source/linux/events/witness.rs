//! Compares what was heard with the kernel's own count of forks.

use crate::model::Hearing;

/// Forks that can be under way between the count and their events, on a busy host.
const UNDER_WAY: u64 = 2;

/// How many forks are missing, as far as the kernel's count proves.
///
/// The count moves before an event gets its time. So of all forks that it has counted at a moment, those
/// whose events have an earlier time were heard; the others are under way or missing. Only what is
/// missing never becomes less.
#[derive(Debug, Default)]
pub(super) struct Witness {
    /// The count less the forks that were heard: the smallest one, when nothing was under way.
    base: Option<u64>,
    /// The most forks that may have been missed until the scan before the last.
    missed: u64,
    /// Forks that were heard until the last scan.
    forks: u64,
    /// What may be missing as of the last scan, as far as the next one confirms it.
    pending: u64,
    /// What may be missing as of the last scan in which a fork was heard.
    before_silence: u64,
    deaf_scans: u32,
    /// Scans that still count a loss that was declared with another reason.
    counting_scans: u8,
    is_incomplete: bool,
}

/// Events that were not heard, without any other sign.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Silence {
    pub(super) hearing: Hearing,
    pub(super) reason: String,
    /// Listening again has not helped.
    pub(super) is_lasting: bool,
}

impl Witness {
    /// Compares a count with the forks that were heard of those before it. Returns how many are missing
    /// at most.
    pub(super) fn compare(&mut self, counted: u64, forks: u64) -> u64 {
        let difference = counted.saturating_sub(forks);
        let base = self.base.map_or(difference, |base| base.min(difference));
        self.base = Some(base);
        difference - base
    }

    /// Returns whether so many missing forks are news, and worth another comparison.
    pub(super) fn is_news(&self, missing: u64) -> bool {
        missing > self.missed
    }

    /// Returns the most forks that may have been missed; `None` if the kernel does not count them.
    pub(super) fn missed(&self) -> Option<u64> {
        self.base.map(|_| self.missed)
    }

    /// Notes a loss that is declared with its own reason. The next scan measures it, and the one after that
    /// confirms it, so until then nothing is complete, and nothing else is declared.
    pub(super) fn declare_loss(&mut self) {
        self.counting_scans = 2;
    }

    /// Concludes a scan. `missing` is the least of some comparisons. `has_loss`: there is another sign.
    /// `hears_births`: the missing ones may still be under way.
    pub(super) fn conclude(
        &mut self,
        missing: u64,
        forks: u64,
        has_loss: bool,
        hears_births: bool,
    ) -> Option<Silence> {
        let is_silent = forks == std::mem::replace(&mut self.forks, forks);
        // What is under way now has arrived by the end of the next scan.
        let pending = std::mem::replace(&mut self.pending, missing);
        let confirmed = match hears_births {
            true => missing.min(pending),
            false => missing,
        };
        let new = confirmed.saturating_sub(self.missed);
        self.missed += new;
        let may_be_deaf = is_silent && !has_loss && self.counting_scans == 0;
        if !may_be_deaf {
            // What is lost by then is no sign of deafness, even if the next scan confirms it.
            (self.before_silence, self.deaf_scans) = (missing, 0);
        }
        if has_loss {
            return None;
        }
        if may_be_deaf {
            let silent = missing.saturating_sub(self.before_silence);
            if silent > UNDER_WAY || self.deaf_scans > 0 {
                self.deaf_scans += 1;
                return Some(Silence {
                    hearing: Hearing::Deaf,
                    reason: format!(
                        "the kernel has started {silent} processes or threads, and reported none"
                    ),
                    is_lasting: self.deaf_scans > 1,
                });
            }
        }
        if self.counting_scans > 0 {
            self.counting_scans -= 1;
            return (self.counting_scans > 0 && missing > self.missed).then(|| Silence {
                hearing: Hearing::Lossy,
                reason: "the next scan counts what was lost".into(),
                is_lasting: false,
            });
        }
        (new > 0).then(|| Silence {
            hearing: Hearing::Lossy,
            reason: format!(
                "the kernel did not report {new} of the processes or threads it started"
            ),
            is_lasting: false,
        })
    }

    pub(super) fn set_complete(&mut self, is_complete: bool) {
        self.is_incomplete = !is_complete;
    }

    /// Returns whether everything was heard until the last drain.
    pub(super) fn is_complete(&self) -> bool {
        !self.is_incomplete
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reports after each pair of count and heard forks, from a count of 1000 on.
    fn reports(scans: &[(u64, u64)]) -> Vec<Option<(Hearing, bool)>> {
        let mut witness = Witness::default();
        assert_eq!(witness.compare(1003, 1), 0);
        assert_eq!(witness.compare(1000, 0), 0);
        let report = |&(counted, forks): &(u64, u64)| {
            let missing = witness.compare(counted, forks);
            let silence = witness.conclude(missing, forks, false, true)?;
            Some((silence.hearing, silence.is_lasting))
        };
        scans.iter().map(report).collect()
    }

    #[test]
    fn nothing_is_missing_when_the_counts_are_equal() {
        assert_eq!(reports(&[(1000, 0), (1005, 5), (1007, 7)]), [None; 3]);
    }

    #[test]
    fn where_no_birth_is_received_none_is_under_way() {
        let mut witness = Witness::default();
        witness.compare(1000, 0);
        for (counted, hears_births, missed) in
            [(1010, false, 10), (1030, true, 10), (1030, true, 30)]
        {
            let missing = witness.compare(counted, 0);
            witness.conclude(missing, 0, true, hears_births);
            assert_eq!(witness.missed(), Some(missed));
        }
    }

    #[test]
    fn a_count_that_moves_while_nothing_is_heard_is_deafness() {
        let deaf = |is_lasting| Some((Hearing::Deaf, is_lasting));
        let lossy = Some((Hearing::Lossy, false));
        assert_eq!(
            reports(&[(1005, 5), (1050, 5), (1050, 5), (1051, 6), (1052, 7)]),
            [None, deaf(false), deaf(true), None, None]
        );
        // A slow host is noticed later.
        assert_eq!(
            reports(&[(1001, 0), (1002, 0), (1003, 0), (1003, 0)]),
            [None, lossy, deaf(false), deaf(true)]
        );
    }

    #[test]
    fn a_loss_before_a_quiet_time_is_no_deafness() {
        let lossy = Some((Hearing::Lossy, false));
        assert_eq!(
            reports(&[(1100, 50), (1100, 50), (1100, 50), (1101, 51)]),
            [None, lossy, None, None]
        );
        // It is, if the count moves on.
        let deaf = |is_lasting| Some((Hearing::Deaf, is_lasting));
        assert_eq!(
            reports(&[(1100, 50), (1100, 50), (1110, 50), (1110, 50)]),
            [None, lossy, deaf(false), deaf(true)]
        );
    }

    #[test]
    fn what_was_left_to_scans_until_a_declared_loss_is_no_deafness() {
        let mut witness = Witness::default();
        witness.compare(1000, 0);
        let mut conclude = |counted, has_loss| {
            let missing = witness.compare(counted, 0);
            let silence = witness.conclude(missing, 0, has_loss, true);
            silence.map(|silence| silence.hearing)
        };
        assert_eq!(conclude(1100, true), None);
        // Forks are heard again from here on, and none follows.
        assert_eq!(conclude(1200, true), None);
        witness.declare_loss();
        let mut conclude = |counted| {
            let missing = witness.compare(counted, 0);
            let silence = witness.conclude(missing, 0, false, true);
            silence.map(|silence| silence.hearing)
        };
        assert_eq!(conclude(1211), Some(Hearing::Lossy));
        assert_eq!(conclude(1211), None);
        assert_eq!(conclude(1211), None);
        // That is deafness.
        assert_eq!(conclude(1231), Some(Hearing::Deaf));
    }

    #[test]
    fn a_declared_loss_is_counted_before_all_is_complete_and_not_declared_again() {
        let mut witness = Witness::default();
        witness.compare(1000, 0);
        witness.declare_loss();
        let mut conclude = |counted, forks| {
            let missing = witness.compare(counted, forks);
            let silence = witness.conclude(missing, forks, false, true);
            (silence.map(|silence| silence.hearing), witness.missed())
        };
        assert_eq!(conclude(1100, 50), (Some(Hearing::Lossy), Some(0)));
        assert_eq!(conclude(1110, 60), (None, Some(50)));
        assert_eq!(conclude(1120, 70), (None, Some(50)));
        // The next one is declared by its count.
        assert_eq!(conclude(1131, 80), (None, Some(50)));
        assert_eq!(conclude(1141, 90), (Some(Hearing::Lossy), Some(51)));
    }

    #[test]
    fn losses_are_reported_once() {
        let lossy = Some((Hearing::Lossy, false));
        assert_eq!(
            reports(&[(1009, 5), (1020, 16), (1031, 26), (1041, 36)]),
            [None, lossy, None, lossy]
        );
    }

    #[test]
    fn a_fork_that_is_under_way_is_not_missing() {
        assert_eq!(
            reports(&[(1009, 8), (1020, 20), (1021, 20), (1030, 30)]),
            [None; 4]
        );
    }

    proptest! {
        /// Whatever is under way and whatever is lost, the limit is never below the truth as of the scan
        /// before, once one comparison was made while nothing was under way.
        #[test]
        fn the_limit_is_never_below_the_truth(
            steps in prop::collection::vec((0..50_u64, 0..5_u64, 0..4_u64), 1..50),
        ) {
            let mut witness = Witness::default();
            witness.compare(500, 0);
            let (mut counted, mut lost, mut lost_before) = (500, 0, 0);
            for (new, new_lost, under_way) in steps {
                counted += new + new_lost;
                lost += new_lost;
                let heard = (counted - 500 - lost).saturating_sub(under_way);
                let missing = witness.compare(counted, heard);
                witness.conclude(missing, heard, false, true);
                prop_assert!(witness.missed() >= Some(lost_before));
                lost_before = lost;
            }
        }
    }
}
