//! What a source hears between scans, and whether that is all.

use std::time::Duration;

use super::usage_hearing::UsageHearing;
use crate::model::{Hearing, ListenStep, Timestamp, Transition, UsageHeard};
use crate::source::{Heard, Source};
use crate::table::Pass;

/// What the source has heard so far.
#[derive(Debug, Default)]
pub(super) struct Listening {
    hearing: Hearing,
    /// The worst since the last batch, with its reason.
    worst: Option<(Hearing, Option<String>)>,
    /// How closely it listens, as of the last batch.
    step: ListenStep,
    /// How closely it listens now, and why that has changed.
    new_step: Option<(ListenStep, Option<String>)>,
    usage: UsageHearing,
    missed_total: Option<u64>,
    /// As [`missed_total`](Self::missed_total), but as of the last scan that reported it.
    reported_missed: u64,
    /// CPU time of the source's threads that no scan has counted yet.
    other_cpu: Duration,
}

impl Listening {
    /// Applies what the source has heard since the last drain.
    ///
    /// Returns when that was.
    pub(super) fn drain(&mut self, source: &mut dyn Source, pass: &mut Pass<'_>) -> Timestamp {
        let heard = source.drain(&mut |happening| pass.happened(happening));
        let at = heard.at.unwrap_or_else(Timestamp::now);
        self.take(heard);
        at
    }

    fn take(&mut self, heard: Heard) {
        self.other_cpu += Duration::from_nanos(heard.other_cpu_ns);
        // A source that does not listen to births has missed none.
        if hears_births(heard.hearing) {
            self.missed_total = heard.missed_total.or(self.missed_total);
        }
        if let Some(step) = heard.step {
            let before = self.new_step.take().filter(|(before, _)| *before == step);
            let reason = before.and_then(|(_, reason)| reason);
            self.new_step = Some((step, heard.step_reason.or(reason)));
        }
        self.usage.take(heard.usage, heard.usage_reason);
        let is_worse = self
            .worst
            .as_ref()
            .is_none_or(|(worst, _)| heard.hearing.severity() >= worst.severity());
        if is_worse {
            self.worst = Some((heard.hearing, heard.reason));
        }
    }

    /// Returns how much the source hears, as of the last batch.
    pub(super) fn now(&self) -> Hearing {
        self.hearing
    }

    /// Returns the changes since the last batch.
    pub(super) fn changes(&mut self, is_scan: bool) -> Vec<Transition> {
        let (step, usage) = (self.step_change(), self.usage.change());
        let changes = [step, usage, self.change(is_scan)];
        changes.into_iter().flatten().collect()
    }

    fn step_change(&mut self) -> Option<Transition> {
        let (now, reason) = self.new_step.take()?;
        let from = std::mem::replace(&mut self.step, now);
        let reason = reason.unwrap_or_else(|| match now > from {
            true => "events cost more than they may".into(),
            false => "events cost less again".into(),
        });
        (from != now).then(|| Transition::listening(from, now, reason))
    }

    /// Returns the change of what is heard. It is complete again only after a whole scan.
    ///
    /// A source that hears all it can from the start has not changed.
    fn change(&mut self, is_scan: bool) -> Option<Transition> {
        let (now, reason) = self.worst.take()?;
        if now.severity() < self.hearing.severity() && !is_scan {
            return None;
        }
        let from = std::mem::replace(&mut self.hearing, now);
        if from == Hearing::Off && matches!(now, Hearing::Complete | Hearing::Exits) {
            return None;
        }
        let reason = reason.unwrap_or_else(|| match now {
            Hearing::Off => "the source does not listen".into(),
            Hearing::Complete => "the source hears all births and exits".into(),
            Hearing::Exits => "the source hears exits alone".into(),
            Hearing::Lossy => "the source has missed births or exits".into(),
            Hearing::Deaf => "the source hears nothing".into(),
        });
        (from != now).then(|| Transition::hearing(from, now, reason))
    }

    /// Returns what metrics have not received yet of the usage of exits.
    pub(super) fn take_usage(&mut self) -> Option<UsageHeard> {
        self.usage.take_news()
    }

    /// Returns whether births between scans are heard at all.
    pub(super) fn hears_births(&self) -> bool {
        hears_births(self.hearing)
    }

    /// Returns the starts that the source may have missed since the last scan that reported any.
    pub(super) fn take_missed(&mut self) -> Option<u64> {
        let total = self.missed_total?;
        let before = std::mem::replace(&mut self.reported_missed, total);
        Some(total.saturating_sub(before))
    }

    /// Takes the CPU time that the source's threads used for listening.
    pub(super) fn take_cpu(&mut self) -> Duration {
        std::mem::take(&mut self.other_cpu)
    }
}

fn hears_births(hearing: Hearing) -> bool {
    !matches!(hearing, Hearing::Off | Hearing::Exits)
}
