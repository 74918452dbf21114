//! Whether the source hears what all exited processes used.

use crate::model::{Transition, UsageHeard};

/// What the source has heard of it so far.
#[derive(Debug, Default)]
pub(super) struct UsageHearing {
    /// As of the last batch; `None`: the source has not reported it.
    now: Option<UsageHeard>,
    /// The worst since the last batch.
    next: Option<UsageHeard>,
    /// Metrics have not received it yet.
    is_news: bool,
}

impl UsageHearing {
    /// Takes what a drain has returned.
    pub(super) fn take(&mut self, is_complete: Option<bool>, reason: Option<String>) {
        let Some(is_complete) = is_complete else {
            return;
        };
        match &mut self.next {
            // Exits before this drain may lack it, and the batch reports that.
            Some(next) if !next.is_complete && is_complete => {}
            Some(next) if next.is_complete == is_complete => {
                next.reason = reason.or(next.reason.take());
            }
            next => {
                *next = Some(UsageHeard {
                    is_complete,
                    reason,
                });
            }
        }
    }

    /// Returns the change since the last batch. What the source hears at first is none.
    pub(super) fn change(&mut self) -> Option<Transition> {
        let mut next = self.next.take()?;
        let before = self.now.take();
        let was_complete = before.as_ref().map(|before| before.is_complete);
        let has_changed = was_complete != Some(next.is_complete);
        if !has_changed && next.reason.is_none() {
            self.now = before;
            return None;
        }
        let reason = next.reason.get_or_insert_with(|| match next.is_complete {
            true => "the source hears it of all".into(),
            false => "the source does not hear it of all".into(),
        });
        let is_transition = has_changed && was_complete.is_some();
        let transition = is_transition.then(|| Transition::usage(next.is_complete, reason.clone()));
        self.now = Some(next);
        self.is_news = true;
        transition
    }

    /// Returns what metrics have not received yet.
    pub(super) fn take_news(&mut self) -> Option<UsageHeard> {
        let is_news = std::mem::take(&mut self.is_news);
        self.now.clone().filter(|_| is_news)
    }
}
