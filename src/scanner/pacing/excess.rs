//! Whether the budget is exceeded, without reporting every time that it is just missed.

use std::time::Duration;

/// The budget must hold for this long before it is reported to hold again.
const CALM: Duration = Duration::from_secs(60);

/// Whether the budget is exceeded, as it was last reported.
#[derive(Debug, Default)]
pub(super) struct Excess {
    is_reported: bool,
    /// When it was last exceeded.
    last_at: Duration,
}

/// The budget is exceeded, or holds again, and why.
#[derive(Debug)]
pub(super) struct ExcessChange {
    pub(super) is_exceeded: bool,
    pub(super) reason: String,
}

impl Excess {
    /// Updates it with the reason for which the budget is exceeded at this time, if it is.
    pub(super) fn update(
        &mut self,
        now: Duration,
        reason: Option<String>,
        percent: f64,
    ) -> Option<ExcessChange> {
        match reason {
            Some(reason) => {
                self.last_at = now;
                let is_new = !std::mem::replace(&mut self.is_reported, true);
                is_new.then_some(ExcessChange {
                    is_exceeded: true,
                    reason,
                })
            }
            None if self.is_reported && now.saturating_sub(self.last_at) >= CALM => {
                self.is_reported = false;
                Some(ExcessChange {
                    is_exceeded: false,
                    reason: format!("scans use at most {percent} % of one core again"),
                })
            }
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_that_is_now_and_then_exceeded_is_reported_once() {
        let mut excess = Excess::default();
        let mut reported = Vec::new();
        for second in 0..300 {
            let reason = (second < 200 && second % 7 == 0).then(|| "a reason".to_owned());
            let change = excess.update(Duration::from_secs(second), reason, 0.75);
            reported.extend(change.map(|change| (second, change.is_exceeded)));
        }
        assert_eq!(reported, [(0, true), (256, false)]);
    }
}
