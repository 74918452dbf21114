//! What the scanner does: its interval, its breaker, what it hears, and its last failure.

use process_scanner::{Batch, BreakerState, Hearing, Pace, Transition};

use super::notice::OwnCost;
use crate::cli::format::cells;
use crate::cli::format::color::{self, Part};
use crate::cli::format::intervals::{self, Terms};
use crate::cli::outcome::message;

/// What the scanner does, as of the last batch.
#[derive(Debug, Default)]
pub(super) struct ScannerState {
    pace: Option<Pace>,
    pub(super) hearing: Hearing,
    failure: Option<String>,
    /// Why the breaker is open.
    breaker: Option<String>,
    /// The scans use more than the budget, whatever the interval.
    exceeds: bool,
    pub(super) cost: OwnCost,
}

impl ScannerState {
    pub(super) fn take(&mut self, batch: &Batch) {
        self.hearing = batch.hearing;
        if batch.pace.is_some() {
            self.pace = batch.pace;
        }
        // What is heard between two scans does not end a failure.
        if batch.of_scan || batch.failure.is_some() {
            self.failure = batch.failure.as_ref().map(message);
        }
        for transition in &batch.transitions {
            match transition {
                Transition::Breaker { to, reason, .. } => {
                    let is_open = *to == BreakerState::Open;
                    self.breaker = is_open.then(|| process_scanner::escape(reason).into_owned());
                }
                Transition::Budget { exceeded, .. } => self.exceeds = *exceeded,
                _ => {}
            }
        }
    }

    /// Returns the part of births, or of exits, that may be missing or late; `None`: all are reported at once.
    pub(super) fn heard(&self, is_of_exits: bool) -> Option<&'static str> {
        match self.hearing {
            Hearing::Complete => None,
            Hearing::Exits if is_of_exits => None,
            Hearing::Off | Hearing::Deaf | Hearing::Exits => Some(" (sampled)"),
            _ => Some(" (incomplete)"),
        }
    }

    /// Returns the texts about it, the most important first.
    pub(super) fn texts(&self, terms: Option<Terms>) -> Vec<Part> {
        let mut texts = Vec::new();
        if let Some(failure) = &self.failure {
            texts.push((color::RED, format!("scan failed: {failure}")));
        }
        if let Some(pace) = self.pace {
            match (pace.breaker, &self.breaker) {
                (BreakerState::Open, Some(why)) => {
                    texts.push((color::RED, format!("scans have stopped: {why}")));
                }
                (BreakerState::Open, None) => {
                    texts.push((color::RED, "scans have stopped".into()));
                }
                _ => {}
            }
            if let Some(terms) = terms {
                texts.push(interval_text(pace.interval_ms, terms, self.exceeds));
            }
        }
        texts
    }

    /// Returns what pscan itself uses; `None` if nothing is known.
    pub(super) fn cost_text(&self) -> Option<String> {
        let OwnCost {
            cpu_percent,
            rss_bytes,
        } = self.cost;
        let cpu = cpu_percent.map(|percent| format!("{percent:.1} % CPU"));
        let rss = rss_bytes.map(cells::bytes);
        let texts: Vec<_> = [cpu, rss].into_iter().flatten().collect();
        (!texts.is_empty()).then(|| format!("pscan {}", texts.join(", ")))
    }
}

/// Returns how often the scanner scans, and why it scans less often than requested.
fn interval_text(now_ms: u64, terms: Terms, exceeds: bool) -> Part {
    let now = intervals::rounded(now_ms);
    let budget = terms
        .budget_percent
        .map(|percent| format!("{percent} % of a core"));
    match (now_ms > terms.interval_ms, budget) {
        (true, Some(budget)) => (color::YELLOW, format!("scans every {now}: budget {budget}")),
        (true, None) => (color::YELLOW, format!("scans every {now}")),
        (false, Some(budget)) if exceeds => (
            color::YELLOW,
            format!("every {now}, over the budget of {budget}"),
        ),
        _ => (color::PLAIN, format!("every {now}")),
    }
}
